//! The course of a training.

use std::collections::HashSet;

use crate::boost::booster::check_values;
use crate::boost::columns;
use crate::boost::model::Model;
use crate::boost::training::checkpoint::Checkpoints;
use crate::boost::training::custom::Custom;
use crate::boost::training::early_stopping::{EarlyStopping, Watched};
use crate::boost::training::metrics::check_name;
use crate::boost::training::progress::Progress;
use crate::boost::training::rounds::{Rounds, Task};
use crate::boost::training::threads::on_own_threads;
use crate::boost::{
    Backend, BoostError, Booster, BoosterParams, Ending, EvalMetric, History, Trained, Training, embedded,
    native,
};
use crate::features::LabelledFeatures;
use crate::held_out::{self, UsedRows};
use crate::optimization::warn_if_unoptimized;

/// What a training with a loss of the user's own starts with: XGBoost's default.
const CUSTOM_BASE_SCORE: f64 = 0.5;

/// Trains, on threads of its own.
pub(super) fn run(training: Training<'_>) -> Result<Trained, BoostError> {
    check(&training)?;
    warn_if_unoptimized();
    on_own_threads(training.params.nthread, || train(training))
}

fn check(training: &Training<'_>) -> Result<(), BoostError> {
    training.params.validate()?;
    if training.rounds == 0 {
        return Err(BoostError::NoRounds);
    }
    if training.patience == Some(0) || training.patience.is_some() && training.sets.is_empty() {
        return Err(BoostError::NothingToWatch);
    }
    check_name(&training.custom)?;
    check_set("train", training.data)?;
    let train = training.data.features();
    if let Some(start) = training.start {
        columns::check_start(start.model(), train)?;
    }
    let mut names = HashSet::new();
    for &(set, data) in &training.sets {
        if !names.insert(set) {
            return Err(BoostError::DuplicateSet { set: set.to_owned() });
        }
        check_set(set, data)?;
        columns::check_set(set, data.features(), train)?;
    }
    Ok(())
}

fn train(training: Training<'_>) -> Result<Trained, BoostError> {
    let used = used_rows(&training);
    let Training {
        params, rounds, data, sets, start, patience, custom, checkpoint, on_round, canceled, ..
    } = training;
    let params = &with_base_score(params, &custom);
    let start = start.map(Booster::model);
    let task = Task { params, data, sets: &sets, start, custom: &custom, canceled: &canceled };
    let checkpoints = Checkpoints::new(checkpoint, &task, rounds)?;
    let saved = checkpoints.read()?;
    let resumed = Task { start: saved.model.as_ref().or(start), ..task };
    let mut backend = self::backend(&resumed)?;
    let metrics = backend.metrics();
    let fits = saved.model.is_none() || saved.fits(sets.len() * metrics.len(), start);
    if !fits {
        backend = self::backend(&task)?;
    }
    let scores = if fits { saved.scores.as_slice() } else { &[] };
    let watched = sets.last().zip(metrics.last());
    let watched =
        watched.map(|((set, _), metric)| Watched { set: (*set).to_owned(), metric: metric.clone() });
    let stopping = patience.zip(watched).map(|(patience, watched)| {
        EarlyStopping::new(patience, maximizes(&custom, Some(&watched.metric)), watched)
    });
    let history = History::new(sets.iter().map(|(set, _)| *set), &metrics);
    let mut progress = Progress::new(rounds, history, stopping, on_round, canceled.clone()).resumed(scores);
    go_on(backend.as_mut(), &mut progress, &checkpoints)?;
    if progress.completed() == 0 {
        return Err(BoostError::Canceled);
    }
    let (history, best, ending) = match progress.finish() {
        Ok(finished) => finished,
        Err(undefined) => {
            // The same rounds would end in the same way, also with a metric of the user's own that is mended.
            checkpoints.remove()?;
            return Err(undefined);
        }
    };
    let mut model = backend.model()?;
    if let Some(best) = best {
        model = model.up_to(start.map_or(0, Model::rounds) + best.round + 1);
    }
    if ending != Ending::Interrupted {
        checkpoints.remove()?;
    }
    let booster = Booster::from_model(model.with_used_rows(&used));
    Ok(Trained { booster, history, best, ending, resumed_rounds: scores.len() })
}

