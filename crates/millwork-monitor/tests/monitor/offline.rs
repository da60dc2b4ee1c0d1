//! Truth that comes late, in any order and over many steps: the final measures are those of one join of everything, bit for bit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::version::VersionNumber;
use millwork_core::{Advice as _, Asset, History, Shadow};
use millwork_ml::metrics::{
    mean_absolute_error, mean_poisson_deviance, root_mean_squared_error, spearman_correlation,
};
use millwork_monitor::{
    Baseline, Coverage, GroundTruth, Metric, ModelVersion, Performance, PerformanceConfig, Predictions, Role,
};
use proptest::prelude::*;

use crate::support::*;

const METRICS: [Metric; 4] = [
    Metric::MeanAbsoluteError,
    Metric::RootMeanSquaredError,
    Metric::MeanPoissonDeviance,
    Metric::SpearmanCorrelation,
];

fn config() -> PerformanceConfig {
    PerformanceConfig {
        metrics: METRICS.into(),
        baselines: vec![Baseline::Median, Baseline::Mean, Baseline::LastKnown],
        slices: vec!["domain".to_owned()],
        ..PerformanceConfig::default()
    }
}

/// Numbers that are the same in each run of a test (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        (1..list.len()).rev().for_each(|last| list.swap(last, self.below(last as u64 + 1) as usize));
    }
}

struct Row {
    key: u64,
    day: i64,
    model: ModelVersion,
    value: f64,
    domain: String,
}

struct Late {
    key: u64,
    /// The day on which it was so, and the day on which it comes.
    day: i64,
    comes: i64,
    value: f64,
}

const DAYS: i64 = 8;

/// A day, a version and a role, and the domain of a slice.
type Part = (i64, ModelVersion, Option<String>);
type Measured = (Coverage, Vec<Option<f64>>);

/// Predictions of eight days by a champion that changes and a shadow, and truth for most of them, up to 14 days late.
fn history(numbers: &mut Numbers) -> (Vec<Row>, Vec<Late>) {
    let (mut rows, mut truth) = (Vec::new(), Vec::new());
    for day in 0..DAYS {
        for row in 0..60 {
            let key = numbers.next();
            let actual = numbers.below(400) as f64 / 7.0;
            let mut predict = |model: ModelVersion, numbers: &mut Numbers| {
                let value = actual + 0.1 + numbers.below(100) as f64 / 9.0;
                rows.push(Row { key, day, model, value, domain: format!("domain {}", row % 3) });
            };
            predict(champion(if day < 4 { 1 } else { 2 }), numbers);
            if row % 2 == 0 {
                predict(shadow(3), numbers);
            }
            if numbers.below(10) > 0 {
                let comes = day + numbers.below(15) as i64;
                truth.push(Late { key, day: comes, comes, value: actual });
                if numbers.below(5) == 0 {
                    // A first value that is corrected later, and may come after the correction.
                    let comes_too = day + numbers.below(15) as i64;
                    truth.push(Late { key, day: day - 1, comes: comes_too, value: actual + 3.0 });
                }
            }
        }
    }
    (rows, truth)
}

/// One join of everything, with maps and loops.
fn offline(rows: &[Row], truth: &[Late]) -> BTreeMap<Part, Measured> {
    let mut latest: BTreeMap<u64, (i64, f64)> = BTreeMap::new();
    for fact in truth {
        let known = latest.entry(fact.key).or_insert((fact.day, fact.value));
        if fact.day > known.0 {
            *known = (fact.day, fact.value);
        }
    }
    let mut groups: BTreeMap<Part, BTreeMap<u64, f64>> = BTreeMap::new();
    for row in rows {
        for domain in [None, Some(row.domain.clone())] {
            groups.entry((row.day, row.model.clone(), domain)).or_default().insert(row.key, row.value);
        }
    }
    let measured = |rows: BTreeMap<u64, f64>| {
        let joined = rows.iter().filter_map(|(key, value)| Some((latest.get(key)?.1, *value)));
        let (targets, predictions): (Vec<f64>, Vec<f64>) = joined.unzip();
        let values = vec![
            mean_absolute_error(&targets, &predictions).ok(),
            root_mean_squared_error(&targets, &predictions).ok(),
            mean_poisson_deviance(&targets, &predictions).ok(),
            spearman_correlation(&targets, &predictions).ok(),
        ];
        (Coverage { expected: rows.len() as u64, matched: targets.len() as u64 }, values)
    };
    groups.into_iter().map(|(group, rows)| (group, measured(rows))).collect()
}

