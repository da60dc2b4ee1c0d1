//! The assets that match the text of a search box.

use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet, Selection};

/// The assets whose keys contain the text, or that it selects as a selection.
pub(super) fn find_assets(graph: &AssetGraph, query: &str) -> Result<AssetSet, String> {
    let query = query.trim();
    if query.is_empty() {
        return Ok(graph.assets().indices().collect());
    }
    let lower = query.to_lowercase();
    let contains = |asset: &AssetIndex| graph.key(*asset).as_str().to_lowercase().contains(&lower);
    let containing: AssetSet = graph.assets().indices().filter(contains).collect();
    if !containing.is_empty() && !query.contains(['+', ':', ' ', '(', '*']) {
        return Ok(containing);
    }
    Selection::parse(query).and_then(|selection| selection.select(graph)).map_err(|error| error.to_string())
}
