//! Definitions: checks, jobs and the asset graph.

use std::collections::BTreeMap;

use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet, StepKind, StepNode};
use millwork_core::run::StepKey;
use millwork_core::version::AliasName;
use millwork_core::{AssetKey, Job, KeyMoment, Severity};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::asset::AssetView;
use crate::names::SeverityName;

/// An asset check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// The check's name.
    pub name: String,
    /// The key of the asset that it checks.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The check's description; empty if it has none.
    pub description: String,
    /// The severity of a failure.
    #[schema(value_type = SeverityName)]
    pub severity: Severity,
    /// Whether steps downstream of the asset wait for the check to pass.
    pub blocking: bool,
    /// The key of the step that evaluates the check.
    #[schema(value_type = String)]
    pub step: StepKey,
}

/// A gate: what judges the new versions of an asset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GateView {
    /// The gate's name.
    pub name: String,
    /// The key of the asset whose versions it judges.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// What it demands of a version; empty if it has no description.
    pub description: String,
    /// The alias that a promotion moves.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The key of the step that judges.
    #[schema(value_type = String)]
    pub step: StepKey,
}

/// A job: a selection with a configuration and tags.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobView {
    /// The job's name.
    pub name: String,
    /// The job's description; empty if it has none.
    pub description: String,
    /// The assets that it materializes, in the selection syntax.
    pub selection: String,
    /// The configuration of its runs, by step.
    pub config: Value,
    /// The tags of its runs.
    pub tags: BTreeMap<String, String>,
    /// The condition by which a daemon requests its runs, as text; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub automation: Option<String>,
}

/// The asset graph by keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyGraph {
    /// The keys of all assets.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The dependencies between the assets.
    pub edges: Vec<EdgeView>,
    /// From assets to those that read their histories, which orders nothing.
    pub histories: Vec<EdgeView>,
    /// From assets to those that read what versions in shadow have made of them, which orders nothing.
    pub shadows: Vec<EdgeView>,
}

/// The asset graph with the definitions of its assets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetGraphView {
    /// The definitions of the assets.
    pub assets: Vec<AssetView>,
    /// The dependencies between the assets.
    pub edges: Vec<EdgeView>,
    /// From assets to those that read their histories, which orders nothing.
    pub histories: Vec<EdgeView>,
    /// From assets to those that read what versions in shadow have made of them, which orders nothing.
    pub shadows: Vec<EdgeView>,
}

/// A dependency: the downstream asset is made from the upstream one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EdgeView {
    /// The key of the upstream asset.
    #[schema(value_type = String)]
    pub from: AssetKey,
    /// The key of the downstream asset.
    #[schema(value_type = String)]
    pub to: AssetKey,
    /// Which partitions of the upstream asset a partition of the downstream one takes, in words, such as `the 7 windows up to it`; absent if
    /// neither has partitions, and of histories and what is made in shadow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<String>,
}

/// The result of a successful check of the definitions.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CheckedDefinitions {
    /// Always true: invalid definitions are an error.
    pub ok: bool,
    /// The number of assets.
    pub assets: usize,
    /// The number of asset checks.
    pub checks: usize,
    /// The number of jobs.
    pub jobs: usize,
}

impl CheckView {
    /// The check that a step evaluates; `None` if the step makes assets.
    pub fn of_step(step: &StepNode) -> Option<Self> {
        match &step.kind {
            StepKind::Check { definition, .. } => Some(Self {
                name: definition.name.clone(),
                asset: definition.asset.clone(),
                description: definition.description.clone(),
                severity: definition.severity,
                blocking: definition.blocking,
                step: step.key.clone(),
            }),
            StepKind::Assets { .. } | StepKind::Gate { .. } => None,
        }
    }
}

impl GateView {
    /// The gate whose step it is; `None` for other steps.
    pub fn of_step(step: &StepNode) -> Option<Self> {
        match &step.kind {
            StepKind::Gate { definition, .. } => Some(Self {
                name: definition.name.clone(),
                asset: definition.asset.clone(),
                description: definition.description.clone(),
                alias: definition.alias.clone(),
                step: step.key.clone(),
            }),
            StepKind::Assets { .. } | StepKind::Check { .. } => None,
        }
    }
}

impl From<&Job> for JobView {
    fn from(job: &Job) -> Self {
        Self {
            name: job.name.clone(),
            description: job.description.clone(),
            selection: job.selection.clone(),
            config: job.config.clone(),
            tags: job.tags.clone(),
            automation: job.automation.as_ref().map(ToString::to_string),
        }
    }
}

