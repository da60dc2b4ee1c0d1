//! The assets that the parts of a condition name, and the models behind them: found when a condition is prepared, or an error that says what
//! to write instead.

use std::collections::{BTreeMap, BTreeSet};

use super::prepared_condition::Subject;
use super::{ConditionError, NodeId};
use crate::asset::{AssetKey, Better};
use crate::condition::{ComparedWith, MetricComparison, Nodes, Operand, Operator};
use crate::graph::{AssetGraph, AssetIndex, AssetSet, Edge};
use crate::index::IndexVec;
use crate::stored::Number;
use crate::version::AliasName;

/// The assets that the parts of a condition name.
#[derive(Debug, Default)]
pub(super) struct NamedAssets {
    /// By the part that names one.
    pub(super) of_nodes: BTreeMap<NodeId, Named>,
    /// The models that the asset or job with the condition makes, if it asks for their verdicts.
    pub(super) own_models: Vec<AssetIndex>,
}

/// An asset that a part of a condition names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) asset: AssetIndex,
    /// The model whose version in use the part asks for, and the alias that names the version.
    pub(super) model: Option<(AssetIndex, AliasName)>,
    /// The alias, as conditions see it.
    pub(super) alias: Option<AssetIndex>,
    /// Which of two numbers is better, if the part asks for it.
    pub(super) better: Option<Better>,
}

impl NamedAssets {
    pub(super) fn new(
        graph: &AssetGraph,
        nodes: &Nodes,
        below: &IndexVec<NodeId, Option<NodeId>>,
        subject: Subject<'_>,
    ) -> Result<Self, ConditionError> {
        let mut found = Self::default();
        for (node, operator) in nodes.iter() {
            let is_own = below[node].is_none();
            check_operator(nodes, node, operator, is_own, subject)?;
            let Operator::Operand(operand) = operator else { continue };
            match operand {
                Operand::Metric(comparison) => {
                    let asset = Named::find(graph, nodes, node, &comparison.asset)?;
                    let named = Named { asset, model: None, alias: None, better: None };
                    found.of_nodes.insert(node, named.compared(graph, nodes, node, comparison, subject)?);
                }
                Operand::OlderThan { asset, .. } => {
                    let asset = Named::find(graph, nodes, node, asset)?;
                    let is_model = graph.models(&BTreeSet::new()).contains(&asset);
                    let model = is_model.then(|| (asset, graph.alias_in_use(asset)));
                    found.of_nodes.insert(node, Named { asset, model, alias: None, better: None });
                }
                Operand::VerdictPending(model) => {
                    let asset = Named::find(graph, nodes, node, model)?;
                    if graph.gate(asset).is_none() {
                        return Err(ConditionError::NoGate { part: nodes.text(node), asset: model.clone() });
                    }
                    found.of_nodes.insert(node, Named { asset, model: None, alias: None, better: None });
                }
                Operand::OwnVerdictPending => {
                    let makes = match subject {
                        Subject::Asset(asset) => AssetSet::from([asset]),
                        Subject::Job(makes) => makes.clone(),
                        Subject::Watch(model) => AssetSet::from([model]),
                    };
                    let models = makes.into_iter().filter(|asset| graph.gate(*asset).is_some());
                    found.own_models = models.collect();
                    if found.own_models.is_empty() {
                        return Err(ConditionError::NoOwnModel);
                    }
                }
                Operand::Missing
                | Operand::InProgress
                | Operand::ExecutionFailed
                | Operand::NewlyUpdated
                | Operand::NewlyRequested
                | Operand::WillBeRequested
                | Operand::ExecutedWithRootTarget
                | Operand::ExecutedWithTag { .. }
                | Operand::CodeVersionChanged
                | Operand::DataVersionChanged
                | Operand::InitialEvaluation
                | Operand::CronTickPassed { .. }
                | Operand::CheckPassed(_)
                | Operand::CheckFailed(_)
                | Operand::AnyCheckFailed
                | Operand::BlockingChecksPassed
                | Operand::InLatestTimeWindow { .. }
                | Operand::BackfillInProgress => {}
            }
        }
        Ok(found)
    }
}

