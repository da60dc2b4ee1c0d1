//! Python's answers to all cases of a test at once.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::support::Python;

/// What a script of `tests/python` answers to `question`, or `None` (and the reason, printed) without an interpreter.
pub(crate) fn ask<T: DeserializeOwned>(script: &str, question: &impl Serialize) -> Option<T> {
    let python = Python::find()?;
    python.write_json("question.json", question);
    python.run(script, &["question.json", "answer.json"]);
    Some(python.read_json("answer.json"))
}
