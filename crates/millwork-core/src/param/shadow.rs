//! The extractor of what versions in shadow have made.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::id::{AssetKey, RunId};
use crate::value::{Asset, DataVersion, Metadata, SharedValue};
use crate::version::VersionNumber;

/// What versions in shadow have made of the asset `A` since the reader was last made, from old to new. Nothing is loaded before it is asked
/// for.
///
/// It draws no edge of the graph: nothing is waited for, and new values in shadow make nobody stale. It goes up to the newest one that is
/// stored when the step begins, and begins behind the newest one that the reader's previous materialization was made from, so that what a
/// function makes of its [`Previous`](super::Previous) value and of these counts each of them once, wherever a run is killed. A reader without
/// a previous materialization, a run with the tag `millwork/previous=none`, a check and a gate get all of them. How far it went is
/// recorded, and a reproduction is given the same.
pub struct Shadow<A: Asset> {
    stored: StoredShadow,
    asset: PhantomData<fn() -> A>,
}

/// What a version in shadow has made once. Its value is loaded when it is asked for.
pub struct ShadowEntry<A: Asset> {
    record: ShadowRecord,
    source: Arc<dyn ShadowSource>,
    asset: PhantomData<fn() -> A>,
}

/// What is recorded of a value that was made in shadow.
#[derive(Clone, Debug)]
pub struct ShadowRecord {
    /// The place of its event in the log.
    pub place: u64,
    /// The model whose version was in shadow.
    pub model: AssetKey,
    /// That version.
    pub version: VersionNumber,
    /// The version of the data that it made.
    pub data_version: DataVersion,
    /// When it was made.
    pub at: Timestamp,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The metadata that the function attached to it.
    pub metadata: Metadata,
}

/// Loads values that were made in shadow.
pub trait ShadowSource: Send + Sync {
    /// Loads and decodes a value; `None` if a retention rule has removed it.
    fn load(&self, record: &ShadowRecord) -> Result<Option<SharedValue>, BoxError>;
}

/// What versions in shadow have made of an asset, as a step's context has it.
#[derive(Clone)]
pub struct StoredShadow {
    /// What was made, from old to new.
    pub records: Vec<ShadowRecord>,
    /// Where the values come from.
    pub source: Arc<dyn ShadowSource>,
}

impl<A: Asset> Shadow<A> {
    /// Values that version 2 of `model` has made in shadow, for tests of the function that takes them.
    pub fn of(model: &str, values: impl IntoIterator<Item = A::Value>) -> Self {
        let values: Vec<SharedValue> =
            values.into_iter().map(|value| Arc::new(value) as SharedValue).collect();
        let record = |place: usize| ShadowRecord {
            place: place as u64,
            model: model.into(),
            version: VersionNumber::after(Some(VersionNumber::FIRST)),
            data_version: "of a test".into(),
            at: Timestamp::UNIX_EPOCH,
            run: None,
            metadata: Metadata::new(),
        };
        let records = (0..values.len()).map(record).collect();
        Self { stored: StoredShadow { records, source: Arc::new(InMemory(values)) }, asset: PhantomData }
    }

    /// What was made, from old to new.
    pub fn entries(&self) -> impl Iterator<Item = ShadowEntry<A>> + '_ {
        let source = &self.stored.source;
        self.stored.records.iter().map(|record| ShadowEntry {
            record: record.clone(),
            source: source.clone(),
            asset: PhantomData,
        })
    }
}

impl<A: Asset> ShadowEntry<A> {
    /// The model whose version was in shadow.
    pub fn model(&self) -> &AssetKey {
        &self.record.model
    }

    /// That version.
    pub fn version(&self) -> VersionNumber {
        self.record.version
    }

    /// The version of the data that it made.
    pub fn data_version(&self) -> &DataVersion {
        &self.record.data_version
    }

    /// When it was made.
    pub fn at(&self) -> Timestamp {
        self.record.at
    }

    /// The run that made it.
    pub fn run(&self) -> Option<RunId> {
        self.record.run
    }

    /// The metadata that the function attached to it.
    pub fn metadata(&self) -> &Metadata {
        &self.record.metadata
    }

    /// Loads and decodes the value; `None` if a retention rule has removed it. It blocks the thread, so an `async` function of long values
    /// is better an ordinary one.
    ///
    /// # Errors
    ///
    /// When the value can't be reached, is damaged, or isn't of the asset's type any more.
    pub fn load(&self) -> Result<Option<Arc<A::Value>>, BoxError> {
        let Some(value) = self.source.load(&self.record)? else { return Ok(None) };
        let typed = value.downcast();
        Ok(Some(typed.map_err(|_| format!("what was made of `{}` in shadow has another type", A::KEY))?))
    }
}

/// The values of a test.
struct InMemory(Vec<SharedValue>);

impl ShadowSource for InMemory {
    fn load(&self, record: &ShadowRecord) -> Result<Option<SharedValue>, BoxError> {
        Ok(usize::try_from(record.place).ok().and_then(|place| self.0.get(place)).cloned())
    }
}

impl<A: Asset> FromStep for Shadow<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.shadow::<A::Value>(A::KEY);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let missing =
            || format!("the context of the step was made without what was made of `{}` in shadow", A::KEY);
        let stored = context.shadow(A::KEY).cloned().ok_or_else(missing)?;
        Ok(Self { stored, asset: PhantomData })
    }
}

impl<A: Asset> fmt::Debug for Shadow<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow").field("asset", &A::KEY).field("entries", &self.stored.records.len()).finish()
    }
}

impl<A: Asset> fmt::Debug for ShadowEntry<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShadowEntry").field("version", &self.record.version).finish_non_exhaustive()
    }
}
