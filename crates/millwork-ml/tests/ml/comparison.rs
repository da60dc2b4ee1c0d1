//! Comparisons of two models: against SciPy's bootstrap on the same resamples, and what holds of any.

use millwork_ml::comparison::{
    Comparison, ComparisonError, Estimate, Losses, PairedBootstrap, Predictions, Slice, SliceOutcome,
};
use millwork_ml::metrics::{self, MetricError};
use millwork_ml::search::Goal;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::ask;

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 30) as f64 / (1 << 30) as f64
    }

    /// Losses as they are: none below 0, and a few large ones.
    fn losses(&mut self, rows: usize) -> Vec<f64> {
        (0..rows).map(|_| -self.unit().max(1e-9).ln() * 10.0_f64.powf(self.unit())).collect()
    }

    fn resamples(&mut self, count: usize, units: usize) -> Vec<Vec<usize>> {
        (0..count).map(|_| (0..units).map(|_| self.below(units)).collect()).collect()
    }
}

/// The figures that SciPy gives of an estimate, in the order of the script.
fn figures(estimate: &Estimate) -> Vec<f64> {
    let bca = estimate.bca.expect("an interval with bias and acceleration");
    let Estimate { difference, standard_error, percentile, .. } = *estimate;
    vec![difference, standard_error, percentile.low, percentile.high, bca.low, bca.high]
}

/// Each case with our figures.
fn cases() -> Vec<(Value, Vec<f64>)> {
    let mut random = Numbers(5);
    let mut cases = Vec::new();
    for case in 0..40 {
        let rows = if case == 0 { 2 } else { [12, 20, 30, 200][case % 4] };
        let count = 200 + 3 * case;
        let (champion, challenger) = (random.losses(rows), random.losses(rows));
        let mut bootstrap = PairedBootstrap::of_losses(&champion, &challenger);
        let mut question = json!({ "champion": champion, "challenger": challenger });
        let (mut units, clustered) = (rows, case % 4 == 3);
        if case % 3 == 2 {
            let weights: Vec<f64> = (0..rows).map(|_| 0.25 + random.unit()).collect();
            bootstrap = bootstrap.weights(&weights);
            question["weights"] = json!(weights);
        }
        if clustered {
            units = 40;
            let clusters: Vec<usize> = (0..rows).map(|row| row % units).collect();
            bootstrap = bootstrap.clusters(&clusters);
            question["clusters"] = json!(clusters);
        }
        let (level, resamples) = ([0.95, 0.9, 0.99][case % 3], random.resamples(count, units));
        question["level"] = json!(level);
        question["resamples"] = json!(resamples);
        let ours = bootstrap.level(level).on_resamples(resamples).compare("loss").expect("a comparison");
        cases.push((question, figures(&ours.overall)));
    }
    for case in 0..24 {
        let (rows, count) = (50 + 3 * case, 60 + case);
        let name = ["mean_absolute_error", "r_squared", "log_loss", "roc_auc", "f1", "spearman_correlation"]
            [case % 6];
        let is_binary = matches!(name, "log_loss" | "roc_auc" | "f1");
        let mut targets = Vec::new();
        let mut models = [Vec::new(), Vec::new()];
        for row in 0..rows {
            let target = if is_binary { (row % 3 == 0).into() } else { random.unit() * 9.0 };
            targets.push(target);
            for (number, model) in models.iter_mut().enumerate() {
                let noise = (random.unit() - 0.5) * (1.0 + number as f64 * 0.2);
                model.push(if is_binary {
                    (0.5 + (target - 0.5) * 0.4 + noise * 0.5).clamp(0.01, 0.99)
                } else {
                    target + noise
                });
            }
        }
        let resamples = random.resamples(count, rows);
        let question = json!({
            "metric": name, "targets": targets, "champion": models[0], "challenger": models[1],
            "level": 0.95, "resamples": resamples,
        });
        let ours = of_metric(name, &targets, &models, resamples).expect("a comparison");
        cases.push((question, figures(&ours.overall)));
    }
    cases
}

