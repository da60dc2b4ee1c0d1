//! Former keys are texts that a key can be, of one asset.

use millwork::{asset, multi_asset};

const OLD: &str = "old";

#[asset(renamed_from = OLD)]
fn of_a_constant() -> f64 {
    0.5
}

#[asset(renamed_from = "old score")]
fn score() -> f64 {
    0.5
}

#[asset(renamed_from("a", 3))]
fn several() -> f64 {
    0.5
}

#[asset(renamed_from)]
fn of_nothing() -> f64 {
    0.5
}

#[multi_asset(renamed_from = "both")]
fn made_together() -> f64 {
    0.5
}

fn main() {}
