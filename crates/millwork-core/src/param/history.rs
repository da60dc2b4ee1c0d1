//! The extractor of an asset's stored materializations.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;

use super::history_source::{HistoryRecord, HistorySource, StoredHistory, of_test};
use super::{FromStep, HistoryError, Requirements, StepContext};
use crate::BoxError;
use crate::id::RunId;
use crate::value::{Asset, DataVersion, Metadata, MetadataValue, SharedValue};
use crate::version::VersionNumber;

/// The stored materializations of the asset `A`, from old to new, up to the newest one that is stored when the step begins. Nothing is
/// loaded before it is asked for.
///
/// It draws no edge of the order in which steps run: the asset isn't waited for, needs no value, and may be downstream of the reader. A
/// newer materialization makes the reader stale and is an update of an upstream asset for conditions, unless the asset is made from what
/// the reader makes. What the reader makes records the newest version that it read; [`new`](Self::new) begins behind that of the reader's
/// previous materialization.
///
/// Of an asset with partitions the reader's own partition is read, and the reader has the same partitions.
///
/// ```
/// use millwork_core::{Asset, History, Previous, Result};
///
/// enum sales {}
/// impl Asset for sales {
///     const KEY: &'static str = "sales";
///     type Value = Vec<f64>;
/// }
/// enum turnover {}
/// impl Asset for turnover {
///     const KEY: &'static str = "turnover";
///     type Value = f64;
/// }
///
/// /// Each increment of the sales is added once.
/// fn turnover(sales: History<sales>, previous: Previous<turnover>) -> Result<f64> {
///     let mut turnover = previous.value().copied().unwrap_or(0.0);
///     for increment in sales.new() {
///         turnover += increment?.load()?.iter().sum::<f64>();
///     }
///     Ok(turnover)
/// }
/// let sales = History::of([vec![1.0, 2.0], vec![], vec![4.0]]);
/// assert_eq!(turnover(sales, Previous::none()).unwrap(), 7.0);
/// ```
pub struct History<A: Asset> {
    stored: StoredHistory,
    asset: PhantomData<fn() -> A>,
}

/// One materialization of a [`History`]. Its value is loaded when it is asked for.
pub struct HistoryEntry<A: Asset> {
    record: HistoryRecord,
    source: Arc<dyn HistorySource>,
    asset: PhantomData<fn() -> A>,
}

/// The materializations of a [`History`] from old to new, read from the log a few at a time. After an error it ends.
pub struct HistoryEntries<A: Asset> {
    source: Arc<dyn HistorySource>,
    /// Those that were read and not given yet, the next one last.
    read: Vec<HistoryRecord>,
    /// The place of the last one that was read.
    after: u64,
    /// The place of the newest one; 0 for none.
    until: u64,
    /// Only versions above this one are given.
    above: Option<VersionNumber>,
    /// Only what was made at this time or later is given.
    since: Option<Timestamp>,
    asset: PhantomData<fn() -> A>,
}

impl<A: Asset> History<A> {
    /// A history of these values, from old to new, for tests of the function that takes it: versions 1, 2, 3…, made in 1970, all of them
    /// new.
    pub fn of(values: impl IntoIterator<Item = A::Value>) -> Self {
        let values = values.into_iter().map(|value| Arc::new(value) as SharedValue).collect();
        Self { stored: of_test(A::KEY.into(), values), asset: PhantomData }
    }

    /// An asset that was never materialized, for tests.
    pub fn none() -> Self {
        Self::of([])
    }

    /// The same history in which the first versions, up to this one, aren't [`new`](Self::new), for tests.
    #[must_use]
    pub fn handled(mut self, version: VersionNumber) -> Self {
        self.stored.after = Some(version);
        self.stored.after_place = u64::from(version.get());
        self
    }

    /// All materializations that have a stored value. What another system has reported as made isn't among them, here and below.
    pub fn entries(&self) -> HistoryEntries<A> {
        self.behind(0, None)
    }

