//! Pipelines: the same predictions as by their parts, whatever is fitted after them.

use std::ops::ControlFlow;

use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterParams, Ending, EvalMetric, Importance, Objective, Training};
use millwork_ml::features::LabelledFeatures;
use millwork_ml::pipeline::{LabelledTexts, PipelineError, TextPipeline, TextPipelineParams};
use millwork_ml::search::{Candidates, Goal, Search, Space};
use millwork_ml::text::{CountParams, TfidfParams, TfidfVectorizer};

/// Titles of words that a number draws, each from its own list.
fn titles(rows: usize, words: &[&str]) -> Vec<String> {
    let word = |number: usize| words[number % words.len()];
    (0..rows).map(|row| format!("{} {} {}", word(row), word(row / 3 + 1), word(row * row))).collect()
}

const OLD_WORDS: [&str; 7] = ["show", "ask", "rust", "ruby", "launch", "paper", "book"];
const NEW_WORDS: [&str; 9] = ["show", "zig", "wasm", "rust", "cloud", "agents", "paper", "model", "ask"];

fn targets(rows: usize) -> Vec<f64> {
    (0..rows).map(|row| (row % 7 * 3 + row % 3) as f64).collect()
}

fn params() -> TextPipelineParams {
    let counts = CountParams { ngram_range: (1, 2), ..CountParams::default() };
    let eval_metric = vec![EvalMetric::Mae, EvalMetric::Rmse];
    TextPipelineParams {
        vectorizer: TfidfParams { counts, sublinear_tf: true, ..TfidfParams::default() },
        booster: BoosterParams {
            max_depth: 3,
            subsample: 0.8,
            seed: 5,
            eval_metric,
            ..BoosterParams::default()
        },
    }
}

fn bits(predictions: &[f32]) -> Vec<u32> {
    predictions.iter().map(|value| value.to_bits()).collect()
}

fn predicted(pipeline: &TextPipeline, texts: &[String]) -> Vec<u32> {
    bits(&pipeline.predict(texts).expect("predictions"))
}

fn stored(pipeline: &TextPipeline) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipeline.encode(&mut bytes).expect("encoding to memory");
    bytes
}

#[test]
fn a_pipeline_predicts_what_its_parts_predict() {
    let (texts, new_texts) = (titles(90, &OLD_WORDS), titles(40, &NEW_WORDS));
    let (params, weights) = (params(), (0..60).map(|row| f64::from(row % 4)).collect::<Vec<f64>>());

    let (vectorizer, features) = params.vectorizer.fit_transform(&texts[..60]).expect("a vocabulary");
    let labelled =
        |features, targets: &[f64]| LabelledFeatures::new(features, targets.to_vec()).expect("rows");
    let targets = targets(90);
    let train = labelled(features, &targets[..60]).with_weights(weights.clone()).expect("weights");
    let validation = labelled(vectorizer.transform(&texts[60..]), &targets[60..]);
    let apart =
        Training::new(&params.booster, 60, &train).evaluate("validation", &validation).early_stopping(4);
    let apart = apart.run().expect("a model");

    let train = LabelledTexts::new(&texts[..60], targets[..60].to_vec()).expect("rows");
    let train = train.with_weights(weights).expect("weights");
    let validation = LabelledTexts::new(&texts[60..], targets[60..].to_vec()).expect("rows");
    let mut rounds = 0;
    let trained = Training::on_texts(&params, 60, &train)
        .evaluate("validation", &validation)
        .early_stopping(4)
        .on_round(|round| {
            rounds = round.index + 1;
            ControlFlow::Continue(())
        })
        .run()
        .expect("a pipeline");
    assert_eq!((&trained.history, trained.best, trained.ending), (&apart.history, apart.best, apart.ending));
    assert_eq!(rounds, trained.history.series()[0].values.len());

    let expected = bits(&apart.booster.predict(&vectorizer.transform(&new_texts)).expect("predictions"));
    assert_eq!(predicted(&trained.pipeline, &new_texts), expected);
    let loaded = TextPipeline::decode(&stored(&trained.pipeline)).expect("what was written");
    assert_eq!(predicted(&loaded, &new_texts), expected);
    let joined = TextPipeline::new(vectorizer, apart.booster).expect("parts that fit");
    assert_eq!(stored(&joined), stored(&trained.pipeline));
    let (_, booster) = loaded.into_parts();
    assert_eq!(
        booster.to_ubjson().expect("a model"),
        trained.pipeline.booster().to_ubjson().expect("a model")
    );
}

#[test]
fn a_pipeline_that_is_kept_predicts_as_before() {
    let (params, texts) = (params(), titles(50, &NEW_WORDS));
    let of = |words: &[&str]| {
        let titles = titles(80, words);
        let data = LabelledTexts::new(&titles, targets(80)).expect("rows");
        TextPipeline::fit(&params, 15, &data).expect("a pipeline")
    };
    let champion = of(&OLD_WORDS);
    let (file, before) = (stored(&champion), predicted(&champion, &texts));
    let challenger = of(&NEW_WORDS);
    assert_ne!(predicted(&challenger, &texts), before);
    assert_eq!(predicted(&champion, &texts), before);
    assert_eq!(predicted(&TextPipeline::decode(&file).expect("the champion"), &texts), before);

    // What goes wrong where the parts are stored apart: the booster of before beside the vectorizer of today.
    let mixed = TextPipeline::new(challenger.vectorizer().clone(), champion.booster().clone());
    assert!(matches!(mixed, Err(PipelineError::ColumnCount { .. })), "{mixed:?}");
}

