//! The extractor of an asset's last materialization before the run.

use std::fmt;
use std::sync::Arc;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::id::RunId;
use crate::value::{Asset, DataVersion, Metadata, MetadataValue, SharedValue};
use crate::version::VersionNumber;

/// The value and metadata of an asset's last materialization before this run; empty if there was none. It
/// draws no edge: the asset isn't waited for, and may be the very one that is being made.
///
/// ```
/// use millwork_core::{Asset, Previous};
///
/// enum score {}
/// impl Asset for score {
///     const KEY: &'static str = "score";
///     type Value = f64;
/// }
///
/// fn improved(now: f64, previous: Previous<score>) -> bool {
///     previous.value().is_none_or(|before| now > *before)
/// }
/// assert!(improved(0.5, Previous::none()));
/// ```
pub struct Previous<A: Asset> {
    materialization: Option<(Arc<A::Value>, StoredVersion)>,
}

/// A stored version of an asset, with its type erased.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// The loaded value.
    pub value: SharedValue,
    /// The number of the version; `None` for one that no number could be given to.
    pub version: Option<VersionNumber>,
    /// The metadata of the materialization, by label.
    pub metadata: Metadata,
    /// The data version of the value.
    pub data_version: DataVersion,
    /// The run that made it; `None` if it was reported from outside.
    pub run: Option<RunId>,
    /// When it was made.
    pub at: jiff::Timestamp,
}

impl<A: Asset> Previous<A> {
    /// There was no materialization before.
    pub fn none() -> Self {
        Self { materialization: None }
    }

    /// The value, if there was one.
    pub fn value(&self) -> Option<&A::Value> {
        self.materialization.as_ref().map(|(value, _)| &**value)
    }

    /// One piece of its metadata.
    pub fn metadata(&self, label: &str) -> Option<&MetadataValue> {
        self.materialization.as_ref()?.1.metadata.get(label)
    }

    /// The materialization with its metadata; `None` if there was none.
    pub fn materialization(&self) -> Option<&StoredVersion> {
        self.materialization.as_ref().map(|(_, materialization)| materialization)
    }
}

impl<A: Asset> FromStep for Previous<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.previous.push(A::KEY.into());
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let Some(materialization) = context.previous(A::KEY) else { return Ok(Self::none()) };
        let value = materialization
            .value
            .clone()
            .downcast()
            .map_err(|_| format!("the previous value of `{}` has another type", A::KEY))?;
        Ok(Self { materialization: Some((value, materialization.clone())) })
    }
}

impl<A: Asset> fmt::Debug for Previous<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Previous").field("asset", &A::KEY).field("is_some", &self.value().is_some()).finish()
    }
}
