//! A pipeline whose graph is named by `SYNTHETIC_GRAPH`, such as `layered:100x100`.

use std::process::ExitCode;

use synthetic::Shape;

fn main() -> ExitCode {
    let written = std::env::var("SYNTHETIC_GRAPH").unwrap_or_else(|_| "layered:10x10".into());
    match written.parse::<Shape>() {
        Ok(shape) => millwork::app(shape.definitions()),
        Err(error) => {
            eprintln!("error: SYNTHETIC_GRAPH: {error}");
            ExitCode::from(2)
        }
    }
}
