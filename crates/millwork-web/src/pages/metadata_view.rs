//! Metadata on a page: the view of each kind of value.

use millwork_core::asset::plot::short_number;
use millwork_core::{Metadata, MetadataValue, Table};
use millwork_draw::plot::ToSvg as _;

use super::format;
use super::markdown::{is_harmless, markdown};

/// The maximum number of rows of a table that are shown.
const ROWS: usize = 100;

/// A metadata value with its label.
pub(super) struct Labelled {
    pub(super) label: String,
    pub(super) view: MetadataView,
}

/// The view of a metadata value.
pub(super) enum MetadataView {
    Text(String),
    /// Preformatted text, folded if it is long.
    Code(String),
    Moment(String),
    /// A link to a page of ours or of the web.
    Link {
        to: String,
        text: String,
    },
    /// Sanitized HTML.
    Markup(String),
    Table(Rows),
    /// An SVG drawing of ours.
    Drawing(String),
    /// The address of an image.
    Picture(String),
}

/// The rows of a table.
pub(super) struct Rows {
    pub(super) columns: Vec<(String, String)>,
    pub(super) cells: Vec<Vec<String>>,
    /// The number of rows that aren't shown.
    pub(super) more: usize,
}

/// All metadata of the event with this number, except what the page shows elsewhere.
pub(super) fn metadata_views(sequence: u64, metadata: &Metadata) -> Vec<Labelled> {
    let labelled = |(label, value): (&String, &MetadataValue)| {
        Some(Labelled { label: label.clone(), view: view(sequence, label, value)? })
    };
    metadata.iter().filter_map(labelled).collect()
}

/// The view of a value; `None` if it isn't listed with the others, because `asset/curves.rs` or `models/live.rs` draws it.
fn view(sequence: u64, label: &str, value: &MetadataValue) -> Option<MetadataView> {
    Some(match value {
        MetadataValue::Markdown(text) => MetadataView::Markup(markdown(text)),
        MetadataValue::Url(address) if is_harmless(address) => {
            MetadataView::Link { to: address.clone(), text: address.clone() }
        }
        MetadataValue::Timestamp(at) => MetadataView::Moment(at.to_string()),
        MetadataValue::Json(json) => {
            MetadataView::Code(serde_json::to_string_pretty(json).unwrap_or_default())
        }
        MetadataValue::Text(text) if text.contains('\n') => MetadataView::Code(text.clone()),
        MetadataValue::Table(table) => MetadataView::Table(rows(table, ROWS)),
        MetadataValue::Plot(plot) => MetadataView::Drawing(plot.to_svg()),
        MetadataValue::Image(_) => {
            MetadataView::Picture(format!("/images/{sequence}?label={}", format::in_query(label)))
        }
        MetadataValue::Asset(asset) => {
            MetadataView::Link { to: format!("/assets/{asset}"), text: asset.to_string() }
        }
        MetadataValue::Run(run) => MetadataView::Link { to: format!("/runs/{run}"), text: run.short() },
        MetadataValue::Int(_)
        | MetadataValue::Float(_)
        | MetadataValue::Bool(_)
        | MetadataValue::Text(_)
        | MetadataValue::Url(_)
        | MetadataValue::Path(_) => MetadataView::Text(format::metadata(value)),
        // With those of the materializations before, and with a place of its own.
        MetadataValue::Series(_) | MetadataValue::LivePerformance(_) => return None,
    })
}

/// The first rows of a table.
#[expect(clippy::wildcard_enum_match_arm, reason = "lists and objects in cells are shown as JSON")]
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
