//! One condition: its nodes are numbered, its selections of upstream assets are resolved, and what it asks for is gathered, all by loops over
//! its nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::named::{Named, NamedAssets};
use super::{AutomationCondition, ConditionError, NodeId};
use crate::condition::{ComparedWith, Nodes, Operand, Operator};
use crate::graph::{AssetGraph, AssetIndex, AssetSet, Selection, SelectionError};
use crate::index::IndexVec;
use crate::schedule::Timetable;

/// What has a condition.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Asset(AssetIndex),
    /// A job, by the assets that it makes.
    Job(&'a AssetSet),
    /// A watch, by its model.
    Watch(AssetIndex),
}

/// A condition that has been numbered and analysed.
#[derive(Debug)]
pub(super) struct PreparedCondition {
    pub(super) condition: AutomationCondition,
    pub(super) identity: String,
    pub(super) nodes: Nodes,
    /// The innermost operator about upstream assets above each node; `None` for nodes about the asset itself.
    pub(super) below: IndexVec<NodeId, Option<NodeId>>,
    /// The operators about upstream assets, and which of those count.
    pub(super) deps: BTreeMap<NodeId, Counted>,
    /// The assets that its parts name.
    pub(super) named: NamedAssets,
    pub(super) asked: Asked,
    /// Whether it says itself in which windows it holds.
    pub(super) chooses_windows: bool,
    /// The parts about updates of other assets that another part remembers: of partitions, those of before the first evaluation count.
    pub(super) remembered: BTreeSet<NodeId>,
}

/// What a condition's operands ask for that a pipeline has to have, or an evaluation to keep.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The schedules: a line of cron and a time zone each.
    pub(super) schedules: BTreeSet<(String, String)>,
    /// The tags of runs.
    pub(super) tags: BTreeSet<String>,
    /// The checks of the asset that has the condition.
    pub(super) own_checks: Vec<String>,
    /// Whether it asks for what backfills are going to make.
    pub(super) backfills: bool,
}

impl Asked {
    fn add(&mut self, operand: &Operand, is_own: bool) {
        match operand {
            Operand::CronTickPassed { cron, zone } => {
                self.schedules.insert((cron.clone(), zone.clone()));
            }
            Operand::ExecutedWithTag { tag, .. } => {
                self.tags.insert(tag.clone());
            }
            Operand::CheckPassed(check) | Operand::CheckFailed(check) => {
                self.own_checks.extend(is_own.then(|| check.clone()));
            }
            Operand::Missing
            | Operand::InProgress
            | Operand::ExecutionFailed
            | Operand::NewlyUpdated
            | Operand::NewlyRequested
            | Operand::WillBeRequested
            | Operand::ExecutedWithRootTarget
            | Operand::CodeVersionChanged
            | Operand::DataVersionChanged
            | Operand::InitialEvaluation
            | Operand::AnyCheckFailed
            | Operand::BlockingChecksPassed
            | Operand::Metric(_)
            | Operand::OlderThan { .. }
            | Operand::VerdictPending(_)
            | Operand::OwnVerdictPending
            | Operand::InLatestTimeWindow { .. } => {}
            Operand::BackfillInProgress => self.backfills = true,
        }
    }
}

/// Which assets an operator about others is about.
#[derive(Debug)]
pub(super) enum Counted {
    /// All upstream assets.
    All,
    /// Only these upstream assets.
    Only(AssetSet),
    /// This asset, wherever it is.
    Named(AssetIndex),
}

impl Counted {
    pub(super) fn includes(&self, asset: AssetIndex) -> bool {
        match self {
            Self::All => true,
            Self::Only(assets) => assets.contains(&asset),
            Self::Named(named) => *named == asset,
        }
    }
}

