//! The status of an asset or one of its partitions, in one word.

use std::fmt;

use serde::Serialize;

/// The status of an asset or one of its partitions. Later ones are worse, so that the status of a whole is the greatest of its parts'.
///
/// Other problems (a value that is late, a failing check) may accompany any of these; they are part of
/// [`AssetHealth`](crate::asset_status::AssetHealth).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetStatus {
    /// An external asset: it has no inputs here, so it can't be stale.
    External,
    /// Running its function now would be based on the same code and data as its value is.
    Fresh,
    /// It has no value, and none was declined.
    Missing,
    /// Its code or something upstream has changed since its value was made.
    Stale,
    /// A step that makes it is running.
    Running,
    /// The last attempt to make it failed, and nothing was made since.
    Failed,
}

impl AssetStatus {
    /// Every status, the best first.
    pub const ALL: [Self; 6] =
        [Self::External, Self::Fresh, Self::Missing, Self::Stale, Self::Running, Self::Failed];

    /// The status in one word, as commands, the API and pages write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::External => "external",
            Self::Fresh => "fresh",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }

    /// The status of a whole with these parts; `None` without parts.
    pub fn worst(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().max()
    }
}

impl fmt::Display for AssetStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_part_is_the_worst() {
        assert!(AssetStatus::ALL.is_sorted());
        assert_eq!(AssetStatus::worst(AssetStatus::ALL), Some(AssetStatus::Failed));
        assert_eq!(AssetStatus::worst([]), None);
        for status in AssetStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