fn of_metric(
    name: &str,
    targets: &[f64],
    [champion, challenger]: &[Vec<f64>; 2],
    resamples: Vec<Vec<usize>>,
) -> Result<Comparison, ComparisonError> {
    let numbers = PairedBootstrap::of_predictions(targets, champion, challenger).on_resamples(resamples);
    match name {
        "mean_absolute_error" => numbers.compare(name, Goal::Minimize, metrics::mean_absolute_error),
        "r_squared" => numbers.compare(name, Goal::Maximize, metrics::r_squared),
        "log_loss" => numbers.compare(name, Goal::Minimize, metrics::log_loss),
        "roc_auc" => numbers.compare(name, Goal::Maximize, metrics::roc_auc),
        "spearman_correlation" => numbers.compare_rows(name, Goal::Maximize, metrics::spearman_correlation),
        "f1" => numbers.compare_rows(name, Goal::Maximize, |targets, predictions| {
            let targets: Vec<bool> = targets.iter().map(|&target| target == 1.0).collect();
            let predictions: Vec<bool> = predictions.iter().map(|&prediction| prediction > 0.5).collect();
            metrics::f1(&targets, &predictions, metrics::Average::Class(true))
        }),
        other => panic!("{other}"),
    }
}

#[test]
fn intervals_are_scipy_s_on_the_same_resamples() {
    let cases = cases();
    let question: Vec<&Value> = cases.iter().map(|(case, _)| case).collect();
    let Some(theirs) = ask::<Vec<Vec<f64>>>("scipy_bootstrap.py", &question) else { return };
    assert_eq!(theirs.len(), cases.len());
    for (number, ((case, ours), theirs)) in cases.iter().zip(&theirs).enumerate() {
        let (metric, size) = (&case["metric"], theirs[1]);
        for (ours, theirs) in ours.iter().zip(theirs) {
            let difference = (ours - theirs).abs();
            assert!(
                difference <= 1e-9 * size.max(theirs.abs()),
                "case {number}, {metric}: {ours} is not {theirs}"
            );
        }
    }
    println!("{} cases", cases.len());
}

/// Figures of SciPy 1.17.1: `scipy.stats.bootstrap((champion, challenger), lambda a, b: numpy.mean(b) - numpy.mean(a), paired=True, …)` on
/// these resamples, at 90 %.
#[test]
fn intervals_are_scipy_s_without_it() {
    let champion = [3.1, 0.4, 12.5, 1.0, 5.5, 0.2, 7.9, 2.6, 0.9, 30.0, 4.4, 1.7];
    let challenger = [2.9, 0.5, 9.0, 1.4, 3.5, 0.1, 8.3, 1.1, 0.8, 21.5, 4.9, 1.2];
    let drawn =
        |resample: usize, row: usize| ((resample + 1) * (row + 1) * 7_919 + row * 104_729) % 1_009 % 12;
    let resamples = (0..60).map(|resample| (0..12).map(|row| drawn(resample, row)).collect());
    let ours = PairedBootstrap::of_losses(&champion, &challenger)
        .level(0.9)
        .on_resamples(resamples.collect())
        .compare("loss")
        .expect("a comparison");
    for (ours, theirs) in figures(&ours.overall).iter().zip(SCIPY) {
        assert!((ours - theirs).abs() <= 1e-12, "{ours} is not {SCIPY:?}");
    }
}

const SCIPY: [f64; 6] = [
    -1.25,
    0.739_927_378_797_770_2,
    -2.410_000_000_000_000_6,
    0.001_249_999_999_999_938_7,
    -2.439_969_674_202_451,
    -0.027_684_347_111_343_124,
];

fn scaled(numbers: &[f64], factor: f64) -> Vec<f64> {
    numbers.iter().map(|number| number * factor).collect()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut random = Numbers(11);
    let (champion, challenger) = (random.losses(700), random.losses(700));
    let labels: Vec<usize> = (0..700).map(|_| random.below(5)).collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let losses = PairedBootstrap::of_losses(&champion, &challenger).by("label", &labels);
            let metric = PairedBootstrap::of_predictions(&champion, &challenger, &champion).resamples(200);
            let metric = metric.compare("R²", Goal::Maximize, metrics::r_squared);
            (losses.compare("loss").expect("a comparison"), metric.expect("a comparison"))
        })
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(5));
}

/// Computed once; a change moves verdicts.
#[test]
fn a_seed_gives_the_same_interval_forever() {
    let mut random = Numbers(1);
    let champion = random.losses(100);
    let comparison = Comparison::paired(&champion, &scaled(&champion, 0.9)).expect("a comparison");
    assert_eq!(comparison.describe(), FOREVER);
    let other = PairedBootstrap::of_losses(&champion, &scaled(&champion, 0.9)).seed(43).compare("mean loss");
    assert_ne!(other.expect("a comparison").interval(), comparison.interval());
}

const FOREVER: &str = "mean loss 3.39 → 3.05, −0.34 [−0.42, −0.28] at 95 % (paired bootstrap of 100 rows), better with probability 1.00";

