//! Predictions and ground truth: what is refused, and their Parquet.

use jiff::Timestamp;
use millwork_core::{Advice as _, Asset, AssetValue, Champion, StepContext};
use millwork_monitor::{
    GroundTruth, MakePredictions as _, MonitorError, PredictionSource, Predictions, RowKey, RowValue,
};
use millwork_polars::Parquet;
use polars::prelude::{DataFrame, df};

use crate::support::*;

fn source() -> PredictionSource {
    PredictionSource { model: champion(3), at: at(0, 5) }
}

fn check_refused<T: std::fmt::Debug>(result: Result<T, MonitorError>, expected: &str) {
    let error = result.expect_err(expected);
    assert_eq!(error.one_line(), expected);
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    check_refused(
        Predictions::new(source(), [1_u64, 2], [0.5]),
        "2 keys were given for 1 rows of `value`; hint: all columns must come from the same rows",
    );
    check_refused(
        Predictions::new(source(), [7_i64, -1, 7], [0.5, 0.5, 0.5]),
        "the key `7` is in the rows 0 and 2; hint: a key names one occasion: if it recurs, put its date into the key",
    );
    let not_finite = "hint: leave out rows that have no value";
    check_refused(
        Predictions::new(source(), ["a".to_owned(), "b".to_owned()], [0.5, f64::NAN]),
        &format!("the value of the key `b` in row 1 is not finite; {not_finite}"),
    );
    check_refused(
        GroundTruth::new(at(0, 0), [1_u32], [f32::INFINITY]),
        &format!("the value of the key `1` in row 0 is not finite; {not_finite}"),
    );
    check_refused(
        GroundTruth::new(at(0, 0), [1_u32], [u64::MAX]),
        "the value of the key `1` in row 0 is a whole number beyond 2^53; hint: use `f64`, or a larger unit",
    );
    check_refused(
        GroundTruth::timed([1_u32, 2], [1, 2], [at(0, 0)]),
        "2 keys were given for 1 rows of `at`; hint: all columns must come from the same rows",
    );
    let unknown = |time: Timestamp| GroundTruth::timed([1_u32, 2], [1, 2], [at(0, 0), time]);
    for (time, written) in
        [(Timestamp::MAX, "9999-12-30T22:00:00.999999999Z"), (Timestamp::MIN, "-009999-01-02T01:59:59Z")]
    {
        let hint = "leave out rows whose time isn't known, where another system writes the year 9999 or 1";
        check_refused(
            unknown(time),
            &format!(
                "the time of the key `2` in row 1 is {written}, at the end of the calendar; hint: {hint}"
            ),
        );
    }
    let predictions = || Predictions::new(source(), [1_u64], [0.5]).unwrap();
    check_refused(
        predictions().slice("role", ["a"]),
        "there is a column `role` already; hint: `key`, `value`, `predicted_at`, `version` and `role` are taken; use another name",
    );
    check_refused(
        predictions().slice("domain", ["a", "b"]),
        "1 keys were given for 2 rows of `domain`; hint: all columns must come from the same rows",
    );
    check_refused(
        predictions().and(predictions()),
        "the key `1` is in the rows 0 and 1; hint: a key names one occasion: if it recurs, put its date into the key",
    );
    check_refused(
        predictions().and(predicted(shadow(4), at(0, 5), [(1, 0.5)]).slice("domain", ["a"]).unwrap()),
        "only one of the predictions has the column `domain`; hint: call `slice` on both, then put them together",
    );
}

#[expect(non_camel_case_types, reason = "an asset's type has the name of its function")]
enum model {}

impl Asset for model {
    const KEY: &'static str = "model";
    type Value = f64;
}

#[test]
fn a_version_stamps_its_predictions() {
    let predictions = Champion::<model>::of(2.0).predictions([1_u64, 2], [2.0, 4.0]).unwrap();
    let (models, times): (Vec<_>, Vec<_>) = (predictions.models().collect(), predictions.times().collect());
    assert_eq!(models, [&champion(1), &champion(1)]);
    assert_eq!(times, [Timestamp::UNIX_EPOCH; 2], "of a context that no engine has made");
    assert_eq!(StepContext::builder("step").started_at(at(1, 0)).build().started_at(), at(1, 0));
}

