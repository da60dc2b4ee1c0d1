//! Metrics against scikit-learn, SciPy and XGBoost, by the interpreter that `MILLWORK_PYTHON` names.

mod cases;

use std::collections::BTreeMap;

use millwork_ml::metrics::*;
use proptest::prelude::*;

use crate::metrics::cases::Case;
use crate::support::ask;

/// What the libraries answer: numbers, or nothing where they raise or don't know.
type Answers = BTreeMap<String, Option<Vec<f64>>>;

/// Our values by name.
type Values = BTreeMap<String, Result<Vec<f64>, MetricError>>;

#[test]
fn metrics_equal_scikit_learn_s() {
    let cases = cases::all();
    let Some(answers) = ask::<Vec<Answers>>("metrics.py", &cases) else { return };
    assert_eq!(answers.len(), cases.len());
    let (mut numbers, mut errors) = (BTreeMap::new(), BTreeMap::new());
    for (case, answers) in cases.iter().zip(answers) {
        let mut ours = values(case);
        for (name, answer) in answers {
            let ours = ours.remove(&name).unwrap_or_else(|| panic!("no value for `{name}`"));
            match check(&name, &ours, answer.as_deref(), case) {
                Some(difference) => {
                    let largest = numbers.entry(name).or_insert((0, 0.0_f64));
                    *largest = (largest.0 + 1, largest.1.max(difference));
                }
                None => *errors.entry(name).or_insert(0) += 1,
            }
        }
    }
    for (name, (count, difference)) in &numbers {
        let refused = errors.get(name).unwrap_or(&0);
        println!("{name}: {count} values, largest difference {difference:.1e}, {refused} errors");
        assert!(*count > 5, "{name} has hardly been compared");
    }
    println!("{} cases", cases.len());
    assert!(numbers.len() > 70 && cases.len() > 700);
}

/// Compares, and returns the relative difference of two values, or `None` where there is none on both sides.
fn check(
    name: &str,
    ours: &Result<Vec<f64>, MetricError>,
    theirs: Option<&[f64]>,
    case: &Case,
) -> Option<f64> {
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), Some(theirs)) => (ours, theirs),
        (Err(_), None) => return None,
        (ours, theirs) => panic!("{name}: {ours:?} here, {theirs:?} there, in {case:?}"),
    };
    // XGBoost computes in single precision, and prints so.
    let tolerance = if name.starts_with("xgboost") { 1e-6 } else { 1e-12 };
    assert_eq!(ours.len(), theirs.len(), "{name}: {ours:?} {theirs:?} in {case:?}");
    let differences =
        ours.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1.0));
    let difference = differences.fold(0.0, f64::max);
    assert!(difference <= tolerance, "{name}: {ours:?} here, {theirs:?} there, in {case:?}");
    Some(difference)
}

fn values(case: &Case) -> Values {
    match case {
        Case::Regression { targets, predictions, weights } => match weights {
            None => {
                let mut values = regression(targets, predictions);
                insert(&mut values, "max_error", max_error(targets, predictions));
                insert(&mut values, "spearman_correlation", spearman_correlation(targets, predictions));
                insert(&mut values, "kendall_tau", kendall_tau(targets, predictions));
                values
            }
            Some(weights) => regression(Weighted::new(targets, weights), predictions),
        },
        Case::Binary { targets, predictions, weights } => match weights {
            None => binary(targets, predictions),
            Some(weights) => binary(Weighted::new(targets, weights), predictions),
        },
        Case::Classes { targets, predictions, weights, probabilities, count } => match weights {
            None => classes(targets, predictions, probabilities, *count),
            Some(weights) => classes(Weighted::new(targets, weights), predictions, probabilities, *count),
        },
        Case::Ranking { targets, predictions, weights, queries, .. } => match weights {
            None => ranking(targets, predictions, queries, None),
            Some(weights) => ranking(targets, predictions, queries, Some(weights)),
        },
    }
}

fn insert(values: &mut Values, name: impl Into<String>, value: Result<f64, MetricError>) {
    values.insert(name.into(), value.map(|value| vec![value]));
}

