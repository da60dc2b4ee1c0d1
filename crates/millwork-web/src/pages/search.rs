//! Which assets somebody means who types into a search box.

use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet, Selection};

/// The assets that a selection selects, or whose keys contain the text.
pub(super) fn selected(graph: &AssetGraph, query: &str) -> Result<AssetSet, String> {
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
