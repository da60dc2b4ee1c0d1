//! A pipeline whose graph is named by `SYNTHETIC_GRAPH`, such as `layered:100x100`.

use std::process::ExitCode;

use synthetic::Shape;

fn main() -> ExitCode {
    match Shape::from_environment("layered:10x10") {
        Ok(shape) => millwork::app(shape.definitions()),
        Err(error) => {
            eprintln!("error: SYNTHETIC_GRAPH: {error}");
            ExitCode::from(2)
        }
    }
}
