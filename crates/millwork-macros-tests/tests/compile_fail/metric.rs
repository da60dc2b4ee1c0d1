//! Metrics whose direction or label is written in another way.

use millwork::{Assets, Retry, asset};

#[asset(metric = "MAE" lowr)]
fn misspelt() -> f64 {
    0.5
}

#[asset(metric = "MAE" smaller, group = "model")]
fn another_word() -> f64 {
    0.5
}

#[asset(metric = "MAE", lower)]
fn with_a_comma() -> f64 {
    0.5
}

#[derive(Assets)]
struct Scores {
    #[asset(metric("R²"))]
    train: f64,
    #[asset(metric = 5 lower)]
    test: f64,
}

#[asset(metric = Retry::none() lower)]
fn not_a_text() -> f64 {
    0.5
}

fn main() {}