impl KeyGraph {
    /// The graph of all assets.
    pub fn new(graph: &AssetGraph) -> Self {
        let all = graph.assets().indices().collect();
        let assets = graph.assets().iter().map(|asset| asset.spec.key.clone());
        let [edges, histories, shadows] = edges(graph, &all);
        Self { assets: assets.collect(), edges, histories, shadows }
    }
}

impl AssetGraphView {
    /// The part of a graph that consists of these assets.
    pub fn new(graph: &AssetGraph, selected: &AssetSet, moment: &KeyMoment) -> Self {
        let assets = selected.iter().map(|asset| AssetView::new(graph, &graph.assets()[*asset], moment));
        let [edges, histories, shadows] = edges(graph, selected);
        Self { assets: assets.collect(), edges, histories, shadows }
    }
}

/// Which partitions an asset takes of those upstream, such as `features: the days of the week`; empty if neither has any.
pub fn takes_in_words(graph: &AssetGraph, asset: AssetIndex) -> String {
    let takes = |upstream: &AssetIndex| {
        let mapping = graph.mapping(asset, *upstream)?;
        Some(format!("{}: {}", graph.key(*upstream), mapping.words()))
    };
    graph.assets()[asset].upstream.iter().filter_map(takes).collect::<Vec<_>>().join("; ")
}

/// The edges between selected assets: the dependencies, the histories that are read, and what is read of what is made in shadow.
fn edges(graph: &AssetGraph, selected: &AssetSet) -> [Vec<EdgeView>; 3] {
    let mut edges = [const { Vec::new() }; 3];
    for &asset in selected {
        let edge = |from: AssetIndex| EdgeView {
            from: graph.key(from).clone(),
            to: graph.key(asset).clone(),
            partitions: None,
        };
        let made_from = |from: AssetIndex| EdgeView {
            partitions: graph.mapping(asset, from).map(|mapping| mapping.words().to_owned()),
            ..edge(from)
        };
        let is_selected = |from: &AssetIndex| selected.contains(from);
        let histories = graph.histories(asset).iter().map(|history| history.asset);
        edges[0].extend(graph.assets()[asset].upstream.iter().copied().filter(is_selected).map(made_from));
        edges[1].extend(histories.filter(is_selected).map(edge));
        edges[2].extend(graph.shadows(asset).filter(is_selected).map(edge));
    }
    edges
}

#[cfg(test)]
mod tests {
    use millwork_core::{AssetDefinition, Definitions};

    use super::*;

    fn asset(key: &str, inputs: &[&str], (history, shadow): (&[&str], &[&str])) -> AssetDefinition {
        let definition = AssetDefinition::new(key).produces::<u8, _>();
        let definition = inputs.iter().fold(definition, |definition, input| definition.input::<u8>(input));
        let definition = definition.policy(|computation| {
            history.iter().for_each(|key| computation.requirements.history::<u8>(*key));
            shadow.iter().for_each(|key| computation.requirements.shadow::<u8>(*key));
        });
        definition.blocking(|_| Ok(0_u8))
    }

    #[test]
    fn what_is_read_without_an_order_is_apart() {
        let assets = [
            asset("raw", &[], (&["total"], &[])),
            asset("total", &["raw"], (&["raw"], &["raw"])),
            asset("other", &[], (&["raw"], &[])),
        ];
        let pipeline = Definitions::new().assets(assets).resolve().unwrap();
        let graph = pipeline.graph();
        let lines = |edges: &[EdgeView]| -> Vec<String> {
            let mut lines: Vec<_> = edges.iter().map(|edge| format!("{} {}", edge.from, edge.to)).collect();
            lines.sort();
            lines
        };
        let view = KeyGraph::new(graph);
        assert_eq!(lines(&view.edges), ["raw total"]);
        assert_eq!(lines(&view.histories), ["raw other", "raw total", "total raw"]);
        assert_eq!(lines(&view.shadows), ["raw total"]);
        let selected = ["raw", "total"].map(|key| graph.index(key).unwrap());
        let part = AssetGraphView::new(graph, &selected.into_iter().collect(), &KeyMoment::default());
        assert_eq!(lines(&part.histories), ["raw total", "total raw"]);
        let total = part.assets.iter().find(|asset| asset.summary.key.as_str() == "total").unwrap();
        assert_eq!((&*total.histories, &*total.shadows), (&["raw".into()][..], &["raw".into()][..]));
    }
}
