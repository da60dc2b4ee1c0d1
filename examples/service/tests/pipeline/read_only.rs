//! A home that can't be written can be read, but not changed: on a disk that is mounted read-only, or in a folder of another user.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use crate::support::Home;
use millwork_testing::require;

const NOTE: &str =
    "note: the home is read-only: the stored state is shown, and nothing can be written\n  hint: make `";

/// Mounts the folder of a home read-only, and then runs a command.
const MOUNT: &str = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";

/// Runs a command that must not change the home. A user who may change everything sees it mounted read-only.
fn read_only(home: &Home, line: &str) -> Option<Output> {
    if !rustix::process::geteuid().is_root() {
        permit(home, 0o555, 0o444);
        let output = home.command(line).output().unwrap();
        permit(home, 0o755, 0o644);
        return Some(output);
    }
    let mounted = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", MOUNT]).arg(home.path()).arg(program);
        command
    };
    let can_mount = mounted("true").status().is_ok_and(|status| status.success());
    require(can_mount.then_some(()), || "nothing can be mounted here".to_owned())?;
    Some(home.command_of(mounted(env!("CARGO_BIN_EXE_service")), line).output().unwrap())
}

/// Sets the permissions of the folder and of the files in it.
fn permit(home: &Home, folder: u32, file: u32) {
    std::fs::set_permissions(home.path(), Permissions::from_mode(folder)).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let path = home.path().join(format!("millwork.db{suffix}"));
        if path.exists() {
            std::fs::set_permissions(path, Permissions::from_mode(file)).unwrap();
        }
    }
}

/// A command shows the same as if the home could be written, and explains why nothing can be added.
fn looks(home: &Home, line: &str) {
    let Some(looked) = read_only(home, line) else { return };
    let err = String::from_utf8(looked.stderr).unwrap();
    assert!(looked.status.success() && err.contains(NOTE), "`{line}`: {err}");
    assert_eq!(String::from_utf8(looked.stdout).unwrap(), home.succeeds(line), "`{line}`");
}

#[test]
fn what_was_written_can_be_looked_at() {
    let home = Home::new();
    home.succeeds("materialize work");
    for line in
        ["runs list", "runs show --json", "status --json", "asset value work", "sensors list", "store check"]
    {
        looks(&home, line);
    }
}

#[test]
fn what_a_killed_process_left_is_seen() {
    for shared_memory in [true, false] {
        let home = Home::new();
        let run = home.left_by_a_killed_daemon();
        if !shared_memory {
            std::fs::remove_file(home.path().join("millwork.db-shm")).unwrap();
        }
        let Some(listed) = read_only(&home, "runs list --json") else { return };
        let (out, err) =
            (String::from_utf8(listed.stdout).unwrap(), String::from_utf8(listed.stderr).unwrap());
        assert!(out.contains(&run), "{shared_memory}: {err}");
    }
}

#[test]
fn what_another_process_writes_meanwhile_is_seen() {
    let home = Home::new();
    let mut daemon = home.daemon("");
    daemon.line("daemon started");
    let run = home.queue("work");
    home.becomes(&run, "succeeded");
    looks(&home, "runs list --json");
    daemon.kill();
}

#[test]
fn what_would_write_says_why_it_cannot() {
    let home = Home::new();
    home.succeeds("materialize work");
    for line in ["materialize work", "sensors on inbox", "store vacuum", "materialize --queue work"] {
        let Some(refused) = read_only(&home, line) else { return };
        let err = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(4), "`{line}`: {err}");
        assert!(err.contains("MILLWORK_HOME is read-only\n  hint: it can be read"), "`{line}`: {err}");
    }
    home.succeeds("materialize work");
}
