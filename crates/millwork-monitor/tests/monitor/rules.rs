//! The rules: unknown keys, duplicates, what contradicts, what comes late; and windows, baselines and settings.

use millwork_core::{Advice as _, Asset, Better, Challenger, Champion, MetadataValue, Shadow};
use millwork_monitor::{
    Baseline, Coverage, GroundTruth, Metric, Performance, PerformanceConfig, PredictionCounts, Predictions,
    TruthCounts,
};

use crate::support::*;

fn start() -> Performance<u64> {
    Performance::new(&two_days()).unwrap()
}

#[test]
fn windows_are_open_until_they_are_mature() {
    let performance = start().predictions(&predicted(champion(1), at(0, 9), [(1, 2.0), (2, 4.0)])).unwrap();
    let performance = performance.ground_truth(&observed(at(1, 0), [(1, 3.0)])).unwrap();
    let performance = performance.evaluate(at(2, 23)).unwrap();
    let open = measures(&performance);
    assert_eq!(
        (open.len(), open[0].is_final, open[0].coverage),
        (1, false, Coverage { expected: 2, matched: 1 })
    );
    assert_eq!((open[0].start, open[0].end), (at(0, 0), at(1, 0)));
    assert_eq!(open[0].metric(Metric::MeanAbsoluteError), Some(1.0));
    // What comes with the step that closes the window still counts.
    let performance = reread(&performance).ground_truth(&observed(at(2, 0), [(2, 1.0)])).unwrap();
    let performance = performance.evaluate(at(3, 0)).unwrap();
    let closed = measures(&performance);
    assert_eq!((closed.len(), closed[0].is_final), (1, true));
    assert_eq!(closed[0].metric(Metric::MeanAbsoluteError), Some(2.0));
    assert_eq!(closed[0].baseline(Baseline::Median, Metric::MeanAbsoluteError), Some(1.0));
    assert_eq!(closed[0].coverage.share(), 1.0);
    // Facts stay until the windows of their own times are final.
    assert_eq!((performance.open_rows(), performance.open_facts()), (0, 2));
    let performance = performance.evaluate(at(5, 0)).unwrap();
    assert_eq!((performance.open_facts(), performance.truth_counts().unknown), (0, 0));
}

#[test]
fn truth_about_final_windows_is_only_counted() {
    let performance = start().predictions(&predicted(champion(1), at(0, 9), [(1, 2.0), (2, 4.0)])).unwrap();
    let performance = performance.evaluate(at(3, 0)).unwrap();
    let before = measures(&performance);
    let performance = reread(&performance).ground_truth(&observed(at(3, 1), [(1, 3.0)])).unwrap();
    let performance = performance.evaluate(at(3, 2)).unwrap();
    assert_eq!(measures(&performance), before);
    assert_eq!((performance.truth_counts().late, performance.truth_counts().new), (1, 0));
    assert_eq!(before[0].coverage, Coverage { expected: 2, matched: 0 });
    // Two days later their keys are forgotten.
    let performance = performance.evaluate(at(5, 0)).unwrap();
    let performance = performance.ground_truth(&observed(at(1, 1), [(2, 3.0)])).unwrap();
    assert_eq!((performance.truth_counts().late, performance.truth_counts().unknown), (1, 1));
}

#[test]
fn late_predictions_are_only_counted() {
    let performance = start().evaluate(at(3, 0)).unwrap();
    let late =
        predicted(champion(1), at(0, 23), [(1, 2.0)]).and(predicted(champion(2), at(1, 0), [(1, 2.0)]));
    let performance = performance.predictions(&late.unwrap()).unwrap().evaluate(at(3, 0)).unwrap();
    assert_eq!((performance.prediction_counts().late, performance.prediction_counts().new), (1, 1));
    assert_eq!(measures(&performance).len(), 1);
}

#[test]
fn unknown_keys_wait_for_a_prediction_and_are_counted() {
    let performance = start().ground_truth(&observed(at(0, 1), [(1, 3.0), (2, 3.0)])).unwrap();
    let performance = reread(&performance.evaluate(at(0, 2)).unwrap());
    assert_eq!((performance.open_facts(), performance.windows().count()), (2, 0));
    let performance = performance.predictions(&predicted(champion(1), at(0, 3), [(2, 5.0)])).unwrap();
    let performance = performance.evaluate(at(0, 4)).unwrap();
    assert_eq!(measures(&performance)[0].metric(Metric::MeanAbsoluteError), Some(2.0));
    let performance = performance.evaluate(at(9, 0)).unwrap();
    assert_eq!((performance.open_facts(), performance.truth_counts().unknown), (0, 1));
    assert_eq!(performance.truth_counts().new, 2);
}

