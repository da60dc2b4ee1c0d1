//! Expressions of another type than the argument has.

use millwork::{Retry, asset};

#[asset(timeout = Retry::none(), partitions = Retry::none(), group = Retry::none())]
fn score() -> f64 {
    0.5
}

fn main() {}