fn regression(targets: impl Targets<Target = f64>, predictions: &[f64]) -> Values {
    let mut values = Values::new();
    macro_rules! plain {
        ($($metric:ident)*) => {
            $(insert(&mut values, stringify!($metric), $metric(&targets, predictions));)*
        };
    }
    plain!(r_squared explained_variance mean_absolute_error mean_squared_error root_mean_squared_error);
    plain!(mean_absolute_percentage_error median_absolute_error mean_squared_log_error);
    plain!(root_mean_squared_log_error mean_poisson_deviance mean_gamma_deviance);
    for quantile in [0.1, 0.5, 1.0] {
        let value = mean_pinball_loss(&targets, predictions, quantile);
        insert(&mut values, format!("mean_pinball_loss {quantile:.1}"), value);
    }
    for power in [-1.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.2] {
        let value = mean_tweedie_deviance(&targets, predictions, power);
        insert(&mut values, format!("mean_tweedie_deviance {power:.1}"), value);
    }
    values
}

fn binary(targets: impl Targets<Target = f64>, predictions: &[f64]) -> Values {
    let mut values = Values::new();
    insert(&mut values, "roc_auc", roc_auc(&targets, predictions));
    insert(&mut values, "average_precision", average_precision(&targets, predictions));
    insert(&mut values, "log_loss", log_loss(&targets, predictions));
    insert(&mut values, "brier_score", brier_score(&targets, predictions));

    // The threshold above all scores is -1 here.
    let roc = roc_curve(&targets, predictions).map(|curve| {
        let list = |number: fn(&RocPoint) -> f64| curve.points.iter().map(number).collect::<Vec<_>>();
        let thresholds = list(|point| point.threshold.unwrap_or(-1.0));
        [list(|point| point.false_positive_rate), list(|point| point.true_positive_rate), thresholds].concat()
    });
    values.insert("roc_curve".to_owned(), roc);
    let precision_recall = precision_recall_curve(&targets, predictions).map(|curve| {
        let list =
            |number: fn(&PrecisionRecallPoint) -> f64| curve.points.iter().map(number).collect::<Vec<_>>();
        let thresholds = list(|point| point.threshold.unwrap_or(-1.0));
        [list(|point| point.precision), list(|point| point.recall), thresholds].concat()
    });
    values.insert("precision_recall_curve".to_owned(), precision_recall);

    for count in [1, 5, 10] {
        for (strategy, bins) in [("uniform", Bins::Uniform(count)), ("quantile", Bins::Quantile(count))] {
            let curve = calibration_curve(&targets, predictions, bins).map(|curve| {
                let observed = curve.bins.iter().map(|bin| bin.observed);
                observed.chain(curve.bins.iter().map(|bin| bin.predicted)).collect()
            });
            values.insert(format!("calibration_curve {strategy} {count}"), curve);
        }
        let error = expected_calibration_error(&targets, predictions, Bins::Uniform(count));
        insert(&mut values, format!("expected_calibration_error {count}"), error);
    }
    values
}

fn classes(
    targets: impl Targets<Target = u32>,
    predictions: &[u32],
    probabilities: &[f64],
    count: usize,
) -> Values {
    let mut values = Values::new();
    insert(&mut values, "accuracy", accuracy(&targets, predictions));
    insert(&mut values, "balanced_accuracy", balanced_accuracy(&targets, predictions));
    insert(&mut values, "matthews_correlation", matthews_correlation(&targets, predictions));
    insert(&mut values, "cohen_kappa", cohen_kappa(&targets, predictions));
    let matrix = ConfusionMatrix::new(&targets, predictions);
    let cells = matrix.map(|matrix| matrix.rows().flatten().copied().collect());
    values.insert("confusion".to_owned(), cells);
    for (name, average) in [
        ("macro", Average::Macro),
        ("micro", Average::Micro),
        ("weighted", Average::Weighted),
        ("class", Average::Class(1)),
    ] {
        insert(&mut values, format!("precision {name}"), precision(&targets, predictions, average));
        insert(&mut values, format!("recall {name}"), recall(&targets, predictions, average));
        insert(&mut values, format!("f1 {name}"), f1(&targets, predictions, average));
        insert(&mut values, format!("f_beta {name}"), f_beta(&targets, predictions, 2.5, average));
    }
    let labels: Vec<u32> = (0..count as u32).collect();
    let Ok(probabilities) = ClassProbabilities::new(&labels, probabilities) else { return values };
    insert(&mut values, "multiclass_log_loss", multiclass_log_loss(&targets, &probabilities));
    insert(&mut values, "multiclass_brier_score", multiclass_brier_score(&targets, &probabilities));
    for (name, average) in
        [("macro", Average::Macro), ("micro", Average::Micro), ("weighted", Average::Weighted)]
    {
        let value = roc_auc_one_vs_rest(&targets, &probabilities, average);
        insert(&mut values, format!("roc_auc_one_vs_rest {name}"), value);
        let value = average_precision_one_vs_rest(&targets, &probabilities, average);
        insert(&mut values, format!("average_precision_one_vs_rest {name}"), value);
    }
    values
}

