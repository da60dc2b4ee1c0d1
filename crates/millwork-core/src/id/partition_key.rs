//! The name of one partition.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Names one partition of an asset. Any text will do that isn't empty, and isn't too long for a name of a file or of an object
/// of a bucket: [`Definitions::resolve`](crate::Definitions::resolve) reports the keys that [`problem`](PartitionKey::problem)
/// objects to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionKey(#[serde(deserialize_with = "super::shared_text::deserialize")] Arc<str>);

impl PartitionKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as a segment of a path: letters, digits, `_` and `-` as they are, other characters as `%` and the hexadecimal
    /// number of each of their bytes.
    pub fn path_segment(&self) -> String {
        let mut segment = String::with_capacity(self.0.len());
        for char in self.0.chars() {
            if is_kept(char) {
                segment.push(char);
            } else {
                segment.extend(utf8_percent_encode(char.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC));
            }
        }
        segment
    }

    /// Why the key is invalid; `None` if it is valid.
    pub fn problem(&self) -> Option<Problem> {
        if self.0.is_empty() {
            return Some(Problem::new("a partition key is empty").with_hint("give the partition a name"));
        }
        let length = |char: char| if is_kept(char) { char.len_utf8() } else { 3 * char.len_utf8() };
        let bytes: usize = self.0.chars().map(length).sum();
        let key = shortened(&self.0);
        (bytes > LONGEST_SEGMENT).then(|| {
            let message = format!(
                "the partition key `{key}` takes {bytes} bytes as the name of a file, and may take {LONGEST_SEGMENT}"
            );
            Problem::new(message).with_hint(
                "shorten it, for example to a hash; a byte that isn't of a letter, a digit, `_` or `-` takes three",
            )
        })
    }
}

/// The longest name of a file, in bytes, that all file systems in use allow. Objects of buckets allow more.
pub(super) const LONGEST_SEGMENT: usize = 255;

/// Whether a path segment keeps a character as it is.
fn is_kept(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-')
}

/// The beginning of a text, for a message.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl From<&str> for PartitionKey {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for PartitionKey {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl FromStr for PartitionKey {
    type Err = Infallible;

    fn from_str(key: &str) -> Result<Self, Infallible> {
        Ok(key.into())
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, problem: &str) {
        let found = PartitionKey::from(key).problem().map_or(String::new(), |problem| problem.to_string());
        assert!(found.starts_with(problem) && found.is_empty() == problem.is_empty(), "{key:?}: {found}");
    }

    #[test]
    fn keys_that_no_file_can_be_called_by_are_named() {
        check("2024-01-01", "");
        check(&"a".repeat(255), "");
        check(&"/".repeat(85), "");
        check("", "a partition key is empty");
        check(&"a".repeat(256), &format!("the partition key `{}…` takes 256 bytes", "a".repeat(40)));
        check(&"/".repeat(86), &format!("the partition key `{}…` takes 258 bytes", "/".repeat(40)));
        check(&"ü".repeat(128), &format!("the partition key `{}…` takes 256 bytes", "ü".repeat(40)));
    }

    #[test]
    fn a_path_segment_is_as_long_as_it_is_said_to_be() {
        for text in ["a/b", "ü%", "日本 2024", "..", "http://example.com/?q=1"] {
            let key = PartitionKey::from(text.repeat(40));
            let problem = key.problem().map_or(String::new(), |problem| problem.to_string());
            let said = format!("takes {} bytes", key.path_segment().len());
            assert!(problem.is_empty() || problem.contains(&said), "{problem}");
        }
    }
}
