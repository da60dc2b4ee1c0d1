//! Output that can't be written, or whose reader is gone.

use std::fs::File;
use std::io::{BufRead as _, BufReader, pipe};
use std::process::{Command, Output, Stdio};

use crate::support::{Home, eventually, process_lives, signal};

const COMMANDS: [&str; 11] = [
    "runs list",
    "runs show last",
    "status --json",
    "graph --format svg",
    "materialize after_work --json",
    "materialize after_work",
    "asset value after_work",
    "asset show after_work",
    "completions bash",
    "--help",
    "materialize --no-such-option --json",
];

fn with_output(mut command: Command, output: impl Into<Stdio>) -> Output {
    command.stdout(output).spawn().unwrap().wait_with_output().unwrap()
}

fn home() -> Home {
    let home = Home::new();
    home.succeeds("materialize work");
    home.succeeds("materialize after_work");
    home
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let home = home();
    for line in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = with_output(home.command(line), full);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "`{line}`: {output:?}");
        let expected = "error: failed to write to standard output: No space left on device";
        assert!(printed.contains(expected), "`{line}`: {printed}");
    }
}

#[test]
fn a_reader_that_has_had_enough_ends_a_command_quietly() {
    let home = home();
    for line in COMMANDS {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = with_output(home.command(line), writer);
        assert_eq!(output.status.code(), Some(141), "`{line}`: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"), "`{line}`: {output:?}");
    }
}

#[test]
fn a_service_goes_on_without_its_reader() {
    for line in ["daemon", "daemon --in-process", "serve --address 127.0.0.1:0"] {
        let home = Home::new();
        let mut service = home.command(line).stderr(Stdio::null()).spawn().unwrap();
        let mut reader = BufReader::new(service.stdout.take().unwrap());
        reader.read_line(&mut String::new()).unwrap();
        drop(reader);
        for _ in 0..2 {
            home.becomes(&home.queue("work"), "succeeded");
        }
        assert!(process_lives(service.id()), "`{line}` goes on");
        signal(service.id(), "TERM");
        assert_eq!(service.wait().unwrap().code(), Some(0), "`{line}`");
    }
}

/// Control characters are escaped, and a reason of many lines takes one line of a table.
#[test]
fn what_users_say_is_shown_and_not_obeyed() {
    let home = Home::new();
    let says = "\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}gone";
    let mut command = home.command("materialize work --set work.end=error --tag");
    command.arg(format!("note={says}")).arg("--set").arg(format!("work.says={says}"));
    assert_eq!(command.status().unwrap().code(), Some(1));
    for line in ["runs show", "runs logs", "runs list", "status"] {
        let shown = home.succeeds(line);
        assert!(!shown.contains(|character: char| character.is_control() && character != '\n'), "{shown}");
    }
    let shown = home.json("runs show --json");
    assert_eq!(shown["request"]["tags"]["note"], says, "programs read what is there");
    assert!(home.succeeds("runs show").contains("\\u001b]0;title\\u0007\\u001b[2J\\u202egone"));
}

/// Only the styles of the program itself reach a terminal; further lines are indented, and so can't be taken for another item.
#[test]
fn colours_in_users_text_are_written_out() {
    let home = Home::new();
    let colored = |line: &str| {
        let mut command = home.command(line);
        command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
        command
    };
    let says = "A\u{1b}[31mB\u{1b}[0m\nstatus";
    let mut command = colored("materialize work --set work.end=error --tag");
    command.arg(format!("note={says}")).arg("--set").arg(format!("work.says={says}"));
    let summary = command.output().unwrap();
    assert_eq!(summary.status.code(), Some(1), "{summary:?}");
    let shown = String::from_utf8(colored("runs show").output().unwrap().stdout).unwrap();
    assert!(shown.contains("note=A\\u001b[31mB\\u001b[0m\n             status\n"), "{shown}");
    assert!(shown.contains("\u{1b}[31mfailed\u{1b}[0m"), "{shown}");
    let logs = String::from_utf8(colored("runs logs").output().unwrap().stdout).unwrap();
    assert!(logs.contains("stdout: status") && !logs.contains('\u{1b}'), "{logs}");
    let refused = colored("runs list --limit").arg("\u{1b}[31mmany").output().unwrap();
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("\\u001b[31mmany") && !refused.contains('\u{1b}'), "{refused}");
    let help = String::from_utf8(colored("--help").output().unwrap().stdout).unwrap();
    assert!(help.contains("\u{1b}[1m") && !help.contains("\\u001b"), "{help}");
}

#[test]
fn what_steps_print_in_the_process_of_a_daemon_is_in_their_runs_log() {
    let home = Home::new();
    let daemon = home.daemon("--in-process");
    let run = home.queue("work --set work.says=printed");
    home.becomes(&run, "succeeded");
    let logs = || home.succeeds(&format!("runs logs {run}"));
    eventually(|| logs().contains("work INFO  stdout: printed"), "what was printed is not in the log");
    let printed = daemon.until("succeeded");
    assert!(printed.iter().all(|line| !line.contains("printed")), "{printed:?}");
}
