//! The home of a service as version 0.1.0 wrote it: failed, lost, canceled and retried runs, sensors with cursors, deliveries that wait, and
//! reports from outside.

use std::path::Path;

use crate::earlier::EarlierHome;

/// Every command except those that run until they are interrupted.
const COMMANDS: [&str; 67] = [
    "status",
    "status --json",
    "list assets",
    "list assets --json",
    "list checks --json",
    "list jobs --json",
    "list resources --json",
    "list gates",
    "list gates --json",
    "graph",
    "graph --format json",
    "runs list",
    "runs list --status failed --json",
    "runs list --tag customer=x --json",
    "runs show",
    "runs show --json",
    "partitions dynamic",
    "partitions dynamic --json",
    "partitions plan",
    "partitions plan --json",
    "backfill list",
    "backfill list --json",
    "models list",
    "models list --json",
    "runs logs",
    "runs logs --all --json",
    "schedules list --json",
    "schedules ticks --json",
    "sensors list",
    "sensors list --json",
    "sensors ticks",
    "sensors ticks inbox --json",
    "sensors preview inbox",
    "sensors pending list",
    "schedules pending list --json",
    "sensors off inbox",
    "sensors on inbox",
    "automation list --json",
    "automation ticks --json",
    "automation simulate --from 2026-11-01T00:00:00Z --to 2026-11-02T00:00:00Z --json",
    "automation off",
    "automation on",
    "alerts list --json",
    "alerts deliveries list",
    "alerts deliveries list --json",
    "alerts deliveries drop 1",
    "alerts deliveries retry 1",
    "alerts test runs_fail",
    "asset show work",
    "asset show work --json",
    "asset history work",
    "asset history work --json",
    "asset value after_work",
    "why work",
    "why after_work --json",
    "check",
    "check --json",
    "store info",
    "store info --json",
    "store check",
    "store check --json",
    "store repair --json",
    "runs retry 56d48f07 --help",
    "materialize work --json",
    "materialize --stale work --dry-run --json",
    "runs cancel 64a85c13",
    "store vacuum --json",
];

fn home() -> EarlierHome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homes/0.1.0");
    EarlierHome::copied(&folder, env!("CARGO_BIN_EXE_service"), &[])
}

#[test]
fn every_command_opens_it() {
    // Without schedules, conditions, models, retention rules and pending work, these have nothing to do.
    let others =
        ["daemon", "serve", "dev", "schedules next", "schedules on", "schedules off", "automation explain"];
    let pending = [
        "sensors pending retry",
        "sensors pending drop",
        "schedules pending retry",
        "schedules pending drop",
    ];
    let home = home();
    // The home of the reference job is opened with those of one model.
    let models = home.commands("models").into_iter().filter(|command| command != "models list");
    let models: Vec<String> = models.collect();
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    let others = [
        &others[..],
        &pending,
        &models,
        &[
            "store prune",
            "completions",
            "runs reproduce",
            "partitions list",
            "partitions add",
            "partitions remove",
            "partitions remap",
            "backfill create",
            "backfill show",
            "backfill pause",
            "backfill resume",
            "backfill cancel",
            "backfill retry",
        ],
    ]
    .concat();
    home.shows_everything();
    home.opens_with(&COMMANDS, &others);
}

#[test]
fn every_page_and_route_shows_it() {
    home().is_served();
}

#[test]
fn a_daemon_goes_on_with_it() {
    // The run that was queued, which only the daemon's loops execute.
    home().is_kept_by_a_daemon("run 64a85c13 succeeded");
}

#[test]
fn one_of_a_later_version_is_refused_in_a_sentence() {
    let lines = [
        "runs list",
        "runs list --json",
        "status",
        "status --json",
        "materialize work",
        "materialize work --json",
        "store info",
        "store info --json",
        "daemon",
        "serve --address 127.0.0.1:0",
    ];
    home().of_a_later_version_is_refused(&lines);
}
