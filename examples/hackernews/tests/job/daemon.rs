//! The daemon through its binary: queued runs are launched, and deaths of runs and daemons are survived.

use std::process::Command;

use crate::support::{Home, StuckServer};
use millwork_testing::{Lines, PipelineServer, eventually, wait_for};
use serde_json::Value;

/// A daemon that is killed when it is dropped.
struct Daemon(Lines);

impl Daemon {
    fn start(home: &Home, arguments: &str) -> Self {
        let lines = Lines::of(home.command(&format!("daemon {arguments}")));
        lines.line("daemon started");
        Self(lines)
    }

    /// Waits for a launch, and returns the process number.
    fn launched(&self) -> u32 {
        process_of(&self.0)
    }

    fn stop(mut self) -> Option<i32> {
        signal("-TERM", self.0.id());
        self.0.process.wait().unwrap().code()
    }
}

/// The process number of the next run that is launched.
fn process_of(service: &Lines) -> u32 {
    service.line("launched as process").rsplit(' ').next().unwrap().parse().unwrap()
}

/// Waits until the run queue of a service has ticked twice: the first tick may have begun before it was asked.
fn queue_ticks(service: &PipelineServer) {
    let ticks_twice = wait_for(async || {
        let metrics = reqwest::get(format!("{}/metrics", service.url)).await.unwrap().text().await.unwrap();
        let ticks = metrics.lines().find_map(|line| line.strip_prefix(TICKS)?.trim().parse::<f64>().ok());
        if ticks >= Some(2.0) { Ok(()) } else { Err(metrics) }
    });
    tokio::runtime::Runtime::new().unwrap().block_on(ticks_twice);
}

const TICKS: &str = "millwork_loop_turns_total{loop=\"run_queue\"}";

fn signal(signal: &str, process: u32) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

fn queue(home: &Home, arguments: &str) -> String {
    home.json(&format!("materialize --queue --json {arguments}"))["run"].as_str().unwrap().to_owned()
}

fn run(home: &Home, id: &str) -> Value {
    let runs = home.json("runs list --json");
    runs.as_array().unwrap().iter().find(|run| run["run"] == id).unwrap().clone()
}

/// Waits until a run has a status.
fn becomes(home: &Home, id: &str, status: &str) -> Value {
    let mut last = Value::Null;
    let is_there = || {
        last = run(home, id);
        last["status"] == status
    };
    eventually(is_there, &format!("run {id} is not {status}"));
    last
}

#[test]
fn queued_runs_are_launched_by_priority() {
    let home = Home::new();
    let low = queue(&home, "hackernews_stories");
    let high = queue(&home, "hackernews_stories --tag millwork/priority=5");
    assert_eq!(run(&home, &low)["status"], "queued");
    let daemon = Daemon::start(&home, "--max-runs 1");
    for id in [&high, &low] {
        assert!(daemon.0.line("launched as process").contains(&id[id.len() - 8..]), "{id}");
    }
    for id in [&low, &high] {
        becomes(&home, id, "succeeded");
    }
    // A run that is retried here is not left to the daemon.
    home.succeeds(&format!("runs retry {low} --from-scratch"));
    assert!(daemon.0.so_far().iter().all(|line| !line.contains("launched")));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_killed_run_is_lost_and_the_next_one_is_launched() {
    let server = StuckServer::start();
    let home = Home::fetching_from(server.url());
    let (first, second) = (queue(&home, "hackernews_stories"), queue(&home, "hackernews_stories"));
    let daemon = Daemon::start(&home, "--max-runs 1");
    let process = daemon.launched();
    becomes(&home, &first, "running");
    signal("-KILL", process);
    let lost = becomes(&home, &first, "lost");
    assert!(lost["reason"].as_str().unwrap().contains("killed"), "{lost}");
    let process = daemon.launched();
    becomes(&home, &second, "running");
    signal("-KILL", process);
    becomes(&home, &second, "lost");
}

#[test]
fn a_run_outlives_its_daemon_and_the_next_one_looks_after_it() {
    let server = StuckServer::start();
    let home = Home::fetching_from(server.url());
    let (first, second) = (queue(&home, "hackernews_stories"), queue(&home, "hackernews_stories"));
    let mut daemon = Daemon::start(&home, "--max-runs 1");
    let orphan = daemon.launched();
    becomes(&home, &first, "running");
    daemon.0.kill();
    assert_eq!(run(&home, &first)["status"], "running");

    let service = home.serve("--max-runs 1", &[]);
    queue_ticks(&service);
    assert_eq!(run(&home, &second)["status"], "queued", "the first run still takes the only place");
    signal("-KILL", orphan);
    becomes(&home, &first, "lost");
    process_of(&service.process);
    becomes(&home, &second, "running");
    // A run that is asked to stop does so in its own process.
    home.succeeds(&format!("runs cancel {second}"));
    becomes(&home, &second, "canceled");
    assert_eq!(Daemon(service.process).stop(), Some(0));
}

#[test]
fn a_schedule_is_switched_and_says_when_it_is_due() {
    let home = Home::new();
    let states = |home: &Home| -> Vec<bool> {
        let schedules = home.json("schedules list --json");
        schedules.as_array().unwrap().iter().map(|schedule| schedule["on"].as_bool().unwrap()).collect()
    };
    assert_eq!(states(&home), [false; 3]);
    home.succeeds("schedules on hourly_stories");
    assert_eq!(states(&home), [true, false, false]);
    home.succeeds("schedules off hourly_stories");
    assert_eq!(states(&home), [false; 3]);
    let next = home.json("schedules next weekly_training --count 3 --json");
    assert!(
        next.as_array().unwrap().iter().all(|tick| tick.as_str().unwrap().contains("T04:00:00Z")),
        "{next}"
    );
    let outcome = home.run("schedules on nightly");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.err.contains("no schedule is called `nightly`"), "{outcome:?}");
}

#[test]
fn automation_is_listed_switched_and_simulated() {
    let home = Home::new();
    let states = |home: &Home| -> [bool; 2] {
        let list = home.json("automation list --json");
        [&list["on"], &list["assets"][0]["on"]].map(|on| on.as_bool().unwrap())
    };
    assert_eq!(states(&home), [true, true]);
    home.succeeds("automation off comments_model_test_set_r_squared");
    assert_eq!(states(&home), [true, false]);
    home.succeeds("automation off");
    assert_eq!(states(&home), [false, false]);
    home.succeeds("automation on");
    assert_eq!(states(&home), [true, false]);
    let span = "--from 2026-05-01T00:30:00Z --to 2026-05-01T02:30:00Z";
    let simulated = home.json(&format!("automation simulate {span} --all --json"));
    let whys = simulated.as_array().unwrap().iter().map(|run| run["why"].as_str().unwrap());
    let count = |schedule: &str| whys.clone().filter(|why| why.contains(schedule)).count();
    assert_eq!((count("hourly_stories"), count("frequent_predictions")), (2, 12));
    let dry_run = home.succeeds(&format!("daemon --dry-run {span}"));
    assert!(dry_run.contains("No run would have been requested"), "{dry_run}");
    let outcome = home.run("automation explain hackernews_stories");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.err.contains("has no automation condition"), "{outcome:?}");
}
