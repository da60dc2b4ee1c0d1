//! `#[input(…)]` and other attributes where they don't belong.

use millwork::{Config, asset};

#[asset]
fn score() -> f64 {
    0.5
}

#[asset]
fn of_an_extractor(#[input(score)] factor: Config<f64>) -> f64 {
    factor.0
}

#[asset]
fn twice(#[input(score)] #[input(score)] value: &f64) -> f64 {
    *value
}

#[asset]
fn without_a_path(#[input = "score"] value: &f64) -> f64 {
    *value
}

#[asset]
fn of_another_kind(#[cfg(test)] score: &f64) -> f64 {
    *score
}

fn main() {}
