//! A model, or a partition of one, in a row of a table: what is in use, what came last, and how many questions are open.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::event::{AliasMoved, Asked, EventBody, Mover, VersionJudged};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::{Dated, ModelHistory, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetPartition, KeyMoment, MainNumber};

use super::super::format;
use super::super::main_number::Shown;
use super::address::of_model;
use crate::error::ApiError;
use crate::models::ModelSnapshot;
use crate::state::AppState;

pub(super) struct ModelRow {
    pub(super) key: String,
    pub(super) partition: String,
    pub(super) group: String,
    pub(super) link: String,
    pub(super) alias: String,
    /// The version in use; `None` if there is none, or if each partition has its own.
    pub(super) in_use: Option<InUse>,
    /// The number and the status of the last version; `None` if there is none.
    pub(super) newest: Option<(VersionNumber, Status)>,
    /// How many of the partitions have a version in use, and how many there are; `None` without partitions.
    pub(super) of_partitions: Option<(usize, u64)>,
    /// The number of open questions.
    pub(super) open: usize,
}

/// The version in use.
pub(in super::super) struct InUse {
    pub(in super::super) version: VersionNumber,
    /// Since when, and how long that is.
    pub(in super::super) since: String,
    pub(in super::super) age: String,
    pub(in super::super) by: String,
    pub(in super::super) reason: String,
    pub(in super::super) number: Option<Shown>,
}

/// The status of a version: its word, and the class of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Status {
    pub(in super::super) word: &'static str,
    pub(in super::super) class: &'static str,
}

impl Status {
    pub(in super::super) fn of(status: &VersionStatus) -> Self {
        let class = match status {
            VersionStatus::InUse => "on",
            VersionStatus::Retired => "off",
            VersionStatus::AwaitsApproval(_) | VersionStatus::InShadow(_) => "warn",
            VersionStatus::Kept | VersionStatus::Superseded(_) => "kept",
            VersionStatus::Rejected => "fail",
            VersionStatus::Unjudged => "unknown",
        };
        Self { word: status.as_str(), class }
    }
}

/// The version numbers that were given last.
pub(super) type LastVersions = BTreeMap<AssetPartition, VersionNumber>;

/// A row for each of these assets and partitions. What is in use is read at once.
pub(super) async fn rows(
    state: &AppState,
    models: &ModelSnapshot,
    last: &LastVersions,
    wanted: &[AssetPartition<AssetIndex>],
) -> Result<Vec<ModelRow>, ApiError> {
    let (graph, now, moment) = (state.pipeline.graph(), state.clock.now(), state.moment().await?);
    let mut in_use = Vec::new();
    for one in wanted {
        let of = one.by_key(graph);
        in_use.extend(models.at(&of, &graph.alias_in_use(one.asset)).map(|version| (of, version)));
    }
    let mut numbers = BTreeMap::new();
    for event in state.store.versions(&in_use).await? {
        let (Some(of), EventBody::Materialized(made)) = (event.asset_partition(), &event.body) else {
            continue;
        };
        let Some(asset) = graph.index(of.asset.as_str()) else { continue };
        let number = MainNumber::of_metric(&graph.assets()[asset].spec, &made.metadata).map(Shown::of);
        numbers.extend(number.map(|number| (of, number)));
    }
    let row = |one: &AssetPartition<AssetIndex>| {
        let (of, spec) = (one.by_key(graph), &graph.assets()[one.asset].spec);
        let alias = graph.alias_in_use(one.asset);
        let is_summary = graph.partitions(one.asset).is_some() && one.partition.is_none();
        let newest = last.get(&of).filter(|_| !is_summary);
        let in_use = models.of(&of).and_then(|history| in_use_of(history, &alias, now));
        ModelRow {
            key: spec.key.to_string(),
            partition: one.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
            group: spec.group.clone().unwrap_or_default(),
            link: of_model(spec.key.as_str(), one.partition.as_ref()),
            in_use: in_use.map(|in_use| InUse { number: numbers.remove(&of), ..in_use }),
            newest: newest.map(|version| (*version, Status::of(&models.status(&of, *version, &alias)))),
            of_partitions: graph.partitions(one.asset).filter(|_| is_summary).map(|partitions| {
                let in_use = with_one_in_use(graph, models, one.asset, &moment);
                (in_use, partitions.space(&moment).all().count())
            }),
            open: match is_summary {
                true => models.of_asset(&spec.key).map(|(_, history)| open(history, &alias).len()).sum(),
                false => models.of(&of).map_or(0, |history| open(history, &alias).len()),
            },
            alias: alias.to_string(),
        }
    };
    Ok(wanted.iter().map(row).collect())
}

