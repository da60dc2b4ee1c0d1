//! The stored form: what it looks like, how long it is, and what isn't read.

use super::support::{Given, days, reports, run_id};
use crate::backfill::{Backfill, BackfillOptions, BackfillPolicy, BackfillState, Plan};
use crate::partition::mapping::function;
use crate::partition::{Key, daily, fixed};

fn backfill() -> Backfill {
    let given = reports().policy("days", BackfillPolicy::multi_run(7));
    let plan = given.plan(
        "days",
        "2024-01-07..2024-01-13",
        BackfillOptions { all: true, ..BackfillOptions::default() },
    );
    let mut backfill = Backfill::new(plan.unwrap());
    let run = backfill.next_runs().remove(0);
    backfill.started(run_id(7), run).unwrap();
    backfill
}

/// That a part of JSON is written as it is expected, whatever its white space.
#[track_caller]
fn check_json(found: &impl serde::Serialize, expected: &str) {
    let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
    assert_eq!(serde_json::to_value(found).unwrap(), expected);
}

#[test]
fn a_state_is_its_sets() {
    let state = serde_json::to_value(backfill().state()).unwrap();
    check_json(&state["version"], "1");
    check_json(&state["status"], r#""running""#);
    check_json(
        &state["runs"],
        r#"{"00000000-0000-0000-0000-000000000007":
            {"stage": 0, "keys": {"dimensions": 1, "products": [[[[19729, 19735]]]]}}}"#,
    );
    check_json(
        &state["stages"][1],
        r#"{
            "waiting": {"dimensions": 1, "products": [[[2818]]]},
            "running": {"dimensions": 1, "products": []},
            "succeeded": {"dimensions": 1, "products": []},
            "failed": {"dimensions": 1, "products": []},
            "lost": {"dimensions": 1, "products": []},
            "skipped": {"dimensions": 1, "products": []},
            "canceled": {"dimensions": 1, "products": []}
        }"#,
    );
}

#[test]
fn a_plan_has_what_it_needs_of_the_definitions() {
    let plan = serde_json::to_value(backfill().plan()).unwrap();
    check_json(&plan["version"], "1");
    check_json(
        &plan["request"],
        r#"{
            "anchor": "days",
            "keys": {"dimensions": 1, "products": [[[[19729, 19735]]]]},
            "options": {"all": true, "order": "oldest_first", "runs_at_a_time": 1, "partitions_per_run": null,
                "stop": "never", "most_runs": 10000}
        }"#,
    );
    check_json(
        &plan["spaces"][1],
        r#"{"now": "2024-02-04T00:00:00Z", "dimensions": [{"name": "time", "values": {"windows":
            {"every": "week", "zone": "UTC", "start": "2024-01-07", "end": null, "end_offset": 0, "exclusions": [],
                "format": null}}}]}"#,
    );
    check_json(
        &plan["spaces"][2]["dimensions"],
        r#"[{"name": "value", "values": {"texts": {"all": [""], "present": [0]}}}]"#,
    );
    check_json(
        &plan["assets"][1],
        r#"{"name": "weeks", "make": {"dimensions": 1, "products": [[[2818]]]},
            "fresh": {"dimensions": 1, "products": []}, "stage": 1, "space": 1}"#,
    );
    check_json(
        &plan["stages"][0],
        r#"{"assets": [0], "keys": {"dimensions": 1, "products": [[[[19729, 19735]]]]}, "run_size": {"at_most": 7}}"#,
    );
    check_json(
        &plan["dependencies"][0],
        r#"{"upstream": 0, "downstream": 1, "tolerates_missing": false, "relation": {"mapping": {
            "relation": {"product": [{"from": {"place": 0, "link": {"windows": {"from": 0, "to": 0}}}}]},
            "is_single": false, "tolerates_missing": false, "words": "the days of the week"}}}"#,
    );
}

#[test]
fn plan_and_state_can_be_stored_apart() {
    let backfill = backfill();
    let plan: Plan = serde_json::from_str(&serde_json::to_string(backfill.plan()).unwrap()).unwrap();
    let state: BackfillState =
        serde_json::from_str(&serde_json::to_string(backfill.state()).unwrap()).unwrap();
    let again = Backfill::restore(plan, state).unwrap();
    assert_eq!(again.state(), backfill.state());
    assert_eq!(again.plan().stages(), backfill.plan().stages());
    assert_eq!(again.plan().preview(), backfill.plan().preview());
}

/// That JSON of a backfill, changed in one place, isn't read, and why.
#[track_caller]
fn check_refused(from: &str, to: &str, expected: &str) {
    let json = serde_json::to_string(&backfill()).unwrap();
    assert!(json.contains(from), "{json}");
    let error = serde_json::from_str::<Backfill>(&json.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_contradicts_itself_is_not_read() {
    check_refused("\"version\":1", "\"version\":2", "this version of Millwork reads format 1");
    check_refused("\"status\":\"running\"", "\"status\":\"failed\"", "it has ended and has running runs");
    check_refused("\"stage\":0,\"space\":0", "\"stage\":1,\"space\":0", "a stage has other assets");
    check_refused("\"upstream\":0,\"downstream\":1", "\"upstream\":1,\"downstream\":0", "isn't before it");
}

#[test]
fn changed_definitions_do_not_change_a_backfill() {
    let given = Given::default().asset("sales", days().by(fixed(["de", "fr"]).named("country")), &[]);
    let plan = given.plan("sales", "2024-01-07..2024-01-08|fr", BackfillOptions::default()).unwrap();
    let plan: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    let asset = &plan.assets()[0];
    assert_eq!(plan.space(asset).set_text(&asset.make), "2024-01-07..2024-01-08|fr");
    // Germany is gone, the days start later, and the country comes first.
    let changed = fixed(["fr", "it"]).named("country").by(daily("UTC").from("2024-01-08"));
    let changed = changed.space("2024-02-04T00:00:00Z".parse().unwrap()).unwrap();
    let carried = plan.space(asset).carried(&asset.make, &changed);
    assert_eq!(changed.set_text(&carried.intersection(&changed.all())), "fr|2024-01-08");
}

#[test]
fn what_a_function_said_is_stored() {
    let first = |key: &Key| [Key::texts([key.text()[..1].to_owned()])];
    let given = Given::default().asset("letters", fixed(["a", "b"]), &[]).asset(
        "words",
        fixed(["apple", "ant", "bee"]),
        &[("letters", function(first).into())],
    );
    let plan = given.plan("letters", "*", BackfillOptions::default()).unwrap();
    let mut backfill = Backfill::new(plan);
    for number in 1..=5 {
        backfill = serde_json::from_str(&serde_json::to_string(&backfill).unwrap()).unwrap();
        let run = backfill.next_runs().remove(0);
        // Words that begin with a come before the next letter: what is furthest downstream goes first.
        assert_eq!(run.stage.position(), usize::from(![1, 4].contains(&number)));
        let outcome = crate::backfill::RunOutcome::made(run.keys.clone());
        backfill.started(run_id(number), run).unwrap();
        backfill.finished(run_id(number), &outcome).unwrap();
    }
    assert!(backfill.status().is_ended());
}
