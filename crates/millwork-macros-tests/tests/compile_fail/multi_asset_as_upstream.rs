//! A function that makes several assets is none itself: its fields are.

use millwork::{Assets, asset, multi_asset};

#[derive(Assets)]
struct Split {
    training_data: Vec<String>,
}

#[multi_asset]
fn split() -> Split {
    Split { training_data: Vec::new() }
}

#[asset]
fn size(split: &Split) -> usize {
    split.training_data.len()
}

fn main() {}
