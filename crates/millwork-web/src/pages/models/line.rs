//! What the page of an asset that is a model says about its versions, in one line.

use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, KeyMoment, PartitionKey};

use super::address::of_model;
use super::row::{InUse, Status, in_use_of, open, with_one_in_use};
use crate::models::ModelSnapshot;

/// The line about an asset, or about the partition that its page shows.
pub(in super::super) struct ModelLine {
    pub(in super::super) link: String,
    pub(in super::super) alias: String,
    /// The version in use; `None` if there is none, or if each partition has its own.
    pub(in super::super) in_use: Option<InUse>,
    /// The newest version and its status; `None` if there is none.
    pub(in super::super) newest: Option<(VersionNumber, Status)>,
    /// How many partitions have a version in use; `None` if the line is about one of them, or if there are no partitions.
    pub(in super::super) of_partitions: Option<usize>,
    /// The number of open questions.
    pub(in super::super) open: usize,
}

/// The line of a model whose newest version this is.
pub(in super::super) fn model_line(
    graph: &AssetGraph,
    models: &ModelSnapshot,
    asset: AssetIndex,
    partition: Option<PartitionKey>,
    newest: Option<VersionNumber>,
    moment: &KeyMoment,
) -> ModelLine {
    let now = moment.now();
    let (key, alias) = (graph.key(asset), graph.alias_in_use(asset));
    let is_summary = graph.partitions(asset).is_some() && partition.is_none();
    let of = AssetPartition::new(key.clone(), partition);
    let histories = || models.of_asset(key).filter(|(found, _)| is_summary || **found == of);
    ModelLine {
        link: of_model(key.as_str(), of.partition.as_ref()),
        in_use: models.of(&of).and_then(|history| in_use_of(history, &alias, now)),
        newest: newest
            .filter(|_| !is_summary)
            .map(|version| (version, Status::of(&models.status(&of, version, &alias)))),
        of_partitions: is_summary.then(|| with_one_in_use(graph, models, asset, moment)),
        open: histories().map(|(_, history)| open(history, &alias).len()).sum(),
        alias: alias.to_string(),
    }
}
