//! Whether an asset is as fresh as its policy wants.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether an asset is as fresh as its policy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// It is.
    Pass,
    /// It soon won't be.
    Warn,
    /// It isn't.
    Fail,
    /// It has never been materialized, or its last materialization is dated further in the future than its policy reaches
    /// back: then the clock was set back since, and how old it is isn't known.
    Unknown,
}

impl Freshness {
    /// The state as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
