//! A type that doesn't exist.

use millwork::{Result, asset};

#[asset]
fn model() -> Result<Modle> {
    todo!()
}

fn main() {}
