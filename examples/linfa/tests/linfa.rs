//! The example through its binary: both models are stored, read back, and used.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use serde_json::Value;

#[test]
fn models_are_stored_and_used() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linfa-models"));
        let output = command.args(arguments).env("MILLWORK_HOME", home.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["materialize"]);
    let value = |asset: &str| -> Value { serde_json::from_str(&run(&["asset", "value", asset])).unwrap() };
    assert!(value("price_error").as_f64().unwrap() < 15.0);
    let sizes: Vec<u64> = serde_json::from_value(value("segment_sizes")).unwrap();
    assert_eq!((sizes.len(), sizes.iter().sum::<u64>()), (3, 60));
    // A later run reads the models back.
    run(&["materialize", "price_error,segment_sizes"]);
    assert_eq!(serde_json::from_value::<Vec<u64>>(value("segment_sizes")).unwrap(), sizes);
}
