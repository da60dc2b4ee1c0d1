//! An `async` function that keeps something across `.await` which has to stay on its thread.

use std::rc::Rc;

use millwork::{Result, asset};

#[asset]
async fn stories(limits: &Vec<u32>) -> Result<Vec<String>> {
    let limit = Rc::new(limits.len());
    std::future::ready(()).await;
    Ok(vec![limit.to_string()])
}

#[asset]
fn limits() -> Vec<u32> {
    vec![1]
}

fn main() {}
