//! The value of an asset that Millwork doesn't store.

use millwork::{asset, external_asset};

external_asset!(raw_table);

#[asset]
fn rows(raw_table: &Vec<String>) -> usize {
    raw_table.len()
}

fn main() {}
