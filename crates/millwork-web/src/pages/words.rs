//! Moments, durations and metadata in words.

use jiff::Timestamp;
use millwork_core::MetadataValue;

/// The time between two moments.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs_f64();
    match seconds {
        _ if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        _ if seconds < 60.0 => format!("{seconds:.1} s"),
        _ if seconds < 3600.0 => format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0),
        _ => format!("{:.0} h {:02.0} min", (seconds / 3600.0).floor(), (seconds % 3600.0 / 60.0).floor()),
    }
}

/// A number with about six digits.
pub(super) fn number(value: f64) -> String {
    let text = if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        format!("{value:.4}")
    } else {
        return format!("{value:.3e}");
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A piece of metadata as text, of which a page shows so much.
pub(super) fn metadata(value: &MetadataValue) -> String {
    const LONGEST: usize = 2_000;
    let text = match value {
        MetadataValue::Int(value) => value.to_string(),
        MetadataValue::Float(value) => number(*value),
        MetadataValue::Bool(value) => value.to_string(),
        MetadataValue::Text(text)
        | MetadataValue::Markdown(text)
        | MetadataValue::Url(text)
        | MetadataValue::Path(text) => text.clone(),
        MetadataValue::Timestamp(at) => at.to_string(),
        MetadataValue::Json(json) => json.to_string(),
        MetadataValue::Table(table) => format!("table of {} rows", table.rows.len()),
        MetadataValue::Series(series) => format!("curves over {} {}s", series.x.len(), series.x_label),
        MetadataValue::Image(image) => format!("picture, {}, {} bytes", image.media_type, image.bytes.len()),
        MetadataValue::Asset(asset) => asset.to_string(),
        MetadataValue::Run(run) => run.to_string(),
        _ => String::new(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The number in a piece of metadata, if it is one.
pub(super) fn numeric(value: &MetadataValue) -> Option<f64> {
    match value {
        MetadataValue::Int(value) => Some(*value as f64),
        MetadataValue::Float(value) => Some(*value).filter(|value| value.is_finite()),
        _ => None,
    }
}
