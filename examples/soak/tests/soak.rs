//! The soak: one day, or the number in `SOAK_DAYS`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

#[test]
fn the_log_accounts_for_everything_that_went_wrong() {
    let days = std::env::var("SOAK_DAYS").unwrap_or_else(|_| "1".to_owned());
    if days == "0" {
        println!("skipped: SOAK_DAYS is 0");
        return;
    }
    let status = Command::new(env!("CARGO_BIN_EXE_soak")).args(["run", "--days", &days]).status().unwrap();
    assert!(status.success(), "{status}");
}