impl Named {
    /// The asset that a part names.
    pub(super) fn find(
        graph: &AssetGraph,
        nodes: &Nodes,
        node: NodeId,
        key: &AssetKey,
    ) -> Result<AssetIndex, ConditionError> {
        graph.index(key.as_str()).ok_or_else(|| ConditionError::UnknownAsset {
            part: nodes.text(node),
            asset: key.clone(),
            hint: graph.asset_hint(key.as_str()),
        })
    }

    /// What a comparison needs to know of it.
    fn compared(
        self,
        graph: &AssetGraph,
        nodes: &Nodes,
        node: NodeId,
        comparison: &MetricComparison,
        subject: Subject<'_>,
    ) -> Result<Self, ConditionError> {
        let part = || nodes.text(node);
        let watched = match subject {
            Subject::Watch(model) => Some(model),
            Subject::Asset(_) | Subject::Job(_) => None,
        };
        if comparison.coverage.is_some_and(|share| !(0.0..=1.0).contains(&share.0)) {
            return Err(ConditionError::Bound { part: part(), expected: "a coverage of 0 to 1" });
        }
        let positive = |number: &Number| number.finite().is_some_and(|number| number > 0.0);
        match &comparison.with {
            ComparedWith::Above(bound) | ComparedWith::Below(bound) if bound.0.is_nan() => {
                Err(ConditionError::Bound { part: part(), expected: "a bound that is a number" })
            }
            ComparedWith::AddsUpTo(sum) if !positive(sum) => {
                Err(ConditionError::Bound { part: part(), expected: "a sum above 0" })
            }
            // A watch sees the numbers of the version in use.
            ComparedWith::Above(_) | ComparedWith::Below(_) => {
                let model = watched.map(|model| (model, graph.alias_in_use(model)));
                Ok(Self { model, ..self })
            }
            ComparedWith::AddsUpTo(_) => Ok(self),
            ComparedWith::WorseThanAtPromotion { share, .. }
            | ComparedWith::WorseThanBeforePromotion { share, .. }
                if !share.finite().is_some_and(|share| share >= 0.0) =>
            {
                Err(ConditionError::Bound { part: part(), expected: "a share of 0 or more; 0.15 is 15 %" })
            }
            ComparedWith::WorseThanAtPromotion { model, .. }
            | ComparedWith::WorseThanBeforePromotion { model, .. } => {
                let metric = graph.assets()[self.asset].spec.metric.as_ref();
                let Some(metric) = metric.filter(|metric| metric.label == comparison.label) else {
                    let (asset, label) = (comparison.asset.clone(), comparison.label.clone());
                    return Err(ConditionError::NoDirection { part: part(), asset, label });
                };
                let model = match (model, watched) {
                    (None, Some(model)) => model,
                    (Some(key), _) => {
                        let model = Self::find(graph, nodes, node, key)?;
                        if !graph.models(&BTreeSet::new()).contains(&model) {
                            return Err(ConditionError::NoModel { part: part(), asset: key.clone() });
                        }
                        model
                    }
                    (None, None) => match model_upstream(graph, self.asset)[..] {
                        [model] => model,
                        [] => {
                            let (part, asset) = (part(), comparison.asset.clone());
                            return Err(ConditionError::NoModelUpstream { part, asset });
                        }
                        [one, other, ..] => {
                            let models = [one, other].map(|model| graph.key(model).clone());
                            let (part, asset) = (part(), comparison.asset.clone());
                            return Err(ConditionError::SeveralModels { part, asset, models });
                        }
                    },
                };
                let alias = graph.alias_in_use(model);
                Ok(Self { model: Some((model, alias)), better: Some(metric.better), ..self })
            }
        }
    }
}

