//! The panel of one asset beside the graph.

use millwork_api::takes_in_words;
use millwork_core::graph::{AssetGraph, AssetIndex};

use super::super::main_number::{self, spark};
use crate::asset_status::StatusSnapshot;

/// The view of an asset beside the graph.
pub(super) struct Panel {
    pub(super) key: String,
    pub(super) description: String,
    pub(super) state: &'static str,
    pub(super) because: Vec<String>,
    pub(super) last: String,
    pub(super) run: Option<String>,
    pub(super) done: Option<(u64, u64)>,
    pub(super) number: Option<main_number::Shown>,
    pub(super) spark: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) can_run: bool,
    pub(super) upstream: Vec<(String, String)>,
    pub(super) downstream: Vec<(String, String)>,
}

/// The panel of the asset of this key; `None` if there is no such asset. `link` gives the address of the graph with another asset beside
/// it.
pub(super) fn panel(
    graph: &AssetGraph,
    statuses: &StatusSnapshot,
    key: &str,
    link: impl Fn(&str) -> String,
) -> Option<Panel> {
    let asset = graph.index(key)?;
    let (node, health) = (&graph.assets()[asset], statuses.of(asset));
    let linked = |assets: &[AssetIndex]| {
        let keys = assets.iter().map(|asset| graph.key(*asset).to_string());
        keys.map(|key| (link(&key), key)).collect()
    };
    let facts = [
        ("Group", node.spec.group.clone().unwrap_or_default()),
        ("Kinds", node.spec.kinds.join(", ")),
        ("Owners", node.spec.owners.join(", ")),
        ("Takes", takes_in_words(graph, asset)),
    ];
    Some(Panel {
        key: key.to_owned(),
        description: node.spec.description.clone(),
        state: health.status.as_str(),
        because: health.reasons().iter().take(5).cloned().collect(),
        last: health.last_materialized_at.map(|at| at.to_string()).unwrap_or_default(),
        run: health.progress().map(|progress| progress.run.to_string()),
        done: health.progress().and_then(|progress| progress.done),
        number: statuses.trend(asset).map(main_number::Shown::newest),
        spark: statuses.trend(asset).map(spark).unwrap_or_default(),
        facts: facts.into_iter().filter(|(_, fact)| !fact.is_empty()).collect(),
        can_run: node.step.is_some(),
        upstream: linked(&node.upstream),
        downstream: linked(&node.downstream),
    })
}
