//! Arguments of a struct of assets that don't exist or belong elsewhere.

use millwork::{Assets, multi_asset};

#[derive(Assets)]
#[assets(prefix = "features")]
struct Split {
    #[asset(retry = 3)]
    training_data: Vec<String>,
    #[asset]
    test_data: Vec<String>,
}

#[multi_asset(key_prefix = "features")]
fn split() -> Split {
    Split { training_data: Vec::new(), test_data: Vec::new() }
}

fn main() {}
