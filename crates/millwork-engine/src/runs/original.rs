//! What the steps of a reproduction take over from the run that they reproduce: when they began, how far the histories went, and what was
//! there of versions in shadow.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::event::Event;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, StepPartition};
use millwork_storage::Store;

use crate::values::Values;

/// The steps of a run that are executed again, and where what they read of the past is.
#[derive(Debug)]
pub(crate) struct Original {
    pub(crate) steps: BTreeMap<StepPartition, OriginalStep>,
    /// The store of the run, in which histories are read.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) values: Values,
}

/// A step as it was executed.
#[derive(Clone, Debug, Default)]
pub(crate) struct OriginalStep {
    /// When the attempt began that succeeded; `None` if that wasn't recorded.
    pub(crate) started_at: Option<Timestamp>,
    /// What it read of histories.
    pub(crate) histories: BTreeMap<AssetPartition, OriginalHistory>,
    /// What it read of what was made in shadow.
    pub(crate) shadows: BTreeMap<AssetPartition, OriginalShadow>,
}

/// The part of a history that a step read.
#[derive(Clone, Debug)]
pub(crate) struct OriginalHistory {
    /// The newest materialization; `None` if there was none.
    pub(crate) newest: Option<Event>,
    /// The version behind which new ones began.
    pub(crate) after: Option<VersionNumber>,
}

/// What a step read of what was made in shadow, by places in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OriginalShadow {
    /// The place behind which it began.
    pub(crate) after: u64,
    /// The place up to which it went.
    pub(crate) until: u64,
}