/// The keys of the rows that the training uses, each for what.
fn used_rows(training: &Training<'_>) -> UsedRows {
    let watched = training.sets.last().filter(|_| training.patience.is_some());
    UsedRows::of(&held_out::Training {
        data: training.data.row_keys(),
        start: training.start.map(Booster::used_rows),
        watched: watched.map(|(_, data)| data.row_keys()),
        chosen_on: &training.chosen_on,
    })
}

fn with_base_score(params: &BoosterParams, custom: &Custom) -> BoosterParams {
    let base_score = params.base_score.or(custom.loss.as_ref().map(|_| CUSTOM_BASE_SCORE));
    BoosterParams { base_score, ..params.clone() }
}

fn backend<'a>(task: &Task<'a>) -> Result<Box<dyn Rounds + Send + 'a>, BoostError> {
    match task.params.backend {
        Backend::Embedded => embedded::rounds(task),
        Backend::Native => native::rounds(task),
    }
}

/// Trains what remains, with a checkpoint now and then.
fn go_on(
    backend: &mut (dyn Rounds + Send + '_),
    progress: &mut Progress<'_>,
    checkpoints: &Checkpoints,
) -> Result<(), BoostError> {
    while progress.remaining() > 0 {
        let (asked, before) = (checkpoints.next(progress.remaining()), progress.completed());
        backend.train(asked, &mut |scores| progress.observe(scores))?;
        let trained = progress.completed() - before;
        if trained > 0 && checkpoints.are_kept() {
            checkpoints.write(&backend.model()?, &progress.scores())?;
        }
        if trained < asked {
            break;
        }
    }
    Ok(())
}

/// Whether larger values of the watched metric, the last one, are better.
fn maximizes(custom: &Custom, last: Option<&String>) -> bool {
    match &custom.metric {
        Some(metric) => metric.maximizes,
        None => last.and_then(|metric| metric.parse().ok()).is_some_and(EvalMetric::maximizes),
    }
}

fn check_set(set: &str, data: &LabelledFeatures) -> Result<(), BoostError> {
    let (rows, columns) = (data.rows(), data.features().columns());
    if rows == 0 || columns == 0 {
        return Err(BoostError::EmptySet { set: set.to_owned(), rows, columns });
    }
    check_values(data.features())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::boost::{Best, EvalMetric, TreeMethod};
    use crate::features::Features;

    /// Rows whose one feature is their number.
    fn labelled(targets: &[f64]) -> LabelledFeatures {
        let rows = targets.len();
        let values = (0..rows).map(|row| row as f64).collect();
        let features = Features::new(1, (0..=rows).collect(), vec![0; rows], values).expect("a valid matrix");
        LabelledFeatures::new(features, targets.to_vec()).expect("a target per row")
    }

    fn check(training: Training<'_>, expected: &str) {
        let error = training.run().expect_err(expected);
        assert!(millwork_core::Advice::one_line(&error).starts_with(expected), "{error}");
    }

    #[test]
    fn what_cannot_be_trained_is_an_error() {
        let params = BoosterParams::default();
        let invalid = BoosterParams { eta: -1.0, ..BoosterParams::default() };
        let (good, empty, large) = (labelled(&[1.0, 2.0]), labelled(&[]), labelled(&[1.0, 1e300]));
        let features = Features::new(2, vec![0, 1], vec![0], vec![1.0]).expect("a valid matrix");
        let wide = LabelledFeatures::new(features, vec![1.0]).expect("one target");
        let absent = BoosterParams { tree_method: TreeMethod::Approx, ..BoosterParams::default() };
        let training = || Training::new(&params, 3, &good);

        check(
            Training::new(&absent, 3, &good),
            "the embedded backend cannot train this: `tree_method` is `approx`; hint: set `backend` to `native`",
        );
        check(Training::new(&params, 0, &good), "failed to train for 0 rounds; hint:");
        check(Training::new(&invalid, 3, &good), "the booster's parameters are invalid: `eta` is -1");
        check(Training::new(&params, 3, &empty), "the data set `train` has 0 rows and 1 columns; hint:");
        check(Training::new(&params, 3, &large), "the target of row 1 is 1e300, which does not fit");
        check(training().evaluate("test", &empty), "the data set `test` has 0 rows");
        check(
            training().evaluate("test", &wide),
            "the features have 2 columns, but the model was trained on 1",
        );
        check(training().evaluate("a", &good).evaluate("a", &good), "two evaluation sets are called `a`");
        check(training().early_stopping(5), "early stopping needs an evaluation set");
        check(training().evaluate("a", &good).early_stopping(0), "early stopping needs an evaluation set");
    }

    /// Two columns, of which these are categories.
    fn columns(categories: &[u32]) -> LabelledFeatures {
        let values: Vec<f64> = (0..12).flat_map(|row| [f64::from(row % 6), f64::from(row % 4)]).collect();
        let features = Features::from_dense(2, &values).expect("12 rows").with_categories(categories);
        let targets = (0..12).map(|row| f64::from(row % 6 * 10 + row % 4)).collect();
        LabelledFeatures::new(features.expect("whole numbers"), targets).expect("a target per row")
    }

    fn named(data: &LabelledFeatures) -> LabelledFeatures {
        let names = crate::features::ColumnNames::new(["site", "hour"]).expect("names");
        let features = data.features().clone().with_names(names).expect("two columns");
        LabelledFeatures::new(features, data.targets().to_vec()).expect("a target per row")
    }

    #[test]
    fn a_set_with_categories_where_the_training_has_numbers_is_refused() {
        let params = BoosterParams::default();
        let (plain, one, both) = (columns(&[]), columns(&[0]), columns(&[0, 1]));
        let refused = |train: &LabelledFeatures, set: &LabelledFeatures| {
            Training::new(&params, 1, train)
                .evaluate("a", train)
                .evaluate("b", set)
                .run()
                .err()
                .map(|error| error.to_string())
        };
        for data in [&plain, &one, &both] {
            assert_eq!(refused(data, &named(data)), None);
        }
        let kinds = |column: &str, found: &str, expected: &str| {
            Some(format!("column {column} holds {found} in `b`, and {expected} in the training data"))
        };
        assert_eq!(refused(&plain, &one), kinds("0", "categories", "numbers"));
        assert_eq!(refused(&one, &plain), kinds("0", "numbers", "categories"));
        assert_eq!(refused(&one, &both), kinds("1", "categories", "numbers"));
        assert_eq!(refused(&one, &named(&both)), kinds("`hour`", "categories", "numbers"));
    }

    #[test]
    fn a_model_goes_on_with_the_kinds_of_columns_that_it_knows() {
        let params = BoosterParams::default();
        let (plain, one, both) = (columns(&[]), columns(&[0]), columns(&[0, 1]));
        let model = |data: &LabelledFeatures| Booster::train(&params, 3, data).expect("a model");
        let refused = |start: &Booster, train: &LabelledFeatures| {
            Training::new(&params, 1, train).continue_from(start).run().err().map(|error| error.to_string())
        };
        let kinds = |column: &str, found: &str, expected: &str| {
            Some(format!(
                "column {column} holds {found} in the model to continue from, and {expected} in the training data"
            ))
        };
        for data in [&plain, &one, &both] {
            assert_eq!(refused(&model(data), &named(data)), None);
        }
        assert_eq!(refused(&model(&one), &both), kinds("1", "numbers", "categories"));
        assert_eq!(refused(&model(&one), &named(&plain)), kinds("`site`", "categories", "numbers"));
        assert_eq!(refused(&model(&named(&one)), &plain), kinds("`site`", "categories", "numbers"));
        // A model that knows no types knows its splits.
        assert_eq!(refused(&model(&plain), &one), kinds("0", "numbers", "categories"));
        let untyped = |data: &LabelledFeatures| {
            let mut kernel = model(data).model().kernel().clone();
            kernel.labels.types.clear();
            Booster::from_model(crate::boost::model::Model::new(kernel))
        };
        assert_eq!(refused(&untyped(&one), &one), None);
        assert_eq!(refused(&untyped(&one), &plain), kinds("0", "categories", "numbers"));
        // One without splits takes what comes.
        let none =
            Booster::train(&BoosterParams { gamma: 1e9, ..params.clone() }, 1, &plain).expect("a model");
        assert_eq!(refused(&none, &both), None);
    }

    #[test]
    fn a_metric_of_ones_own_is_not_called_as_another_one() {
        let (params, data) = (BoosterParams::default(), labelled(&[1.0, 2.0]));
        let training = |name: &str| Training::new(&params, 1, &data).metric(name, true, |_, _, _| 1.0);
        for name in ["rmse", "pre", "ndcg@5", "error@0.3"] {
            let expected = format!("a metric of your own is called `{name}`, as one of XGBoost's is; hint: ");
            check(training(name).evaluate("train", &data), &expected);
        }
        assert!(training("rmse of mine").evaluate("train", &data).run().is_ok());
    }

    #[test]
    fn a_metric_that_does_not_suit_is_refused_before_the_first_round() {
        let data = labelled(&[0.0, 2.0]);
        let params = |metric: &str, objective| BoosterParams {
            eval_metric: vec![EvalMetric::Rmse, metric.parse().expect(metric)],
            objective,
            ..BoosterParams::default()
        };
        let refused = |metric: &str, expected: &str| {
            let params = params(metric, crate::boost::Objective::SquaredError);
            let training = Training::new(&params, 1, &data).on_round(|_| panic!("a round"));
            check(training.evaluate("test", &data), &format!("failed to measure `test`: {expected}"));
            assert!(Training::new(&params, 1, &data).run().is_ok(), "nothing is measured");
        };
        refused("mlogloss", "`mlogloss` compares the probabilities of several classes, which");
        refused(
            "quantile",
            "`quantile` compares quantiles, which `reg:squarederror` does not predict; hint:",
        );
        refused("auc", "`auc` is not defined: label 2 of row 1 must lie from 0 to 1; hint:");
        let classes = crate::boost::Objective::Softprob { num_class: 3 };
        check(
            Training::new(&params("auc", classes), 1, &data).evaluate("test", &data),
            "failed to measure `test`: `rmse` compares one number for each row, and `multi:softprob` predicts 3",
        );
    }

    #[test]
    fn history_has_one_value_per_round_set_and_metric() {
        let params = BoosterParams {
            eval_metric: vec![EvalMetric::Rmse, EvalMetric::Mae],
            ..BoosterParams::default()
        };
        let (train, test) = (labelled(&[1.0, 5.0, 9.0, 13.0]), labelled(&[2.0, 4.0]));
        let mut seen = Vec::new();
        let trained = Training::new(&params, 7, &train)
            .evaluate("train", &train)
            .evaluate("test", &test)
            .on_round(|round| {
                let scores: Vec<_> = round
                    .scores
                    .iter()
                    .map(|score| (score.set.to_owned(), score.metric.to_owned()))
                    .collect();
                seen.push((round.index, round.rounds, scores));
                ControlFlow::Continue(())
            })
            .run()
            .expect("a model");
        assert_eq!((trained.ending, trained.best, trained.booster.rounds()), (Ending::Completed, None, 7));
        assert_eq!(seen.len(), 7);
        let named = |set: &str, metric: EvalMetric| (set.to_owned(), metric.to_string());
        assert_eq!(
            seen[6],
            (
                6,
                7,
                vec![
                    named("train", EvalMetric::Rmse),
                    named("train", EvalMetric::Mae),
                    named("test", EvalMetric::Rmse),
                    named("test", EvalMetric::Mae)
                ]
            )
        );
        let curve = trained.history.get("train", EvalMetric::Mae).expect("a curve");
        assert!(curve.len() == 7 && curve.is_sorted_by(|left, right| left > right), "{curve:?}");
        assert_eq!(trained.history.get("train", EvalMetric::Mae).map(<[f64]>::len), Some(7));
        let json = serde_json::to_string(&trained.history).expect("JSON");
        assert_eq!(serde_json::from_str::<History>(&json).expect("what was written"), trained.history);
    }

    #[test]
    fn the_model_ends_with_the_best_round() {
        // The test targets run against the training targets, so every round makes it worse.
        let params = BoosterParams::default();
        let (train, test) = (labelled(&[1.0, 5.0, 9.0, 13.0]), labelled(&[13.0, 9.0, 5.0, 1.0]));
        let trained = Training::new(&params, 100, &train)
            .evaluate("test", &test)
            .early_stopping(3)
            .run()
            .expect("a model");
        let curve = trained.history.get("test", EvalMetric::Rmse).expect("a curve");
        assert_eq!((trained.ending, curve.len(), trained.booster.rounds()), (Ending::StoppedEarly, 4, 1));
        assert_eq!(trained.best, Some(Best { round: 0, value: curve[0] }));
        let alone = Booster::train(&params, 1, &train).expect("a model");
        let features = train.features();
        assert_eq!(
            trained.booster.predict(features).expect("predictions"),
            alone.predict(features).expect("predictions")
        );
    }

    #[test]
    fn an_interrupted_training_keeps_its_rounds() {
        let (params, train) = (BoosterParams::default(), labelled(&[1.0, 5.0, 9.0, 13.0]));
        let trained = Training::new(&params, 100, &train)
            .on_round(
                |round| if round.index == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
            )
            .run()
            .expect("a model");
        assert_eq!((trained.ending, trained.booster.rounds()), (Ending::Interrupted, 3));
        assert!(trained.history.series().is_empty());
    }

    #[test]
    fn a_canceled_training_keeps_its_rounds() {
        let (params, train) = (BoosterParams::default(), labelled(&[1.0, 5.0, 9.0, 13.0]));
        let training = || Training::new(&params, 100, &train);
        let error = training().cancel_when(|| true).run().map(|trained| trained.booster.rounds());
        // Dense data is asked after the round, so one is complete.
        assert!(matches!(error, Ok(1) | Err(BoostError::Canceled)), "{error:?}");
        let trained = training().cancel_when(|| false).run().expect("a model");
        assert_eq!(trained.ending, Ending::Completed);
    }

    #[test]
    fn a_continued_training_is_the_same_as_a_longer_one() {
        let (params, train) =
            (BoosterParams { subsample: 0.8, ..BoosterParams::default() }, labelled(&[1.0, 5.0, 9.0, 13.0]));
        let whole = Booster::train(&params, 9, &train).expect("a model");
        let start = Booster::train(&params, 4, &train).expect("a model");
        let trained = Training::new(&params, 5, &train).continue_from(&start).run().expect("a model");
        assert_eq!(trained.booster.rounds(), 9);
        let predict = |booster: &Booster| booster.predict(train.features()).expect("predictions");
        assert_eq!(predict(&trained.booster), predict(&whole));
    }

    #[test]
    fn a_metric_that_is_never_a_number_fails_the_training() {
        let params = BoosterParams::default();
        let train = labelled(&[1.0, 5.0, 9.0, 13.0]);
        let measured = |defined_from: f32| {
            Training::new(&params, 10, &train)
                .evaluate("train", &train)
                .metric("own", false, move |predictions, _, _| {
                    // The first prediction falls towards 1 with every round.
                    if predictions[0] < defined_from { f64::from(predictions[0]) } else { f64::NAN }
                })
                .early_stopping(4)
                .run()
        };
        let error = measured(f32::MIN).expect_err("no round has a score").to_string();
        let expected =
            "the metric `own` is not defined on `train`: it was no finite number in any of 4 rounds";
        assert_eq!(error, expected);
        let trained = measured(6.0).expect("a model");
        let curve = trained.history.series()[1].values.clone();
        assert!(curve[0].is_nan() && curve[9].is_finite(), "{curve:?}");
        assert_eq!((trained.best.map(|best| best.round), trained.booster.rounds()), (Some(9), 10));
    }

    #[test]
    fn a_metric_that_does_not_suit_the_objective_never_chooses_a_round() {
        let params = BoosterParams {
            objective: crate::boost::Objective::Softprob { num_class: 3 },
            eval_metric: vec![EvalMetric::Auc],
            ..BoosterParams::default()
        };
        let train = labelled(&[0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
        let trained = Training::new(&params, 10, &train).evaluate("train", &train).early_stopping(3).run();
        match trained {
            Ok(trained) => assert!(trained.best.is_some_and(|best| best.value.is_finite()), "{trained:?}"),
            Err(error) => assert!(matches!(error, BoostError::UndefinedMetric { .. }), "{error}"),
        }
    }

    #[test]
    fn an_area_under_a_curve_of_one_class_is_not_defined() {
        for metric in [EvalMetric::Auc, EvalMetric::AucPr] {
            let params = BoosterParams {
                objective: crate::boost::Objective::Logistic,
                eval_metric: vec![metric],
                ..BoosterParams::default()
            };
            let (train, one_class) = (labelled(&[0.0, 1.0, 0.0, 1.0]), labelled(&[1.0, 1.0]));
            let training = || Training::new(&params, 5, &train).evaluate("test", &one_class);
            let history = training().run().expect("a model").history;
            assert!(history.get("test", metric).expect("a curve").iter().all(|value| value.is_nan()));
            let stopped = training().early_stopping(3).run();
            assert!(matches!(stopped, Err(BoostError::UndefinedMetric { .. })), "{stopped:?}");
        }
    }
}
