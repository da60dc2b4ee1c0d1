//! Every type that Parquet has: a column of it is decoded, or an error names the feature of Polars that reads it.

use millwork_core::{Advice as _, AssetValue, BoxError};
use millwork_polars::ParquetError;
use polars::prelude::DataFrame;

use crate::handmade::Thrift::{self, Bool, I8, I32, Struct};
use crate::handmade::{Chunk, Page, file, group, leaf};

const INT32: i32 = 1;
const INT64: i32 = 2;
const INT96: i32 = 3;
const DOUBLE: i32 = 5;
const BYTES: i32 = 6;
const FIXED: i32 = 7;

/// The expectation for a file: the column's type, the features that the error names, or the text of another error.
enum Expected {
    Read(&'static str),
    Needs(Vec<&'static str>),
    Fails(&'static str),
}
use Expected::{Fails, Needs, Read};

fn with_hint(error: BoxError) -> String {
    error.downcast::<ParquetError>().expect("an error of this crate").one_line()
}

fn check(name: &str, bytes: &[u8], expected: &Expected) {
    let decoded = DataFrame::decode(bytes).map_err(with_hint);
    let preview = DataFrame::preview(bytes, 3).map_err(with_hint);
    match expected {
        Read(data_type) => {
            let frame = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                (frame.height(), frame.columns()[0].dtype().to_string().as_str()),
                (1, *data_type),
                "{name}"
            );
            assert_eq!(preview.map(|table| table.map(|table| table.rows.len())), Ok(Some(1)), "{name}");
        }
        Needs(features) => {
            let error = decoded.expect_err(name);
            let listed: Vec<String> = features.iter().map(|feature| format!("\"{feature}\"")).collect();
            let remedy = format!("features = [{}]", listed.join(", "));
            assert!(
                error.starts_with("the column `c` is of type ") && error.contains(&remedy),
                "{name}: {error}"
            );
            assert_eq!(preview.expect_err(name), error, "{name}");
        }
        Fails(expected) => {
            let error = decoded.expect_err(name);
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}

/// A column of one value, by its physical type, the length of that, and further fields of the schema.
fn check_column(kind: i32, length: i32, rest: &[(i16, Thrift)], expected: &Expected) {
    let width = match kind {
        INT32 => 4,
        INT64 | DOUBLE => 8,
        INT96 => 12,
        _ => length as usize,
    };
    let mut body = if kind == BYTES { 2_u32.to_le_bytes().to_vec() } else { Vec::new() };
    body.extend(vec![b'1'; if kind == BYTES { 2 } else { width }]);
    let chunk = Chunk { kind, path: &["c"], values: 1, pages: vec![Page::plain(1, body)] };
    let bytes = file(1, 1, &[leaf(kind, length, "c", rest)], &[chunk]);
    let converted = rest.first().map(|(_, value)| value.bytes());
    check(&format!("type {kind} ({length}) with {converted:?}"), &bytes, expected);
}

fn converted(number: i32) -> [(i16, Thrift); 1] {
    [(6, I32(number))]
}

fn decimal(scale: i32, precision: i32) -> [(i16, Thrift); 3] {
    [(6, I32(5)), (7, I32(scale)), (8, I32(precision))]
}

fn logical(number: i16, fields: Vec<(i16, Thrift)>) -> [(i16, Thrift); 1] {
    [(10, Struct(vec![(number, Struct(fields))]))]
}

/// In units of 1 (milliseconds), 2 or 3 (nanoseconds).
fn unit(number: i16) -> Vec<(i16, Thrift)> {
    vec![(1, Bool(false)), (2, Struct(vec![(number, Struct(Vec::new()))]))]
}

#[test]
fn plain_types_are_read() {
    check_column(INT32, 0, &[], &Read("i32"));
    check_column(INT64, 0, &[], &Read("i64"));
    check_column(DOUBLE, 0, &[], &Read("f64"));
    check_column(INT32, 0, &converted(13), &Read("u32"));
    check_column(INT64, 0, &converted(14), &Read("u64"));
    check_column(BYTES, 0, &converted(0), &Read("str"));
    check_column(BYTES, 0, &[], &Read("binary"));
    check_column(BYTES, 0, &converted(19), &Read("binary"));
    check_column(FIXED, 2, &logical(15, Vec::new()), &Read("binary"));
}

#[test]
fn types_of_features_that_are_off_are_errors_with_the_remedy() {
    for (number, feature) in [(11, "dtype-u8"), (12, "dtype-u16"), (15, "dtype-i8"), (16, "dtype-i16")] {
        check_column(INT32, 0, &converted(number), &Needs(vec![feature]));
    }
    check_column(INT32, 0, &logical(10, vec![(1, I8(8)), (2, Bool(true))]), &Needs(vec!["dtype-i8"]));
    check_column(INT32, 0, &converted(6), &Needs(vec!["dtype-date"]));
    check_column(INT32, 0, &converted(7), &Needs(vec!["dtype-time"]));
    check_column(INT64, 0, &converted(8), &Needs(vec!["dtype-time"]));
    check_column(INT64, 0, &converted(9), &Needs(vec!["dtype-datetime"]));
    check_column(INT64, 0, &converted(10), &Needs(vec!["dtype-datetime"]));
    check_column(INT64, 0, &logical(8, unit(3)), &Needs(vec!["dtype-datetime"]));
    check_column(INT96, 0, &[], &Needs(vec!["dtype-datetime"]));
    check_column(INT32, 0, &decimal(2, 9), &Needs(vec!["dtype-decimal"]));
    check_column(INT64, 0, &decimal(2, 18), &Needs(vec!["dtype-decimal"]));
    check_column(FIXED, 16, &decimal(2, 38), &Needs(vec!["dtype-decimal"]));
}

#[test]
fn types_that_polars_does_not_read_are_errors_that_name_the_column() {
    check_column(FIXED, 12, &converted(21), &Fails("the column `c` of type interval"));
    check_column(
        FIXED,
        32,
        &decimal(2, 76),
        &Fails("the column `c` of type decimal(76, 2) is stored in a way that"),
    );
}

/// A repeated column of one value: the levels of repetition and definition, and the value.
fn repeated(kind: i32, path: &'static [&'static str], value: &[u8]) -> Chunk {
    let level = |level: u8| [2, 0, 0, 0, 2, level];
    let body = [&level(0)[..], &level(1), value].concat();
    Chunk { kind, path, values: 1, pages: vec![Page::plain(1, body)] }
}

#[test]
fn nested_types_are_read_or_errors_with_the_remedy() {
    let int = || Chunk { kind: INT32, path: &["c", "x"], values: 1, pages: vec![Page::plain(1, vec![1; 4])] };
    let of_struct = [group(0, "c", 1, &[]), leaf(INT32, 0, "x", &[])];
    check("a struct", &file(1, 1, &of_struct, &[int()]), &Needs(vec!["dtype-struct"]));
    let of_struct = [group(0, "c", 1, &[]), leaf(INT32, 0, "x", &converted(6))];
    check(
        "a struct of a date",
        &file(1, 1, &of_struct, &[int()]),
        &Needs(vec!["dtype-struct", "dtype-date"]),
    );

    let list = |rest: &[(i16, Thrift)]| {
        let schema =
            [group(0, "c", 1, &converted(3)), group(2, "list", 1, &[]), leaf(INT64, 0, "element", rest)];
        file(1, 1, &schema, &[repeated(INT64, &["c", "list", "element"], &[1; 8])])
    };
    check("a list", &list(&[]), &Read("list[i64]"));
    check("a list of timestamps", &list(&converted(9)), &Needs(vec!["dtype-datetime"]));

    let map = [
        group(0, "c", 1, &converted(1)),
        group(2, "key_value", 2, &[]),
        leaf(BYTES, 0, "key", &converted(0)),
        leaf(INT64, 0, "value", &[]),
    ];
    let chunks = [
        repeated(BYTES, &["c", "key_value", "key"], &[1, 0, 0, 0, b'k']),
        repeated(INT64, &["c", "key_value", "value"], &[1; 8]),
    ];
    check("a map", &file(1, 1, &map, &chunks), &Needs(vec!["dtype-struct"]));
}

/// One column of an unsupported type is named, even among others.
#[test]
fn the_column_is_named_among_others() {
    let number = |name| Chunk { kind: INT64, path: name, values: 1, pages: vec![Page::plain(1, vec![1; 8])] };
    let schema = [leaf(INT64, 0, "a", &[]), leaf(INT64, 0, "b", &[]), leaf(INT64, 0, "when", &converted(9))];
    let bytes = file(1, 3, &schema, &[number(&["a"]), number(&["b"]), number(&["when"])]);
    let error = with_hint(DataFrame::decode(&bytes).expect_err("a timestamp"));
    assert_eq!(
        error,
        "the column `when` is of type timestamp, which Polars reads with a feature that is off; hint: in the pipeline's \
         Cargo.toml, write `polars = { version = \"…\", features = [\"dtype-datetime\"] }`"
    );
}
