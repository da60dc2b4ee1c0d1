//! Code versions and data versions: hashes that differ whenever their parts do.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::problem::{Advice, ErrorClass};

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

    /// The maximum length of a version, in characters.
    pub const MAX_CHARACTERS: usize = 1_024;

    /// Checks a version that a function or another system has given: it is compared, shown and recorded in every event of what is made
    /// from the value, so it isn't blank, and no longer than a name.
    ///
    /// # Errors
    ///
    /// If it is blank, or longer than [`MAX_CHARACTERS`](Self::MAX_CHARACTERS).
    pub fn check(&self) -> Result<(), InvalidDataVersion> {
        let characters = self.0.chars().count();
        if self.0.trim().is_empty() {
            return Err(InvalidDataVersion::Blank);
        }
        if characters > Self::MAX_CHARACTERS {
            return Err(InvalidDataVersion::TooLong { characters });
        }
        Ok(())
    }
}

/// Why a text isn't a data version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidDataVersion {
    /// It is empty, or has only spaces.
    #[error("the data version is empty")]
    Blank,
    /// It is too long.
    #[error(
        "the data version has {characters} characters, and at most {} are stored",
        DataVersion::MAX_CHARACTERS
    )]
    TooLong {
        /// The number of its characters.
        characters: usize,
    },
}

impl Advice for InvalidDataVersion {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Blank => "leave it out if there is none".into(),
            Self::TooLong { .. } => "give a hash of it, and the whole as metadata".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
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
    fn versions_of_others_are_neither_blank_nor_endless() {
        let check = |version: &str| DataVersion::from(version).check().map_err(|error| error.to_string());
        assert_eq!(check("v7"), Ok(()));
        assert_eq!(check(&"ü".repeat(1_024)), Ok(()));
        for blank in ["", " ", "\t\n"] {
            assert_eq!(check(blank), Err("the data version is empty".to_owned()));
        }
        let long = "the data version has 1025 characters, and at most 1024 are stored";
        assert_eq!(check(&"ü".repeat(1_025)), Err(long.to_owned()));
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
