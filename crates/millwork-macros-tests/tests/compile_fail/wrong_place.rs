//! Attributes before something else than they belong to.

use millwork::{Assets, asset};

#[asset]
struct Score(f64);

#[derive(Assets)]
struct Unnamed(f64);

#[derive(Assets)]
struct Generic<T> {
    score: T,
}

fn main() {}
