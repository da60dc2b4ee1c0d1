//! Definitions: checks, jobs and the asset graph.

use std::collections::BTreeMap;

use millwork_core::graph::{AssetGraph, StepKind, StepNode};
use millwork_core::run::StepKey;
use millwork_core::version::AliasName;
use millwork_core::{AssetKey, Job, Severity};
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
}

/// The asset graph with the definitions of its assets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetGraphView {
    /// The definitions of the assets.
    pub assets: Vec<AssetView>,
    /// The dependencies between the assets.
    pub edges: Vec<EdgeView>,
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
        let edges = graph.assets().iter().flat_map(|asset| {
            let edge = |from: &AssetKey| EdgeView { from: from.clone(), to: asset.spec.key.clone() };
            asset.upstream.iter().map(move |&upstream| edge(graph.key(upstream)))
        });
        let assets = graph.assets().iter().map(|asset| asset.spec.key.clone());
        Self { assets: assets.collect(), edges: edges.collect() }
    }
}
