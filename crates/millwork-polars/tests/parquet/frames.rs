//! Data frames come back as they were, and their first rows are shown as they are.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use millwork_core::{AssetValue, Table};
use millwork_polars::preview;
use polars::prelude::*;

fn encoded(frame: &DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).unwrap();
    bytes
}

fn check(frame: &DataFrame) {
    let bytes = encoded(frame);
    let decoded = DataFrame::decode(&bytes).unwrap();
    assert!(decoded.equals_missing(frame), "{decoded:?} is not {frame:?}");
    assert_eq!(bytes, encoded(&decoded), "equal frames have equal bytes");
}

#[test]
fn comes_back_equal() {
    check(&df!("id" => [1_i64, 2], "title" => [Some("ß"), None], "score" => [0.5, f64::NAN]).unwrap());
    check(&df!("id" => Vec::<i64>::new(), "title" => Vec::<String>::new()).unwrap());
    check(&DataFrame::empty());
}

/// Enough columns and bytes to be read by several threads, in several groups of rows.
#[test]
fn large_frames_come_back_equal() {
    let column = |column: u64| {
        let random = (0..300_000_u64).map(|row| (row + column).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Column::new(format!("{column}").into(), random.collect::<Vec<u64>>())
    };
    check(&DataFrame::new(300_000, (0..5).map(column).collect()).unwrap());
}

/// The file with the fewest bytes for its rows is not taken for damaged.
#[test]
fn equal_rows_come_back_equal() {
    let rows = 700_000;
    let text = "a text of some length".repeat(20);
    check(&df!("number" => vec![7_i64; rows], "text" => vec![text.as_str(); rows]).unwrap());
    check(&df!("flag" => vec![true; rows], "null" => vec![None::<f64>; rows]).unwrap());
    let lists: Vec<Series> = (0..3_000).map(|_| Series::new("".into(), [0_i64; 200])).collect();
    check(&df!("lists" => lists).unwrap());
}

#[test]
fn damaged_bytes_are_errors() {
    let bytes = encoded(&df!("id" => [1_i64, 2, 3]).unwrap());
    for length in 0..bytes.len() {
        assert!(DataFrame::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn previews() {
    let frame = df!("id" => [1_i64, 2], "title" => [Some("a"), None]).unwrap();
    let table = preview(&frame, 1);
    assert_eq!(table, Table::new([("id", "i64"), ("title", "str")]).row([1.into(), "a".into()]));
    assert_eq!(DataFrame::preview(&encoded(&frame), 1).unwrap(), Some(table));
}

#[test]
fn previews_show_what_json_has_no_number_for() {
    let floats = [f64::NAN, f64::INFINITY, -f64::INFINITY, 0.1];
    let table = preview(&df!("x" => floats, "y" => [f32::NAN, 1.5, 0.0, 0.0]).unwrap(), 9);
    let cells: Vec<_> = table.rows.iter().flatten().cloned().collect();
    let expected = serde_json::json!(["NaN", "NaN", "inf", 1.5, "-inf", 0.0, 0.1, 0.0]);
    assert_eq!(serde_json::Value::from(cells), expected);
    let large = preview(&df!("n" => [u64::MAX]).unwrap(), 1);
    assert_eq!(large.rows[0][0], serde_json::json!("18446744073709551615"));
}
