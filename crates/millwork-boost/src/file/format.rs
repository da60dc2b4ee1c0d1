//! The formats of model files.

use crate::file::{FileError, intercepts, json, learner, ubjson, written};
use crate::model::Model;

/// The formats of XGBoost's model files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// JSON, as XGBoost's `model.json`.
    Json,
    /// XGBoost's `model.ubj`, its default from 2.1 on.
    Ubjson,
}

/// Reads a file of any version from 1.0 on.
///
/// # Errors
/// If it has another format, is damaged, or has a model that this crate doesn't know (`gblinear`).
pub fn read(bytes: &[u8], format: FileFormat) -> Result<Model, FileError> {
    check_format(bytes, format)?;
    let document = match format {
        FileFormat::Json => json::read(bytes)?,
        FileFormat::Ubjson => ubjson::read(bytes)?,
    };
    let mut model = learner::read(&document)?;
    intercepts::restore(&mut model);
    Ok(model)
}

/// Writes a file that the versions from 1.7 on read, as far as they know what the model has.
///
/// Every version predicts the same margins from it, to the bit. Outputs with intercepts of their own are a round of trees more for
/// XGBoost: they are one leaf each, the intercept is 0 and the numbers of the best round in the attributes are raised by one.
/// [`read`] turns that back.
///
/// # Errors
/// If a list of the model has the wrong length, or a number has no place in a file.
pub fn write(model: &Model, format: FileFormat) -> Result<Vec<u8>, FileError> {
    let with_intercepts = intercepts::as_round(model)?;
    let document = written::document(with_intercepts.as_ref().unwrap_or(model))?;
    Ok(match format {
        FileFormat::Json => json::write(&document),
        FileFormat::Ubjson => ubjson::write(&document),
    })
}

fn check_format(bytes: &[u8], format: FileFormat) -> Result<(), FileError> {
    let expected = match format {
        FileFormat::Json => "XGBoost's JSON",
        FileFormat::Ubjson => "XGBoost's UBJSON",
    };
    let mut visible = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
    let (first, second) = (visible.next(), visible.next());
    let Some(first) = first else { return Err(FileError::Empty) };
    let is_json = *first == b'{' && matches!(second, Some(b'"' | b'}'));
    let found = if bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n") {
        "a text file of LightGBM"
    } else if bytes.starts_with(b"binf") {
        "a file in XGBoost's binary format of before 1.0"
    } else if bytes.starts_with(b"booster[") {
        "a text dump of trees"
    } else {
        match format {
            FileFormat::Json if bytes.starts_with(b"{") && !is_json => "UBJSON",
            FileFormat::Ubjson if is_json => "JSON",
            FileFormat::Json | FileFormat::Ubjson => return Ok(()),
        }
    };
    Err(FileError::OtherFormat { found, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_named() {
        let check = |bytes: &[u8], format: FileFormat, expected: &str| {
            let error = read(bytes, format).expect_err("no model").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(b"", FileFormat::Json, "it is empty");
        check(b" \n", FileFormat::Ubjson, "it is empty");
        check(b"tree\nversion=v4\n", FileFormat::Json, "it is a text file of LightGBM, not XGBoost's JSON");
        check(b"{ \"learner\": 1 }", FileFormat::Ubjson, "it is JSON, not XGBoost's UBJSON");
        check(b"{}", FileFormat::Ubjson, "it is JSON");
        check(b"{L\0\0\0\0\0\0\0\x01", FileFormat::Json, "it is UBJSON, not XGBoost's JSON");
        check(b"binf", FileFormat::Ubjson, "binary format");
        check(b"booster[0]:\n", FileFormat::Json, "text dump");
        check(b"x", FileFormat::Json, "it is not XGBoost's JSON");
        check(b"x", FileFormat::Ubjson, "it is not XGBoost's UBJSON: unknown type at byte 1");
        check(b"{\"tree_info\": [], \"max_feature_idx\": 1}", FileFormat::Json, "LightGBM");
        check(b"[]", FileFormat::Json, "`learner`");
    }
}
