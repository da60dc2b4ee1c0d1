//! The first rows of a frame, as metadata.

use millwork_core::{Column, Table};
use polars::prelude::{AnyValue, DataFrame};
use serde_json::Value;

/// The first rows of a frame, to show as metadata. A number that is not finite is shown as `NaN`, `inf` or `-inf`, in
/// words, since JSON has no such number.
pub fn preview(frame: &DataFrame, rows: usize) -> Table {
    let head = frame.head(Some(rows));
    let columns = head.columns();
    let mut table = Table::default();
    for column in columns {
        let (name, data_type) = (column.name().to_string(), column.dtype().to_string());
        table.columns.push(Column { name, data_type });
    }
    for row in 0..head.height() {
        let cells = columns.iter().map(|column| column.get(row).map_or(Value::Null, cell));
        table.rows.push(cells.collect());
    }
    table
}

#[expect(clippy::wildcard_enum_match_arm, reason = "Polars displays what JSON has no form for")]
fn cell(value: AnyValue<'_>) -> Value {
    if let Some(text) = value.get_str() {
        return text.into();
    }
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => value.into(),
        AnyValue::Float32(value) => number(f64::from(value)),
        AnyValue::Float64(value) => number(value),
        other if other.is_primitive_numeric() => match other.extract::<i64>() {
            Some(value) => value.into(),
            None => other.to_string().into(),
        },
        other => other.to_string().into(),
    }
}

fn number(value: f64) -> Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}
