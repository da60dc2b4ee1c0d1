//! Keys that can't be paths.

use millwork::asset;

#[asset(name = "test score")]
fn score() -> f64 {
    0.5
}

#[asset(key_prefix = "model/../secret")]
fn other_score() -> f64 {
    0.5
}

#[asset(name = "model/score")]
fn model_score() -> f64 {
    0.5
}

fn main() {}
