//! An argument that stands twice.

use millwork::asset;

#[asset(group = "model", group = "score")]
fn score() -> f64 {
    0.5
}

fn main() {}
