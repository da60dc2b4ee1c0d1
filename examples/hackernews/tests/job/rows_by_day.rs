//! The example of `docs/concepts.md`: a check of a day's rows beside those of the seven days before.

use std::collections::BTreeMap;
use std::sync::Arc;

use millwork::partitions::{TimeWindows, daily, window};
use millwork::polars::FrameCheck;
use millwork::{CheckResult, PartitionKey, Partitions, asset, asset_check, definitions};
use polars::df;
use polars::prelude::DataFrame;

fn days() -> TimeWindows {
    daily("UTC").from("2026-01-01")
}

#[asset(partitions = days())]
fn sales() -> DataFrame {
    frame(100)
}

/// The number of rows of each day, so that no frame is loaded for it.
#[asset(partitions = days())]
fn sales_rows(sales: &DataFrame) -> u64 {
    sales.height() as u64
}

/// A day has about as many rows as the week before it.
#[asset_check]
fn rows_are_usual(
    sales: &DataFrame,
    #[input(map = window(-7, -1).tolerate_missing())] sales_rows: Partitions<sales_rows>,
) -> CheckResult {
    FrameCheck::of(sales).rows_near(sales_rows.values().map(|rows| **rows as usize), 0.5).result()
}

fn frame(rows: u64) -> DataFrame {
    df!("id" => (0..rows).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_day_has_about_as_many_rows_as_the_days_before() {
    definitions![sales, sales_rows, rows_are_usual].resolve().unwrap();
    let check = |rows: u64, before: &[u64], expected: &str| {
        let day =
            |(day, rows): (usize, &u64)| (format!("2026-01-0{}", day + 1).as_str().into(), Arc::new(*rows));
        let before: BTreeMap<PartitionKey, Arc<u64>> = before.iter().enumerate().map(day).collect();
        assert_eq!(rows_are_usual(&frame(rows), before.into()).description, expected);
    };
    check(100, &[], "");
    check(100, &[90, 110, 5_000], "");
    check(20, &[90, 110, 5_000], "the number of rows is within 50 % of 110: there are 20");
}
