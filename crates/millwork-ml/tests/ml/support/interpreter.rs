//! A Python interpreter to compare with.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use millwork_core::AssetValue;
use millwork_testing::require;
use serde::de::DeserializeOwned;

/// A Python interpreter, and a folder to exchange files with it.
pub(crate) struct Python {
    interpreter: PathBuf,
    folder: Rc<tempfile::TempDir>,
}

/// A version of XGBoost: its first two numbers, and the interpreter that has it.
#[derive(Debug, Clone)]
pub(crate) struct Xgboost {
    pub(crate) version: (u32, u32),
    pub(crate) interpreter: PathBuf,
}

/// A script that waits for a line between its parts.
pub(crate) struct Started {
    script: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Xgboost {
    /// The versions that `MILLWORK_XGBOOSTS` names, `1.7=/path/to/python:3.4=…`, or the printed reason why the test is
    /// skipped.
    pub(crate) fn all() -> Option<Vec<Self>> {
        let missing =
            "MILLWORK_XGBOOSTS is not set: name versions and interpreters, as `.ci/pythons` prints them";
        let list = std::env::var("MILLWORK_XGBOOSTS").ok().filter(|list| !list.is_empty());
        let list = require(list, || missing.to_owned())?;
        Some(list.split(':').map(Self::parse).collect())
    }

    fn parse(entry: &str) -> Self {
        let parts = entry.split_once('=').and_then(|(version, interpreter)| {
            let (major, minor) = version.split_once('.')?;
            Some(Self {
                version: (major.parse().ok()?, minor.parse().ok()?),
                interpreter: interpreter.into(),
            })
        });
        parts.unwrap_or_else(|| panic!("`{entry}` in MILLWORK_XGBOOSTS is not like `3.4=/path/to/python`"))
    }

    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }
}

impl Started {
    /// Waits until the script has printed a line; none may come if it failed.
    pub(crate) fn wait_for_line(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the script's output");
        assert!(!line.is_empty(), "{} ended early", self.script);
    }

    /// Lets the script go on.
    pub(crate) fn go_on(&mut self) {
        self.input.write_all(b"\n").expect("the script waits");
    }

    /// Waits until the script has ended.
    pub(crate) fn finish(mut self) {
        let status = self.child.wait().expect("a process");
        assert!(status.success(), "{} failed: {status}", self.script);
    }
}

impl Python {
    /// The interpreter, or the printed reason why the test is skipped.
    pub(crate) fn find() -> Option<Self> {
        let missing = "MILLWORK_PYTHON is not set: name an interpreter with scikit-learn and xgboost-cpu";
        let interpreter = require(std::env::var_os("MILLWORK_PYTHON"), || missing.to_owned())?;
        Some(Self::of(interpreter.into()))
    }

    /// An interpreter with a new folder.
    pub(crate) fn of(interpreter: PathBuf) -> Self {
        Self { interpreter, folder: Rc::new(tempfile::tempdir().expect("a folder")) }
    }

    /// Another interpreter with the same folder.
    pub(crate) fn with_interpreter(&self, interpreter: &Path) -> Self {
        Self { interpreter: interpreter.to_owned(), folder: Rc::clone(&self.folder) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script of `tests/python` with file names in the exchange folder.
    pub(crate) fn run(&self, script: &str, names: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        let status = Command::new(&self.interpreter)
            .arg(&script)
            .args(names.iter().map(|name| self.path(name)))
            .status()
            .expect("the interpreter starts");
        assert!(status.success(), "{} failed: {status}", script.display());
    }

    /// Starts a script of `tests/python` with file names in the exchange folder and other arguments.
    pub(crate) fn start(&self, script: &str, names: &[&str], arguments: &[&str]) -> Started {
        let mut child = Command::new(&self.interpreter)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script))
            .args(names.iter().map(|name| self.path(name)))
            .args(arguments)
            // Threads that wait for each other are slow where others run as well.
            .env("OMP_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Started { script: script.to_owned(), child, input, output }
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
