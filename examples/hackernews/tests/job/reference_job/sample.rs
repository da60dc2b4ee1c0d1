//! The embedded sample: a signal that is learned, and E1, E6 and E7 of the reference, where the guide's job is wrong.

use std::collections::HashMap;

use millwork::ml::boost::Booster;
use millwork::ml::features::LabelledFeatures;
use millwork::ml::text::TfidfVectorizer;
use polars::prelude::DataFrame;

use crate::support::Home;

const ASSETS: [&str; 9] = [
    "hackernews_stories",
    "training_data",
    "test_data",
    "tfidf_vectorizer",
    "transformed_training_data",
    "transformed_test_data",
    "xgboost_comments_model",
    "comments_model_test_set_r_squared",
    "latest_story_comment_predictions",
];

/// The data version of an asset's newest materialization.
fn data_version(home: &Home, asset: &str) -> String {
    let shown = home.json(&format!("asset show {asset} --json"));
    shown["latest"][0]["materialization"]["body"]["data_version"].as_str().unwrap().to_owned()
}

fn ids(stories: &DataFrame) -> Vec<i64> {
    stories.column("id").unwrap().i64().unwrap().iter().map(Option::unwrap).collect()
}

fn predictions(stories: &DataFrame) -> Vec<f32> {
    stories.column("predicted_comments").unwrap().f32().unwrap().iter().map(Option::unwrap).collect()
}

#[test]
fn the_signal_of_the_sample_is_learned() {
    let home = Home::new();
    let run = home.json("materialize --json");
    assert_eq!((&run["status"], run["steps"].as_array().unwrap().len()), (&"succeeded".into(), 11));
    let r_squared: f64 = home.value("comments_model_test_set_r_squared");
    assert!(r_squared > 0.2, "{r_squared}");
    let curve = &home.metadata("xgboost_comments_model")["training curve"];
    assert_eq!(curve["x"].as_array().unwrap().len(), 20, "{curve}");
}

/// E1: predictions use the same features as the score, to the bit.
#[test]
fn serving_predicts_what_scoring_predicts() {
    let home = Home::new();
    home.succeeds("materialize --set latest_story_comment_predictions.items=1000");
    let model: Booster = home.value("xgboost_comments_model");
    let scored_features: LabelledFeatures = home.value("transformed_test_data");
    let scored = model.predict(scored_features.features()).unwrap();
    let served: DataFrame = home.value("latest_story_comment_predictions");
    let served: HashMap<i64, f32> = ids(&served).into_iter().zip(predictions(&served)).collect();
    let stories = ids(&home.value("test_data"));
    assert_eq!(stories.len(), scored.len());
    for (story, scored) in stories.into_iter().zip(scored) {
        assert_eq!(served[&story].to_bits(), scored.to_bits(), "story {story}");
    }
}

/// The stored vectorizer and model, read by hand, predict what the pipeline predicted.
#[test]
fn stored_values_predict_what_was_predicted() {
    let home = Home::with_everything();
    let (model, vectorizer): (Booster, TfidfVectorizer) =
        (home.value("xgboost_comments_model"), home.value("tfidf_vectorizer"));
    let served: DataFrame = home.value("latest_story_comment_predictions");
    let titles: Vec<_> = served.column("title").unwrap().str().unwrap().iter().map(Option::unwrap).collect();
    assert_eq!(model.predict(&vectorizer.transform(&titles)).unwrap(), predictions(&served));
}

/// More often than the model is retrained: with the stored model, and no other step.
#[test]
fn predictions_can_be_made_alone() {
    let home = Home::with_everything();
    let version = data_version(&home, "xgboost_comments_model");
    let run = home.json("materialize latest_story_comment_predictions --json");
    let steps: Vec<_> =
        run["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    let expected =
        ["latest_story_comment_predictions", "latest_story_comment_predictions:predictions_are_finite"];
    assert_eq!(steps, expected);
    assert_eq!(data_version(&home, "xgboost_comments_model"), version);
    let history = home.json("asset history latest_story_comment_predictions --json");
    assert_eq!(history.as_array().unwrap().len(), 2);
}

/// Training again on other words makes a worse model. The champion stays in use, with the words that it was fitted with: what it predicts is
/// the same, bit by bit.
#[test]
fn the_champion_predicts_what_it_did_whatever_is_trained() {
    let home = Home::new();
    home.succeeds("materialize");
    let before = predictions(&home.value("latest_story_comment_predictions"));
    let terms = |home: &Home| {
        let vectorizer: TfidfVectorizer = home.value("tfidf_vectorizer");
        vectorizer.terms().len()
    };
    let words = terms(&home);
    home.succeeds("materialize --set hackernews_stories.items=600 --set xgboost_comments_model.rounds=1");
    assert_ne!(terms(&home), words, "it was fitted on other words");
    let versions = home.json("models versions xgboost_comments_model --json");
    let statuses: Vec<&str> =
        versions.as_array().unwrap().iter().map(|version| version["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["kept", "in_use"], "{versions}");
    let after = predictions(&home.value("latest_story_comment_predictions"));
    assert!(before.iter().map(|number| number.to_bits()).eq(after.iter().map(|number| number.to_bits())));
    let model: Booster = home.value("xgboost_comments_model");
    assert_eq!(model.rounds(), 1, "the challenger can be loaded");
    let log = home.succeeds("runs logs");
    assert!(log.contains("keep (") && log.contains("at 95 %"), "the verdict has the interval: {log}");
    home.succeeds("materialize --set xgboost_comments_model.learner=expected_comments");
    let versions = home.json("models versions xgboost_comments_model --json");
    assert_eq!(versions.as_array().unwrap().len(), 3, "the other learner is a challenger: {versions}");
}

#[test]
fn predictions_without_a_model_name_what_is_missing() {
    let home = Home::new();
    home.succeeds("materialize latest_story_comment_predictions");
    let log = home.succeeds("runs show");
    assert!(log.contains("`xgboost_comments_model` has no champion"), "{log}");
}

/// E6 and E7: each run keeps values of its own, and equal output has an equal data version.
#[test]
fn two_runs_keep_two_values_of_one_version() {
    let home = Home::with_everything();
    let versions = ASSETS.map(|asset| data_version(&home, asset));
    home.succeeds("materialize --workers 1");
    assert_eq!(ASSETS.map(|asset| data_version(&home, asset)), versions);
    home.succeeds("materialize --set training_test_data.test_share=0.1");
    assert_ne!(data_version(&home, "xgboost_comments_model"), versions[6]);

    let runs = home.runs();
    let [other, second, first] = runs.as_slice() else { panic!("{runs:?}") };
    for asset in ASSETS {
        let of = |run: &str| home.bytes(asset, &format!("--run {run}"));
        assert!(of(first) == of(second), "{asset} differs");
        assert_eq!(of(other), home.bytes(asset, ""), "{asset}");
    }
    let of = |run: &str| home.bytes("xgboost_comments_model", &format!("--run {run}"));
    assert_ne!(of(first), of(other));
    let history = home.json("asset history xgboost_comments_model --json");
    let stored: std::collections::HashSet<_> =
        history.as_array().unwrap().iter().map(|event| event["body"]["stored"].to_string()).collect();
    assert_eq!(stored.len(), 3, "{history}");
}
