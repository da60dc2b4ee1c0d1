//! Why a run didn't come to its end, as far as retries and alerts care.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a run failed or was lost. Names are stored, and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The user's code, its configuration or its data: a step failed.
    Error,
    /// A step or the whole run took too long.
    Timeout,
    /// There was not enough memory.
    OutOfMemory,
    /// A signal ended its process, or the process gave up.
    Killed,
    /// Its process is gone, and nobody saw how.
    Lost,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [Self; 5] = [Self::Error, Self::Timeout, Self::OutOfMemory, Self::Killed, Self::Lost];

    pub(crate) fn error() -> Self {
        Self::Error
    }

    pub(crate) fn lost() -> Self {
        Self::Lost
    }

    pub(crate) fn is_error(&self) -> bool {
        *self == Self::Error
    }

    pub(crate) fn is_lost(&self) -> bool {
        *self == Self::Lost
    }

    /// The class as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out_of_memory",
            Self::Killed => "killed",
            Self::Lost => "lost",
        }
    }

    /// The class that [`as_str`](FailureClass::as_str) names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
