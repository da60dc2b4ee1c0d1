//! `graph`: a drawing of the asset graph.

use clap::{Args, ValueEnum};
use millwork_api::{AssetGraphView, AssetView, EdgeView};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_draw::graph::Drawing;

use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::session::Session;

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// Assets to draw
    #[arg(default_value = "*")]
    pub(super) selection: String,
    /// Output format
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub(super) format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::app) enum GraphFormat {
    /// Text for the terminal
    Text,
    /// An SVG picture
    Svg,
    /// DOT for Graphviz
    Dot,
    /// Mermaid for Markdown
    Mermaid,
    /// JSON for programs
    Json,
}

pub(super) fn run(session: &Session, graph: &Graph) -> Result<Exit, Failure> {
    let selected = session.select(&graph.selection)?;
    let assets = session.pipeline()?.graph();
    let drawing = Drawing::of(assets, &selected);
    match graph.format {
        GraphFormat::Text if selected.is_empty() => outln!("No asset is defined."),
        GraphFormat::Text => out!("{}", drawing.to_text()),
        GraphFormat::Svg => outln!("{}", drawing.to_svg()),
        GraphFormat::Dot => out!("{}", drawing.to_dot()),
        GraphFormat::Mermaid => out!("{}", drawing.to_mermaid()),
        GraphFormat::Json => {
            let edges = edges(assets, &selected)
                .map(|(from, to)| EdgeView { from: assets.key(from).clone(), to: assets.key(to).clone() })
                .collect();
            let nodes = selected.iter().map(|asset| AssetView::new(assets, &assets.assets()[*asset]));
            print_json(&AssetGraphView { assets: nodes.collect(), edges })?;
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