    /// Those that the reader's previous materialization wasn't made from: versions above the newest one that it read. All of them if the
    /// reader has none, in a run with the tag `millwork/previous=none`, and for checks and gates.
    ///
    /// What a function makes of its [`Previous`](super::Previous) value and of these counts each of them once, wherever a run is killed.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "what is new, not a constructor"
    )]
    pub fn new(&self) -> HistoryEntries<A> {
        self.behind(self.stored.after_place, self.stored.after)
    }

    /// Those that were made at this time or later.
    pub fn since(&self, time: Timestamp) -> HistoryEntries<A> {
        HistoryEntries { since: Some(time), ..self.entries() }
    }

    /// The newest one; `None` if there is none.
    pub fn newest(&self) -> Option<HistoryEntry<A>> {
        let record = self.stored.newest.clone()?;
        if record.is_stored {
            return Some(HistoryEntry::new(record, &self.stored.source));
        }
        self.entries().filter_map(Result::ok).last()
    }

    /// The newest version that the reader's previous materialization was made from, behind which [`new`](Self::new) begins; `None` if all
    /// versions are new.
    pub fn after(&self) -> Option<VersionNumber> {
        self.stored.after
    }

    fn behind(&self, after: u64, above: Option<VersionNumber>) -> HistoryEntries<A> {
        HistoryEntries {
            source: self.stored.source.clone(),
            read: Vec::new(),
            after,
            until: self.stored.newest.as_ref().map_or(0, |newest| newest.place),
            above,
            since: None,
            asset: PhantomData,
        }
    }
}

impl<A: Asset> FromStep for History<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.history::<A::Value>(A::KEY);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let missing = || format!("the context of the step was made without the history of `{}`", A::KEY);
        let stored = context.history(A::KEY).cloned().ok_or_else(missing)?;
        Ok(Self { stored, asset: PhantomData })
    }
}

impl<A: Asset> IntoIterator for &History<A> {
    type Item = Result<HistoryEntry<A>, HistoryError>;
    type IntoIter = HistoryEntries<A>;

    fn into_iter(self) -> HistoryEntries<A> {
        self.entries()
    }
}

impl<A: Asset> Iterator for HistoryEntries<A> {
    type Item = Result<HistoryEntry<A>, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.read.is_empty() {
                if self.after >= self.until {
                    return None;
                }
                match self.source.records(self.after, self.until) {
                    Ok(records) => self.read = records,
                    Err(error) => {
                        self.after = self.until;
                        return Some(Err(error));
                    }
                }
                // Where no more are left than there were, the newest one has gone meanwhile.
                self.after = self.read.last().map_or(self.until, |last| last.place);
                self.read.reverse();
            }
            let Some(record) = self.read.pop() else { continue };
            let is_above =
                self.above.is_none_or(|above| record.version.is_none_or(|version| version > above));
            if record.is_stored && is_above && self.since.is_none_or(|since| record.at >= since) {
                return Some(Ok(HistoryEntry::new(record, &self.source)));
            }
        }
    }
}

impl<A: Asset> HistoryEntry<A> {
    fn new(record: HistoryRecord, source: &Arc<dyn HistorySource>) -> Self {
        Self { record, source: source.clone(), asset: PhantomData }
    }

    /// The number of the version; `None` for one that no number could be given to.
    pub fn version(&self) -> Option<VersionNumber> {
        self.record.version
    }

    /// When it was made.
    pub fn at(&self) -> Timestamp {
        self.record.at
    }

    /// The run that made it; `None` if it was reported from outside.
    pub fn run(&self) -> Option<RunId> {
        self.record.run
    }

    /// The version of its data.
    pub fn data_version(&self) -> &DataVersion {
        &self.record.data_version
    }

    /// One piece of its metadata.
    pub fn metadata(&self, label: &str) -> Option<&MetadataValue> {
        self.record.metadata.get(label)
    }

    /// Its metadata, by label.
    pub fn all_metadata(&self) -> &Metadata {
        &self.record.metadata
    }

    /// Loads and decodes the value, each time that it is called. It blocks the thread, so an `async` function of long values is better
    /// an ordinary one.
    ///
    /// # Errors
    ///
    /// When the value was removed ([`HistoryError::is_gone`]), can't be reached, is damaged, or isn't of the asset's type any more.
    pub fn load(&self) -> Result<Arc<A::Value>, HistoryError> {
        let value = self.source.load(&self.record)?;
        value.downcast().map_err(|_| HistoryError::Unloadable {
            asset: A::KEY.into(),
            version: self.record.version,
            is_gone: false,
            source: "it has another type".into(),
        })
    }
}

impl<A: Asset> fmt::Debug for History<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.stored.newest.as_ref().and_then(|newest| newest.version);
        f.debug_struct("History")
            .field("asset", &A::KEY)
            .field("newest", &newest)
            .field("after", &self.stored.after)
            .finish()
    }
}

impl<A: Asset> fmt::Debug for HistoryEntry<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asset, version) = (A::KEY, self.record.version);
        f.debug_struct("HistoryEntry")
            .field("asset", &asset)
            .field("version", &version)
            .finish_non_exhaustive()
    }
}

impl<A: Asset> fmt::Debug for HistoryEntries<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryEntries").field("asset", &A::KEY).finish_non_exhaustive()
    }
}
