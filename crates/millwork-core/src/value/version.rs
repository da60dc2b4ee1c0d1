//! Code versions and data versions: hashes that differ whenever their parts do.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Identifies the code that made a value: a hash of the function's tokens, or the user's own words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeVersion(#[serde(deserialize_with = "crate::id::shared_text::deserialize")] Arc<str>);

/// Identifies the content of a value: by default the hash of its stored form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataVersion(#[serde(deserialize_with = "crate::id::shared_text::deserialize")] Arc<str>);

impl DataVersion {
    /// The version of a value with this stored form.
    pub fn of_content(stored_form: &[u8]) -> Self {
        let mut hash = InjectiveHash::new("data");
        hash.part(stored_form);
        Self(hash.finish().into())
    }
}

macro_rules! version_text {
    ($($type:ident),*) => {
        $(
            impl $type {
                /// The version as text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl From<&str> for $type {
                fn from(version: &str) -> Self {
                    Self(version.into())
                }
            }

            impl From<String> for $type {
                fn from(version: String) -> Self {
                    Self(version.into())
                }
            }

            impl fmt::Display for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(&self.0)
                }
            }
        )*
    };
}

version_text!(CodeVersion, DataVersion);

/// Hashes a sequence of parts so that different sequences give different hashes: each part goes in behind its
/// length, so `a`, `bc` and `ab`, `c` differ.
#[derive(Debug)]
pub struct InjectiveHash(blake3::Hasher);

impl InjectiveHash {
    /// Starts a hash in a domain of its own: equal parts in two domains hash differently.
    pub fn new(domain: &str) -> Self {
        let mut hash = Self(blake3::Hasher::new());
        hash.part(domain.as_bytes());
        hash
    }

    /// Adds one part, separated from the others by its length.
    pub fn part(&mut self, part: &[u8]) -> &mut Self {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// The first 128 bits of the BLAKE3 hash, as 32 hexadecimal digits.
    pub fn finish(&self) -> String {
        self.0.finalize().to_hex()[..32].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(domain: &str, parts: &[&str]) -> String {
        let mut hash = InjectiveHash::new(domain);
        for part in parts {
            hash.part(part.as_bytes());
        }
        hash.finish()
    }

    #[test]
    fn different_parts_differ() {
        let sequences: [&[&str]; 6] = [&["a", "bc"], &["ab", "c"], &["abc"], &["abc", ""], &["", "abc"], &[]];
        for (i, a) in sequences.iter().enumerate() {
            for b in &sequences[i + 1..] {
                assert_ne!(hash("x", a), hash("x", b), "{a:?} {b:?}");
            }
        }
        assert_ne!(hash("x", &["a"]), hash("xa", &[]));
        assert_eq!(hash("x", &["a", "bc"]), hash("x", &["a", "bc"]));
    }
}
