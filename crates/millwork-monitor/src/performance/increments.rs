//! What is new of histories is added to a performance, one materialization after the other.

use std::borrow::Cow;

use millwork_core::version::VersionNumber;
use millwork_core::{Advice, Asset, AssetKey, ErrorClass, History, HistoryEntry, HistoryError};
use thiserror::Error;

use super::Performance;
use crate::{GroundTruth, MonitorError, Predictions, RowKey, RowValue};

/// Why what is new of a history can't be added to a performance.
#[derive(Debug, Error)]
pub enum IncrementError {
    /// A materialization can't be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A materialization can't be added.
    #[error("failed to add {} of `{asset}`", named(*version))]
    Unfit {
        /// The asset whose history it is of.
        asset: AssetKey,
        /// The number of its version; `None` if it has none.
        version: Option<VersionNumber>,
        /// The reason.
        source: MonitorError,
    },
}

impl Advice for IncrementError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::History(error) => error.hint(),
            Self::Unfit { source, .. } => source.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::History(error) => error.class(),
            Self::Unfit { source, .. } => source.class(),
        }
    }
}

fn named(version: Option<VersionNumber>) -> String {
    version.map_or_else(|| "a version".to_owned(), |version| format!("version {version}"))
}

impl<K: RowKey> Performance<K> {
    /// Adds all predictions that are [new](History::new), from old to new. One materialization is in memory at a time.
    ///
    /// # Errors
    ///
    /// When a materialization can't be loaded, or as [`predictions`](Self::predictions).
    pub fn predictions_of<A, T>(mut self, history: &History<A>) -> Result<Self, IncrementError>
    where
        A: Asset<Value = Predictions<K, T>>,
        T: RowValue,
    {
        for entry in history.new() {
            let entry = entry?;
            let increment = entry.load()?;
            self = self.predictions(&increment).map_err(|source| unfit(&entry, source))?;
        }
        Ok(self)
    }

    /// Adds all ground truth that is [new](History::new), from old to new. Predictions that are new as well are added first.
    ///
    /// # Errors
    ///
    /// When a materialization can't be loaded, or as [`ground_truth`](Self::ground_truth).
    pub fn ground_truth_of<A, T>(mut self, history: &History<A>) -> Result<Self, IncrementError>
    where
        A: Asset<Value = GroundTruth<K, T>>,
        T: RowValue,
    {
        for entry in history.new() {
            let entry = entry?;
            let increment = entry.load()?;
            self = self.ground_truth(&increment).map_err(|source| unfit(&entry, source))?;
        }
        Ok(self)
    }
}

fn unfit<A: Asset>(entry: &HistoryEntry<A>, source: MonitorError) -> IncrementError {
    IncrementError::Unfit { asset: A::KEY.into(), version: entry.version(), source }
}
