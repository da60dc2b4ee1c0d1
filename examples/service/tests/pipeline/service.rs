//! The daemon's handling of runs that misbehave, and its limits.

use crate::support::{Home, process_lives};
use serde_json::{Value, json};

#[test]
fn a_run_whose_process_dies_is_tried_again_where_it_stopped() {
    let home = Home::new();
    let _daemon = home.daemon("");
    for (end, class) in [("exit", "its process ended with exit code 7"), ("abort", "signal 6")] {
        let run = home.queue(&format!("work --set work.end={end} --set work.well_from=2"));
        home.becomes(&run, "succeeded");
        let events = home.log(&run);
        let lost = events.iter().find(|event| event["type"] == "run_lost").unwrap();
        assert_eq!(lost["body"]["class"], "killed", "{lost}");
        assert!(lost["body"]["reason"].as_str().unwrap().contains(class), "{lost}");
        assert!(events.iter().any(|event| event["type"] == "run_retrying"));
    }
    // Errors of the user's own aren't among the classes that the example retries, and retries come to an end.
    let run = home.queue("work --set work.end=error");
    assert_eq!(home.becomes(&run, "failed")["class"], "error");
    let run = home.queue("work --set work.end=exit");
    let is_given_up = |run: &Value| run["status"] == "lost" && run["epoch"] == 3;
    crate::support::eventually(|| is_given_up(&home.run(&run)), "no two retries");
    // Ends are read in their order: when a later one is retried, this one is not going to be.
    let later = home.queue("work --set work.end=exit");
    crate::support::eventually(|| home.run(&later)["epoch"] == 2, "a later run is not retried");
    assert!(is_given_up(&home.run(&run)), "{}", home.run(&run));
}

#[test]
fn what_a_process_says_while_it_dies_is_in_the_runs_log() {
    let home = Home::new();
    let _daemon = home.daemon("");
    let run = home.queue("work --set work.end=panic");
    let failed = home.becomes(&run, "failed");
    assert!(failed["reason"].as_str().unwrap().contains("configured to panic"), "{failed}");
    // A home without the pipeline's run can't start it: the message is kept.
    let run = home.queue("work --tag millwork/retries=0 --set work.end=abort");
    home.becomes(&run, "lost");
    assert!(home.path().join("launches").read_dir().unwrap().next().is_none(), "nothing is left behind");
}

#[test]
fn limits_of_tags_let_runs_wait_and_say_why() {
    let home = Home::new();
    let slow = "--set work.millis=60000";
    let first = home.queue(&format!("work {slow} --tag team=small"));
    let daemon = home.daemon("");
    home.becomes(&first, "running");
    let second = home.queue("work --tag team=small");
    let other = home.queue("work --tag customer=x");
    home.becomes(&other, "succeeded");
    let waiting = home.run(&second);
    assert_eq!(waiting["status"], "queued");
    assert_eq!(waiting["waits"], "waits until fewer than 1 runs tagged `team=small` are in progress");
    // A blocking step that ignores the request is ended by force.
    home.succeeds(&format!("runs cancel {first}"));
    home.becomes(&first, "canceled");
    home.becomes(&second, "succeeded");
    drop(daemon);
}

#[test]
fn no_run_takes_longer_than_it_may() {
    let home = Home::new();
    let daemon = home.daemon("");
    let run = home.queue("work --set work.millis=60000 --tag millwork/max_runtime=1");
    let failed = home.becomes(&run, "failed");
    assert_eq!((&failed["class"], &failed["reason"]), (&json!("timeout"), &json!("it took longer than 1s")));
    daemon.line("is ended by force (timeout)");
}

#[test]
fn nothing_that_a_step_started_survives_its_run() {
    let home = Home::new();
    let _daemon = home.daemon("");
    let run = home.queue("leaves_a_process");
    home.becomes(&run, "succeeded");
    let left: u32 = home.succeeds("asset value leaves_a_process").trim().parse().unwrap();
    crate::support::eventually(|| !process_lives(left), "the process that was left behind goes on");

    // The step's time-out ends the process that it waits for, so that the run can end.
    let run = home.queue("waits_for_a_process");
    let failed = home.becomes(&run, "failed");
    assert_eq!(failed["class"], "timeout", "{failed}");
}

#[test]
fn steps_wait_for_slots_of_a_pool_across_runs() {
    let home = Home::new();
    let runs: Vec<String> = (0..3).map(|_| home.queue("hungry")).collect();
    let _daemon = home.daemon("");
    let mut waited = 0;
    for run in &runs {
        home.becomes(run, "succeeded");
        let events = home.log(run);
        let says = |event: &Value| {
            event["body"]["message"].as_str().is_some_and(|message| message.contains("2 of 2 are held"))
        };
        waited += usize::from(events.iter().any(says));
    }
    assert!(waited >= 1, "no step waited");
}

#[test]
fn sensors_request_each_run_once_and_hold_up_no_other() {
    let home = Home::new();
    let inbox = home.path().with_extension("inbox");
    std::fs::create_dir_all(&inbox).unwrap();
    for sensor in ["inbox", "hangs", "work_is_done"] {
        home.succeeds(&format!("sensors on {sensor}"));
    }
    let daemon = home.daemon_with("", &[("SERVICE_INBOX", inbox.to_str().unwrap())]);
    daemon.line("daemon started");
    // The asset sensor reacts to materializations after it first read the log, whenever that is.
    let reacts = || {
        let work = home.queue("work");
        home.becomes(&work, "succeeded");
        !home.runs_of("millwork/sensor", "work_is_done").is_empty()
    };
    crate::support::eventually(reacts, "no run after work");
    std::fs::write(inbox.join("a.csv"), "").unwrap();
    crate::support::eventually(|| home.runs_of("file", "a.csv").len() == 1, "no run for a.csv");
    // The daemon dies, and the next one knows the requests.
    drop(daemon);
    let _daemon = home.daemon_with("", &[("SERVICE_INBOX", inbox.to_str().unwrap())]);
    std::fs::write(inbox.join("b.csv"), "").unwrap();
    crate::support::eventually(|| home.runs_of("file", "b.csv").len() == 1, "no run for b.csv");
    assert_eq!(home.runs_of("file", "a.csv").len(), 1);
    let ticks = home.json("sensors ticks inbox --json");
    let outcomes: Vec<&str> =
        ticks.as_array().unwrap().iter().map(|tick| tick["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "requested").count(), 2, "{ticks}");
    let preview = home.json("sensors preview inbox --json");
    assert_eq!(preview["skipped"], "SERVICE_INBOX names no folder");
}

#[test]
fn runs_in_the_daemons_own_process() {
    let home = Home::new();
    let daemon = home.daemon("--in-process");
    let run = home.queue("work");
    home.becomes(&run, "succeeded");
    daemon.line("launched as a task of this process");
    let run = home.queue("work --set work.end=panic");
    home.becomes(&run, "failed");
}
