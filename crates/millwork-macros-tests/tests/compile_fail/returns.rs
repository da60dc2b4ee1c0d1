//! Return types that name no value to store.

use millwork::{Result, asset, multi_asset};

#[asset]
fn nothing() {}

#[asset]
fn reference() -> &'static str {
    "a"
}

#[asset]
fn unnamed() -> impl Iterator<Item = u32> {
    0..3
}

#[asset]
fn alias() -> std::fmt::Result {
    Ok(())
}

#[multi_asset]
fn no_struct() -> Result<f64> {
    Ok(0.5)
}

fn main() {}
