//! The reference job with better models beside the guide's: `materialize` ends with a table that compares them.

use std::process::ExitCode;

use hackernews::definitions_with_reference;

fn main() -> ExitCode {
    millwork::App::new(definitions_with_reference()).run()
}
