//! A Python interpreter to compare with.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use millwork_core::AssetValue;
use millwork_testing::require;
use serde::de::DeserializeOwned;

/// A Python interpreter, and a folder to exchange files with it.
pub(crate) struct Python {
    interpreter: PathBuf,
    folder: tempfile::TempDir,
}

impl Python {
    /// The interpreter, or the printed reason why the test is skipped.
    pub(crate) fn find() -> Option<Self> {
        let missing = "MILLWORK_PYTHON is not set: name an interpreter with scikit-learn and xgboost-cpu";
        let interpreter = require(std::env::var_os("MILLWORK_PYTHON"), || missing.to_owned())?;
        let folder = tempfile::tempdir().expect("a folder");
        Some(Self { interpreter: interpreter.into(), folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script of `tests/python` with file names in the exchange folder.
    pub(crate) fn run(&self, script: &str, names: &[&str]) {
        self.run_with(script, names, &[]);
    }

    /// Runs a script as [`run`](Self::run) does, with environment variables.
    pub(crate) fn run_with(&self, script: &str, names: &[&str], variables: &[(&str, &str)]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        let status = Command::new(&self.interpreter)
            .arg(&script)
            .args(names.iter().map(|name| self.path(name)))
            .envs(variables.iter().copied())
            .status()
            .expect("the interpreter starts");
        assert!(status.success(), "{} failed: {status}", script.display());
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file is written");
    }

    pub(crate) fn write_json(&self, name: &str, value: &impl serde::Serialize) {
        self.write(name, &serde_json::to_vec(value).expect("JSON"));
    }

    pub(crate) fn store<F>(&self, name: &str, value: &impl AssetValue<F>) {
        let mut bytes = Vec::new();
        value.encode(&mut bytes).expect("encoding to memory");
        self.write(name, &bytes);
    }

    pub(crate) fn read_json<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_slice(&std::fs::read(self.path(name)).expect("a file")).expect("JSON")
    }

    pub(crate) fn load<T: AssetValue<F>, F>(&self, name: &str) -> T {
        let bytes = std::fs::read(self.path(name)).expect("a file");
        T::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }
}
