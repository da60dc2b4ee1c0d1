//! `dev`: the sources change, and the new binary replaces the old one, or the old one goes on.

use std::process::Command;

use crate::support::{Home, Lines, child_of, launched, signal};

/// `dev` of a copy of the binary, in a package whose build is a command that checks for a file called `broken`.
#[test]
fn new_definitions_take_over_and_broken_ones_dont() {
    let home = Home::new();
    // On a disk from which programs can be executed.
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path();
    std::fs::create_dir_all(package.join("src")).unwrap();
    std::fs::write(package.join("Cargo.toml"), "[workspace]").unwrap();
    let binary = package.join("service");
    // By another process: a file that this one has open for writing can't be executed, and what other tests start meanwhile inherits it.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_service")).arg(&binary).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(&binary);
    command.args(["dev", "--port", "0", "--build"]);
    command.arg("if [ -e src/broken.rs ]; then echo 'error[E0308]: mismatched types' >&2; exit 1; fi");
    command.env("MILLWORK_HOME", home.path()).env("CARGO_MANIFEST_DIR", package);
    let dev = Lines::of(command);
    let lines = dev.until("watching");
    assert!(lines[0].contains("serving http://127.0.0.1:") && !lines[0].contains("/api"), "{lines:?}");
    let run = home.queue("work --set work.end=waits");
    let child = child_of(launched(&dev));

    std::fs::write(package.join("src/broken.rs"), "").unwrap();
    assert!(dev.line("the old definitions stay in use").contains("don't build"));
    dev.line("error[E0308]: mismatched types");
    std::fs::remove_file(package.join("src/broken.rs")).unwrap();
    dev.line("the new definitions have taken over");
    dev.line("serving http://127.0.0.1:");
    assert_eq!(home.run(&run)["status"], "running");
    signal(child, "TERM");
    assert_eq!(home.becomes(&run, "failed")["epoch"], 1, "the run went on");
    let again = home.queue("work");
    home.becomes(&again, "succeeded");
}
