//! Versions of assets: their numbers, the aliases that point at them, and which of them a step reads.
//!
//! Every materialization is a version of its asset or partition, numbered 1, 2, 3…; a number is never used again. An alias, such as
//! `champion`, is a pointer to one of them, which only events move.

use std::borrow::Borrow;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{AssetKey, shared_text};
use crate::problem::Problem;

/// The number of a version: of the asset's or partition's first materialization it is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(NonZeroU32);

impl VersionNumber {
    /// The number of the first version.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The version with this number; `None` for 0.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number that follows the last one that was given; the first if none was.
    ///
    /// # Panics
    ///
    /// After four thousand million versions of one asset.
    pub fn after(last: Option<Self>) -> Self {
        last.map_or(Self::FIRST, |last| Self(last.0.checked_add(1).expect("an asset has fewer versions")))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for VersionNumber {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let number = text.parse().ok().and_then(Self::new);
        number.ok_or_else(|| {
            Problem::new(format!("`{text}` is not a version")).with_hint("versions are 1, 2, 3, …")
        })
    }
}

/// The most bytes that the name of an alias may have.
const LONGEST_ALIAS: usize = 64;

/// The name of an alias: a pointer to a version of an asset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AliasName(Arc<str>);

impl AliasName {
    /// The name of the default alias, `champion`: the version that is in use.
    pub const CHAMPION: &'static str = "champion";

    /// The role of what a version in shadow predicts, which no alias has.
    pub const SHADOW: &'static str = "shadow";

    /// The default alias.
    pub fn champion() -> Self {
        Self(Self::CHAMPION.into())
    }

    /// A name that code has written. It isn't checked here: definitions with an invalid one don't resolve.
    pub(crate) fn written(name: &'static str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AliasName {
    type Err = Problem;

    /// Letters, digits, `_` and `-`, the first a letter, at most 64 bytes.
    fn from_str(text: &str) -> Result<Self, Problem> {
        let is_allowed = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-');
        let is_name = text.starts_with(char::is_alphabetic) && text.chars().all(is_allowed);
        match is_name && text.len() <= LONGEST_ALIAS {
            true => Ok(Self(text.into())),
            false => {
                let hint =
                    "an alias begins with a letter and has letters, digits, `_` and `-`, at most 64 bytes";
                Err(Problem::new(format!("`{text}` can't be the name of an alias")).with_hint(hint))
            }
        }
    }
}

impl<'de> Deserialize<'de> for AliasName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        shared_text::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Borrow<str> for AliasName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which version of an asset is meant: `3` or `champion` behind the `@` of `comments_model@3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichVersion {
    /// The last one that was made.
    Latest,
    /// The one with this number.
    Number(VersionNumber),
    /// The one that this alias points at.
    Alias(AliasName),
}

impl WhichVersion {
    /// Splits `KEY@VERSION` into the key and the version; a key by itself means the latest one.
    ///
    /// # Errors
    ///
    /// When what follows the `@` is neither a number nor the name of an alias.
    ///
    /// ```
    /// use millwork_core::version::WhichVersion;
    ///
    /// let (key, version) = WhichVersion::split("comments_model@3").unwrap();
    /// assert_eq!((key, version.to_string()), ("comments_model", "@3".to_owned()));
    /// assert_eq!(WhichVersion::split("comments_model").unwrap().1, WhichVersion::Latest);
    /// assert!(WhichVersion::split("comments_model@0").is_err());
    /// ```
    pub fn split(text: &str) -> Result<(&str, Self), Problem> {
        match text.split_once('@') {
            None => Ok((text, Self::Latest)),
            Some((key, version)) => Ok((key, version.parse()?)),
        }
    }
}

impl FromStr for WhichVersion {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match text.starts_with(|char: char| char.is_ascii_digit()) {
            true => text.parse().map(Self::Number),
            false => text.parse().map(Self::Alias),
        }
    }
}

impl fmt::Display for WhichVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => Ok(()),
            Self::Number(number) => write!(f, "@{number}"),
            Self::Alias(alias) => write!(f, "@{alias}"),
        }
    }
}

/// Which version of an upstream asset a step reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadAs {
    /// The latest one.
    #[default]
    Latest,
    /// The one that an alias of the asset points at.
    Alias(AliasName),
    /// The one that the version of another asset was made from, at which an alias of that asset points.
    InputOf {
        /// The other asset.
        model: AssetKey,
        /// The alias of that asset.
        alias: AliasName,
    },
    /// The one that the version which a gate judges was made from.
    InputOfChallenger {
        /// The asset that the gate judges.
        model: AssetKey,
    },
    /// All versions that are stored when the step begins.
    History {
        /// The newest version that the reader had read before, behind which new ones begin; `None` if all are new.
        after: Option<VersionNumber>,
    },
    /// What versions in shadow have made of the asset, by the places of those events in the log.
    Shadow {
        /// The newest one that the reader had read before, behind which those begin that it is given; 0 if it is given all.
        after: u64,
        /// The newest one that was there when the step began; 0 if there was none.
        until: u64,
    },
}

impl ReadAs {
    /// Whether everything that is stored is read, which neither orders nor is compared as other inputs are.
    pub fn is_of_many(&self) -> bool {
        match self {
            Self::History { .. } | Self::Shadow { .. } => true,
            Self::Latest | Self::Alias(_) | Self::InputOf { .. } | Self::InputOfChallenger { .. } => false,
        }
    }

    /// Whether what versions in shadow have made is read, none of which is a version of the asset.
    pub fn is_of_shadow(&self) -> bool {
        match self {
            Self::Shadow { .. } => true,
            Self::Latest
            | Self::Alias(_)
            | Self::InputOf { .. }
            | Self::InputOfChallenger { .. }
            | Self::History { .. } => false,
        }
    }

    /// Whether another version decides which one is read, so that a later version of the asset changes nothing.
    pub fn follows_alias(&self) -> bool {
        match self {
            Self::Latest | Self::History { .. } | Self::Shadow { .. } => false,
            Self::Alias(_) | Self::InputOf { .. } | Self::InputOfChallenger { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_with_1() {
        let second = VersionNumber::after(Some(VersionNumber::FIRST));
        assert_eq!((VersionNumber::after(None).get(), second.get()), (1, 2));
        assert_eq!("12".parse::<VersionNumber>().ok(), VersionNumber::new(12));
        for text in ["0", "-1", "1.0", "", "x", "99999999999"] {
            assert!(text.parse::<VersionNumber>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_aliases() {
        for text in ["champion", "shadow-2", "größe", &"a".repeat(64)] {
            assert_eq!(text.parse::<AliasName>().unwrap().as_str(), text);
        }
        for text in ["", "2", "-x", "a b", "a@b", "a/b", &"a".repeat(65)] {
            assert!(text.parse::<AliasName>().is_err(), "{text}");
            assert!(serde_json::from_str::<AliasName>(&format!("{text:?}")).is_err(), "{text}");
        }
    }

    #[test]
    fn versions_by_text() {
        let check = |text: &str, version: WhichVersion| {
            assert_eq!(WhichVersion::split(text).unwrap(), ("a/b", version.clone()));
            assert_eq!(format!("a/b{version}"), text);
        };
        check("a/b", WhichVersion::Latest);
        check("a/b@7", WhichVersion::Number(VersionNumber::new(7).unwrap()));
        check("a/b@champion", WhichVersion::Alias(AliasName::champion()));
        for text in ["a/b@", "a/b@0", "a/b@1x", "a/b@@", "a/b@1@2"] {
            assert!(WhichVersion::split(text).is_err(), "{text}");
        }
    }
}
