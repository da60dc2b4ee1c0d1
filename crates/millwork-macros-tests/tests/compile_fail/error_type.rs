//! An error that is not an error.

use millwork::asset;

struct Broken;

#[asset]
fn score() -> Result<f64, Broken> {
    Err(Broken)
}

fn main() {}
