//! The stored form: what comes back, and what is refused.

use millwork_core::{Advice as _, AssetValue};
use millwork_monitor::{Baseline, Metric, MonitorError, Performance, PerformanceConfig, PerformanceFormat};

use crate::support::*;

fn performance() -> Performance<String> {
    let config = PerformanceConfig {
        metrics: vec![Metric::MeanAbsoluteError, Metric::SpearmanCorrelation],
        baselines: vec![Baseline::LastKnown, Baseline::Mean],
        slices: vec!["domain".to_owned(), "kind".to_owned()],
        ..two_days()
    };
    let mut performance = Performance::new(&config).unwrap();
    for day in 0..5 {
        let key = |row: i64| format!("{day}/{row}");
        let rows = (0..20).map(|row| (key(row), row as f64 / 3.0));
        let predictions = predicted(champion(1 + day as u32 / 3), at(day, 3), rows)
            .slice("domain", (0..20).map(|row| format!("domain {}", row % 4)))
            .unwrap()
            .slice("kind", (0..20).map(|row| format!("kind {}", row % 3)))
            .unwrap();
        let truth = observed(at(day, 4), (5..25).map(|row| (key(row), (row * row) as f64 / 7.0)));
        performance = performance.predictions(&predictions).unwrap().ground_truth(&truth).unwrap();
        performance = performance.evaluate(at(day, 12)).unwrap();
    }
    performance
}

#[test]
fn comes_back_equal() {
    let performance = performance();
    let read = reread(&performance);
    assert_eq!(measures(&read), measures(&performance));
    assert_eq!(read.truth_counts(), performance.truth_counts());
    assert_eq!(read.config(), performance.config());
    reread(&Performance::<i64>::new(&PerformanceConfig::default()).unwrap());
    let preview = Performance::<String>::preview(&bytes(&performance), 3).unwrap().unwrap();
    assert_eq!(preview.rows.len(), 3);
}

/// A performance that is stored before it is evaluated is evaluated by the next step.
#[test]
fn what_was_not_evaluated_is_evaluated_later() {
    let added =
        Performance::new(&two_days()).unwrap().predictions(&predicted(champion(1), at(0, 9), [(1_i64, 2.0)]));
    let later = reread(&added.unwrap()).evaluate(at(0, 10)).unwrap();
    assert_eq!(measures(&later).len(), 1);
}

#[test]
fn huge_keys_come_back() {
    let keys = [i64::MIN, -1, 0, 1, i64::MAX];
    let predictions = predicted(champion(1), at(0, 9), keys.map(|key| (key, 0.5)));
    let performance = Performance::new(&two_days()).unwrap().predictions(&predictions).unwrap();
    let truth = observed(at(0, 10), keys.map(|key| (key, -1.5)));
    let performance = reread(&performance).ground_truth(&truth).unwrap().evaluate(at(0, 11)).unwrap();
    assert_eq!(measures(&reread(&performance))[0].metric(Metric::MeanAbsoluteError), Some(2.0));
}

/// A row with its ground truth takes hardly more than the value that was predicted.
#[test]
fn rows_are_few_bytes() {
    let rows = 10_000;
    let predictions = predicted(champion(1), at(0, 9), (0..rows).map(|key| (key, key as f64 / 3.0)));
    let truth = observed(at(0, 10), (0..rows).map(|key| (key, (key % 90) as f64)));
    let performance = Performance::<i64>::new(&two_days()).unwrap().predictions(&predictions).unwrap();
    let performance = performance.ground_truth(&truth).unwrap().evaluate(at(0, 11)).unwrap();
    let bytes = bytes(&performance).len() as i64;
    assert!(bytes < rows * 14, "{bytes} bytes");
}

fn check_refused(bytes: &[u8], expected: &str) {
    let error = Performance::<String>::decode(bytes).expect_err(expected);
    let error = error.downcast::<MonitorError>().unwrap();
    assert_eq!(error.one_line(), expected);
}

#[test]
fn other_bytes_are_refused() {
    let stored = bytes(&performance());
    check_refused(b"PAR1", "the stored performance is damaged: it doesn't begin like one");
    check_refused(&[&*stored, b"x"].concat(), "the stored performance is damaged: there are bytes behind it");
    let mut newer = stored.clone();
    newer[6] = 9;
    check_refused(
        &newer,
        "the stored performance has format 9, and this program reads up to 1; hint: update the pipeline's `millwork`",
    );
    let other = Performance::<u64>::new(&two_days()).unwrap();
    check_refused(&bytes(&other), "the keys of the stored performance are `u64`, not `String`");
    for length in 0..stored.len() {
        assert!(<Performance<String> as AssetValue<PerformanceFormat>>::decode(&stored[..length]).is_err());
    }
}
