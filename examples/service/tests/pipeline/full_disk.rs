//! A home on a full disk can be read, but not changed: simulated by a limit on the size of files, under which the shared memory of the
//! write-ahead log can't be created.

use std::process::{Command, Output};

use crate::support::Home;

const NOTE: &str =
    "note: the disk is full: the stored state is shown, and nothing can be written\n  hint: free some space";

/// Runs a command that can't write to files. It has to survive the signal that comes with the limit.
fn without_room(home: &Home, line: &str) -> Output {
    with_room(home, 0, line)
}

/// Runs a command whose files can't become larger than a number of blocks.
fn with_room(home: &Home, blocks: u32, line: &str) -> Output {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_service")]);
    home.command_of(shell, line).output().unwrap()
}

#[test]
fn what_was_written_can_be_looked_at() {
    let home = Home::new();
    home.succeeds("materialize work");
    for line in [
        "runs list",
        "runs list --json",
        "runs show --json",
        "runs logs --all --json",
        "status --json",
        "asset show work",
        "asset value work",
        "sensors list",
        "store info",
        "store check",
    ] {
        let (with, without) = (home.succeeds(line), without_room(&home, line));
        let err = String::from_utf8(without.stderr).unwrap();
        assert!(without.status.success() && err.contains(NOTE), "`{line}`: {err}");
        // The write-ahead log has another size while it is open.
        if line != "store info" {
            assert_eq!(String::from_utf8(without.stdout).unwrap(), with, "`{line}`");
        }
    }
}

#[test]
fn what_is_only_in_the_write_ahead_log_is_seen() {
    let home = Home::new();
    let run = home.left_by_a_killed_daemon();
    let listed = without_room(&home, "runs list --json");
    assert!(String::from_utf8(listed.stdout).unwrap().contains(&run));
}

#[test]
fn what_would_write_says_why_it_cannot() {
    let home = Home::new();
    home.succeeds("materialize work");
    for line in ["materialize work", "sensors on inbox", "store vacuum", "materialize --queue work"] {
        let refused = without_room(&home, line);
        let err = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(4), "`{line}`: {err}");
        assert!(
            err.contains("the disk that holds MILLWORK_HOME is full\n  hint: free some space"),
            "`{line}`: {err}"
        );
    }
    home.succeeds("materialize work");
}

#[test]
fn a_file_that_reaches_the_limit_of_its_size_is_an_error_and_not_the_end_of_the_process() {
    for blocks in [1, 16, 64, 128, 256, 512] {
        let home = Home::new();
        let limited = with_room(&home, blocks, "materialize work");
        let err = String::from_utf8_lossy(&limited.stderr);
        assert!(
            matches!(limited.status.code(), Some(0 | 1 | 4)),
            "{blocks} blocks: {:?} {err}",
            limited.status
        );
        assert!(limited.status.success() || err.contains("hint: "), "{blocks} blocks: {err}");
        // What was written before is whole.
        home.succeeds("materialize work");
        home.succeeds("store check");
    }
}
