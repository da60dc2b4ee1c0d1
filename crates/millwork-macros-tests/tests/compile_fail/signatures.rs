//! Functions that the engine cannot call.

use millwork::{Result, asset};

struct Store;

impl Store {
    #[asset]
    fn method(&self) -> f64 {
        0.5
    }
}

#[asset]
fn generic<T: Default>() -> T {
    T::default()
}

#[asset]
fn lifetime<'a>(score: &'a f64) -> Result<f64> {
    Ok(*score)
}

#[asset]
fn impl_trait(score: impl Into<f64>) -> f64 {
    score.into()
}

#[asset]
fn mutable(score: &mut f64) -> f64 {
    *score += 1.0;
    *score
}

#[asset]
fn pattern((a, b): &(f64, f64)) -> f64 {
    a + b
}

#[asset]
fn score() -> f64 {
    0.5
}

#[asset]
unsafe fn dangerous() -> f64 {
    0.5
}

fn main() {}