/// The models that an asset is made with, those behind other models left out; the asset itself, if it is one.
fn model_upstream(graph: &AssetGraph, asset: AssetIndex) -> Vec<AssetIndex> {
    let all: AssetSet = graph.models(&BTreeSet::new()).into_iter().collect();
    let (mut models, mut seen, mut next) = (AssetSet::new(), AssetSet::new(), vec![asset]);
    while let Some(one) = next.pop() {
        if !seen.insert(one) {
            continue;
        }
        if all.contains(&one) {
            models.insert(one);
            continue;
        }
        // What a version was made from is upstream of it.
        let upstream = graph.assets()[one].upstream.iter().copied();
        next.extend(upstream.filter(|upstream| graph.edge(one, *upstream) != Edge::InputOf));
        // What is read without waiting is upstream as well, unless it is made from the asset.
        next.extend(graph.histories(one).iter().filter(|edge| !edge.is_circular).map(|edge| edge.asset));
    }
    models.into_iter().collect()
}

/// The model that an asset measures by a metric: the only one upstream of an asset that names this metric as its own.
pub(crate) fn model_measured_by(graph: &AssetGraph, asset: AssetIndex, metric: &str) -> Option<AssetIndex> {
    let named = graph.assets()[asset].spec.metric.as_ref().filter(|named| named.label == metric);
    match (named, &model_upstream(graph, asset)[..]) {
        (Some(_), [model]) => Some(*model),
        (Some(_), _) | (None, _) => None,
    }
}

/// Whether an operator or operand may stand where it does.
fn check_operator(
    nodes: &Nodes,
    node: NodeId,
    operator: &Operator,
    is_own: bool,
    subject: Subject<'_>,
) -> Result<(), ConditionError> {
    let bound = |expected| Err(ConditionError::Bound { part: nodes.text(node), expected });
    let part = || nodes.text(node);
    let of_asset = || match subject {
        Subject::Job(_) if is_own => Err(ConditionError::OfJob { part: part() }),
        Subject::Watch(_) if is_own => Err(ConditionError::OfWatch { part: part() }),
        Subject::Job(_) | Subject::Watch(_) | Subject::Asset(_) => Ok(()),
    };
    // A watch makes nothing, and has no runs.
    let of_runs = || match subject {
        Subject::Watch(_) if is_own => Err(ConditionError::OfWatch { part: part() }),
        Subject::Job(_) | Subject::Watch(_) | Subject::Asset(_) => Ok(()),
    };
    match operator {
        Operator::And { children: 0 } | Operator::Or { children: 0 } => bound("at least one condition"),
        Operator::ForEvaluations(_) | Operator::Cooldown(_) | Operator::Budget { .. } if !is_own => {
            Err(ConditionError::OutOfPlace { part: operator.name() })
        }
        Operator::ForEvaluations(0) => bound("at least one evaluation"),
        Operator::Budget { runs: 0, .. } => bound("a budget of at least one run"),
        Operator::Cooldown(span) | Operator::Budget { span, .. } if span.is_zero() => {
            bound("a span of time above zero")
        }
        Operator::Cooldown(_) | Operator::Budget { .. } => match subject {
            Subject::Watch(_) => Err(ConditionError::HoldsBackWatch { part: operator.name() }),
            Subject::Asset(_) | Subject::Job(_) => Ok(()),
        },
        Operator::Deps { .. } => of_asset(),
        Operator::Operand(operand) => match operand {
            Operand::Missing
            | Operand::WillBeRequested
            | Operand::ExecutedWithRootTarget
            | Operand::ExecutedWithTag { .. }
            | Operand::CodeVersionChanged
            | Operand::DataVersionChanged
            | Operand::CheckPassed(_)
            | Operand::CheckFailed(_)
            | Operand::AnyCheckFailed
            | Operand::BlockingChecksPassed
            | Operand::InLatestTimeWindow { .. }
            | Operand::BackfillInProgress => of_asset(),
            Operand::InProgress
            | Operand::ExecutionFailed
            | Operand::NewlyUpdated
            | Operand::NewlyRequested => of_runs(),
            Operand::InitialEvaluation
            | Operand::CronTickPassed { .. }
            | Operand::Metric(_)
            | Operand::OlderThan { .. }
            | Operand::VerdictPending(_)
            | Operand::OwnVerdictPending => Ok(()),
        },
        Operator::And { .. }
        | Operator::Or { .. }
        | Operator::Not
        | Operator::Since
        | Operator::NewlyTrue
        | Operator::Labelled(_)
        | Operator::Asset(_)
        | Operator::ForEvaluations(_) => Ok(()),
    }
}
