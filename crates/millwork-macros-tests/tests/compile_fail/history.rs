//! Histories of what is no asset.

use millwork::{History, Result, asset};

#[asset]
fn sales() -> f64 {
    1.0
}

#[asset]
fn turnover(sales: History<sale>) -> Result<f64> {
    let mut turnover = 0.0;
    for increment in sales.new() {
        turnover += *increment?.load()?;
    }
    Ok(turnover)
}

#[asset]
fn count(sales: History<Vec<f64>>) -> usize {
    drop(sales);
    0
}

fn main() {}
