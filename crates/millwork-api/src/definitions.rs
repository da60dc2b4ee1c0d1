//! What is defined: checks, jobs, and the graph.

use std::collections::BTreeMap;

use millwork_core::graph::{AssetGraph, StepKind, StepNode};
use millwork_core::run::StepKey;
use millwork_core::{AssetKey, Job, Severity};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::asset::AssetView;
use crate::names::SeverityName;

/// A check of an asset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// Its name.
    pub name: String,
    /// The asset that it checks.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// What it checks; empty if nothing is said.
    pub description: String,
    /// How bad it is if it fails.
    #[schema(value_type = SeverityName)]
    pub severity: Severity,
    /// Whether what is downstream of the asset waits for it.
    pub blocking: bool,
    /// Its step.
    #[schema(value_type = String)]
    pub step: StepKey,
}

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Its name.
    pub name: String,
    /// What it is for; empty if nothing is said.
    pub description: String,
    /// Which assets it makes, in the selection syntax.
    pub selection: String,
    /// The configuration of its runs, by step.
    pub config: Value,
    /// The tags of its runs.
    pub tags: BTreeMap<String, String>,
}

/// The keys of all assets, and which is made from which.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyGraph {
    /// The keys.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// Which is made from which.
    pub edges: Vec<EdgeView>,
}

/// Assets as they are defined, and which is made from which.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetGraphView {
    /// The assets.
    pub assets: Vec<AssetView>,
    /// Which is made from which.
    pub edges: Vec<EdgeView>,
}

/// That one asset is made from another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EdgeView {
    /// The upstream asset.
    #[schema(value_type = String)]
    pub from: AssetKey,
    /// The asset that is made from it.
    #[schema(value_type = String)]
    pub to: AssetKey,
}

/// Definitions that fit together, and how much there is of them.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CheckedDefinitions {
    /// Always true: definitions that don't fit together are an error.
    pub ok: bool,
    /// How many assets.
    pub assets: usize,
    /// How many checks.
    pub checks: usize,
    /// How many jobs.
    pub jobs: usize,
}

impl CheckView {
    /// A step that is a check; `None` for one that makes assets.
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
            StepKind::Assets { .. } => None,
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
        }
    }
}

impl KeyGraph {
    /// The whole graph.
    pub fn new(graph: &AssetGraph) -> Self {
        let edges = graph.assets().iter().flat_map(|asset| {
            let edge = |from: &AssetKey| EdgeView { from: from.clone(), to: asset.spec.key.clone() };
            asset.upstream.iter().map(move |&upstream| edge(graph.key(upstream)))
        });
        let assets = graph.assets().iter().map(|asset| asset.spec.key.clone());
        Self { assets: assets.collect(), edges: edges.collect() }
    }
}
