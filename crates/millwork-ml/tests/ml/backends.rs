//! What every backend does alike. The native one needs XGBoost's library, which is found below `MILLWORK_PYTHON`.

use std::ops::ControlFlow;

use millwork_ml::boost::{
    Backend, BoostError, Booster, BoosterParams, Derivatives, Ending, EvalMetric, Objective, Training,
};
use millwork_ml::features::{Features, LabelledFeatures};

/// Rows of one feature or a few hundred, so that both growers of the embedded backend take part.
fn data(columns: usize, target: impl Fn(f64) -> f64) -> LabelledFeatures {
    let rows = 300;
    let present = |row: usize, column: usize| columns < 10 || (row * 31 + column * 17).is_multiple_of(23);
    let (mut row_offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    let mut targets = Vec::new();
    for row in 0..rows {
        let mut signal = 0.0;
        for column in (0..columns).filter(|&column| present(row, column)) {
            let value = ((row * 7 + column * 3) % 13) as f64;
            signal += value * ((column % 5) as f64 + 1.0) / columns as f64;
            indices.push(column as u32);
            values.push(value);
        }
        row_offsets.push(indices.len());
        targets.push(target(signal));
    }
    let features = Features::new(columns, row_offsets, indices, values).expect("a valid matrix");
    LabelledFeatures::new(features, targets).expect("labelled features")
}

/// Parameters of each backend that is there, on data of each shape.
fn each(check: impl Fn(&BoosterParams, &dyn Fn(&dyn Fn(f64) -> f64) -> LabelledFeatures)) {
    for backend in [Backend::Embedded, Backend::Native] {
        let params = BoosterParams {
            backend,
            max_depth: 4,
            nthread: Some(2),
            base_score: Some(0.5),
            ..Default::default()
        };
        match Booster::train(&params, 1, &data(3, |signal| signal)) {
            Err(error @ BoostError::Native(_)) if std::env::var_os("MILLWORK_PYTHON").is_none() => {
                eprintln!("skipped: {error}");
            }
            result => {
                result.expect("a model");
                for columns in [3, 400] {
                    check(&params, &|target| data(columns, target));
                }
            }
        }
    }
}

fn predictions(booster: &Booster, data: &LabelledFeatures) -> Vec<f32> {
    booster.predict(data.features()).expect("predictions")
}

fn close(left: &[f32], right: &[f32]) -> bool {
    left.iter().zip(right).all(|(left, right)| (left - right).abs() <= 1e-4 * right.abs().max(1.0))
}

fn squared(margins: &[f32], targets: &[f32], derivatives: &mut [Derivatives]) {
    for ((margin, target), derivatives) in margins.iter().zip(targets).zip(derivatives) {
        *derivatives = Derivatives { first: margin - target, second: 1.0 };
    }
}

fn logistic(margins: &[f32], targets: &[f32], derivatives: &mut [Derivatives]) {
    for ((margin, target), derivatives) in margins.iter().zip(targets).zip(derivatives) {
        let probability = 1.0 / (1.0 + (-margin).exp());
        *derivatives = Derivatives { first: probability - target, second: probability * (1.0 - probability) };
    }
}

#[test]
fn an_own_loss_trains_the_model_of_the_same_objective() {
    each(|params, data| {
        let weigh = |data: LabelledFeatures| {
            let weights = (0..data.rows()).map(|row| 0.5 + (row % 3) as f64).collect();
            data.with_weights(weights).expect("weights")
        };
        let regression = weigh(data(&|signal| signal * 3.0));
        let whole = Training::new(params, 8, &regression).objective(squared).run().expect("a model");
        let expected = Booster::train(params, 8, &regression).expect("a model");
        assert!(close(&predictions(&whole.booster, &regression), &predictions(&expected, &regression)));

        let start = Booster::train(params, 3, &regression).expect("a model");
        let rest = Training::new(params, 5, &regression).objective(squared).continue_from(&start).run();
        assert!(close(
            &predictions(&rest.expect("a model").booster, &regression),
            &predictions(&expected, &regression)
        ));

        let classes = data(&|signal| f64::from(signal > 6.0));
        let params = BoosterParams { objective: Objective::BinaryLogistic, ..params.clone() };
        let found = Training::new(&params, 8, &classes).objective(logistic).run().expect("a model");
        let expected = Booster::train(&params, 8, &classes).expect("a model");
        assert!(close(&predictions(&found.booster, &classes), &predictions(&expected, &classes)));
        assert_eq!(found.booster.objective(), "binary:logistic");
    });
}

#[test]
fn a_model_has_a_record_of_the_rows_of_all_its_trainings() {
    each(|params, data| {
        let keyed = |first: i64| data(&|signal| signal).with_row_keys(first..first + 300).expect("300 keys");
        let (first, more, validation) = (keyed(0), keyed(300), keyed(600));
        let start = Booster::train(params, 2, &first).expect("a model");
        let trained = Training::new(params, 2, &more)
            .continue_from(&start)
            .evaluate("validation", &validation)
            .early_stopping(2)
            .run();
        let booster = trained.expect("a model").booster;
        let rows = booster.used_rows().expect("a record");
        assert_eq!((rows.fitted().len(), rows.selected().len()), (600, 300));
        assert!(booster.check_held_out(first.row_keys()).is_err());
        assert!(booster.check_held_out(more.row_keys()).is_err());
        let warning = booster.check_held_out(validation.row_keys()).expect("other rows").warning();
        assert!(warning.is_some_and(|warning| warning.starts_with("300 of 300 held-out rows")));
    });
}

#[test]
fn an_own_metric_is_measured_last_and_watched() {
    each(|params, data| {
        let params = BoosterParams { eval_metric: vec![EvalMetric::Mae], ..params.clone() };
        let (train, test) = (data(&|signal| signal), data(&|signal| -signal));
        let trained = Training::new(&params, 50, &train)
            .evaluate("train", &train)
            .evaluate("test", &test)
            .metric("closeness", true, |predictions, targets, weights| {
                assert!(weights.is_none());
                let error = |(found, target): (&f32, &f32)| f64::from((found - target).abs());
                -predictions.iter().zip(targets).map(error).sum::<f64>() / targets.len() as f64
            })
            .early_stopping(4)
            .run()
            .expect("a model");
        let series = trained.history.series();
        let names: Vec<_> = series.iter().map(|curve| (curve.set.as_str(), curve.metric.as_str())).collect();
        assert_eq!(names, [("train", "mae"), ("train", "closeness"), ("test", "mae"), ("test", "closeness")]);
        for (mae, own) in [(0, 1), (2, 3)] {
            for (mae, own) in series[mae].values.iter().zip(&series[own].values) {
                assert!((mae + own).abs() < 1e-5 * mae.abs().max(1.0), "{mae} and {own}");
            }
        }
        // The further training goes, the worse it is for the test targets.
        assert_eq!((trained.ending, trained.best.map(|best| best.round)), (Ending::StoppedEarly, Some(0)));
        assert_eq!(trained.booster.rounds(), 1);
    });
}

#[test]
fn a_training_goes_on_from_its_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint.json");
    each(|params, data| {
        let train = data(&|signal| signal);
        let training = || Training::new(params, 12, &train).evaluate("train", &train).checkpoint(&file, 5);
        let whole = training().run().expect("a model");
        let interrupt = |round: &millwork_ml::boost::Round<'_>| {
            if round.index == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let first = training().on_round(interrupt).run().expect("a model");
        assert_eq!((first.ending, first.booster.rounds()), (Ending::Interrupted, 8));
        let second = training().run().expect("a model");
        assert_eq!(
            (second.ending, second.resumed_rounds, second.booster.rounds()),
            (Ending::Completed, 8, 12)
        );
        assert!(close(&predictions(&second.booster, &train), &predictions(&whole.booster, &train)));
        assert!(!file.exists());
    });
}

#[test]
fn a_model_of_one_backend_is_trained_on_by_the_other() {
    each(|params, data| {
        let train = data(&|signal| signal);
        let whole = Booster::train(params, 8, &train).expect("a model");
        for other in [Backend::Embedded, Backend::Native] {
            let other = BoosterParams { backend: other, ..params.clone() };
            let Ok(start) = Booster::train(&other, 3, &train) else { continue };
            let rest = Training::new(params, 5, &train).continue_from(&start).run().expect("a model");
            assert_eq!(rest.booster.rounds(), 8);
            assert!(close(&predictions(&rest.booster, &train), &predictions(&whole, &train)));
        }
    });
}

#[test]
fn a_canceled_training_ends_after_its_round() {
    each(|params, data| {
        let train = data(&|signal| signal);
        match Training::new(params, 1000, &train).cancel_when(|| true).run() {
            Ok(trained) => assert_eq!((trained.ending, trained.booster.rounds()), (Ending::Interrupted, 1)),
            Err(error) => assert!(matches!(error, BoostError::Canceled), "{error}"),
        }
    });
}