fn predictions_of(rows: &[&Row], hour: i64) -> Option<Predictions<u64, f64>> {
    let mut by_model: BTreeMap<&ModelVersion, Vec<&Row>> = BTreeMap::new();
    rows.iter().for_each(|row| by_model.entry(&row.model).or_default().push(row));
    let parts = by_model.into_iter().map(|(model, rows)| {
        let predictions =
            predicted(model.clone(), at(rows[0].day, hour), rows.iter().map(|row| (row.key, row.value)));
        predictions.slice("domain", rows.iter().map(|row| &row.domain)).unwrap()
    });
    parts.reduce(|all, part| all.and(part).unwrap())
}

/// The truth of a day, in increments that each have a key at most once.
fn truth_of(facts: &[&Late], numbers: &mut Numbers) -> Vec<GroundTruth<u64, f64>> {
    let mut increments: Vec<BTreeMap<u64, &Late>> = vec![BTreeMap::new(); 5];
    for fact in facts {
        let first = numbers.below(4) as usize;
        let place = if increments[first].contains_key(&fact.key) { 4 } else { first };
        increments[place].insert(fact.key, fact);
    }
    let mut truth = Vec::new();
    for increment in increments {
        let mut facts: Vec<&Late> = increment.into_values().collect();
        numbers.shuffle(&mut facts);
        let times: Vec<Timestamp> = facts.iter().map(|fact| at(fact.day, 23)).collect();
        let (keys, values): (Vec<u64>, Vec<f64>) = facts.iter().map(|fact| (fact.key, fact.value)).unzip();
        truth.push(GroundTruth::timed(keys, values, times).unwrap());
    }
    truth
}

/// Steps of forty days, each with what has come; each increment is given twice.
fn online(rows: &[Row], truth: &[Late], numbers: &mut Numbers) -> Performance<u64> {
    let mut performance = Performance::new(&config()).unwrap();
    for day in 0..40 {
        let mut increments = Vec::new();
        let mut of_day: Vec<&Row> = rows.iter().filter(|row| row.day == day).collect();
        numbers.shuffle(&mut of_day);
        if let Some(predictions) = predictions_of(&of_day, 5) {
            increments.push(predictions);
        }
        let facts: Vec<&Late> = truth.iter().filter(|fact| fact.comes == day).collect();
        let truth = truth_of(&facts, numbers);
        let mut next = Performance::continued(Some(&performance), &config()).unwrap();
        for increment in &increments {
            next = next.predictions(increment).unwrap();
        }
        for increment in truth.iter().chain(&truth) {
            next = next.ground_truth(increment).unwrap();
        }
        for increment in &increments {
            next = next.predictions(increment).unwrap();
        }
        let next = next.evaluate(at(day + 1, 0)).unwrap();
        performance = reread(&next);
    }
    performance
}

enum Predicted {}

impl Asset for Predicted {
    const KEY: &'static str = "predicted";
    type Value = Predictions<u64, f64>;
}

enum Observed {}

impl Asset for Observed {
    const KEY: &'static str = "observed";
    type Value = GroundTruth<u64, f64>;
}

/// The day of the last step by histories.
const LAST: i64 = 59;

/// Both assets are materialized several times a day, and the performance is evaluated every one to four days, by the histories and by what was
/// made in shadow, of which some comes twice. Every third step is killed before its value is stored.
fn by_histories(rows: &[Row], truth: &[Late], numbers: &mut Numbers) -> Performance<u64> {
    let (mut predicted, mut in_shadow, mut observed) = (Vec::new(), Vec::new(), Vec::new());
    // What is stored: the performance, and the numbers of the versions that it was made from; and how much was made in shadow by then.
    let (mut stored, mut read): (Option<Performance<u64>>, _) = (None, (0, 0, 0));
    let mut next = 0;
    for day in 0..=LAST {
        let of_day: Vec<&Row> = rows.iter().filter(|row| row.day == day).collect();
        let (shadows, champions): (Vec<&Row>, Vec<&Row>) =
            of_day.into_iter().partition(|row| row.model.role == Role::shadow());
        for (rows, made) in [(champions, &mut predicted), (shadows, &mut in_shadow)] {
            let (morning, evening) = rows.split_at(rows.len() / 2);
            made.extend(predictions_of(morning, 5).into_iter().chain(predictions_of(evening, 20)));
        }
        let facts: Vec<&Late> = truth.iter().filter(|fact| fact.comes == day).collect();
        observed.extend(truth_of(&facts, numbers));
        if day < next && day < LAST {
            continue;
        }
        next = day + 1 + numbers.below(4) as i64;
        let mut predictions = History::<Predicted>::of(predicted.clone());
        let mut facts = History::<Observed>::of(observed.clone());
        if let (Some(first), Some(second)) = (VersionNumber::new(read.0), VersionNumber::new(read.1)) {
            (predictions, facts) = (predictions.handled(first), facts.handled(second));
        }
        let made = Performance::continued(stored.as_ref(), &config()).unwrap();
        let again = read.2 - (numbers.below(4) as usize).min(read.2);
        let shadow = Shadow::<Predicted>::of("model", in_shadow[again..].iter().cloned());
        let made = made.predictions_of(&predictions).unwrap().shadow(&shadow).unwrap();
        let made = made.ground_truth_of(&facts).unwrap();
        let made = made.evaluate(at(day + 1, 0)).unwrap();
        if day == LAST || numbers.below(3) > 0 {
            stored = Some(reread(&made));
            read = (predicted.len() as u32, observed.len() as u32, in_shadow.len());
        }
    }
    stored.unwrap()
}