/// Facts about one key, each in an increment of its own: the value that stays, and how they are counted.
fn check_facts(facts: &[(i64, f64)], stays: f64, expected: TruthCounts) {
    let start = start().predictions(&predicted(champion(1), at(0, 9), [(1, 0.0)])).unwrap();
    let add = |performance: Performance<u64>, (hour, value): &(i64, f64)| {
        performance.ground_truth(&observed(at(0, *hour), [(1, *value)])).unwrap()
    };
    let performance = facts.iter().fold(start.clone(), add).evaluate(at(1, 0)).unwrap();
    assert_eq!(measures(&performance)[0].metric(Metric::MeanAbsoluteError), Some(stays), "{facts:?}");
    assert_eq!(performance.truth_counts(), expected, "{facts:?}");
    let backwards = facts.iter().rev().fold(start, add).evaluate(at(1, 0)).unwrap();
    assert_eq!(measures(&backwards), measures(&performance), "in the other order: {facts:?}");
}

#[test]
fn the_later_fact_wins() {
    let counts = TruthCounts { new: 1, ..TruthCounts::default() };
    check_facts(&[(10, 3.0), (11, 5.0)], 5.0, TruthCounts { corrected: 1, ..counts });
    check_facts(&[(11, 5.0), (10, 3.0)], 5.0, TruthCounts { outdated: 1, ..counts });
    check_facts(&[(10, 3.0), (11, 3.0)], 3.0, TruthCounts { repeated: 1, ..counts });
    check_facts(&[(11, 3.0), (10, 3.0)], 3.0, TruthCounts { repeated: 1, ..counts });
    check_facts(&[(10, 3.0), (10, 5.0)], 5.0, TruthCounts { contradicting: 1, ..counts });
    check_facts(&[(10, 5.0), (10, 3.0)], 5.0, TruthCounts { contradicting: 1, ..counts });
    check_facts(&[(10, 3.0), (10, 3.0)], 3.0, counts);
    check_facts(&[(10, 3.0), (12, 3.0), (11, 4.0)], 3.0, TruthCounts { repeated: 1, outdated: 1, ..counts });
}

#[test]
fn the_later_prediction_of_a_window_wins() {
    let add = |performance: Performance<u64>, (hour, value): (i64, f64)| {
        performance.predictions(&predicted(champion(1), at(0, hour), [(1, value)])).unwrap()
    };
    let performance = [(9, 1.0), (10, 2.0), (8, 7.0), (10, 1.0), (11, 2.0)].into_iter().fold(start(), add);
    let performance =
        performance.ground_truth(&observed(at(1, 0), [(1, 5.0)])).unwrap().evaluate(at(1, 0)).unwrap();
    let measures = measures(&performance);
    assert_eq!(
        (measures[0].coverage.expected, measures[0].metric(Metric::MeanAbsoluteError)),
        (1, Some(3.0))
    );
    let counts =
        PredictionCounts { new: 1, corrected: 1, repeated: 1, outdated: 1, contradicting: 1, late: 0 };
    assert_eq!(performance.prediction_counts(), counts);
}

#[test]
fn versions_roles_and_windows_are_measured_apart() {
    let both = predicted(champion(1), at(0, 1), [(1, 1.0)]).and(predicted(shadow(2), at(0, 1), [(1, 2.0)]));
    let performance = start().predictions(&both.unwrap()).unwrap();
    let performance = performance.predictions(&predicted(champion(2), at(0, 2), [(1, 4.0)])).unwrap();
    let performance = performance.predictions(&predicted(champion(2), at(1, 2), [(1, 8.0)])).unwrap();
    let performance =
        performance.ground_truth(&observed(at(1, 3), [(1, 8.0)])).unwrap().evaluate(at(1, 4)).unwrap();
    let found: Vec<_> = performance
        .windows()
        .map(|measures| (measures.start, measures.model.clone(), measures.metric(Metric::MeanAbsoluteError)))
        .collect();
    assert_eq!(
        found,
        [
            (at(0, 0), champion(1), Some(7.0)),
            (at(0, 0), champion(2), Some(4.0)),
            (at(0, 0), shadow(2), Some(6.0)),
            (at(1, 0), champion(2), Some(0.0)),
        ]
    );
}

