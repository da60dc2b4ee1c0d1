//! What is known of an asset: the fold of its changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Change, ChangeKind, RunScope};
use crate::asset::{AssetKey, CodeVersion, DataVersion};
use crate::run::RunId;

/// What is known of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetFacts {
    /// The last materialization; nothing if there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The run that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<RunId>,
    /// The version of its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersion>,
    /// What else that run made, as far as a condition can ask for it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<AssetKey>,
    /// That run's tags, as far as a condition asks for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The runs that are making it, or are going to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub runs: BTreeSet<RunId>,
    /// The failures in a row.
    #[serde(skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// The version of its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeVersion>,
    /// When the code last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_changed_at: Option<Timestamp>,
    /// The last verdicts of its checks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, bool>,
}

/// What is new after a change, beyond the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) updated: bool,
    pub(super) other_data: bool,
    pub(super) other_code: bool,
}

impl AssetFacts {
    /// Takes in one change. Of the scope of a run, `narrow` says what is worth keeping.
    pub(super) fn apply(&mut self, change: &Change, narrow: impl FnOnce(&RunScope) -> RunScope) -> News {
        let over = |facts: &mut Self| {
            if let (Some(run), None) = (&change.run, &change.partition) {
                facts.runs.remove(run);
            }
        };
        let mut news = News::default();
        match &change.kind {
            // A run that is resumed doesn't make again what it has made.
            ChangeKind::Started if change.run == self.updated_by => {}
            ChangeKind::Started => self.runs.extend(change.run),
            ChangeKind::Updated { by, data_version } => {
                over(self);
                news = News { updated: true, other_data: self.data_version != *data_version, ..news };
                (RunScope { targets: self.targets, tags: self.tags }) = narrow(by);
                self.data_version.clone_from(data_version);
                (self.updated_at, self.updated_by, self.failures) = (Some(change.at), change.run, 0);
            }
            // The same data again is no news.
            ChangeKind::Observed { data_version }
                if data_version.is_some() && self.data_version == *data_version => {}
            ChangeKind::Observed { data_version } => {
                news = News { updated: true, other_data: true, ..news };
                self.data_version.clone_from(data_version);
                (self.updated_at, self.updated_by) = (Some(change.at), None);
            }
            ChangeKind::Kept => {
                over(self);
                self.failures = 0;
            }
            // The end of a run says of everything it didn't make that it failed: once is enough.
            ChangeKind::Failed if change.run.is_some_and(|run| !self.runs.contains(&run)) => {}
            ChangeKind::Failed => {
                over(self);
                self.failures = self.failures.saturating_add(1);
                self.failed_at = Some(change.at);
            }
            ChangeKind::Ended => over(self),
            ChangeKind::Wiped => self.updated_at = None,
            ChangeKind::Code(version) => news.other_code = self.set_code(version, change.at),
            ChangeKind::Check { name, passed } => {
                self.checks.insert(name.clone(), *passed);
            }
        }
        news
    }

    fn set_code(&mut self, version: &CodeVersion, at: Timestamp) -> bool {
        let changed = self.code.as_ref().is_some_and(|code| code != version);
        if changed {
            self.code_changed_at = Some(at);
            self.failures = 0;
        }
        self.code = Some(version.clone());
        changed
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