fn check(seed: u64) {
    let mut numbers = Numbers(seed);
    let (rows, truth) = history(&mut numbers);
    check_against_offline(&rows, &truth, &online(&rows, &truth, &mut numbers));
    check_against_offline(&rows, &truth, &by_histories(&rows, &truth, &mut numbers));
}

fn check_against_offline(rows: &[Row], truth: &[Late], performance: &Performance<u64>) {
    let expected = offline(rows, truth);
    let mut found = 0;
    for measures in performance.windows() {
        assert!(measures.is_final);
        let day = (measures.start.as_second() - at(0, 0).as_second()) / 86_400;
        let bits = |values: Vec<Option<f64>>| {
            values.into_iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>()
        };
        let (coverage, values) = expected[&(day, measures.model.clone(), None)].clone();
        assert_eq!(measures.coverage, coverage);
        assert_eq!(bits(METRICS.map(|metric| measures.metric(metric)).into()), bits(values));
        for slice in &measures.slices {
            let (coverage, values) =
                expected[&(day, measures.model.clone(), Some(slice.value.clone()))].clone();
            let own = METRICS.map(|metric| slice.metrics[&metric].as_ref().ok().copied());
            assert_eq!((slice.coverage, bits(own.into())), (coverage, bits(values)));
            found += 1;
        }
        found += 1;
    }
    assert_eq!(found, expected.len());
    let (predictions, facts) = (performance.prediction_counts(), performance.truth_counts());
    assert_eq!(predictions.new, rows.len() as u64);
    let kinds = [facts.new, facts.corrected, facts.repeated, facts.outdated, facts.contradicting, facts.late];
    assert_eq!(kinds.iter().sum::<u64>(), truth.len() as u64);
    assert_eq!((facts.contradicting, facts.late, facts.unknown), (0, 0, 0));
    assert_eq!((performance.open_rows(), performance.open_facts()), (0, 0), "nothing is kept for ever");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn late_truth_in_any_order_is_the_offline_join(seed: u64) {
        check(seed);
    }
}

#[test]
fn versions_and_roles_are_ordered() {
    let model = |version, role| ModelVersion { version: VersionNumber::new(version).unwrap(), role };
    assert!(model(1, Role::shadow()) < model(2, Role::champion()));
}

#[test]
fn an_increment_that_does_not_fit_is_named() {
    let of_classes = GroundTruth::new(at(0, 5), [1_u64], [true]).unwrap();
    let performance = Performance::<u64>::new(&config()).unwrap().ground_truth(&of_classes).unwrap();
    let history = History::<Observed>::of([observed(at(0, 6), []), observed(at(0, 6), [(2, 1.0)])]);
    let error = performance.ground_truth_of(&history).unwrap_err();
    assert_eq!(error.to_string(), "failed to add version 2 of `observed`");
    assert_eq!(error.hint().as_deref(), Some("use one type of value for all ground truth"));
}

/// A step that is given what the step before was given changes nothing.
#[test]
fn what_is_given_again_changes_nothing() {
    let mut numbers = Numbers(3);
    let (rows, truth) = history(&mut numbers);
    let of_first: Vec<&Row> = rows.iter().filter(|row| row.day == 0).collect();
    let (predictions, facts) =
        (predictions_of(&of_first, 5).unwrap(), truth.iter().take(30).collect::<Vec<_>>());
    let truth = truth_of(&facts, &mut numbers);
    let step = |performance: Performance<u64>| {
        let performance = performance.predictions(&predictions).unwrap();
        let add = |performance: Performance<u64>, truth| performance.ground_truth(truth).unwrap();
        truth.iter().fold(performance, add).evaluate(at(1, 0)).unwrap()
    };
    let once = step(Performance::new(&config()).unwrap());
    assert_eq!(bytes(&step(once.clone())), bytes(&once));
    assert_eq!(bytes(&step(reread(&once))), bytes(&once));
}
