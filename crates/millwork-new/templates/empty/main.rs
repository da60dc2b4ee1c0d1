//! A pipeline. `cargo run -- materialize` makes its assets, `cargo run -- dev` shows it in a browser.

use std::process::ExitCode;

use millwork::{Definitions, asset, definitions};

/// Words. A function that takes `words: &Vec<String>` is an asset that is made from them.
#[asset]
fn words() -> Vec<String> {
    ["warp", "weft"].map(String::from).to_vec()
}

fn pipeline() -> Definitions {
    definitions![words]
}

fn main() -> ExitCode {
    millwork::app(pipeline())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_fit_together() {
        pipeline().resolve().expect("definitions that fit together");
    }

    #[test]
    fn there_are_words() {
        assert!(!words().is_empty());
    }
}
