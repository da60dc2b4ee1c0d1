//! An upstream asset taken by value.

use millwork::{Result, asset};

#[asset]
fn training_data() -> Result<Vec<String>> {
    Ok(vec!["a title".to_owned()])
}

#[asset]
fn longest_title(training_data: Vec<String>) -> Result<usize> {
    Ok(training_data.iter().map(String::len).max().unwrap_or(0))
}

fn main() {}
