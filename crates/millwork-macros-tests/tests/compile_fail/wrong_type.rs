//! A parameter of another type than the asset it is named after.

use millwork::{Result, asset};

#[asset]
fn training_data() -> Result<Vec<String>> {
    Ok(vec!["a title".to_owned()])
}

#[asset]
fn mean(training_data: &Vec<f64>) -> Result<f64> {
    Ok(training_data.iter().sum::<f64>() / training_data.len() as f64)
}

fn main() {}