#[test]
fn windows_without_truth_have_coverage_and_no_values() {
    let none = start().evaluate(at(9, 0)).unwrap();
    assert_eq!((none.windows().count(), none.truth_counts()), (0, TruthCounts::default()));
    let empty = predicted::<u64>(champion(1), at(0, 1), []);
    let performance = start().predictions(&empty).unwrap().ground_truth(&observed(at(0, 1), [])).unwrap();
    assert_eq!(performance.evaluate(at(9, 0)).unwrap().windows().count(), 0);
    let performance = start().predictions(&predicted(champion(1), at(0, 1), [(1, 1.0)])).unwrap();
    let performance =
        performance.ground_truth(&observed(at(0, 1), [(u64::MAX, 1.0)])).unwrap().evaluate(at(9, 0)).unwrap();
    let measures = measures(&performance);
    assert_eq!((measures.len(), measures[0].coverage.share()), (1, 0.0));
    assert_eq!(measures[0].metric(Metric::MeanAbsoluteError), None);
    assert_eq!(performance.truth_counts().unknown, 1);
}

#[test]
fn baselines_are_constant_predictions() {
    let config = PerformanceConfig {
        baselines: vec![Baseline::Median, Baseline::Mean, Baseline::LastKnown],
        ..two_days()
    };
    let rows = [(1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0)];
    let performance =
        Performance::new(&config).unwrap().predictions(&predicted(champion(1), at(1, 1), rows)).unwrap();
    let performance = performance.ground_truth(&observed(at(0, 1), [(8, 50.0)])).unwrap();
    let performance = performance.ground_truth(&observed(at(0, 5), [(9, 10.0)])).unwrap();
    let truth = observed(at(1, 5), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 13.0)]);
    let performance = performance.ground_truth(&truth).unwrap().evaluate(at(2, 0)).unwrap();
    let measures = measures(&performance);
    let of = |baseline| measures[0].baseline(baseline, Metric::MeanAbsoluteError);
    assert_eq!(of(Baseline::Median), Some((2.0 + 1.0 + 1.0 + 10.0) / 4.0));
    assert_eq!(of(Baseline::Mean), Some((4.0 + 3.0 + 1.0 + 8.0) / 4.0));
    assert_eq!(of(Baseline::LastKnown), Some((9.0 + 8.0 + 6.0 + 3.0) / 4.0));
}

#[test]
fn two_classes_have_metrics_of_their_own() {
    let metrics = vec![Metric::Accuracy, Metric::F1, Metric::LogLoss, Metric::BrierScore, Metric::RocAuc];
    let config = PerformanceConfig { metrics, baselines: vec![Baseline::Mean], ..two_days() };
    let performance = Performance::new(&config).unwrap();
    let rows = [(1_u64, 0.9), (2, 0.4), (3, 0.2), (4, 0.6)];
    let performance = performance.predictions(&predicted(champion(1), at(0, 1), rows)).unwrap();
    let truth = GroundTruth::new(at(0, 2), [1_u64, 2, 3, 4], [true, true, false, false]).unwrap();
    let performance = performance.ground_truth(&truth).unwrap().evaluate(at(0, 3)).unwrap();
    let measures = measures(&performance);
    assert_eq!(measures[0].metric(Metric::Accuracy), Some(0.5));
    assert_eq!(measures[0].metric(Metric::F1), Some(0.5));
    assert_eq!(measures[0].metric(Metric::RocAuc), Some(0.75));
    assert_eq!(measures[0].baseline(Baseline::Mean, Metric::BrierScore), Some(0.25));
    let numbers = observed(at(0, 4), [(1, 7.0)]);
    let error = performance.ground_truth(&numbers).expect_err("numbers");
    assert!(error.one_line().contains("can't be measured together"));
}

#[test]
fn predicted_classes_and_counts_are_values() {
    let config = PerformanceConfig { metrics: vec![Metric::Accuracy], ..two_days() };
    let source = || millwork_monitor::PredictionSource { model: champion(1), at: at(0, 0) };
    let predictions = Predictions::new(source(), ["a".to_owned(), "b".to_owned()], [true, false]).unwrap();
    let performance = Performance::new(&config).unwrap().predictions(&predictions).unwrap();
    let truth = GroundTruth::new(at(0, 1), ["b".to_owned(), "a".to_owned()], [true, true]).unwrap();
    let performance = performance.ground_truth(&truth).unwrap().evaluate(at(0, 2)).unwrap();
    assert_eq!(measures(&reread(&performance))[0].metric(Metric::Accuracy), Some(0.5));
}

fn check_settings(config: &PerformanceConfig, expected: &str) {
    let performance = start().predictions(&predicted(champion(1), at(0, 9), [(1, 2.0)])).unwrap();
    let error = Performance::continued(Some(&performance), config).expect_err(expected);
    assert!(error.one_line().starts_with(expected), "{}", error.one_line());
}

