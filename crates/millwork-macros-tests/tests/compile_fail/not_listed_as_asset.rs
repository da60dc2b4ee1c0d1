//! Something in `definitions![…]` that declares nothing.

use millwork::{asset, definitions};

struct Model;

#[asset]
fn score() -> f64 {
    0.5
}

fn main() {
    let _ = definitions![score, Model];
}
