//! The loop over virtual days: what was asked for is done once, what was predicted is measured, and an interrupted demo goes on.

use std::collections::BTreeMap;
use std::io::Read as _;

use millwork::monitor::{Coverage, Performance};
use serde_json::Value;

use crate::support::{Home, Outcome};

/// How many days: until the comments of the first predictions have come.
const DAYS: usize = 4;

fn demo() -> String {
    format!("demo --days {DAYS}")
}

/// How many runs each schedule has requested; each has succeeded, and none is of the time of another.
fn runs_by_schedule(home: &Home) -> BTreeMap<String, usize> {
    let runs = home.json("runs list --json --limit 10000");
    let mut ticks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for run in runs.as_array().unwrap() {
        assert_eq!(run["status"], "succeeded", "{run}");
        let tag = |key: &str| run["request"]["tags"][key].as_str().map(str::to_owned);
        if let (Some(schedule), Some(tick)) = (tag("millwork/schedule"), tag("millwork/scheduled_for")) {
            ticks.entry(schedule).or_default().push(tick);
        }
    }
    for (schedule, times) in &mut ticks {
        let all = times.len();
        times.sort();
        times.dedup();
        assert_eq!(times.len(), all, "{schedule} has a tick twice");
    }
    ticks.into_iter().map(|(schedule, times)| (schedule, times.len())).collect()
}

fn check_days(home: &Home) {
    let expected = [("frequent_predictions", 8 * DAYS), ("hourly_stories", DAYS), ("weekly_training", 1)];
    let expected: BTreeMap<String, usize> =
        expected.into_iter().map(|(schedule, runs)| (schedule.to_owned(), runs)).collect();
    assert_eq!(runs_by_schedule(home), expected);
    let versions = home.json("models versions comments_model --json");
    let first = versions.as_array().unwrap().last().unwrap();
    assert!(["in_use", "retired"].contains(&first["status"].as_str().unwrap()), "{versions}");
    let performance: Performance<i64> = home.value("live_performance");
    let windows: Vec<Coverage> = performance.windows().map(|window| window.coverage).collect();
    assert!(windows.len() >= DAYS, "{windows:?}");
    // Comments of the first day's stories came on the last one; later ones' are awaited.
    assert!(windows[0].expected > 100 && windows[0].share() > 0.9, "{windows:?}");
    assert_eq!(windows.last().unwrap().matched, 0, "{windows:?}");
    let awaited: Value = home.value("awaited_stories");
    assert!(awaited.as_array().unwrap().len() > 400, "{awaited}");
}

#[test]
fn days_of_the_loop_are_accounted_for_and_go_on() {
    let home = Home::new();
    let said = home.succeeds(&demo());
    assert!(
        said.contains("promoted: there was no model in use") && said.contains("weekly_training"),
        "{said}"
    );
    check_days(&home);
    let is_off = |list: &Value| list.as_array().unwrap().iter().all(|entry| entry["on"] == false);
    assert!(is_off(&home.json("schedules list --json")) && is_off(&home.json("sensors list --json")));
    let said = home.succeeds(&demo());
    assert!(said.starts_with("going on with the demo"), "{said}");
    check_days(&home);
    let outcome = home.run("demo --days 5 --seed 2");
    assert!(outcome.code == Some(1) && outcome.err.contains("has the seed 1, not 2"), "{outcome:?}");
}

#[test]
fn a_killed_demo_goes_on_and_does_nothing_twice() {
    let home = Home::new();
    let mut killed = 0;
    // Each time it is killed later, in the middle of whatever it does.
    for hours in [2, 30, 77] {
        let mut process = home.start(&demo());
        millwork_testing::eventually(|| reached(&home) >= hours, "the demo doesn't go on");
        process.kill().unwrap();
        let mut said = String::new();
        process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        process.wait().unwrap();
        killed += 1;
    }
    assert_eq!(killed, 3);
    let outcome = Outcome::of(home.start(&demo()));
    assert!(outcome.code == Some(0) && outcome.out.starts_with("going on with the demo"), "{outcome:?}");
    let runs = home.json("runs list --json --limit 10000");
    let status = |run: &Value| run["status"].as_str().unwrap().to_owned();
    assert!(
        runs.as_array().unwrap().iter().all(|run| status(run) == "succeeded"),
        "what was lost goes on: {runs}"
    );
    check_days(&home);
    let text = home.succeeds("runs list --limit 10000");
    assert!(!text.contains("clock set back"), "{text}");
}

/// How many virtual hours a demo has reached.
fn reached(home: &Home) -> i64 {
    let Ok(text) = std::fs::read(home.path().join("demo.json")) else { return 0 };
    let Ok(progress) = serde_json::from_slice::<Value>(&text) else { return 0 };
    let time = |field: &str| progress[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    time("reached").duration_since(time("opening")).as_hours()
}

/// Topics turn over on the tenth day: trainings are asked for, each for a stated reason, within cooldown and budget.
#[test]
fn drift_asks_for_trainings_within_cooldown_and_budget() {
    let home = Home::new();
    home.succeeds("demo --days 16");
    let runs = home.json("runs list --json --limit 10000");
    let mut trainings: Vec<jiff::Timestamp> = Vec::new();
    for run in runs.as_array().unwrap() {
        let tags = &run["request"]["tags"];
        if tags["millwork/automation"] == "job:train" {
            assert!(tags["millwork/reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{run}");
            trainings.push(run["created_at"].as_str().unwrap().parse().unwrap());
        }
    }
    trainings.sort();
    let days = |from: usize, to: usize| trainings[to].duration_since(trainings[from]).as_hours() / 24;
    assert!(!trainings.is_empty(), "{runs}");
    assert!((1..trainings.len()).all(|run| days(run - 1, run) >= 2), "a cooldown of two days: {trainings:?}");
    assert!((3..trainings.len()).all(|run| days(run - 3, run) >= 7), "three in a week: {trainings:?}");
}

#[test]
fn a_home_of_other_runs_is_left_alone() {
    let home = Home::new();
    home.succeeds("materialize hackernews_stories");
    let outcome = home.run(&demo());
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.err.contains("is the home of other runs")
            && outcome.err.contains("hint: name another folder"),
        "{outcome:?}"
    );
    assert_eq!(home.runs().len(), 1);
}

/// `… | head`: the reader has closed its end.
#[test]
fn a_closed_pipe_ends_commands_in_silence() {
    let home = Home::new();
    home.write(
        "stories.csv",
        "id,title,url,num_points,num_comments,author,created_at\n1,A loom,,1,1,ada,1/2/2016 9:00\n",
    );
    let replay = format!("replay --port 0 --csv {}", home.file("stories.csv").display());
    for line in [demo(), replay] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let outcome = home.command(&line).stdout(writer).output().unwrap();
        let err = String::from_utf8_lossy(&outcome.stderr);
        assert_eq!((outcome.status.code(), &*err), (Some(141), ""), "{line}");
    }
}

#[test]
fn a_home_that_is_no_folder_is_not_to_be_removed() {
    let home = Home::new();
    home.write("file", "mine");
    let outcome = home.run(&format!("demo --home {}", home.file("file").display()));
    assert!(outcome.code == Some(1) && outcome.err.contains("hint: name a folder"), "{outcome:?}");
    assert!(!outcome.err.contains("remove"), "{outcome:?}");
}
