//! A home in which rows of all kinds are damaged: every command, page, route and loop goes on, and shows which data can't be read.

use std::path::Path;

use crate::earlier::EarlierHome;

/// Texts in the database, each in one row, and replacements of the same length.
const DAMAGE: [(&str, &str); 8] = [
    // The end of a step, which the state of its run needs.
    (r#"{"micros":1472}"#, r#"{"micros":1472["#),
    // The failure of a step.
    (r#"{"failure":{"kind":"timeout""#, r#"{"failure":{"kind":"timeouT""#),
    // The only materialization of `hungry`, and one that was reported.
    (
        r#"{"data_version":"a454fba9f68a21db94e73ca47e63facc""#,
        r#"{"data-version":"a454fba9f68a21db94e73ca47e63facc""#,
    ),
    (
        r#"{"data_version":"v7","code_version":"reported""#,
        r#"{"data_version":"v7","code_version":"reported!"#,
    ),
    (r#"{"check":"is_complete","passed":false"#, r#"{"check":"is_complete","passed":fals?"#),
    (r#"{"outcome":"idle","reason":"SERVICE_INBOX"#, r#"{"outcome":"idol","reason":"SERVICE_INBOX"#),
    (r#""key":"test","kind":"test""#, r#""key":"test","kind":"tast""#),
    (
        r#"{"selection":"work","assets":["work"],"config":{"work":{"millis":60000}}"#,
        r#"{"selection":"work","assets":["work"],"config":{"work":{"millis":60000]]"#,
    ),
];

const COMMANDS: [&str; 26] = [
    "status",
    "status --json",
    "runs list",
    "runs list --json",
    "runs list --status canceled --json",
    "runs show cb482fea",
    "runs show cb482fea --json",
    "runs show f196e9fe --json",
    "runs logs cb482fea",
    "runs logs cb482fea --all --json",
    "sensors list --json",
    "sensors ticks",
    "sensors ticks --json",
    "automation list --json",
    "alerts deliveries list",
    "alerts deliveries list --json",
    "asset show hungry",
    "asset show hungry --json",
    "asset history hungry",
    "asset history work --json",
    "why hungry",
    "why work --json",
    "materialize --stale --dry-run --json",
    "materialize after_work --json",
    "store info --json",
    "store vacuum --json",
];

fn home() -> EarlierHome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homes/0.1.0");
    let home = EarlierHome::copied(&folder, env!("CARGO_BIN_EXE_service"), &[]);
    DAMAGE.iter().for_each(|(text, damaged)| home.damage(text, damaged));
    home
}

#[test]
fn every_command_goes_on_and_shows_it() {
    let home = home();
    home.succeeds_with(&COMMANDS);
    for (line, text) in [
        ("runs show cb482fea", "damaged    event 47 can't be read"),
        ("runs logs cb482fea", "event 47 `step_succeeded` can't be read"),
        ("runs list", "damaged: its request can't be read"),
        ("asset show hungry", "The last materialization can't be read (event 63"),
        ("asset history hungry", "event 63 can't be read"),
        ("sensors ticks", "its outcome can't be read"),
        ("alerts deliveries list", "This alert can't be read"),
    ] {
        home.prints(line, text);
    }
}

#[test]
fn a_damaged_run_does_not_go_on_and_is_started_anew() {
    let home = home();
    let refused = home.fails("runs retry e259c65e --json", 2);
    assert!(refused.contains("is damaged: event ") && refused.contains("--from-scratch"), "{refused}");
    let refused = home.fails("runs retry f196e9fe --from-scratch --json", 4);
    assert!(refused.contains("failed to read the request of run"), "{refused}");
}

#[test]
fn every_page_and_route_goes_on() {
    home().is_served();
}

#[test]
fn the_loops_of_a_daemon_pass_it() {
    home().is_kept_by_a_daemon("run 64a85c13 succeeded");
}

#[test]
fn it_is_named_and_set_aside() {
    let home = home();
    let found = home.fails("store check", 4);
    for text in [
        "event 47 `step_succeeded` of step `work` of run ",
        "event 63 `materialized` of asset `hungry`",
        "event 87 `materialized` of asset `work`",
        "event 90 `check_evaluated` of asset `work`",
        "the request of run ",
        "a tick of `sensor:inbox`",
        "an alert by `runs_fail`",
        "`store repair`",
    ] {
        assert!(found.contains(text), "{text} is not in {found}");
    }
    assert!(home.fails("store check --json", 4).contains(r#""table":"deliveries""#));
    home.prints("store repair", "8 set aside");
    home.prints("store check", "Every row can be read.");
    home.prints("store check --json", r#"{"unreadable":[]}"#);
    home.prints("runs show cb482fea", "event 47 was set aside");
    home.succeeds_with(&COMMANDS);
    home.is_served();
}
