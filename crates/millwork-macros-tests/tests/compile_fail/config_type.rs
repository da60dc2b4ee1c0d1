//! Types of configurations that can't be one.

use millwork::{Config, asset};

/// What was run with it couldn't be recorded.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct WithoutSerialize {
    items: usize,
}

#[asset]
fn stories(limits: Config<WithoutSerialize>) -> usize {
    limits.items
}

/// It couldn't be checked.
#[derive(serde::Serialize, serde::Deserialize)]
struct WithoutSchema {
    items: usize,
}

#[asset]
fn titles(limits: Config<WithoutSchema>) -> usize {
    limits.items
}

fn main() {}
