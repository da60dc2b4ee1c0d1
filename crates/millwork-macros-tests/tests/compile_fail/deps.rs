//! Names in `deps(…)` that are no assets.

use millwork::{Assets, Config, asset, multi_asset};

#[derive(Assets)]
struct Split {
    training_data: Vec<String>,
}

#[multi_asset]
fn split() -> Split {
    Split { training_data: Vec::new() }
}

#[asset(deps(Config<u32>))]
fn after_an_extractor() -> f64 {
    0.5
}

#[asset(deps(split))]
fn after_a_function() -> f64 {
    0.5
}

#[asset(deps(nowhere))]
fn after_nothing() -> f64 {
    0.5
}

fn main() {}
