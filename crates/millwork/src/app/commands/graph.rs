//! `graph`: the pipeline as a drawing.

use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_draw::graph::Drawing;
use serde_json::json;

use super::list::asset_json;
use crate::app::arguments::{Graph, GraphFormat};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln};
use crate::app::session::Session;

pub(super) fn run(session: &Session, graph: &Graph) -> Result<Exit, Failure> {
    let selected = session.select(&graph.selection)?;
    let assets = session.pipeline()?.graph();
    let drawing = Drawing::of(assets, &selected);
    match graph.format {
        GraphFormat::Text => out!("{}", drawing.to_text()),
        GraphFormat::Svg => outln!("{}", drawing.to_svg()),
        GraphFormat::Dot => out!("{}", drawing.to_dot()),
        GraphFormat::Mermaid => out!("{}", drawing.to_mermaid()),
        GraphFormat::Json => {
            let nodes: Vec<_> =
                selected.iter().map(|asset| asset_json(assets, &assets.assets()[*asset])).collect();
            let edges: Vec<_> = edges(assets, &selected)
                .map(|(from, to)| json!({ "from": assets.key(from), "to": assets.key(to) }))
                .collect();
            outln!("{}", json!({ "assets": nodes, "edges": edges }));
        }
    }
    Ok(Exit::Success)
}

/// The edges between selected assets.
fn edges<'a>(
    graph: &'a AssetGraph,
    selected: &'a AssetSet,
) -> impl Iterator<Item = (AssetIndex, AssetIndex)> + 'a {
    selected.iter().flat_map(move |asset| {
        let upstream = graph.assets()[*asset].upstream.iter();
        upstream.filter(|upstream| selected.contains(*upstream)).map(move |upstream| (*upstream, *asset))
    })
}