fn check_round_trip<K: RowKey, T: RowValue>(keys: Vec<K>, values: Vec<T>) {
    let rows = keys.len();
    let other =
        Predictions::new(PredictionSource { model: shadow(4), at: at(0, 6) }, keys.clone(), values.clone());
    let predictions =
        Predictions::new(source(), keys.clone(), values.clone()).unwrap().and(other.unwrap()).unwrap();
    let predictions =
        predictions.slice("domain", (0..2 * rows).map(|row| format!("domain {}", row % 2))).unwrap();
    let mut bytes = Vec::new();
    predictions.encode(&mut bytes).unwrap();
    let read = Predictions::<K, T>::decode(&bytes).unwrap();
    assert_eq!((read.keys(), read.values()), (predictions.keys(), predictions.values()));
    assert!(read.models().eq(predictions.models()) && read.times().eq(predictions.times()));
    let mut again = Vec::new();
    read.encode(&mut again).unwrap();
    assert_eq!(again, bytes);

    let times = (0..rows).map(|row| at(row as i64, 0));
    let truth = GroundTruth::timed(keys, values, times).unwrap();
    let mut bytes = Vec::new();
    truth.encode(&mut bytes).unwrap();
    assert_eq!(GroundTruth::<K, T>::decode(&bytes).unwrap(), truth);
}

#[test]
fn rows_come_back_from_parquet() {
    check_round_trip(vec![3_u64, 1, u64::MAX], vec![0.5, -0.5, f64::MAX]);
    check_round_trip(vec![i64::MIN, 0, i64::MAX], vec![0.5_f32, 1.5, -2.0]);
    check_round_trip(vec![1_u32, 2], vec![i64::from(i32::MIN), 1 << 53]);
    check_round_trip(vec![-1_i32, 5], vec![7_u32, u32::MAX]);
    check_round_trip(vec!["ß".to_owned(), String::new(), "x".repeat(10_000)], vec![true, false, true]);
    check_round_trip(Vec::<String>::new(), Vec::<i32>::new());
}

/// The columns are plain, so that other programs join them.
#[test]
fn columns_are_plain() {
    let predictions =
        predicted(champion(3), at(0, 0), [(7_u64, 0.5)]).slice("domain", ["example.org"]).unwrap();
    let mut bytes = Vec::new();
    predictions.encode(&mut bytes).unwrap();
    let micros = at(0, 0).as_microsecond();
    let expected = df!("key" => [7_u64], "value" => [0.5], "predicted_at" => [micros], "version" => [3_u32],
        "role" => ["champion"], "domain" => ["example.org"]);
    assert!(DataFrame::decode(&bytes).unwrap().equals(&expected.unwrap()));
    assert_eq!(Predictions::<u64, f64>::preview(&bytes, 5).unwrap().unwrap().rows.len(), 1);
}

fn check_frame(frame: &DataFrame, expected: &str) {
    let mut bytes = Vec::new();
    AssetValue::<Parquet>::encode(frame, &mut bytes).unwrap();
    let error = GroundTruth::<u64, f64>::decode(&bytes).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn frames_that_are_something_else_are_errors() {
    check_frame(&df!("value" => [0.5], "at" => [1_i64]).unwrap(), "the column `key` is missing");
    let frame = df!("key" => [1_i64], "value" => [0.5], "at" => [1_i64]).unwrap();
    check_frame(&frame, "the column `key` isn't of type u64");
    let frame = df!("key" => [1_u64], "value" => [None::<f64>], "at" => [1_i64]).unwrap();
    check_frame(&frame, "the column `value` has nulls");
    let frame = df!("key" => [1_u64], "value" => [0.5], "at" => [i64::MAX]).unwrap();
    check_frame(&frame, "the time 9223372036854775807 µs after 1970 is outside of the calendar");
    let frame = df!("key" => [1_u64, 1], "value" => [0.5, 0.5], "at" => [1_i64, 2]).unwrap();
    check_frame(&frame, "the key `1` is in the rows 0 and 1");
}