#[test]
fn settings_are_checked() {
    let of = |text: &str| PerformanceConfig { matures: text.to_owned(), ..two_days() };
    check_settings(
        &of("soon"),
        "the setting `matures` is invalid: `soon` isn't a span from 0 to 3660 days, such as `14d`",
    );
    check_settings(&of("-1d"), "the setting `matures` is invalid: `-1d` isn't from 0 to 3660 days");
    check_settings(&of("1 year"), "the setting `matures` is invalid: `1 year` has units longer than weeks");
    let zone = |zone: &str| PerformanceConfig { time_zone: zone.to_owned(), ..two_days() };
    check_settings(
        &zone("Mars/Olympus"),
        "the setting `time_zone` is invalid: there is no time zone `Mars/Olympus`",
    );
    check_settings(
        &zone("Europe/Berlin"),
        "the setting `time_zone` differs from that of the previous performance",
    );
    let metrics = |metrics: Vec<Metric>| PerformanceConfig { metrics, ..two_days() };
    check_settings(&metrics(vec![]), "the setting `metrics` is invalid: there is none");
    check_settings(
        &metrics(vec![Metric::F1, Metric::F1]),
        "the setting `metrics` is invalid: `f1` is there twice",
    );
    let slices = PerformanceConfig { slices: vec!["domain".to_owned()], ..two_days() };
    check_settings(&slices, "the setting `slices` differs from that of the previous performance");
    let without = predicted(champion(1), at(0, 9), [(1_u64, 2.0)]);
    let error = Performance::new(&slices).unwrap().predictions(&without).unwrap().evaluate(at(0, 9));
    assert_eq!(
        error.expect_err("no slices").one_line(),
        "no predictions have a column `domain`, which is configured as a slice; hint: call `predictions.slice(\"domain\", …)`"
    );
}

/// A column that is new is measured from its first predictions on; those before it have an empty text.
#[test]
fn a_slice_that_is_new_leaves_the_predictions_before_it() {
    let slices = PerformanceConfig { slices: vec!["domain".to_owned()], ..two_days() };
    let performance = Performance::new(&slices).unwrap().evaluate(at(0, 8)).unwrap();
    let before = predicted(champion(1), at(0, 9), [(1_u64, 2.0), (2, 2.0)]);
    let with = predicted(champion(1), at(0, 10), [(3_u64, 3.0)]).slice("domain", ["org"]).unwrap();
    let continued =
        |performance: &Performance<u64>| Performance::continued(Some(performance), &slices).unwrap();
    let performance = continued(&performance).predictions(&before).unwrap().predictions(&with).unwrap();
    let performance = performance.ground_truth(&observed(at(0, 11), [(1, 2.0), (2, 2.0), (3, 3.0)])).unwrap();
    let performance = performance.evaluate(at(0, 12)).unwrap();
    // A step with old predictions alone, such as those of a run that is late.
    let late = predicted(champion(1), at(0, 9), [(4_u64, 2.0)]);
    let performance = continued(&performance).predictions(&late).unwrap().evaluate(at(0, 13)).unwrap();
    let slices = performance.windows().flat_map(|window| &window.slices);
    let slices: Vec<_> = slices.map(|slice| (slice.value.as_str(), slice.coverage.expected)).collect();
    assert_eq!(slices, [("", 3), ("org", 1)]);
}

/// Other metrics apply to what is open, and leave what is final as it is.
#[test]
fn metrics_can_be_changed() {
    let performance = start().predictions(&predicted(champion(1), at(0, 9), [(1, 2.0)])).unwrap();
    let performance =
        performance.ground_truth(&observed(at(0, 10), [(1, 4.0)])).unwrap().evaluate(at(0, 11)).unwrap();
    let config = PerformanceConfig { metrics: vec![Metric::RootMeanSquaredError], ..two_days() };
    let performance =
        Performance::continued(Some(&reread(&performance)), &config).unwrap().evaluate(at(0, 12)).unwrap();
    let metrics: Vec<_> = measures(&performance)[0].metrics.clone().into_iter().collect();
    assert_eq!(metrics, [(Metric::RootMeanSquaredError, Ok(2.0))]);
}

