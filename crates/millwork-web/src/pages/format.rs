//! Moments, durations, sizes and metadata as text.

use jiff::Timestamp;
use millwork_core::MetadataValue;
use millwork_core::asset::plot::short_number;

/// The time between two moments; unknown where the clock was set back between them.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs_f64();
    match seconds {
        _ if seconds < 0.0 => "unknown (clock set back)".to_owned(),
        _ if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        _ if seconds < 60.0 => format!("{seconds:.1} s"),
        _ if seconds < 3600.0 => format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0),
        _ if seconds < 86_400.0 => {
            format!("{:.0} h {:02.0} min", (seconds / 3600.0).floor(), (seconds % 3600.0 / 60.0).floor())
        }
        _ => {
            format!("{:.0} d {:02.0} h", (seconds / 86_400.0).floor(), (seconds % 86_400.0 / 3600.0).floor())
        }
    }
}

/// How long ago something was, in one unit.
pub(super) fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(from).as_secs_f64().max(0.0);
    let (count, unit) = match seconds {
        _ if seconds < 60.0 => (seconds, "second"),
        _ if seconds < 3600.0 => (seconds / 60.0, "minute"),
        _ if seconds < 86_400.0 => (seconds / 3600.0, "hour"),
        _ => (seconds / 86_400.0, "day"),
    };
    let count = count.floor() as usize;
    counted(count, unit, &format!("{unit}s"))
}

/// A duration as text.
pub(super) fn span(duration: std::time::Duration) -> String {
    between(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + duration)
}

/// A text, percent-encoded for the query of an address.
pub(super) fn in_query(text: &str) -> String {
    let mut query = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                query.push(char::from(byte));
            }
            _ => query.push_str(&format!("%{byte:02X}")),
        }
    }
    query
}

/// A number of bytes as text.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut scaled = bytes as f64;
    let mut unit = "bytes";
    for larger in UNITS {
        if scaled < 1000.0 {
            break;
        }
        (scaled, unit) = (scaled / 1000.0, larger);
    }
    if unit == "bytes" { counted(bytes as usize, "byte", "bytes") } else { format!("{scaled:.1} {unit}") }
}

/// A count with its noun in the singular or plural.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A metadata value as text, cut to the length that a page shows.
pub(super) fn metadata(value: &MetadataValue) -> String {
    const LONGEST: usize = 2_000;
    let text = match value {
        MetadataValue::Int(value) => value.to_string(),
        MetadataValue::Float(value) => short_number(*value),
        MetadataValue::Bool(value) => value.to_string(),
        MetadataValue::Text(text)
        | MetadataValue::Markdown(text)
        | MetadataValue::Url(text)
        | MetadataValue::Path(text) => text.clone(),
        MetadataValue::Timestamp(at) => at.to_string(),
        MetadataValue::Json(json) => json.to_string(),
        MetadataValue::Table(table) => format!("table of {} rows", table.rows.len()),
        MetadataValue::Series(series) => format!("curves over {} {}s", series.x.len(), series.x_label),
        MetadataValue::Plot(plot) => format!("plot: {}", plot.title()),
        MetadataValue::Image(image) => format!("picture, {}, {} bytes", image.media_type, image.bytes.len()),
        MetadataValue::Asset(asset) => asset.to_string(),
        MetadataValue::Run(run) => run.to_string(),
        MetadataValue::LivePerformance(live) => {
            format!("{} in {}", live.metric, counted(live.windows.len(), "window", "windows"))
        }
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