fn few_resamples<'a>(
    targets: &'a [f64],
    predictions: &'a [f64],
) -> PairedBootstrap<Predictions<'a, f64, f64>> {
    PairedBootstrap::of_predictions(targets, predictions, targets).resamples(100)
}

#[test]
fn a_slice_is_what_its_rows_alone_are() {
    let mut random = Numbers(2);
    let (champion, challenger) = (random.losses(300), random.losses(300));
    let labels: Vec<usize> = (0..300).map(|row| if row < 10 { 9 } else { random.below(3) }).collect();
    let rows: Vec<usize> = (0..300).filter(|&row| labels[row] == 1).collect();
    let of = |numbers: &[f64]| rows.iter().map(|&row| numbers[row]).collect::<Vec<f64>>();
    let (own_champion, own_challenger) = (of(&champion), of(&challenger));

    let all = PairedBootstrap::of_losses(&champion, &challenger)
        .by("label", &labels)
        .compare("loss")
        .expect("a comparison");
    let alone = Comparison::paired(&own_champion, &own_challenger).expect("a comparison");
    assert_eq!(all.slice("label", "1").and_then(Slice::estimate), Some(&alone.overall));
    assert_eq!(
        all.slice("label", "9").map(|slice| (slice.rows, &slice.outcome)),
        Some((10, &SliceOutcome::TooSmall { needed: 30 }))
    );
    assert_eq!(all.slice("label", "5"), None);
    assert_eq!(all.slices.iter().map(|slice| slice.rows).sum::<usize>(), 300);

    let metric = few_resamples(&champion, &challenger).by("label", &labels).compare(
        "R²",
        Goal::Maximize,
        metrics::r_squared,
    );
    let alone =
        few_resamples(&own_champion, &own_challenger).compare("R²", Goal::Maximize, metrics::r_squared);
    let (metric, alone) = (metric.expect("a comparison"), alone.expect("a comparison"));
    assert_eq!(metric.slice("label", "1").and_then(Slice::estimate), Some(&alone.overall));
}

fn close(left: &Estimate, right: &Estimate) -> bool {
    let near = |(left, right): (f64, f64)| (left - right).abs() <= 1e-12 * left.abs().max(1.0);
    figures(left).into_iter().zip(figures(right)).all(near) && left.rows == right.rows
}

#[test]
fn what_is_the_same_comparison_has_the_same_estimate() {
    let mut random = Numbers(3);
    let (targets, predictions) = (random.losses(80), random.losses(80));
    let better: Vec<f64> =
        targets.iter().zip(&predictions).map(|(target, prediction)| (target + prediction) / 2.0).collect();
    let errors = |predictions: &[f64]| -> Vec<f64> {
        targets.iter().zip(predictions).map(|(target, prediction)| (target - prediction).abs()).collect()
    };
    let losses = || PairedBootstrap::of_losses(&errors(&predictions), &errors(&better)).resamples(500);
    let plain = losses().compare("MAE").expect("a comparison").overall;

    let twice = losses().weights(&[2.0; 80]).compare("MAE").expect("a comparison").overall;
    assert!(close(&plain, &twice), "{plain:?} {twice:?}");
    let numbers: Vec<usize> = (0..80).collect();
    let single = losses().clusters(&numbers).compare("MAE").expect("a comparison").overall;
    assert_eq!(single.clusters, Some(80));
    assert!(close(&plain, &single), "{plain:?} {single:?}");

    let rows = PairedBootstrap::of_predictions(&targets, &predictions, &better).resamples(500);
    let metric =
        rows.compare("MAE", Goal::Minimize, metrics::mean_absolute_error).expect("a comparison").overall;
    assert!(close(&plain, &metric), "{plain:?} {metric:?}");
    let copied = rows.compare_rows("MAE", Goal::Minimize, |targets, predictions| {
        metrics::mean_absolute_error(targets, predictions)
    });
    assert!(close(&plain, &copied.expect("a comparison").overall));

    let halves: Vec<f64> = (0..80).map(|row| f64::from(row < 40)).collect();
    let weighted = losses().weights(&halves).compare("MAE").expect("a comparison").overall;
    let (champion, challenger) = (errors(&predictions), errors(&better));
    let alone = PairedBootstrap::of_losses(&champion[..40], &challenger[..40]).resamples(500).compare("MAE");
    assert!(close(&weighted, &alone.expect("a comparison").overall), "{weighted:?}");
}

