//! Two fields that are one asset.

use millwork::{Assets, multi_asset};

#[derive(Assets)]
struct Split {
    training_data: Vec<String>,
    #[asset(name = "training_data")]
    test_data: Vec<String>,
}

#[multi_asset]
fn split() -> Split {
    Split { training_data: Vec::new(), test_data: Vec::new() }
}

fn main() {}
