//! Statuses in a form that can be stored: sets, never lists of partitions.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::compared::{Compared, Read, histories, inputs};
use super::fold::{AssetFacts, StatusFold};
use super::sets::Keys;
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::id::{AssetKey, PartitionKey};
use crate::param::StandingConfig;
use crate::partition::{KeyIndex, KeySet, KeySpace};
use crate::value::{CodeVersion, DataVersion};

/// The number of partitions that were made from which an asset is large: the facts of its partitions aren't kept in memory.
pub const LARGE: u64 = if cfg!(test) { 1 } else { 1_000 };

/// What the status of an asset follows from, as of some event: its partitions by what is known of them, compared with what they would be made
/// from. From the definitions of now it takes only the code's version, so that a change of code makes no other work.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredStatus {
    /// The asset.
    pub asset: AssetKey,
    /// What its partitions were compared by.
    compared_by: DataVersion,
    /// Its keys; `None` without partitions.
    space: Option<KeySpace>,
    known: KeySet,
    /// The identity of the last known key, which has to be the same still: with another time-zone database, others may have its index.
    last: Option<String>,
    differing: KeySet,
    by_code: Vec<(CodeVersion, KeySet)>,
    newest: Option<(Timestamp, KeyIndex)>,
    unplaced: Vec<Option<PartitionKey>>,
    unreadable: Vec<Option<PartitionKey>>,
    failing_checks: Vec<(Option<PartitionKey>, BTreeSet<String>)>,
}

impl StoredStatus {
    /// The stored form; `None` if it couldn't be known whether the asset is still compared in the same way.
    pub(super) fn new(
        graph: &AssetGraph,
        log: &StatusFold,
        asset: AssetIndex,
        step: StepIndex,
        compared: &Compared,
    ) -> Option<Self> {
        let key = graph.key(asset);
        let facts = log.asset(key);
        let failing_checks = facts.map(|facts| &facts.failing_checks).into_iter().flatten();
        Some(Self {
            asset: key.clone(),
            compared_by: compared_by(graph, step)?,
            space: match &compared.keys {
                Keys::Defined(space) => Some((**space).clone()),
                Keys::None(_) | Keys::Reported(..) => None,
            },
            known: compared.known.clone(),
            last: last(&compared.keys, &compared.known),
            differing: compared.differing.clone(),
            by_code: compared.by_code.clone(),
            newest: compared.newest.clone(),
            unplaced: compared.unplaced.iter().cloned().collect(),
            unreadable: facts.into_iter().flat_map(AssetFacts::unreadable).cloned().collect(),
            failing_checks: failing_checks
                .map(|(partition, checks)| (partition.clone(), checks.clone()))
                .collect(),
        })
    }

    /// What was compared, if the asset's keys and what they are compared by are still the same.
    pub(super) fn compared(&self, graph: &AssetGraph, step: StepIndex, keys: Keys) -> Option<Compared> {
        let are_same_keys = match (&keys, &self.space) {
            (Keys::Defined(now), Some(then)) => now.continues(then),
            (Keys::None(_), None) => true,
            (Keys::Defined(_) | Keys::None(_) | Keys::Reported(..), _) => false,
        };
        let is_same = are_same_keys
            && compared_by(graph, step).is_some_and(|now| now == self.compared_by)
            && last(&keys, &self.known) == self.last;
        if !is_same {
            return None;
        }
        // Of the keys that there were then: those that there are now are other ones until what has happened since is taken in.
        let keys = match &self.space {
            Some(space) => Keys::Defined(space.clone().into()),
            None => keys,
        };
        let existing = self.known.intersection(&keys.space().all());
        let current = &graph.steps()[step].computation().code_version;
        Some(Compared {
            known: self.known.clone(),
            outdated: Compared::outdated(&existing, &self.differing, &self.by_code, current),
            differing: self.differing.clone(),
            by_code: self.by_code.clone(),
            newest: self.newest.clone(),
            unplaced: self.unplaced.iter().cloned().collect(),
            keys,
        })
    }

    /// The partitions of which something is known that is in no set.
    pub(super) fn unreadable(&self) -> &[Option<PartitionKey>] {
        &self.unreadable
    }

    /// The checks that failed the last time, of partitions that have some.
    pub(super) fn failing_checks(
        &self,
    ) -> impl Iterator<Item = (Option<PartitionKey>, BTreeSet<String>)> + '_ {
        self.failing_checks.iter().cloned()
    }
}

fn last(keys: &Keys, known: &KeySet) -> Option<String> {
    let index = known.page(known.count().saturating_sub(1), 1).pop()?;
    Some(keys.partition_at(&index)?.identity().to_owned())
}

/// The version of everything but code and data that a step's outputs are compared by. `None` if it reads something by a function, which may
/// be another one by now.
fn compared_by(graph: &AssetGraph, step: StepIndex) -> Option<DataVersion> {
    let node = &graph.steps()[step];
    let described = |read: Read<'_>| {
        let is_known = !read.mapping.calls_function();
        is_known.then(|| json!([graph.key(read.asset), format!("{:?}", read.input.read_as), read.mapping]))
    };
    let inputs: Vec<_> = inputs(graph, step).map(described).collect::<Option<_>>()?;
    let histories: Vec<_> = histories(graph, step).map(described).collect::<Option<_>>()?;
    let circular: Vec<bool> = node.histories.iter().map(|edge| edge.is_circular).collect();
    let config = node.config.as_ref().map(StandingConfig::effective);
    let described =
        json!({ "inputs": inputs, "histories": histories, "circular": circular, "config": config });
    Some(DataVersion::of_content(described.to_string().as_bytes()))
}
