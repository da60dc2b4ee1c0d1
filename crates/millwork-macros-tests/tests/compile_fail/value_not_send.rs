//! A value that can't be shared between threads.

use std::rc::Rc;

use millwork::{Result, asset};

#[asset]
fn shared() -> Result<Rc<String>> {
    Ok(Rc::new("a".to_owned()))
}

fn main() {}
