//! An alias of a wrapper: the macro reads the text of the signature, and takes it for a value.

use millwork::{Output, Result, asset};

type Scored = Output<f64>;

#[asset]
fn score() -> Result<Scored> {
    Ok(Output::new(0.5))
}

fn main() {}
