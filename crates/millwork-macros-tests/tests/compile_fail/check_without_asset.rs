//! A check that tests nothing, and one whose verdict is none.

use millwork::{CheckResult, asset, asset_check};

#[asset]
fn score() -> f64 {
    0.5
}

#[asset_check]
fn tests_nothing() -> CheckResult {
    CheckResult::pass()
}

#[asset_check]
fn says_nothing(score: &f64) {
    assert!(*score > 0.0);
}

#[asset_check(severity = "fatal")]
fn is_fatal(score: &f64) -> bool {
    *score > 0.0
}

#[asset_check]
fn is_a_number(score: &f64) -> f64 {
    *score
}

fn main() {}
