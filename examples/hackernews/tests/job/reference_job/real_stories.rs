//! The 20,100 real stories: the real score of the guide's model, reproduced bit for bit.

use std::path::Path;

use hackernews::ReplayOptions;
use millwork::ml::boost::Booster;
use millwork::ml::features::LabelledFeatures;
use millwork::ml::text::TfidfVectorizer;
use millwork::monitor::Predictions;
use polars::prelude::DataFrame;
use serde_json::Value;

use crate::support::{Home, Server};

const EVERYTHING: &str = "materialize --json --set hackernews_stories.items=100000";

/// Few other items are among the stories: all of them are fetched twice.
fn replay(csv: &Path) -> Server {
    Server::of_file(csv, ReplayOptions { story_share: 0.95, ..ReplayOptions::default() })
}

/// Compares a piece of an asset's metadata with its expected range.
fn check(home: &Home, asset: &str, label: &str, range: std::ops::RangeInclusive<f64>) {
    let metadata = home.metadata(asset);
    let value = metadata[label].as_f64().unwrap_or_else(|| panic!("no `{label}` of {asset}: {metadata}"));
    assert!(range.contains(&value), "{asset}: `{label}` is {value}, not in {range:?}");
}

fn check_run(run: &Value) {
    assert_eq!(run["status"], "succeeded", "{run}");
    let steps = run["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["status"] == "succeeded" && step["attempt"] == 1), "{run}");
}

#[test]
fn what_the_model_reaches_and_the_same_again() {
    let Some(csv) = millwork_testing::stories() else { return };
    let server = replay(&csv);
    let home = Home::fetching_from(&server.url);
    check_run(&home.json(EVERYTHING));
    for (asset, label, range) in [
        ("hackernews_stories", "rows", 20_100.0..=20_100.0),
        ("hackernews_stories", "with entities", 2.0..=2.0),
        ("hackernews_stories", "failed", 0.0..=0.0),
        ("training_data", "rows", 16_080.0..=16_080.0),
        ("test_data", "rows", 4_020.0..=4_020.0),
        ("tfidf_vectorizer", "terms", 18_200.0..=18_330.0),
        ("comments_model_test_set_r_squared", "R² on the training stories", 0.19..=0.24),
        ("comments_model_test_set_r_squared", "R²", -0.05..=0.01),
        ("comments_model_test_set_r_squared", "MAE", 30.0..=34.0),
    ] {
        check(&home, asset, label, range);
    }
    check_values_open(&home);

    let again = Home::fetching_from(&server.url);
    check_run(&again.json(&format!("{EVERYTHING} --workers 1")));
    for asset in
        ["training_data", "test_data", "tfidf_vectorizer", "transformed_test_data", "xgboost_comments_model"]
    {
        assert!(home.bytes(asset, "") == again.bytes(asset, ""), "{asset} differs");
    }

    check_temporal_split(&home);
}

/// Reads every stored form with the reader of its format.
fn check_values_open(home: &Home) {
    let stories: DataFrame = home.value("hackernews_stories");
    let predictions: Predictions<i64, f64> = home.value("latest_story_comment_predictions");
    assert!(stories.height() == 20_100 && !predictions.is_empty());
    let vectorizer: TfidfVectorizer = home.value("tfidf_vectorizer");
    let training: LabelledFeatures = home.value("transformed_training_data");
    let model: Booster = home.value("xgboost_comments_model");
    assert_eq!((training.rows(), training.features().columns()), (16_080, vectorizer.terms().len()));
    assert_eq!((model.rounds(), model.columns()), (20, vectorizer.terms().len()));
    let model: Value = serde_json::from_slice(&home.bytes("xgboost_comments_model", "")).unwrap();
    assert_eq!(model["learner"]["objective"]["name"], "reg:squarederror");
    let score: f64 = home.value("comments_model_test_set_r_squared");
    assert_eq!(home.metadata("comments_model_test_set_r_squared")["R²"], score);
}

/// Splits the stories that a home has elsewhere in time, and everything after that: later, as the model in use has seen what is before.
fn check_temporal_split(home: &Home) {
    home.succeeds("materialize training_data+ --set training_test_data.by=time --set training_test_data.test_share=0.15");
    let times = |asset: &str| -> Vec<i64> {
        let part: DataFrame = home.value(asset);
        part.column("time").unwrap().i64().unwrap().iter().map(Option::unwrap).collect()
    };
    let (training, test) = (times("training_data"), times("test_data"));
    assert_eq!((training.len(), test.len()), (17_085, 3_015));
    assert!(
        training.iter().max() <= test.iter().min(),
        "{:?} {:?}",
        training.iter().max(),
        test.iter().min()
    );
    check(home, "comments_model_test_set_r_squared", "stories", 3_015.0..=3_015.0);
}

#[test]
fn every_story_arrives_through_failures() {
    let Some(csv) = millwork_testing::stories() else { return };
    let options = ReplayOptions { fail_rate: 0.02, story_share: 0.95, ..ReplayOptions::default() };
    let server = Server::of_file(&csv, options);
    let home = Home::fetching_from(&server.url);
    check_run(&home.json(&format!("{EVERYTHING} +training_data")));
    check(&home, "hackernews_stories", "rows", 20_100.0..=20_100.0);
    check(&home, "hackernews_stories", "failed", 0.0..=0.0);
    check(&home, "hackernews_stories", "retried", 300.0..=600.0);
}
