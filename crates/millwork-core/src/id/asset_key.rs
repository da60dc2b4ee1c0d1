//! The names of assets, groups of segments such as `hackernews/stories`.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::partition_key::{LONGEST_SEGMENT, shortened};

/// With a partition key and the name of a file behind it, a longer key would be more than a name of an object of a bucket may
/// have: 1,024 bytes.
const LONGEST_KEY: usize = 512;

/// Names an asset: one or more segments joined by `/`.
///
/// A key can be made of any text; [`Definitions::resolve`](crate::Definitions::resolve) reports the keys that
/// [`problem`](AssetKey::problem) objects to, together with everything else that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetKey(#[serde(deserialize_with = "super::shared_text::deserialize")] Arc<str>);

impl AssetKey {
    /// The whole key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, outermost first.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Why the key is invalid; `None` if it is valid. A key is also a path in the object store and a word on the command
    /// line, so segments consist of letters, digits, `_`, `-` and `.`, and don't start with a dot; a segment has at most 255
    /// bytes, the key 512.
    pub fn problem(&self) -> Option<String> {
        let allowed = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
        let bytes = self.0.len();
        if bytes > LONGEST_KEY {
            return Some(format!("it is {bytes} bytes long, and may have {LONGEST_KEY}"));
        }
        for segment in self.segments() {
            let bytes = segment.len();
            if bytes > LONGEST_SEGMENT {
                let segment = shortened(segment);
                return Some(format!(
                    "its segment `{segment}` is {bytes} bytes long, and may have {LONGEST_SEGMENT}"
                ));
            }
            if segment.is_empty() {
                return Some("it has an empty segment".into());
            }
            if segment.starts_with('.') {
                return Some(format!("its segment `{segment}` starts with a dot"));
            }
            if let Some(char) = segment.chars().find(|char| !allowed(*char)) {
                return Some(format!("it contains {char:?}"));
            }
        }
        None
    }
}

impl From<&str> for AssetKey {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for AssetKey {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl Borrow<str> for AssetKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, problem: Option<&str>) {
        assert_eq!(AssetKey::from(key).problem().as_deref(), problem, "{key:?}");
    }

    #[test]
    fn problems() {
        check("stories", None);
        check("hackernews/stories-v2.1", None);
        check("größe", None);
        check("", Some("it has an empty segment"));
        check("a//b", Some("it has an empty segment"));
        check("a/../b", Some("its segment `..` starts with a dot"));
        check("a b", Some("it contains ' '"));
        check("a:b", Some("it contains ':'"));
        check(&format!("{}/{}", "a".repeat(255), "b".repeat(255)), None);
        let long = format!("its segment `{}…` is 256 bytes long, and may have 255", "a".repeat(40));
        check(&"a".repeat(256), Some(&long));
        check(&"ab/".repeat(171), Some("it is 513 bytes long, and may have 512"));
    }
}
