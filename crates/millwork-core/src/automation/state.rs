//! What is kept from one evaluation to the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Hold;
use crate::asset::{AssetKey, CodeVersion};

/// Something that has happened to an asset since the last evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The asset.
    pub asset: AssetKey,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ChangeKind,
}

/// What can happen to an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// A run that will make it was queued or started.
    Started,
    /// It was materialized by a run that makes `targets`.
    Updated {
        /// All assets that the run makes.
        targets: BTreeSet<AssetKey>,
    },
    /// Its run failed.
    Failed,
    /// Its run ended with neither: it was cancelled, or skipped the asset.
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

/// What is known of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetFacts {
    /// The last materialization; nothing if there is no value.
    pub updated_at: Option<Timestamp>,
    /// What the run made that made it.
    pub targets: BTreeSet<AssetKey>,
    /// Whether a run is making it.
    pub in_progress: bool,
    /// The failures in a row.
    pub failures: u32,
    /// The last failure.
    pub failed_at: Option<Timestamp>,
    /// The version of its code.
    pub code: Option<CodeVersion>,
    /// When the code last changed.
    pub code_changed_at: Option<Timestamp>,
    /// The last verdicts of its checks.
    pub checks: BTreeMap<String, bool>,
}

impl AssetFacts {
    /// Takes in one change.
    pub(super) fn apply(&mut self, change: &Change) {
        match &change.kind {
            ChangeKind::Started => self.in_progress = true,
            ChangeKind::Updated { targets } => {
                self.in_progress = false;
                self.updated_at = Some(change.at);
                self.targets.clone_from(targets);
                self.failures = 0;
            }
            ChangeKind::Failed => {
                self.in_progress = false;
                self.failures = self.failures.saturating_add(1);
                self.failed_at = Some(change.at);
            }
            ChangeKind::Ended => self.in_progress = false,
            ChangeKind::Wiped => self.updated_at = None,
            ChangeKind::Code(version) => self.set_code(version, change.at),
            ChangeKind::Check { name, passed } => {
                self.checks.insert(name.clone(), *passed);
            }
        }
    }

    fn set_code(&mut self, version: &CodeVersion, at: Timestamp) {
        if self.code.as_ref().is_some_and(|code| code != version) {
            self.code_changed_at = Some(at);
            self.failures = 0;
        }
        self.code = Some(version.clone());
    }
}

/// A part of a condition that was true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The position of the part in its tree, counted from above and from the left.
    pub node: usize,
    /// The asset it was true for.
    pub asset: AssetKey,
    /// The evaluation at which it became true.
    pub since: Timestamp,
}

/// What is remembered of an asset's condition: also the record that an explanation is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetMemory {
    /// Identifies the condition; another one is evaluated from scratch.
    pub condition: String,
    /// The parts that were true, sorted by part and asset.
    pub truths: Vec<Truth>,
    /// The last evaluation that looked at it.
    pub evaluated_at: Timestamp,
    /// The last request.
    pub requested_at: Option<Timestamp>,
    /// Why a request that is due isn't made.
    pub hold: Option<Hold>,
}

/// Everything that automation remembers. Store it in the same transaction as the requests it goes with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutomationState {
    /// The last evaluation.
    pub evaluated_at: Option<Timestamp>,
    /// Identifies the conditions that were evaluated then.
    pub conditions: String,
    /// What is known of assets that something has happened to.
    pub facts: BTreeMap<AssetKey, AssetFacts>,
    /// What is remembered of assets with a condition.
    pub memory: BTreeMap<AssetKey, AssetMemory>,
    /// Assets to look at next time even if nothing happens, because something was true of them for one evaluation only.
    pub unsettled: BTreeSet<AssetKey>,
    /// What the last evaluation requested.
    pub requested: BTreeSet<AssetKey>,
    /// Assets that are held back until some time.
    pub held: BTreeMap<AssetKey, Timestamp>,
}
