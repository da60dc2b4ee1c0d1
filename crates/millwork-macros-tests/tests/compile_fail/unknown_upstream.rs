//! A parameter that no asset is named after.

use millwork::{Result, asset};

#[asset]
fn training_data() -> Result<Vec<String>> {
    Ok(vec!["a title".to_owned()])
}

#[asset]
fn longest_title(trainin_data: &Vec<String>) -> Result<usize> {
    Ok(trainin_data.iter().map(String::len).max().unwrap_or(0))
}

fn main() {}
