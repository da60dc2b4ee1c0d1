//! Damaged bytes: an error or a value that works, never a panic, and no more memory than the bytes allow.
//!
//! A binary of its own, for its allocator counts what every thread of the process allocates.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../millwork-ml/tests/damaged/mutations.rs"]
mod mutations;
#[path = "monitor/support.rs"]
#[allow(dead_code, reason = "not every test that has this module needs all of it")]
mod support;

use millwork_core::{AssetValue, BoxError};
use millwork_monitor::{GroundTruth, Performance, PerformanceConfig, PerformanceFormat, Predictions};
use mutations::{Counting, Numbers, alone, damaged, with_peak};
use support::{at, bytes, champion, observed, predicted, shadow, two_days};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

fn predictions(day: i64) -> Predictions<u64, f64> {
    let rows = || (0..300_u64).map(move |row| (row * 7 + day as u64 * 10_000, row as f64 / 3.0));
    let both =
        predicted(champion(1), at(day, 1), rows()).and(predicted(shadow(2), at(day, 2), rows())).unwrap();
    both.slice("domain", (0..600).map(|row| format!("domain {}", row % 5))).unwrap()
}

fn truth(day: i64) -> GroundTruth<u64, f64> {
    observed(at(day, 3), (0..300_u64).map(|row| (row * 14 + day as u64 * 10_000, (row % 9) as f64)))
}

fn step(performance: Performance<u64>, day: i64) -> Result<Performance<u64>, BoxError> {
    Ok(performance.predictions(&predictions(day))?.ground_truth(&truth(day))?.evaluate(at(day, 12))?)
}

fn check<T>(
    files: &[Vec<u8>],
    allowed: impl Fn(usize) -> usize,
    decode: impl Fn(&[u8]) -> Result<T, BoxError>,
    mut works: impl FnMut(T),
) {
    let _alone = alone();
    let mut numbers = Numbers(7);
    for mutation in 0..mutations::mutations(1_500) {
        let file = &files[numbers.below(files.len())];
        let bytes = damaged(file, &files[numbers.below(files.len())], &mut numbers);
        let (decoded, peak) = with_peak(|| decode(&bytes));
        assert!(peak <= allowed(bytes.len()), "mutation {mutation}: {peak} bytes for {}", bytes.len());
        if let Ok(value) = decoded {
            works(value);
        }
    }
}

#[test]
fn damaged_performances_are_errors_or_work() {
    let config = PerformanceConfig { slices: vec!["domain".to_owned()], ..two_days() };
    let mut performance = Performance::new(&config).unwrap();
    let mut files = vec![bytes(&performance)];
    for day in 0..6 {
        performance = step(performance, day).unwrap();
        files.push(bytes(&performance));
    }
    let decode = <Performance<u64> as AssetValue<PerformanceFormat>>::decode;
    check(
        &files,
        |bytes| MIB + bytes * 64,
        decode,
        |performance| {
            bytes(&performance);
            if let Ok(next) = step(performance, 6) {
                bytes(&next.output().value);
            }
        },
    );
}

#[test]
fn damaged_rows_are_errors_or_work() {
    let files: Vec<Vec<u8>> = (0..4)
        .map(|day| {
            let mut bytes = Vec::new();
            predictions(day).encode(&mut bytes).unwrap();
            bytes
        })
        .collect();
    let allowed = |bytes: usize| 24 * MIB + bytes * 512;
    check(&files, allowed, Predictions::<u64, f64>::decode, |predictions| {
        if let Ok(performance) = Performance::new(&two_days()).unwrap().predictions(&predictions) {
            let _ = performance.evaluate(at(9, 0));
        }
    });
}