#[test]
fn a_training_on_texts_goes_on_and_stops() {
    let (params, texts) = (params(), titles(80, &OLD_WORDS));
    let data = LabelledTexts::new(&texts, targets(80)).expect("rows");
    let whole = TextPipeline::fit(&params, 8, &data).expect("a pipeline");
    let canceled = Training::on_texts(&params, 8, &data)
        .on_round(|round| if round.index == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let canceled = canceled.run().expect("five rounds");
    assert_eq!((canceled.ending, canceled.pipeline.booster().rounds()), (Ending::Interrupted, 5));
    let more =
        Training::on_texts(&params, 3, &data).continue_from(&canceled.pipeline).run().expect("three more");
    assert_eq!(stored(&more.pipeline), stored(&whole));

    let other = TextPipelineParams::default();
    let error =
        Training::on_texts(&other, 3, &data).continue_from(&whole).run().expect_err("another vocabulary");
    assert!(matches!(error, PipelineError::OtherVectorizer), "{error}");
    let error = Training::on_texts(&params, 0, &data).run().expect_err("no rounds").to_string();
    assert_eq!(error, "failed to train for 0 rounds");
    let empty = LabelledTexts::new(&[""; 2], vec![1.0, 2.0]).expect("two rows");
    let error = TextPipeline::fit(&params, 3, &empty).expect_err("no terms").to_string();
    assert_eq!(error, "failed to fit a vocabulary: none of the 2 documents has a term");
    let never = Training::on_texts(&params, 8, &data).cancel_when(|| true).run();
    assert!(never.is_err(), "{never:?}");
}

#[test]
fn importance_is_by_term() {
    let texts = titles(80, &OLD_WORDS);
    let data = LabelledTexts::new(&texts, targets(80)).expect("rows");
    let pipeline = TextPipeline::fit(&params(), 10, &data).expect("a pipeline");
    let terms = pipeline.importance(Importance::TotalGain);
    assert!(terms.is_sorted_by(|(_, left), (_, right)| left >= right));
    let of_columns = pipeline.booster().importance(Importance::TotalGain);
    assert_eq!(terms.len(), of_columns.len());
    for (term, gain) in terms {
        let column = pipeline.vectorizer().column(term).expect("a term of the vocabulary");
        assert_eq!(of_columns[&column], gain, "{term}");
    }
}

#[test]
fn classes_are_predicted_from_texts() {
    let texts = titles(80, &OLD_WORDS);
    let classes: Vec<f64> = (0..80).map(|row| f64::from(row % 3)).collect();
    let data = LabelledTexts::new(&texts, classes).expect("rows");
    let booster =
        BoosterParams { objective: Objective::Softprob { num_class: 3 }, ..BoosterParams::default() };
    let params = TextPipelineParams { booster, ..TextPipelineParams::default() };
    let pipeline = TextPipeline::fit(&params, 10, &data).expect("a pipeline");
    let (vectorizer, booster) = pipeline.clone().into_parts();
    let features = vectorizer.transform(&texts);
    assert_eq!(pipeline.predict_class(&texts).ok(), booster.predict_class(&features).ok());
    let outputs = pipeline.predict_outputs(&texts).expect("three probabilities each");
    assert_eq!((outputs.width(), outputs.values().len()), (3, 240));
    assert!(pipeline.predict(&texts).is_err());
}

#[test]
fn a_search_tries_pipelines() {
    let texts = titles(80, &OLD_WORDS);
    let data =
        LabelledTexts::new(&texts, targets(80)).and_then(|data| data.with_row_keys(0..80)).expect("rows");
    let rows: Vec<usize> = (0..80).collect();
    let (train, validation) =
        (data.select(&rows[..60]).expect("rows"), data.select(&rows[60..]).expect("rows"));
    let space = Space::new().choices("vectorizer.min_df", [1, 2]).choices("booster.max_depth", [2, 4]);
    let candidates = Candidates::grid(&TextPipelineParams::default(), &space).expect("candidates");
    let found = Search::new(&candidates, Goal::Minimize).scored_on(validation.row_keys()).run(|trial| {
        let pipeline = TextPipeline::fit(trial.params, 5, &train)?;
        let predictions = pipeline.predict(validation.texts())?;
        let errors = predictions.iter().zip(validation.targets());
        Ok::<_, PipelineError>(errors.map(|(found, target)| (f64::from(*found) - target).abs()).sum::<f64>())
    });
    let found = found.expect("the best");
    let trained = Training::on_texts(&found.best_params, 5, &train).chosen_on(found.scored_on.as_ref());
    let pipeline = trained.run().expect("a pipeline").pipeline;
    let warning = pipeline.check_held_out(validation.row_keys()).expect("other rows").warning();
    assert!(warning.is_some_and(|warning| warning.starts_with("20 of 20 held-out rows have decided")));
    assert!(pipeline.check_held_out(train.row_keys()).is_err());
}

/// A vectorizer that had been stored by itself goes into a pipeline with the booster that was.
#[test]
fn parts_that_were_stored_apart_are_joined() {
    let texts = titles(30, &OLD_WORDS);
    let (vectorizer, features) = TfidfVectorizer::fit_transform(&texts).expect("a vocabulary");
    let data = LabelledFeatures::new(features, targets(30)).expect("rows");
    let booster = Booster::train(&BoosterParams::default(), 5, &data).expect("a model");
    let vectorizer =
        serde_json::from_str(&serde_json::to_string(&vectorizer).expect("JSON")).expect("a vectorizer");
    let booster = Booster::from_ubjson(&booster.to_ubjson().expect("a model")).expect("a booster");
    let joined = TextPipeline::new(vectorizer, booster).expect("parts that fit");
    let data = LabelledTexts::new(&texts, targets(30)).expect("rows");
    let fitted = TextPipeline::fit(&TextPipelineParams::default(), 5, &data).expect("a pipeline");
    assert_eq!(stored(&joined), stored(&fitted));
}