impl PreparedCondition {
    pub(super) fn new(
        graph: &AssetGraph,
        condition: AutomationCondition,
        subject: Subject<'_>,
    ) -> Result<Self, ConditionError> {
        let nodes = Nodes::of(&condition);
        let levels = nodes.levels();
        if levels > AutomationCondition::MOST_LEVELS {
            return Err(ConditionError::TooDeep { levels });
        }
        let mut below: IndexVec<NodeId, Option<NodeId>> = nodes.ids().map(|_| None).collect();
        let (mut deps, mut asked) = (BTreeMap::new(), Asked::default());
        for (node, operator) in nodes.iter() {
            if let Operator::Operand(operand) = operator {
                asked.add(operand, below[node].is_none());
            }
            let inner = match operator {
                Operator::Deps { allow, ignore, .. } => {
                    deps.insert(node, counted(graph, allow.as_deref(), ignore.as_deref())?);
                    Some(node)
                }
                Operator::Asset(key) => {
                    deps.insert(node, Counted::Named(Named::find(graph, &nodes, node, key)?));
                    Some(node)
                }
                Operator::ForEvaluations(_)
                | Operator::Cooldown(_)
                | Operator::Budget { .. }
                | Operator::Operand(_)
                | Operator::And { .. }
                | Operator::Or { .. }
                | Operator::Not
                | Operator::Since
                | Operator::NewlyTrue
                | Operator::Labelled(_) => below[node],
            };
            nodes.children(node).for_each(|child| below[child] = inner);
        }
        let named = NamedAssets::new(graph, &nodes, &below, subject)?;
        let chooses_windows = nodes.iter().any(|(node, operator)| {
            let is_choice = matches!(operator, Operator::Operand(Operand::InLatestTimeWindow { .. }));
            is_choice && below[node].is_none()
        });
        let remembered = remembered(&nodes, &below);
        let identity = nodes.identity();
        Ok(Self { identity, condition, nodes, below, deps, named, asked, chooses_windows, remembered })
    }

    /// Whether all parts are known of each partition of an asset that has some.
    pub(super) fn check_partitions(
        &self,
        graph: &AssetGraph,
        asset: AssetIndex,
    ) -> Result<(), ConditionError> {
        let Some(own) = graph.partitions(asset) else { return Ok(()) };
        for (node, operator) in self.nodes.iter() {
            let part = || self.nodes.text(node);
            match (operator, self.deps.get(&node)) {
                (Operator::ForEvaluations(_), _) if !self.is_whole(node.first_child()) => {
                    let (part, asset) = (part(), graph.key(asset).clone());
                    return Err(ConditionError::CountsPartitions { part, asset });
                }
                (Operator::Asset(_), Some(Counted::Named(named))) if self.below[node].is_none() => {
                    let is_mapped = graph.assets()[asset].upstream.contains(named);
                    let differs = graph.partitions(*named).is_some_and(|partitions| partitions != own);
                    if differs && !is_mapped {
                        let (asset, named) = (graph.key(asset).clone(), graph.key(*named).clone());
                        return Err(ConditionError::NotMapped { part: part(), asset, named });
                    }
                }
                (_, _) => {}
            }
        }
        Ok(())
    }

    /// Whether a part is of what is known of an asset as a whole only, whatever partitions it has.
    pub(super) fn is_whole(&self, part: NodeId) -> bool {
        let mut below = std::iter::once(part).chain(self.nodes.descendants(part));
        below.all(|node| match self.nodes.operator(node) {
            Operator::Operand(operand) => {
                matches!(operand, Operand::Metric(_) | Operand::OlderThan { .. } | Operand::VerdictPending(_))
            }
            Operator::Deps { .. } | Operator::Asset(_) => false,
            Operator::And { .. }
            | Operator::Or { .. }
            | Operator::Not
            | Operator::Since
            | Operator::NewlyTrue
            | Operator::Labelled(_)
            | Operator::ForEvaluations(_)
            | Operator::Cooldown(_)
            | Operator::Budget { .. } => true,
        })
    }

    /// Whether a part asks whether data has changed.
    pub(super) fn asks_for_data(&self) -> bool {
        self.operators().any(|one| matches!(one, Operator::Operand(Operand::DataVersionChanged)))
    }