#[test]
fn of_clusters_the_interval_is_wider() {
    let mut random = Numbers(4);
    let of_cluster = random.losses(20);
    let champion: Vec<f64> = (0..200).map(|row| 5.0 + of_cluster[row / 10]).collect();
    let clusters: Vec<usize> = (0..200).map(|row| row / 10).collect();
    let losses = PairedBootstrap::of_losses(&champion, &[5.0; 200]);
    let rows = losses.compare("loss").expect("a comparison").overall;
    let clustered = losses.clusters(&clusters).compare("loss").expect("a comparison").overall;
    assert!(clustered.standard_error > 2.5 * rows.standard_error, "{clustered:?} {rows:?}");
}

/// Of 500 comparisons of which the true difference is known, 95 % of the intervals hold it.
#[test]
fn intervals_hold_the_true_difference_as_often_as_they_say() {
    let mut random = Numbers(6);
    let (mut held, mut called_better) = (0, 0);
    for trial in 0..500 {
        // Exponential numbers of mean 1 each: no difference.
        let mut losses = || -> Vec<f64> { (0..60).map(|_| -(1.0 - random.unit()).ln()).collect() };
        let bootstrap = PairedBootstrap::of_losses(&losses(), &losses()).resamples(400).seed(trial);
        let comparison = bootstrap.compare("loss").expect("a comparison");
        let interval = comparison.interval();
        held += usize::from(interval.low <= 0.0 && 0.0 <= interval.high);
        called_better += usize::from(comparison.improves_by(0.0));
    }
    assert!((455..=490).contains(&held), "{held}");
    assert!((3..=25).contains(&called_better), "{called_better}");
}

#[test]
fn equal_models_are_not_better() {
    let mut random = Numbers(7);
    let losses = random.losses(50);
    let same = Comparison::paired(&losses, &losses).expect("a comparison");
    assert_eq!((same.difference(), same.better_probability()), (0.0, 0.5));
    assert_eq!((same.interval().low, same.interval().high), (0.0, 0.0));
    assert!(!same.improves_by(0.0) && !same.is_worse());

    let same = PairedBootstrap::of_predictions(&losses, &losses, &losses);
    let same = same.compare("R²", Goal::Maximize, metrics::r_squared).expect("a comparison");
    assert_eq!((same.overall.champion, same.better_probability()), (1.0, 0.5));
    assert!(!same.improves_by(0.0) && same.improves_by(-0.01) && !same.is_worse());
}

#[test]
fn a_difference_that_does_not_vary_is_a_point() {
    let (champion, challenger) = ([1.5; 40], [1.25; 40]);
    let comparison = Comparison::paired(&champion, &challenger).expect("a comparison");
    let Estimate { bca, percentile, standard_error, better_probability, .. } = comparison.overall;
    assert_eq!((bca, percentile.low, percentile.high), (None, -0.25, -0.25));
    assert_eq!((standard_error, better_probability), (0.0, 1.0));
    assert!(comparison.improves_by(0.2) && !comparison.improves_by(0.25));

    // 0.1 has no exact sum.
    let comparison = Comparison::paired(&[0.1; 7], &[0.0; 7]).expect("a comparison");
    assert_eq!(
        (comparison.difference(), comparison.interval().low, comparison.interval().high),
        (-0.1, -0.1, -0.1)
    );
}

/// Of equal targets R² is 0 for all predictions that aren't perfect, so nothing can be better.
#[test]
fn r_squared_of_equal_targets_decides_nothing() {
    let mut random = Numbers(8);
    let (champion, challenger) = (random.losses(50), random.losses(50));
    let rows = PairedBootstrap::of_predictions(&[3.0; 50], &champion, &challenger);
    let comparison = rows.compare("R²", Goal::Maximize, metrics::r_squared).expect("a comparison");
    assert_eq!(
        (comparison.overall.champion, comparison.difference(), comparison.better_probability()),
        (0.0, 0.0, 0.5)
    );
    assert!(!comparison.improves_by(0.0) && !comparison.is_worse());
}

