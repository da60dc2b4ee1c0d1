//! Arguments that don't exist, or are written in another way.

use millwork::asset;

#[asset(grup = "model", kinds = "polars", timeout = "soon", retry = 3, blocking)]
fn score() -> f64 {
    0.5
}

#[asset]
fn doubled(score: &f64) -> f64 {
    score * 2.0
}

fn main() {}
