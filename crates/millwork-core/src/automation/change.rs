//! What can happen to an asset, as far as conditions are concerned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::asset::{AssetKey, CodeVersion, DataVersion};
use crate::partition::PartitionKey;
use crate::run::RunId;

/// Something that has happened to an asset since the last evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The asset.
    pub asset: AssetKey,
    /// The partition, if it is of one only: its run goes on with others.
    pub partition: Option<PartitionKey>,
    /// When.
    pub at: Timestamp,
    /// The run it happened in; nothing for what is reported from outside.
    pub run: Option<RunId>,
    /// What.
    pub kind: ChangeKind,
}

/// What can happen to an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A run that will make it was queued or started.
    Started,
    /// It was materialized.
    Updated {
        /// The run that made it.
        by: Arc<RunScope>,
        /// The version of its data.
        data_version: Option<DataVersion>,
    },
    /// Somebody outside told of it.
    Observed {
        /// The version of its data.
        data_version: Option<DataVersion>,
    },
    /// Its function ran, and gave no new value.
    Kept,
    /// Its run failed.
    Failed,
    /// Its run ended with neither: it was canceled, or skipped the asset.
    Ended,
    /// Its value was removed.
    Wiped,
    /// Its code has this version; also reported when nothing is known of it yet.
    Code(CodeVersion),
    /// A check came to a verdict.
    Check {
        /// The check.
        name: String,
        /// Whether all is well.
        passed: bool,
    },
}

/// What a run makes, and how it is labelled. Its changes share it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunScope {
    /// All assets that the run makes.
    pub targets: BTreeSet<AssetKey>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}