fn check_error(comparison: Result<Comparison, ComparisonError>, expected: &str) {
    let error = comparison.expect_err(expected);
    assert_eq!(millwork_core::advice::chain_of(&error).join(": "), expected);
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let paired = |champion: &[f64], challenger: &[f64], expected| {
        check_error(Comparison::paired(champion, challenger), expected);
    };
    paired(&[], &[], "two models are compared on 2 rows or more, and there are 0");
    paired(&[1.0], &[2.0], "two models are compared on 2 rows or more, and there are 1");
    paired(&[1.0, 2.0], &[1.0], "there are 2 rows to compare and 1 losses of the challenger");
    paired(&[1.0, f64::NAN], &[1.0, 2.0], "the champion's loss of row 1 is not finite");
    paired(&[1.0, 2.0], &[f64::INFINITY, 2.0], "the challenger's loss of row 0 is not finite");
    paired(&[1e308, 1.0], &[-1e308, 2.0], "the losses are too large to be added");
    paired(&[1e308, 1.0, 2.0], &[1.0, 1.0, 2.0], "the losses are too large to be added");

    let losses = || PairedBootstrap::of_losses(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]);
    let setup =
        |bootstrap: PairedBootstrap<Losses>, expected| check_error(bootstrap.compare("loss"), expected);
    setup(losses().weights(&[1.0]), "there are 3 rows to compare and 1 weights");
    setup(losses().weights(&[1.0, f64::NAN, 1.0]), "the weight of row 1 is not finite");
    setup(losses().weights(&[1.0, 1.0, -0.5]), "the weight of row 2 is -0.5");
    setup(losses().weights(&[0.0, 1.0, 0.0]), "two models are compared on 2 rows or more, and there are 1");
    setup(losses().clusters(&[1, 1, 1]), "two models are compared on 2 clusters or more, and there are 1");
    setup(losses().clusters(&[1, 1]), "there are 3 rows to compare and 2 labels of clusters");
    setup(
        losses().by("domain", &["a"]),
        "there are 3 rows to compare and 1 labels of the slices by `domain`",
    );
    setup(losses().level(1.0), "the confidence level is 1 and must be above 0 and below 1");
    setup(losses().level(f64::NAN), "the confidence level is NaN and must be above 0 and below 1");
    setup(
        losses().resamples(39),
        "39 resamples are too few for an interval at the confidence level 0.95, which needs 40",
    );
    let given =
        |last: Vec<usize>| losses().level(0.5).on_resamples(vec![vec![0; 3], vec![1; 3], vec![2; 3], last]);
    setup(given(vec![0, 1, 3]), "resample 3 is not a list of 3 numbers below 3");
    setup(given(vec![0, 1]), "resample 3 is not a list of 3 numbers below 3");
    assert!(losses().resamples(40).compare("loss").is_ok());
}

#[test]
fn a_metric_without_a_value_is_an_error_that_names_the_model() {
    let rows = PairedBootstrap::of_predictions(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[1.0, f64::NAN, 3.0]);
    check_error(
        rows.compare("MAE", Goal::Minimize, metrics::mean_absolute_error),
        "the challenger's `MAE` has no value on the held-out rows: the prediction of row 1 is not finite",
    );
    check_error(
        rows.compare_rows("sum", Goal::Minimize, |_, predictions| Ok(predictions.iter().sum())),
        "the challenger's `sum` is NaN",
    );
    let weighted =
        PairedBootstrap::of_predictions(&[1.0, 2.0], &[1.0, 2.0], &[2.0, 1.0]).weights(&[1.0, 2.0]);
    check_error(
        weighted.compare_rows("ρ", Goal::Maximize, metrics::spearman_correlation),
        "`ρ` is computed of rows and can't be weighted",
    );
    let short = PairedBootstrap::of_predictions(&[1.0, 2.0], &[1.0], &[2.0, 1.0]);
    check_error(
        short.compare("MAE", Goal::Minimize, metrics::mean_absolute_error),
        "there are 2 rows to compare and 1 predictions of the champion",
    );
    let none: [f64; 0] = [];
    check_error(
        PairedBootstrap::of_predictions(&none, &none, &none).compare(
            "R²",
            Goal::Maximize,
            metrics::r_squared,
        ),
        "two models are compared on 2 rows or more, and there are 0",
    );
}

/// Areas under the curve of some rows with `positive` rows of the positive class.
fn areas(rows: usize, positive: usize) -> Result<Comparison, ComparisonError> {
    let mut random = Numbers(9);
    let targets: Vec<bool> = (0..rows).map(|row| row < positive).collect();
    let (champion, challenger) = (random.losses(rows), random.losses(rows));
    let slices: Vec<bool> = (0..rows).map(|row| row % 2 == 0).collect();
    let rows =
        PairedBootstrap::of_predictions(&targets, &champion, &challenger).by("even", &slices).resamples(400);
    rows.compare("AUC", Goal::Maximize, metrics::roc_auc)
}

