//! Drawings of assets with their status, and a cache of layouts.

use std::sync::Arc;

use millwork_core::graph::{AssetGraph, AssetSet};
use millwork_draw::graph::Drawing;
use millwork_layout::Layout;

use super::recent::Recent;
use crate::asset_status::StatusSnapshot;

/// A cache of layouts, so that a page that is shown repeatedly is laid out once.
#[derive(Debug, Default)]
pub(crate) struct Layouts(Recent<blake3::Hash, Layout, 32>);

impl Layouts {
    /// The drawing as an SVG element of a page.
    pub(super) fn element(&self, drawing: &Drawing) -> String {
        drawing.to_svg_element(&self.layout(drawing))
    }

    /// The drawing as an SVG document of its own.
    pub(super) fn picture(&self, drawing: &Drawing) -> String {
        drawing.to_svg_in(&self.layout(drawing))
    }

    fn layout(&self, drawing: &Drawing) -> Arc<Layout> {
        let hash = fingerprint(drawing);
        self.0.get(&hash).unwrap_or_else(|| {
            let layout = Arc::new(drawing.layout());
            self.0.keep(hash, layout.clone());
            layout
        })
    }
}

/// The hash of everything that a layout depends on.
fn fingerprint(drawing: &Drawing) -> blake3::Hash {
    let mut hash = blake3::Hasher::new();
    let mut text = |text: &str| {
        hash.update(&text.len().to_le_bytes()).update(text.as_bytes());
    };
    for node in &drawing.nodes {
        text(&node.label);
        text(node.group.as_deref().unwrap_or("\0"));
        node.kinds.iter().for_each(|kind| text(kind));
        text(node.gate.as_deref().unwrap_or("\0"));
        text(if node.has_mark() { "" } else { "\0" });
    }
    for (from, to) in &drawing.edges {
        hash.update(&from.to_le_bytes()).update(&to.to_le_bytes());
    }
    hash.finalize()
}

/// The drawing of selected assets with their status; `link` gives the address of each.
pub(super) fn status_drawing(
    graph: &AssetGraph,
    statuses: &StatusSnapshot,
    selected: &AssetSet,
    link: impl Fn(&str) -> String,
) -> Drawing {
    let mut drawing = Drawing::of(graph, selected);
    for (node, asset) in drawing.nodes.iter_mut().zip(selected) {
        let health = statuses.of(*asset);
        node.status = Some(health.status);
        if let Some((done, of)) = health.progress().and_then(|progress| progress.done) {
            node.description = Some(format!("{done} of {of} done"));
        }
        node.link = Some(link(&node.label));
    }
    drawing
}
