//! Signals that ask a process to end: runs in it end with it, and their ends are recorded.

use std::process::{Child, Command, Stdio};

use crate::support::{Home, Lines, child_of, eventually, launched, process_lives, signal};

/// The command with these arguments, for which a hang-up has its default effect: the program that runs the tests may ignore it, as `nohup`
/// does, and processes inherit that.
fn command(home: &Home, line: &str) -> Command {
    let mut env = Command::new("env");
    env.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_service")]);
    home.command_of(env, line)
}

/// The exit code of a process, once it has ended.
fn code_of(process: &mut Child) -> Option<i32> {
    let mut status = None;
    let has_ended = || {
        status = process.try_wait().unwrap();
        status.is_some()
    };
    eventually(has_ended, "the process has not ended");
    status.unwrap().code()
}

const WAITS: &str = "work --set work.end=waits";

#[test]
fn a_command_that_is_asked_to_end_cancels_its_run() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let home = Home::new();
        let mut process = command(&home, &format!("materialize {WAITS}")).spawn().unwrap();
        let child = child_of(process.id());
        signal(process.id(), name);
        if name == "INT" {
            // From a terminal, the step's process would have got it as well. The second one ends the run at once.
            eventually(|| home.run("last")["status"] == "canceling", "it was not asked");
            signal(process.id(), name);
        }
        assert_eq!(code_of(&mut process), Some(code), "{name}");
        let run = home.run("last");
        assert_eq!((&run["status"], &run["steps"][0]["status"]), (&"canceled".into(), &"canceled".into()));
        assert!(!process_lives(child), "{name} leaves no process behind");
    }
}

#[test]
fn a_hang_up_that_is_ignored_stays_ignored() {
    let home = Home::new();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" materialize work --set work.end=waits"]);
    command.arg(env!("CARGO_BIN_EXE_service")).env("MILLWORK_HOME", home.path());
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child_of(process.id());
    signal(process.id(), "HUP");
    signal(process.id(), "TERM");
    assert_eq!(code_of(&mut process), Some(143));
}

#[test]
fn a_service_that_is_asked_to_end_cancels_the_runs_in_its_process() {
    for (line, name) in [("daemon", "TERM"), ("daemon", "HUP"), ("serve --address 127.0.0.1:0", "TERM")] {
        let home = Home::new();
        let run = home.queue(WAITS);
        let mut service = Lines::of(command(&home, &format!("{line} --in-process")));
        let child = child_of(service.id());
        signal(service.id(), name);
        service.line("stopped; its runs: 1 canceled");
        assert_eq!(code_of(&mut service.process), Some(0), "`{line}` and {name}");
        assert_eq!(home.run(&run)["status"], "canceled", "`{line}` and {name}");
        assert!(!process_lives(child), "`{line}` and {name} leave no process behind");
    }
}

#[test]
fn a_service_that_ends_says_how_the_runs_in_its_process_ended() {
    let home = Home::new();
    let mut service = Lines::of(command(&home, "daemon --in-process"));
    service.line("daemon started");
    signal(service.id(), "TERM");
    service.line("daemon stopped; no runs were in progress");
    assert_eq!(code_of(&mut service.process), Some(0));
    // A blocking step may use its grace period. If it finishes in time, its run isn't canceled.
    let run = home.queue("work --set work.millis=500");
    let mut service = Lines::of(command(&home, "daemon --in-process"));
    home.becomes(&run, "running");
    signal(service.id(), "TERM");
    let line = service.line("daemon stopped; ");
    assert_eq!(code_of(&mut service.process), Some(0));
    let status = home.run(&run)["status"].as_str().unwrap().to_owned();
    assert!(
        line.ends_with(&format!("its runs: 1 {status}")) || line.ends_with("no runs were in progress"),
        "{status}: {line}"
    );
}

#[test]
fn a_daemon_says_what_becomes_of_the_runs_that_it_finds() {
    let home = Home::new();
    let first = Lines::of(command(&home, "daemon"));
    let run = home.queue(&format!("{WAITS} --tag millwork/retries=0"));
    let child = child_of(launched(&first));
    drop(first);
    let next = Lines::of(command(&home, "daemon"));
    next.line("daemon started");
    // It says so before it looks at the runs that it finds.
    home.waits_for_a_daemon();
    signal(child, "TERM");
    next.line(" failed: ");
    assert_eq!(home.run(&run)["status"], "failed");
}

#[test]
fn a_run_that_a_daemon_has_launched_outlives_it() {
    for name in ["TERM", "HUP"] {
        let home = Home::new();
        let mut daemon = Lines::of(command(&home, "daemon"));
        let run = home.queue(WAITS);
        let child = child_of(launched(&daemon));
        signal(daemon.id(), name);
        assert_eq!(code_of(&mut daemon.process), Some(0), "{name}");
        assert_eq!(home.run(&run)["status"], "running", "{name}");
        signal(child, "TERM");
        assert_eq!(home.becomes(&run, "failed")["epoch"], 1, "{name}");
    }
}
