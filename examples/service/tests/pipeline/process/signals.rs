//! Signals that ask a process to end: runs in it end with it, and their ends are recorded.

use std::process::{Child, Command, Stdio};

use crate::support::{Home, Lines, eventually, process_lives};

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

fn signal(process: &Child, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &process.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// The process that a step has started, once it has.
fn child_of(process: &Child) -> u32 {
    let mut child = None;
    eventually(
        || {
            child = children(process.id()).into_iter().find(|pid| command_of(*pid).starts_with("sleep"));
            child.is_some()
        },
        "no step has started a process",
    );
    child.unwrap()
}

fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields.to_owned()).unwrap_or_default();
        fields.split(' ').nth(1) == Some(parent.to_string().as_str())
    };
    pids.filter(is_child).collect()
}

fn command_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

const WAITS: &str = "work --set work.end=waits";

#[test]
fn a_command_that_is_asked_to_end_cancels_its_run() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let home = Home::new();
        let mut process = command(&home, &format!("materialize {WAITS}")).spawn().unwrap();
        let child = child_of(&process);
        signal(&process, name);
        if name == "INT" {
            // From a terminal, the step's process would have got it as well. The second one ends the run at once.
            eventually(|| home.run("last")["status"] == "canceling", "it was not asked");
            signal(&process, name);
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
    child_of(&process);
    signal(&process, "HUP");
    signal(&process, "TERM");
    assert_eq!(code_of(&mut process), Some(143));
}

#[test]
fn a_service_that_is_asked_to_end_cancels_the_runs_in_its_process() {
    for (line, name) in [("daemon", "TERM"), ("daemon", "HUP"), ("serve --address 127.0.0.1:0", "TERM")] {
        let home = Home::new();
        let run = home.queue(WAITS);
        let mut service = Lines::of(command(&home, &format!("{line} --in-process")));
        let child = child_of(&service.process);
        signal(&service.process, name);
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
    signal(&service.process, "TERM");
    service.line("daemon stopped; no runs were in progress");
    assert_eq!(code_of(&mut service.process), Some(0));
    // A blocking step may use its grace period. If it finishes in time, its run isn't canceled.
    let run = home.queue("work --set work.millis=2000");
    let mut service = Lines::of(command(&home, "daemon --in-process"));
    home.becomes(&run, "running");
    signal(&service.process, "TERM");
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
    home.becomes(&run, "running");
    let process = first.line("launched as process ");
    let process: u32 = process.rsplit(' ').next().unwrap().parse().unwrap();
    drop(first);
    let next = Lines::of(command(&home, "daemon"));
    next.line("daemon started");
    eventually(
        || {
            let found = children(process).into_iter().find(|pid| command_of(*pid).starts_with("sleep"));
            found.is_some_and(|pid| Command::new("kill").arg(pid.to_string()).status().is_ok())
        },
        "the step has started no process",
    );
    next.line(" failed: ");
    assert_eq!(home.run(&run)["status"], "failed");
}

#[test]
fn a_run_that_a_daemon_has_launched_outlives_it() {
    for name in ["TERM", "HUP"] {
        let home = Home::new();
        let mut daemon = Lines::of(command(&home, "daemon"));
        let run = home.queue("work --set work.millis=2000");
        home.becomes(&run, "running");
        signal(&daemon.process, name);
        assert_eq!(code_of(&mut daemon.process), Some(0), "{name}");
        assert_eq!(home.becomes(&run, "succeeded")["epoch"], 1, "{name}");
    }
}