fn ranking(targets: &[f64], scores: &[f64], queries: &[u32], weights: Option<&[f64]>) -> Values {
    let ones = vec![1.0; targets.len()];
    let weights = weights.unwrap_or(&ones);
    let targets_of = || Weighted::new(targets, weights);
    let relevant: Vec<bool> = targets.iter().map(|&target| target > 0.0).collect();
    let relevant_of = || Weighted::new(&relevant, weights);
    let mut values = Values::new();
    for k in [1, 3, 100] {
        for (name, gain) in [("linear", Gain::Linear), ("exponential", Gain::Exponential)] {
            insert(&mut values, format!("dcg {name} {k}"), dcg(targets_of(), scores, queries, k, gain));
            insert(&mut values, format!("ndcg {name} {k}"), ndcg(targets_of(), scores, queries, k, gain));
        }
        let gain = ndcg(targets_of(), scores, queries, k, Gain::Exponential);
        insert(&mut values, format!("xgboost ndcg {k}"), gain);
        let precision = mean_average_precision(relevant_of(), scores, queries, k);
        insert(&mut values, format!("xgboost map {k}"), precision.clone());
        insert(&mut values, format!("mean_average_precision {k}"), precision);
    }
    insert(&mut values, "mean_reciprocal_rank", mean_reciprocal_rank(relevant_of(), scores, queries));
    values
}

proptest! {
    // A failing case is printed; a file of them would have no place beside the tests of a folder.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// By sorting and by trying every order of rows of equal score.
    #[test]
    fn equal_scores_give_the_mean_over_all_orders(
        rows in proptest::collection::vec((any::<bool>(), 0_u8..3), 1..7),
        k in 1_usize..8,
    ) {
        let (relevant, scores): (Vec<bool>, Vec<f64>) =
            rows.iter().map(|&(relevant, score)| (relevant, f64::from(score))).unzip();
        let one_query = vec![(); rows.len()];
        let precision = mean_average_precision(&relevant, &scores, &one_query, k).expect("a value");
        let rank = mean_reciprocal_rank(&relevant, &scores, &one_query).expect("a value");
        let relevances: Vec<u8> = relevant.iter().map(|&relevant| u8::from(relevant)).collect();
        let gain = dcg(&relevances, &scores, &one_query, k, Gain::Linear);

        let (mut orders, mut sums) = (0.0, [0.0; 3]);
        let mut places: Vec<usize> = (0..rows.len()).collect();
        for_each_order(&mut places, 0, &mut |places| {
            let order: Vec<bool> = places.iter().map(|&place| relevant[place]).collect();
            if places.is_sorted_by(|&left, &right| scores[left] >= scores[right]) {
                orders += 1.0;
                sums[0] += naive_average_precision(&order, k);
                sums[1] += order.iter().position(|&relevant| relevant).map_or(0.0, |place| 1.0 / (place + 1) as f64);
                let gains = order.iter().take(k).enumerate().filter(|(_, relevant)| **relevant);
                sums[2] += gains.map(|(place, _)| 1.0 / (place as f64 + 2.0).log2()).sum::<f64>();
            }
        });
        for (found, sum) in [precision, rank, gain.expect("a value")].into_iter().zip(sums) {
            prop_assert!((found - sum / orders).abs() < 1e-12, "{found} {}", sum / orders);
        }
    }
}

fn for_each_order(places: &mut Vec<usize>, fixed: usize, visit: &mut impl FnMut(&[usize])) {
    if fixed == places.len() {
        return visit(places);
    }
    for next in fixed..places.len() {
        places.swap(fixed, next);
        for_each_order(places, fixed + 1, visit);
        places.swap(fixed, next);
    }
}

fn naive_average_precision(order: &[bool], k: usize) -> f64 {
    let relevant = order.iter().filter(|relevant| **relevant).count();
    let precision_at =
        |rank: usize| order[..rank].iter().filter(|relevant| **relevant).count() as f64 / rank as f64;
    let ranks = (1..=k.min(order.len())).filter(|rank| order[rank - 1]);
    if relevant == 0 { 0.0 } else { ranks.map(precision_at).sum::<f64>() / relevant.min(k) as f64 }
}
