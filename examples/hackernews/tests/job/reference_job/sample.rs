//! The embedded sample: a signal that is learned, and E1, E6 and E7 of the reference, where the guide's job is wrong.

use std::collections::HashMap;

use hackernews::pipeline::expected::fitted::CommentsModel;
use millwork::ml::boost::Booster;
use millwork::ml::features::LabelledFeatures;
use millwork::ml::text::TfidfVectorizer;
use millwork::monitor::{Performance, Predictions};
use polars::prelude::DataFrame;

use crate::support::Home;

/// Assets that come out the same each time: predictions and what is measured of them have a time.
const ASSETS: [&str; 10] = [
    "hackernews_stories",
    "training_data",
    "test_data",
    "tfidf_vectorizer",
    "transformed_training_data",
    "transformed_test_data",
    "xgboost_comments_model",
    "comments_model_test_set_r_squared",
    "latest_stories",
    "comments_model",
];

/// The data version of an asset's newest materialization.
fn data_version(home: &Home, asset: &str) -> String {
    let shown = home.json(&format!("asset show {asset} --json"));
    shown["latest"][0]["materialization"]["body"]["data_version"].as_str().unwrap().to_owned()
}

fn ids(stories: &DataFrame) -> Vec<i64> {
    stories.column("id").unwrap().i64().unwrap().iter().map(Option::unwrap).collect()
}

fn predictions(home: &Home) -> Predictions<i64, f64> {
    home.value("latest_story_comment_predictions")
}

#[test]
fn the_signal_of_the_sample_is_learned() {
    let home = Home::new();
    let run = home.json("materialize --json");
    assert_eq!((&run["status"], run["steps"].as_array().unwrap().len()), (&"succeeded".into(), 18));
    let r_squared: f64 = home.value("comments_model_test_set_r_squared");
    assert!(r_squared > 0.2, "{r_squared}");
    // The comments of the sample have all come: predictions are measured at once, in a window that is open.
    let performance: Performance<i64> = home.value("live_performance");
    let measured: Vec<_> = performance.windows().map(|window| window.coverage).collect();
    assert!(measured.len() == 1 && measured[0].matched > 50 && measured[0].share() > 0.9, "{measured:?}");
    let curve = &home.metadata("xgboost_comments_model")["training curve"];
    assert_eq!(curve["x"].as_array().unwrap().len(), 20, "{curve}");
}

/// E1: what is served is what is scored, to the bit, for the guide's features and for those of the model that predicts.
#[test]
fn serving_predicts_what_scoring_predicts() {
    let home = Home::new();
    home.succeeds("materialize --set latest_stories.items=1000");
    let model: CommentsModel = home.value("comments_model");
    let scored: DataFrame = home.value("test_data");
    let of_scored = model.predict(&scored).unwrap();
    let served = predictions(&home);
    let served: HashMap<i64, f64> =
        served.keys().iter().copied().zip(served.values().iter().copied()).collect();
    assert_eq!(scored.height(), of_scored.len());
    for (story, scored) in ids(&scored).into_iter().zip(of_scored) {
        assert_eq!(served[&story].to_bits(), scored.to_bits(), "story {story}");
    }
    let guide: Booster = home.value("xgboost_comments_model");
    let features: LabelledFeatures = home.value("transformed_test_data");
    let vectorizer: TfidfVectorizer = home.value("tfidf_vectorizer");
    let test: DataFrame = home.value("test_data");
    let titles: Vec<_> = test.column("title").unwrap().str().unwrap().iter().map(Option::unwrap).collect();
    let (by_hand, stored) =
        (guide.predict(&vectorizer.transform(&titles)), guide.predict(features.features()));
    assert_eq!(by_hand.unwrap(), stored.unwrap());
}

/// The stored model, read by hand, predicts what the pipeline predicted.
#[test]
fn stored_values_predict_what_was_predicted() {
    let home = Home::with_everything();
    let model: CommentsModel = home.value("comments_model");
    let stories: DataFrame = home.value("latest_stories");
    let served = predictions(&home);
    assert_eq!(model.predict(&stories).unwrap(), served.values());
    assert_eq!(ids(&stories), served.keys());
}

/// More often than the model is retrained: with the stored model, and no other step.
#[test]
fn predictions_can_be_made_alone() {
    let home = Home::with_everything();
    let version = data_version(&home, "comments_model");
    let run = home.json("materialize latest_story_comment_predictions --json");
    let steps: Vec<_> =
        run["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    let expected =
        ["latest_story_comment_predictions", "latest_story_comment_predictions:predictions_are_finite"];
    assert_eq!(steps, expected);
    assert_eq!(data_version(&home, "comments_model"), version);
    let history = home.json("asset history latest_story_comment_predictions --json");
    assert_eq!(history.as_array().unwrap().len(), 2);
}

/// Training again with less makes a worse model. The champion stays in use, with all that was fitted with it: what it predicts is the same,
/// bit by bit.
#[test]
fn the_champion_predicts_what_it_did_whatever_is_trained() {
    let home = Home::new();
    home.succeeds("materialize");
    let before = predictions(&home);
    home.succeeds("materialize --set hackernews_stories.items=800 --set comments_model.rounds=1");
    let statuses = |model: &str| -> Vec<String> {
        let versions = home.json(&format!("models versions {model} --json"));
        let status = |version: &serde_json::Value| version["status"].as_str().unwrap().to_owned();
        versions.as_array().unwrap().iter().map(status).collect()
    };
    assert_eq!(statuses("comments_model"), ["kept", "in_use"]);
    let after = predictions(&home);
    assert!(
        before
            .values()
            .iter()
            .map(|number| number.to_bits())
            .eq(after.values().iter().map(|number| number.to_bits()))
    );
    let log = home.succeeds("runs logs");
    assert!(log.contains("keep (") && log.contains("at 95 %"), "the verdict has the interval: {log}");
    home.succeeds(
        "materialize xgboost_comments_model --set xgboost_comments_model.learner=expected_comments",
    );
    assert_eq!(
        statuses("xgboost_comments_model").len(),
        3,
        "the other learner is a challenger of the guide's"
    );
}

#[test]
fn predictions_without_a_model_name_what_is_missing() {
    let home = Home::new();
    home.succeeds("materialize latest_stories,latest_story_comment_predictions");
    let log = home.succeeds("runs show");
    assert!(log.contains("`comments_model` has no champion"), "{log}");
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
