//! A model file: its document, and what it says besides.

use serde_json::{Map, Value};
use thiserror::Error;

use super::{json, layout, ubjson};

/// The formats of XGBoost's model files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::boost) enum FileFormat {
    Json,
    Ubjson,
}

/// Why a model file can't be read.
#[derive(Debug, Error)]
pub(in crate::boost) enum FileError {
    /// It isn't JSON.
    #[error("it is not XGBoost's JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It isn't UBJSON.
    #[error("it is not XGBoost's UBJSON: {reason} at byte {position}")]
    Ubjson {
        /// What is wrong.
        reason: &'static str,
        /// Where; the first byte is 0.
        position: usize,
    },
    /// Another format than the expected one.
    #[error("it is {found}, not {expected}")]
    OtherFormat {
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Nodes of a tree are missing, or lead to each other in a circle.
    #[error("tree {tree} has no valid list of nodes")]
    Tree {
        /// Which; the first is 0.
        tree: usize,
    },
}

/// What a file says about its model besides the trees, in XGBoost's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::boost) struct Labels {
    attributes: Map<String, Value>,
    names: Vec<Value>,
    types: Vec<Value>,
}

/// Reads a file of any version: its document in the newest layout, and its labels.
pub(in crate::boost) fn read(bytes: &[u8], format: FileFormat) -> Result<(Value, Labels), FileError> {
    let mut visible = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
    let is_json = visible.next() == Some(&b'{') && visible.next() == Some(&b'"');
    let mut document = match format {
        FileFormat::Json if bytes.first() == Some(&b'{') && !is_json => {
            return Err(FileError::OtherFormat { found: "UBJSON", expected: "JSON" });
        }
        FileFormat::Ubjson if is_json => {
            return Err(FileError::OtherFormat { found: "JSON", expected: "UBJSON" });
        }
        FileFormat::Json => json::read(bytes)?,
        FileFormat::Ubjson => ubjson::read(bytes)?,
    };
    let labels = Labels::of(&document);
    layout::to_newest(&mut document)?;
    Ok((document, labels))
}

/// Writes a document of the newest layout so that as many versions as can read it.
pub(in crate::boost) fn write(mut document: Value, labels: &Labels, format: FileFormat) -> Vec<u8> {
    layout::to_common(&mut document);
    labels.put_into(&mut document);
    match format {
        FileFormat::Json => document.to_string().into_bytes(),
        FileFormat::Ubjson => ubjson::write(&document),
    }
}

impl Labels {
    fn of(document: &Value) -> Self {
        let learner = &document["learner"];
        let list = |name: &str| learner[name].as_array().cloned().unwrap_or_default();
        Self {
            attributes: learner["attributes"].as_object().cloned().unwrap_or_default(),
            names: list("feature_names"),
            types: list("feature_types"),
        }
    }

    fn put_into(&self, document: &mut Value) {
        let learner = &mut document["learner"];
        learner["attributes"] = self.attributes.clone().into();
        learner["feature_names"] = self.names.clone().into();
        learner["feature_types"] = self.types.clone().into();
    }
}
