//! Metadata on a page, each kind in its own way.

use millwork_core::asset::plot::short_number;
use millwork_core::{Metadata, MetadataValue, Table};
use millwork_draw::plot::ToSvg as _;

use super::markdown::{is_harmless, markdown};
use super::words;

/// So many rows of a table are shown.
const ROWS: usize = 100;

/// A labelled piece of metadata.
pub(super) struct Labelled {
    pub(super) label: String,
    pub(super) piece: Piece,
}

/// How a piece is shown.
pub(super) enum Piece {
    Text(String),
    /// Text whose lines and spaces mean something, folded if it is long.
    Code(String),
    Moment(String),
    /// Leads to a page of ours or of the web.
    Link {
        to: String,
        text: String,
    },
    /// Markup that has been made harmless.
    Markup(String),
    Table(Rows),
    /// A drawing of ours.
    Drawing(String),
    /// The address of a picture.
    Picture(String),
}

/// The rows of a table.
pub(super) struct Rows {
    pub(super) columns: Vec<(String, String)>,
    pub(super) cells: Vec<Vec<String>>,
    /// How many more there are.
    pub(super) more: usize,
}

/// All metadata of the event with this number. Curves and drawings that are shown elsewhere on the page are left out.
pub(super) fn pieces(sequence: u64, metadata: &Metadata) -> Vec<Labelled> {
    let shown = metadata.iter().filter(|(_, value)| !matches!(value, MetadataValue::Series(_)));
    shown
        .map(|(label, value)| Labelled { label: label.clone(), piece: piece(sequence, label, value) })
        .collect()
}

fn piece(sequence: u64, label: &str, value: &MetadataValue) -> Piece {
    match value {
        MetadataValue::Markdown(text) => Piece::Markup(markdown(text)),
        MetadataValue::Url(address) if is_harmless(address) => {
            Piece::Link { to: address.clone(), text: address.clone() }
        }
        MetadataValue::Timestamp(at) => Piece::Moment(at.to_string()),
        MetadataValue::Json(json) => Piece::Code(serde_json::to_string_pretty(json).unwrap_or_default()),
        MetadataValue::Text(text) if text.contains('\n') => Piece::Code(text.clone()),
        MetadataValue::Table(table) => Piece::Table(rows(table, ROWS)),
        MetadataValue::Plot(plot) => Piece::Drawing(plot.to_svg()),
        MetadataValue::Image(_) => {
            Piece::Picture(format!("/images/{sequence}?label={}", words::in_query(label)))
        }
        MetadataValue::Asset(asset) => {
            Piece::Link { to: format!("/assets/{asset}"), text: asset.to_string() }
        }
        MetadataValue::Run(run) => Piece::Link { to: format!("/runs/{run}"), text: run.short() },
        other => Piece::Text(words::metadata(other)),
    }
}

/// The first rows of a table.
pub(super) fn rows(table: &Table, most: usize) -> Rows {
    let cell = |cell: &serde_json::Value| match cell {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.chars().take(1_000).collect(),
        serde_json::Value::Number(number) => {
            number.as_f64().filter(|_| number.is_f64()).map_or_else(|| number.to_string(), short_number)
        }
        other => other.to_string().chars().take(1_000).collect(),
    };
    Rows {
        columns: table.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect(),
        cells: table.rows.iter().take(most).map(|row| row.iter().map(cell).collect()).collect(),
        more: table.rows.len().saturating_sub(most),
    }
}
