//! Which assets somebody means who types into a search box.

use millwork_core::graph::{AssetGraph, AssetSet, Selection};

/// The assets that a selection selects, or whose keys contain the text.
pub(super) fn selected(graph: &AssetGraph, query: &str) -> Result<AssetSet, String> {
    let query = query.trim();
    if query.is_empty() {
        return Ok((0..graph.assets().len()).collect());
    }
    let lower = query.to_lowercase();
    let contains = |asset: &usize| graph.key(*asset).as_str().to_lowercase().contains(&lower);
    let containing: AssetSet = (0..graph.assets().len()).filter(contains).collect();
    if !containing.is_empty() && !query.contains(['+', ':', ' ', '(', '*']) {
        return Ok(containing);
    }
    Selection::parse(query).and_then(|selection| selection.select(graph)).map_err(|error| error.to_string())
}
