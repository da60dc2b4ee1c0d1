//! What a function takes of the keys of its partitions: the types, and what can't be taken by one that is called for many partitions at once.

use crate::asset::AssetKey;
use crate::param::{KeyRequirement, KeyUse, Requirements};
use crate::partition::{PartitionsDefinition, fit_problem};
use crate::problem::Problem;

/// What a function that is called for many partitions has to have, and can't have.
pub(super) fn batch_problems(
    requirements: &Requirements,
    is_partitioned: impl Fn(&AssetKey) -> bool,
) -> Vec<Problem> {
    let has = |usage: KeyUse| requirements.partition.iter().any(|key| key.usage == usage);
    if !requirements.is_batch() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if !has(KeyUse::Returned) {
        let problem = Problem::new("it takes `PartitionKeys`, and returns no `Batch`");
        problems.push(problem.with_hint("return a `Batch<K, …>`, or take `Partition<K>`"));
    }
    if !has(KeyUse::Many) {
        let problem = Problem::new("it returns a `Batch`, and doesn't take the keys that are asked for");
        problems.push(problem.with_hint("take `PartitionKeys<K>`"));
    }
    if has(KeyUse::One) {
        let problem = Problem::new("it takes a `Partition`, and one call of it makes many partitions");
        problems.push(problem.with_hint("take all of their keys as `PartitionKeys<K>`"));
    }
    for asset in requirements.previous.iter().filter(|asset| is_partitioned(asset)) {
        let message = format!(
            "it takes `Previous<{asset}>`, of which each partition has one of its own, and one call of it makes many partitions"
        );
        problems.push(Problem::new(message).with_hint("take `Partition<K>` instead of `PartitionKeys<K>`"));
    }
    let histories = requirements.histories.iter().map(|read| ("History", &read.asset));
    let shadows = requirements.shadows.iter().map(|read| ("Shadow", &read.asset));
    for (extractor, asset) in histories.chain(shadows) {
        let message = format!(
            "it takes `{extractor}<{asset}>`, of which each partition has read another part, and one call of it makes many partitions"
        );
        problems.push(Problem::new(message).with_hint("take `Partition<K>` instead of `PartitionKeys<K>`"));
    }
    problems
}

/// That `what` takes the keys of many partitions, although it is called for one at a time.
pub(super) fn of_one_partition(what: &str, requirements: &Requirements) -> Option<Problem> {
    let problem = Problem::new(format!("{what} is called for one partition at a time"));
    requirements.is_batch().then(|| problem.with_hint("take `Partition<K>` instead of `PartitionKeys<K>`"))
}

/// Why keys of partitions can't be taken or returned as the types that the function has for them.
pub(super) fn key_problems(
    requirements: &Requirements,
    partitions: Option<&PartitionsDefinition>,
) -> Vec<Problem> {
    let keys = &requirements.partition;
    // Of a key that is taken and returned as the same type, one problem says enough.
    let is_taken = |key: &KeyRequirement| {
        key.usage == KeyUse::Returned
            && keys.iter().any(|other| {
                KeyRequirement { usage: key.usage, ..other.clone() } == *key && other.usage != key.usage
            })
    };
    keys.iter().filter(|key| !is_taken(key)).filter_map(|key| key_problem(key, partitions)).collect()
}

/// Why the key of a partition can't be taken as a type; `None` if it can.
fn key_problem(key: &KeyRequirement, partitions: Option<&PartitionsDefinition>) -> Option<Problem> {
    let (taken, read) = match key.usage {
        KeyUse::One => ("it takes a `Partition`", "it takes its key as"),
        KeyUse::Many => ("it takes `PartitionKeys`", "it takes its keys as"),
        KeyUse::Returned => ("it returns a `Batch`", "it returns a batch by keys of the type"),
    };
    let Some(partitions) = partitions else {
        let problem = Problem::new(format!("{taken}, but has no partitions"));
        return Some(problem.with_hint("add `partitions = …`"));
    };
    let problem = fit_problem(key.shapes.as_deref()?, partitions.dimensions())?;
    Some(problem.within(format!("{read} `{}`", key.type_name)))
}
