//! A value that has no stored form.

use millwork::{Result, asset};

struct Model {
    weights: Vec<f64>,
}

#[asset]
fn model() -> Result<Model> {
    Ok(Model { weights: vec![1.0] })
}

#[asset]
fn first_weight(model: &Model) -> Result<f64> {
    Ok(model.weights[0])
}

fn main() {}