#[test]
fn the_newest_final_window_is_shown() {
    let performance = start().predictions(&predicted(champion(1), at(0, 9), [(1, 2.0)])).unwrap();
    let performance =
        performance.ground_truth(&observed(at(0, 10), [(1, 4.0)])).unwrap().evaluate(at(0, 11)).unwrap();
    let open = performance.clone().output().metadata;
    assert!(!open.contains_key("MAE") && open.contains_key("windows"), "no numbers of an open window");
    let both = predicted(champion(1), at(1, 1), [(2, 1.0)]).and(predicted(shadow(2), at(1, 1), [(2, 2.0)]));
    let performance = performance.predictions(&both.unwrap()).unwrap();
    let performance =
        performance.ground_truth(&observed(at(1, 10), [(2, 2.5)])).unwrap().evaluate(at(4, 0)).unwrap();
    let metadata = performance.output().metadata;
    let float = |label: &str| match metadata.get(label) {
        Some(MetadataValue::Float(value)) => Some(*value),
        _ => None,
    };
    assert_eq!((float("MAE"), float("MAE: median"), float("coverage")), (Some(1.5), Some(0.0), Some(1.0)));
    assert_eq!((float("MAE: version 1"), float("MAE: shadow, version 2")), (Some(1.5), Some(0.5)));
    let Some(MetadataValue::Table(table)) = metadata.get("windows") else { panic!("a table") };
    assert_eq!((table.rows.len(), table.rows[0][0].as_str()), (3, Some("2026-03-02")));
    assert!(matches!(metadata.get("MAE by window"), Some(MetadataValue::Plot(_))));
    let Some(MetadataValue::LivePerformance(live)) = metadata.get("live performance") else { panic!("none") };
    assert_eq!((live.metric.as_str(), live.better, &live.model), ("MAE", Better::Lower, &None));
    let measures: Vec<_> = live
        .measures()
        .map(|(window, one)| {
            (window.label(), window.is_final, one.version.get(), one.role.as_str(), one.value)
        })
        .collect();
    assert_eq!(
        measures,
        [
            ("2026-03-01".to_owned(), true, 1, "champion", Some(2.0)),
            ("2026-03-02".to_owned(), true, 1, "champion", Some(1.5)),
            ("2026-03-02".to_owned(), true, 2, "shadow", Some(0.5)),
        ]
    );
    assert_eq!(
        (live.baselines.as_slice(), &live.windows[1].measures[0].baselines[..]),
        (&["median".to_owned()][..], &[Some(0.0)][..])
    );
    millwork_core::value::check_metadata(&metadata).unwrap();
}

enum Model {}
impl Asset for Model {
    const KEY: &'static str = "model";
    type Value = f64;
}

enum Prices {}
impl Asset for Prices {
    const KEY: &'static str = "prices";
    type Value = Predictions<u64, f64>;
}

#[test]
fn a_performance_can_name_its_model() {
    let performance = start().predictions(&predicted(champion(1), at(0, 9), [(1, 2.0)])).unwrap();
    let performance = performance.evaluate(at(0, 11)).unwrap();
    let model = |output: millwork_core::Output<Performance<u64>>| {
        let MetadataValue::LivePerformance(live) = &output.metadata["live performance"] else {
            panic!("{:?}", output.metadata)
        };
        live.model.clone()
    };
    assert_eq!(model(performance.clone().output()), None);
    assert_eq!(model(performance.output_of::<Model>()), Some("model".into()));
}

/// Only keys that both have predicted, and of which the outcome is known, are compared.
#[test]
fn outcomes_of_a_version_in_shadow_are_paired_with_those_beside_it() {
    let of_champion = predicted(champion(1), at(0, 9), [(1, 2.0), (2, 4.0), (3, 8.0), (5, 1.0)]);
    let of_shadow = predicted(shadow(1), at(0, 9), [(2, 5.0), (3, 6.0), (4, 7.0), (5, 2.0)]);
    let shadow = Shadow::<Prices>::of("model", [of_shadow.clone(), of_shadow]);
    let performance = start().predictions(&of_champion).unwrap().shadow(&shadow).unwrap();
    let performance = performance.ground_truth(&observed(at(1, 0), [(1, 3.0), (2, 4.5), (3, 6.0), (4, 1.0)]));
    let performance = reread(&performance.unwrap().evaluate(at(1, 1)).unwrap());
    assert_eq!(performance.prediction_counts().new, 8, "what comes again is counted once");
    let (champion, challenger) = (Champion::<Model>::of(1.0), Challenger::<Model>::of(2.0));
    let paired = performance.paired(&champion, &challenger).unwrap();
    assert_eq!((paired.len(), paired.truth.clone()), (2, vec![4.5, 6.0]));
    assert_eq!(paired.absolute_errors(), (vec![0.5, 2.0], vec![0.5, 0.0]));
    assert_eq!(
        paired.losses(|prediction, truth| (prediction - truth).powi(2)),
        (vec![0.25, 4.0], vec![0.25, 0.0])
    );
    // What is final has no rows.
    let paired = performance.evaluate(at(9, 0)).unwrap().paired(&champion, &challenger).unwrap();
    assert!(paired.is_empty());
}
