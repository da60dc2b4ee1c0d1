//! What is expected of data frames, and what is said where it doesn't hold.

use millwork_polars::FrameCheck;
use polars::df;
use polars::prelude::{DataFrame, DataType};

fn frame() -> DataFrame {
    df!(
        "id" => [1_i64, 2, 2, 4],
        "day" => ["mon", "mon", "tue", "tue"],
        "price" => [Some(0.5), None, Some(f64::NAN), Some(-2.0)],
        "sold" => [true, true, false, false]
    )
    .expect("a frame")
}

/// The description of the result; empty where all holds.
#[track_caller]
fn check_frame(frame: &DataFrame, expect: impl FnOnce(FrameCheck<'_>) -> FrameCheck<'_>, expected: &str) {
    let result = expect(FrameCheck::of(frame)).result();
    assert_eq!(result.description, expected);
    assert_eq!(result.passed, expected.is_empty());
    assert_eq!(result.metadata["rows"], frame.height().into());
}

#[track_caller]
fn check(expect: impl FnOnce(FrameCheck<'_>) -> FrameCheck<'_>, expected: &str) {
    check_frame(&frame(), expect, expected);
}

#[test]
fn nothing_is_expected_at_first() {
    check(|frame| frame, "");
}

#[test]
fn columns_and_their_types() {
    check(|frame| frame.columns([("id", DataType::Int64), ("day", DataType::String)]), "");
    check(|frame| frame.columns([("id", DataType::Float64)]), "`id` is of type f64: it is of type i64");
    check(
        |frame| frame.columns([("shop", DataType::String)]),
        "`shop` is of type str: there is no column `shop`, but `id`, `day`, `price`, `sold`",
    );
    check(|frame| frame.only_columns(["sold", "price", "day", "id", "shop"]), "");
    check(
        |frame| frame.only_columns(["id", "day"]),
        "no column but `id`, `day`: there is `price`, `sold` as well",
    );
    let empty = DataFrame::empty();
    check_frame(
        &empty,
        |frame| frame.no_nulls(["id"]),
        "`id` has no nulls: there is no column `id`, and no other",
    );
}

#[test]
fn nulls() {
    check(|frame| frame.no_nulls(["id", "day", "sold"]), "");
    check(|frame| frame.no_nulls(["price"]), "`price` has no nulls: 1 of 4 rows is null, such as row 2");
}

#[test]
fn keys() {
    check(|frame| frame.unique(["id", "day"]), "");
    check(|frame| frame.unique(["price"]), "");
    check(|frame| frame.unique(["id"]), "`id` is unique: 1 of 4 rows repeats another one, such as row 3: 2");
    check(
        |frame| frame.unique(["day", "sold"]),
        "`day`, `sold` are unique together: 2 of 4 rows repeat others, such as row 2: mon, true",
    );
    let nulls = df!("a" => [None::<i64>, None]).unwrap();
    check_frame(
        &nulls,
        |frame| frame.unique(["a"]),
        "`a` is unique: 1 of 2 rows repeats another one, such as row 2: null",
    );
}

#[test]
fn ranges_of_numbers() {
    check(|frame| frame.between("id", 1.0..=4.0).between("id", ..5.0).between("id", ..), "");
    check(
        |frame| frame.between("id", 1.0..4.0),
        "`id` is at least 1 and less than 4: 1 of 4 rows isn't, such as row 4: 4",
    );
    check(
        |frame| frame.between("price", 0.0..),
        "`price` is at least 0: 2 of 4 rows aren't, such as row 3: NaN",
    );
    check(|frame| frame.between("price", ..), "`price` is any number: 1 of 4 rows isn't, such as row 3: NaN");
    check(|frame| frame.between("day", 0.0..), "`day` is at least 0: it is of type str, and has no numbers");
}

#[test]
fn sets_of_values() {
    check(|frame| frame.one_of("day", ["mon", "tue", "wed"]).one_of("sold", ["true", "false"]), "");
    check(
        |frame| frame.one_of("day", ["mon"]),
        "`day` is one of `mon`: 2 of 4 rows aren't, such as row 3: tue",
    );
    check(
        |frame| frame.one_of("id", ["1", "2"]),
        "`id` is one of `1`, `2`: 1 of 4 rows isn't, such as row 4: 4",
    );
}

#[test]
fn numbers_of_rows() {
    check(|frame| frame.rows(1..).rows(4..=4).rows(..), "");
    check(|frame| frame.rows(5..), "the number of rows is at least 5: there are 4");
    check(|frame| frame.rows_near([], 0.0).rows_near([4], 0.0).rows_near([8, 3, 5], 0.2), "");
    check(
        |frame| frame.rows_near([100, 1, 7, 5], 0.25),
        "the number of rows is within 25 % of 6: there are 4",
    );
    check(|frame| frame.rows_near([4], -1.0), "the number of rows is within -100 % of 4: there are 4");
    check(|frame| frame.rows_near([4], f64::NAN), "the number of rows is within NaN % of 4: there are 4");
    check_frame(
        &DataFrame::empty(),
        |frame| frame.rows(1..).rows_near([9], 0.5),
        "the number of rows is at least 1: there are 0; the number of rows is within 50 % of 9: there are 0",
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let result = FrameCheck::of(&frame()).rows(9..).unique(["day"]).no_nulls(["id"]).result();
    let expectations = serde_json::to_value(&result.metadata["expectations"]).unwrap();
    assert_eq!(
        expectations["value"]["rows"],
        serde_json::json!([
            ["the number of rows is at least 9", false, "there are 4"],
            ["`day` is unique", false, "2 of 4 rows repeat others, such as row 2: mon"],
            ["`id` has no nulls", true, ""],
        ])
    );
}