#[test]
fn resamples_without_a_class_are_left_out_and_counted() {
    let comparison = areas(100, 4).expect("a comparison");
    let Estimate { resamples, undefined, .. } = comparison.overall;
    assert!((1..=20).contains(&undefined) && resamples + undefined == 400, "{undefined}");
    assert!(comparison.describe().contains("resamples without a value"), "{}", comparison.describe());
    let error = areas(100, 2).expect_err("a third has no positive row");
    assert!(
        matches!(&error, ComparisonError::Undefined { undefined, resamples: 400, .. } if *undefined > 20),
        "{error}"
    );
    check_error(
        areas(100, 0),
        "the champion's `AUC` has no value on the held-out rows: `roc_auc` has no value, because no row that counts is positive",
    );
}

#[test]
fn a_slice_without_a_value_does_not_fail_the_others() {
    let targets: Vec<bool> = (0..120).map(|row| row < 60 && row % 2 == 0).collect();
    let slices: Vec<&str> = (0..120).map(|row| if row < 60 { "both" } else { "negative" }).collect();
    let mut random = Numbers(10);
    let (champion, challenger) = (random.losses(120), random.losses(120));
    let rows =
        PairedBootstrap::of_predictions(&targets, &champion, &challenger).by("kind", &slices).resamples(100);
    let comparison = rows.compare("AUC", Goal::Maximize, metrics::roc_auc).expect("a comparison");
    assert!(comparison.slice("kind", "both").and_then(Slice::estimate).is_some());
    let reason = "the champion's `AUC` has no value on the held-out rows: `roc_auc` has no value, because no row that counts is positive";
    let outcome = comparison.slice("kind", "negative").map(|slice| &slice.outcome);
    assert_eq!(outcome, Some(&SliceOutcome::NoValue { reason: reason.to_owned() }));
}

#[test]
fn side_data_of_a_metric_follows_the_slice() {
    let targets: Vec<f64> = (0..100).map(f64::from).collect();
    let side = targets.clone();
    let slices: Vec<bool> = (0..100).map(|row| row % 3 == 0).collect();
    let rows =
        PairedBootstrap::of_predictions(&targets, &targets, &targets).by("third", &slices).resamples(50);
    let comparison = rows.compare("side", Goal::Minimize, |sample, _| {
        use metrics::Targets as _;
        assert_eq!(sample.of(&side), sample.targets());
        assert_eq!(sample.rows().len(), sample.targets().len());
        assert!(sample.of(&side[..1]).len() <= 1);
        Ok::<f64, MetricError>(0.0)
    });
    assert!(comparison.expect("a comparison").slices.iter().all(|slice| slice.estimate().is_some()));
}

#[test]
fn a_comparison_is_an_asset_value() {
    let mut random = Numbers(12);
    let (champion, challenger) = (random.losses(60), random.losses(60));
    let labels: Vec<usize> = (0..60).map(|row| usize::from(row < 50)).collect();
    let comparison = PairedBootstrap::of_losses(&champion, &challenger)
        .by("label", &labels)
        .compare("MAE")
        .expect("a comparison");
    let stored = serde_json::to_string(&comparison).expect("JSON");
    assert_eq!(serde_json::from_str::<Comparison>(&stored).expect("a comparison"), comparison);
    assert!(stored.len() < 5_000, "{}", stored.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// What is turned round is the same with another sign, and a factor scales all figures.
    #[test]
    fn directions_and_units_are_consistent(seed in 0_u64..1_000, rows in 2_usize..60, factor in 0.01_f64..100.0) {
        let mut random = Numbers(seed);
        let (champion, challenger) = (random.losses(rows), random.losses(rows));
        let of = |champion: &[f64], challenger: &[f64]| {
            PairedBootstrap::of_losses(champion, challenger).resamples(99).compare("loss").expect("a comparison").overall
        };
        let (forth, back) = (of(&champion, &challenger), of(&challenger, &champion));
        let near = |left: f64, right: f64| (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1e-3);
        prop_assert!(near(forth.difference, -back.difference));
        prop_assert!(near(forth.percentile.low, -back.percentile.high));
        prop_assert!(near(forth.interval().high, -back.interval().low));
        prop_assert!(near(forth.better_probability, 1.0 - back.better_probability));
        prop_assert!(forth.improves_by(0.0) == back.is_worse());
        let larger = of(&scaled(&champion, factor), &scaled(&challenger, factor));
        prop_assert!(near(larger.interval().low, forth.interval().low * factor));
        prop_assert!(near(larger.standard_error, forth.standard_error * factor));
    }
}
