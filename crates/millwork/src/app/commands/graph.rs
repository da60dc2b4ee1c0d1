//! `graph`: a drawing of the asset graph.

use clap::{Args, ValueEnum};
use millwork_api::AssetGraphView;
use millwork_draw::graph::Drawing;

use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Session, block_on};

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
            print_json(&AssetGraphView::new(assets, &selected, &block_on(session.moment())?))?;
        }
    }
    Ok(Exit::Success)
}
