//! Where a history comes from: the log and the stored values of the engine, or the values of a test.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;

use crate::BoxError;
use crate::id::{AssetKey, RunId};
use crate::problem::{Advice, ErrorClass};
use crate::value::{DataVersion, Metadata, SharedValue};
use crate::version::VersionNumber;

/// The materializations of an asset or partition that a step may read, with their type erased.
#[derive(Clone)]
pub struct StoredHistory {
    /// Where they are read from.
    pub source: Arc<dyn HistorySource>,
    /// The newest one that the step reads; `None` if there is none.
    pub newest: Option<HistoryRecord>,
    /// The newest version that the step's previous materialization was made from; `None` if all are new.
    pub after: Option<VersionNumber>,
    /// The place of that version; 0 where it isn't known, or all are new.
    pub after_place: u64,
}

/// A materialization without its value.
#[derive(Clone, Debug)]
pub struct HistoryRecord {
    /// Its place in the order of materializations: a later one has a larger place. At least 1.
    pub place: u64,
    /// The number of the version; `None` for one that no number could be given to.
    pub version: Option<VersionNumber>,
    /// The version of its data.
    pub data_version: DataVersion,
    /// Whether it has a stored value; otherwise another system has reported that it was made.
    pub is_stored: bool,
    /// Its metadata, by label.
    pub metadata: Metadata,
    /// The run that made it; `None` if it was reported from outside.
    pub run: Option<RunId>,
    /// When it was made.
    pub at: Timestamp,
}

/// Reads the materializations of one asset or partition. Both methods may block.
pub trait HistorySource: Send + Sync {
    /// Some materializations behind the place `after`, none behind `until`, from old to new; none if there are no more.
    ///
    /// # Errors
    ///
    /// When they can't be read.
    fn records(&self, after: u64, until: u64) -> Result<Vec<HistoryRecord>, HistoryError>;

    /// The value of a materialization.
    ///
    /// # Errors
    ///
    /// When it can't be loaded.
    fn load(&self, record: &HistoryRecord) -> Result<SharedValue, HistoryError>;
}

/// The error of a history that can't be read, as a whole or in part.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The materializations can't be listed.
    #[error("failed to read the history of `{asset}`")]
    Unreadable {
        /// The asset.
        asset: AssetKey,
        /// The reason.
        source: BoxError,
    },
    /// The value of one can't be loaded.
    #[error("failed to load {} of `{asset}`", named(*version))]
    Unloadable {
        /// The asset.
        asset: AssetKey,
        /// The number of the version; `None` if it has none.
        version: Option<VersionNumber>,
        /// Whether the value was removed, so that it can't be loaded later either.
        is_gone: bool,
        /// The reason.
        source: BoxError,
    },
}

impl HistoryError {
    /// Whether a value is gone for good: a retention rule has removed it, or its file was deleted. A function that can do without leaves it out.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Unreadable { .. } => false,
            Self::Unloadable { is_gone, .. } => *is_gone,
        }
    }
}

impl Advice for HistoryError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        // The cause has a hint of its own otherwise.
        let hint = "keep more of its values, or leave out entries whose error `is_gone()`";
        self.is_gone().then_some(hint.into())
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Home
    }
}

fn named(version: Option<VersionNumber>) -> String {
    version.map_or_else(|| "a version".to_owned(), |version| format!("version {version}"))
}

/// A history of these values, which are all new, for tests of functions.
pub(super) fn of_test(asset: AssetKey, values: Vec<SharedValue>) -> StoredHistory {
    let count = values.len() as u64;
    let newest = (count > 0).then(|| OfTest::record(count));
    StoredHistory { source: Arc::new(OfTest { asset, values }), newest, after: None, after_place: 0 }
}

/// The values of a test. The place of each is its number.
struct OfTest {
    asset: AssetKey,
    values: Vec<SharedValue>,
}

impl OfTest {
    fn record(place: u64) -> HistoryRecord {
        HistoryRecord {
            place,
            version: u32::try_from(place).ok().and_then(VersionNumber::new),
            data_version: "of a test".into(),
            is_stored: true,
            metadata: Metadata::new(),
            run: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }
}

impl HistorySource for OfTest {
    fn records(&self, after: u64, until: u64) -> Result<Vec<HistoryRecord>, HistoryError> {
        Ok((after + 1..=until).map(Self::record).collect())
    }

    fn load(&self, record: &HistoryRecord) -> Result<SharedValue, HistoryError> {
        let place = usize::try_from(record.place).ok().and_then(|place| place.checked_sub(1));
        let value = place.and_then(|place| self.values.get(place)).cloned();
        value.ok_or_else(|| HistoryError::Unloadable {
            asset: self.asset.clone(),
            version: record.version,
            is_gone: true,
            source: "the test has no such value".into(),
        })
    }
}

impl fmt::Debug for StoredHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHistory")
            .field("newest", &self.newest)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}