    pub(super) fn check_schedules(&self) -> Result<(), ConditionError> {
        for (cron, zone) in &self.asked.schedules {
            Timetable::new([cron.as_str()], zone)?;
        }
        Ok(())
    }

    fn operators(&self) -> impl Iterator<Item = &Operator> {
        self.nodes.iter().map(|(_, operator)| operator)
    }

    /// Whether a part adds up numbers.
    pub(super) fn adds_up(&self) -> bool {
        self.operators().any(|operator| match operator {
            Operator::Operand(Operand::Metric(comparison)) => match comparison.with {
                ComparedWith::AddsUpTo(_) => true,
                ComparedWith::Above(_)
                | ComparedWith::Below(_)
                | ComparedWith::WorseThanAtPromotion { .. }
                | ComparedWith::WorseThanBeforePromotion { .. } => false,
            },
            Operator::Operand(_)
            | Operator::And { .. }
            | Operator::Or { .. }
            | Operator::Not
            | Operator::Since
            | Operator::NewlyTrue
            | Operator::Deps { .. }
            | Operator::Labelled(_)
            | Operator::Asset(_)
            | Operator::ForEvaluations(_)
            | Operator::Cooldown(_)
            | Operator::Budget { .. } => false,
        })
    }

    /// Whether a part is held back by a cooldown.
    pub(super) fn cools_down(&self) -> bool {
        self.operators().any(|operator| matches!(operator, Operator::Cooldown(_)))
    }

    /// Remembers a request, as far as a cooldown or budget asks for it: those within the longest span, and the last one.
    pub(super) fn remember_request(&self, requests: &mut Vec<Timestamp>, now: Timestamp) {
        let mut longest: Option<Duration> = None;
        for operator in self.operators() {
            if let Operator::Cooldown(span) | Operator::Budget { span, .. } = operator {
                longest = longest.max(Some(*span));
            }
        }
        let Some(longest) = longest else { return requests.clear() };
        let span = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
        requests.retain(|at| now.duration_since(*at) < span);
        requests.push(now);
    }

    /// How many levels of upstream assets the condition reaches from the asset that has it.
    pub(super) fn upstream_levels(&self) -> usize {
        let mut levels: BTreeMap<NodeId, Option<usize>> = BTreeMap::new();
        for (node, counted) in &self.deps {
            let above = self.below[*node].map_or(Some(0), |above| levels[&above]);
            let level = match counted {
                Counted::All | Counted::Only(_) => above.map(|above| above + 1),
                Counted::Named(_) => None,
            };
            levels.insert(*node, level);
        }
        levels.into_values().flatten().max().unwrap_or(0)
    }
}

/// The parts about updates of other assets in what triggers a part beside them.
fn remembered(nodes: &Nodes, below: &IndexVec<NodeId, Option<NodeId>>) -> BTreeSet<NodeId> {
    let triggers =
        nodes.iter().filter(|(node, operator)| below[*node].is_some() && matches!(operator, Operator::Since));
    let parts = triggers.flat_map(|(node, _)| {
        let trigger = node.first_child();
        let parts = std::iter::once(trigger).chain(nodes.descendants(trigger));
        parts.filter(move |part| below[*part] == below[node])
    });
    let updates =
        parts.filter(|part| matches!(nodes.operator(*part), Operator::Operand(Operand::NewlyUpdated)));
    updates.collect()
}

/// The upstream assets that count by these selections.
fn counted(graph: &AssetGraph, allow: Option<&str>, ignore: Option<&str>) -> Result<Counted, SelectionError> {
    if allow.is_none() && ignore.is_none() {
        return Ok(Counted::All);
    }
    let select = |text: &str| match Selection::parse(text)?.select(graph) {
        Err(SelectionError::Empty) => Ok(AssetSet::new()),
        other => other,
    };
    let all = || Ok(graph.assets().indices().collect());
    let allowed = allow.map_or_else(all, select)?;
    let ignored = ignore.map_or(Ok(AssetSet::new()), select)?;
    Ok(Counted::Only(&allowed - &ignored))
}