/// The number of an asset's partitions that have a version in use.
pub(super) fn with_one_in_use(
    graph: &AssetGraph,
    models: &ModelSnapshot,
    asset: AssetIndex,
    moment: &KeyMoment,
) -> usize {
    let alias = graph.alias_in_use(asset);
    let with = models.of_asset(graph.key(asset)).filter(|(of, history)| {
        graph.has_partition(asset, of.partition.as_ref(), moment) && history.at(&alias).is_some()
    });
    with.count()
}

/// The newest event about a version, in words: a verdict, a decision, or a move of the alias of what is in use to it or from it. A form
/// goes by it: if there is a newer one, somebody else was first.
pub(super) fn last_event(
    history: &ModelHistory,
    version: VersionNumber,
    in_use: &AliasName,
) -> Option<(u64, String)> {
    let found = history.versions.get(&version);
    let verdicts = found.iter().flat_map(|found| &found.verdicts);
    let verdicts = verdicts.map(|verdict| (verdict.sequence, verdict.what.to_string()));
    let decisions = found.iter().flat_map(|found| &found.decisions);
    let decisions = decisions.map(|decision| (decision.sequence, decision.what.to_string()));
    let moves = history.moves.iter().filter(|moved| {
        moved.what.alias == *in_use && [moved.what.from, moved.what.to].contains(&Some(version))
    });
    let moves = moves.map(|moved| (moved.sequence, moved.what.to_string()));
    verdicts.chain(decisions).chain(moves).max_by_key(|(sequence, _)| *sequence)
}

/// What an alias points at, without its number.
pub(super) fn in_use_of(history: &ModelHistory, alias: &AliasName, now: Timestamp) -> Option<InUse> {
    let version = history.at(alias)?;
    let is_that = |moved: &&Dated<AliasMoved>| moved.what.alias == *alias;
    let moved = history.moves.iter().rev().find(is_that)?;
    Some(InUse {
        version,
        since: moved.at.to_string(),
        age: format::age(moved.at, now),
        by: who(&moved.what.by),
        reason: moved.what.reason.clone(),
        number: None,
    })
}

/// Who decided or moved an alias, in words.
pub(super) fn who(mover: &Mover) -> String {
    match mover {
        Mover::Gate(gate) => format!("gate {gate}"),
        Mover::Person(_) | Mover::TimeLimit | Mover::Watch => mover.to_string(),
    }
}

/// The open questions of a history: the version, the verdict that asks, and whom it asks, oldest first.
pub(super) fn open<'h>(
    history: &'h ModelHistory,
    alias: &AliasName,
) -> Vec<(VersionNumber, &'h Dated<VersionJudged>, Asked)> {
    let asked = history.versions.iter().filter_map(|(version, found)| {
        let verdict = found.verdicts.last()?;
        match history.status(*version, alias)? {
            VersionStatus::AwaitsApproval(asked) => Some((*version, verdict, asked)),
            VersionStatus::InUse
            | VersionStatus::Retired
            | VersionStatus::InShadow(_)
            | VersionStatus::Superseded(_)
            | VersionStatus::Kept
            | VersionStatus::Rejected
            | VersionStatus::Unjudged => None,
        }
    });
    asked.collect()
}
