//! Comparison with scikit-learn, SciPy and XGBoost, by the interpreter that `MILLWORK_PYTHON` names.

use std::collections::BTreeMap;

use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterParams, EvalMetric, Importance, Training};
use millwork_ml::features::{Features, LabelledFeatures};
use millwork_ml::pipeline::{LabelledTexts, TextPipeline, TextPipelineParams};
use millwork_ml::text::TfidfVectorizer;
use millwork_ml::{metrics, split};
use serde_json::json;

use crate::support::{Python, Stories};

/// The reference job's data: four fifths to train on.
struct Job {
    train_titles: Vec<String>,
    test_titles: Vec<String>,
    vectorizer: TfidfVectorizer,
    train: LabelledFeatures,
    test: LabelledFeatures,
}

impl Job {
    fn load() -> Option<Self> {
        let stories = Stories::load()?;
        let parts = split::random(stories.titles.len(), 0.2, 42).expect("a split");
        let titles = |rows: &[usize]| stories.titles(rows).into_iter().map(str::to_owned).collect();
        let (train_titles, test_titles): (Vec<String>, Vec<String>) =
            (titles(&parts.train), titles(&parts.test));
        let (vectorizer, features) = TfidfVectorizer::fit_transform(&train_titles).expect("a vocabulary");
        let features_of_test = vectorizer.transform(&test_titles);
        let labelled = |features, rows: &[usize]| {
            LabelledFeatures::new(features, stories.comments(rows)).expect("labelled features")
        };
        Some(Self {
            train: labelled(features, &parts.train),
            test: labelled(features_of_test, &parts.test),
            train_titles,
            test_titles,
            vectorizer,
        })
    }
}

/// The largest difference of two lists of the same length.
fn largest_difference<L: Copy + Into<f64>, R: Copy + Into<f64>>(left: &[L], right: &[R]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(&left, &right)| (left.into() - right.into()).abs()).fold(0.0, f64::max)
}

fn check_close<L: Copy + Into<f64>, R: Copy + Into<f64>>(
    name: &str,
    left: &[L],
    right: &[R],
    tolerance: f64,
) {
    let difference = largest_difference(left, right);
    println!("{name}: largest difference {difference:e} over {} values", left.len());
    assert!(difference <= tolerance, "{name} differ by {difference:e}");
}

fn check_features(name: &str, ours: &Features, theirs: &Features, tolerance: f64) {
    assert_eq!((ours.rows(), ours.columns()), (theirs.rows(), theirs.columns()), "{name}");
    assert_eq!(ours.row_offsets(), theirs.row_offsets(), "{name}");
    assert_eq!(ours.indices(), theirs.indices(), "{name}");
    check_close(name, ours.values(), theirs.values(), tolerance);
}

#[test]
fn tfidf_equals_scikit_learn() {
    let (Some(python), Some(job)) = (Python::find(), Job::load()) else { return };
    python.write_json("train.json", &job.train_titles);
    python.write_json("test.json", &job.test_titles);
    python.run("sklearn_tfidf.py", &["train.json", "test.json", ""]);

    assert_eq!(job.vectorizer.terms(), python.read_json::<Vec<String>>("terms.json"));
    check_close("idf", job.vectorizer.idf(), &python.read_json::<Vec<f64>>("idf.json"), 1e-14);
    let (train, test) = (job.train.features(), job.test.features());
    check_features("train, fitted and transformed", train, &python.load("train.npz"), 1e-14);
    check_features("train, transformed", train, &python.load("train_again.npz"), 1e-14);
    check_features("test", test, &python.load("test.npz"), 1e-14);
    check_features("test in single precision", test, &python.load("test_single.npz"), 1e-7);
}

#[test]
fn matrices_in_other_arrangements_are_refused() {
    let Some(python) = Python::find() else { return };
    python.write_json("titles.json", &["some titles", "other titles"]);
    python.run("sklearn_tfidf.py", &["titles.json", "titles.json", ""]);
    let bytes = std::fs::read(python.path("columns.npz")).expect("a file");
    let error = Features::decode(&bytes).expect_err("compressed columns");
    assert_eq!(error.to_string(), "the matrix is stored as `csc`, not as `csr`");
}

/// Titles that split differently where Unicode is taken differently.
const ODD_TITLES: &[&str] = &[
    "",
    " ",
    "हिन्दी में समाचार",
    "ข่าวภาษาไทย ที่นี่",
    "日本語のニュース 中文新闻 한국어",
    "e\u{301}te\u{301} été İstanbul Iıİi ıı",
    "ΟΔΥΣΣΕΥΣ ΑΣ' ΑΣ.ΒΣ ΣΣ Σ ΑΣ\u{345}Β ᾼΣ",
    "Straße STRASSE ẞẞ ǅǅ ﬃﬃ",
    "x² H₂O ½½ ⅯⅮⅭ ⅷⅸ ①②③ ⒶⒷ ㊿㊿ 一二",
    "snake_case __init__ _ ‿‿ a‿b",
    "PokÃ©mon donâ\u{80}\u{99}t cafÃ\u{a0} ab\u{85}cd\u{9f}ef",
    "👩\u{200d}👩\u{200d}👧 emoji🦀crab 🇩🇪🇩🇪 1️⃣2️⃣",
    "a\u{ad}b soft\u{ad}hyphen zero\u{200b}width non\u{a0}break \u{feff}bom",
    "שלום עולם مرحبا بالعالم ١٢٣ ۴۵۶",
    "ꙮꙮ \u{10400}\u{10428} 𝒜𝓫 𝟘𝟙 ªº ʰʲ",
    "don't C++ C# .NET -2000 \\in &lt;&gt; <b>bold</b> a-b-c x.y 3.14",
];

#[test]
fn odd_titles_have_scikit_learn_s_terms() {
    let Some(python) = Python::find() else { return };
    check_terms(&python, &json!(ODD_TITLES));
}

#[test]
fn every_character_has_scikit_learn_s_terms() {
    let Some(python) = Python::find() else { return };
    check_terms(&python, &json!(null));
}

#[derive(serde::Deserialize)]
struct Terms {
    documents: Vec<String>,
    terms: Vec<Vec<String>>,
}

/// Compares the distinct terms of each document, as a vocabulary that is fitted on it alone has them.
fn check_terms(python: &Python, documents: &serde_json::Value) {
    python.write_json("documents.json", documents);
    python.run("sklearn_terms.py", &["documents.json", "terms.json"]);
    let answer: Terms = python.read_json("terms.json");
    println!("{} documents", answer.documents.len());
    let mut different = Vec::new();
    for (document, expected) in answer.documents.iter().zip(answer.terms) {
        let mut expected = expected;
        expected.sort_unstable();
        expected.dedup();
        let found = TfidfVectorizer::fit(&[document]).map(|vectorizer| vectorizer.terms().to_vec());
        let found = found.unwrap_or_default();
        if found != expected {
            different.push(format!("{document:?}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(different.is_empty(), "{} documents differ:\n{}", different.len(), different.join("\n"));
}

#[derive(serde::Deserialize)]
struct Parts {
    format: String,
    shape: [usize; 2],
    row_offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
    sorted: bool,
    targets: Vec<f64>,
}

#[test]
fn scipy_reads_our_matrices() {
    let (Some(python), Some(job)) = (Python::find(), Job::load()) else { return };
    python.store("test.npz", &job.test);
    python.run("scipy_rows.py", &["test.npz", "parts.json"]);
    let parts: Parts = python.read_json("parts.json");
    let features = job.test.features();
    assert_eq!(
        (parts.format.as_str(), parts.shape, parts.sorted),
        ("csr", [features.rows(), features.columns()], true)
    );
    assert_eq!(parts.row_offsets, features.row_offsets());
    assert_eq!(parts.indices, features.indices());
    assert_eq!(parts.values, features.values());
    assert_eq!(parts.targets, job.test.targets());
}

#[derive(serde::Deserialize)]
struct Exchange {
    version: String,
    ours_on_test: Vec<f64>,
    theirs_on_test: Vec<f64>,
    theirs_on_train: Vec<f64>,
    fine_on_train: Vec<f64>,
    fine_on_test: Vec<f64>,
    mae: [Vec<f64>; 2],
    gain: BTreeMap<String, f64>,
    ours_gain: BTreeMap<String, f64>,
}

#[test]
fn xgboost_and_our_booster_exchange_models() {
    let (Some(python), Some(job)) = (Python::find(), Job::load()) else { return };
    let params = BoosterParams { eval_metric: vec![EvalMetric::Mae], ..BoosterParams::default() };
    let trained = Training::new(&params, 20, &job.train)
        .evaluate("train", &job.train)
        .evaluate("test", &job.test)
        .run()
        .expect("a model");
    python.store("train.npz", &job.train);
    python.store("test.npz", &job.test);
    python.store("ours.json", &trained.booster);
    python.run("xgboost_exchange.py", &["train.npz", "test.npz", "ours.json", ""]);

    let answer: Exchange = python.read_json("answer.json");
    println!("XGBoost {}", answer.version);
    let predict =
        |booster: &Booster, data: &LabelledFeatures| booster.predict(data.features()).expect("predictions");
    check_close("our model", &predict(&trained.booster, &job.test), &answer.ours_on_test, 1e-5);
    let theirs: Booster = python.load("theirs.json");
    check_close("their model on test", &predict(&theirs, &job.test), &answer.theirs_on_test, 1e-5);
    check_close("their model on train", &predict(&theirs, &job.train), &answer.theirs_on_train, 1e-5);
    check_gain("our model's gain", &trained.booster, &answer.ours_gain);
    check_gain("their model's gain", &theirs, &answer.gain);

    // Trained apart: with a bin for every value the trees are the same. With fewer, the two libraries put the bounds
    // of the bins of frequent terms in slightly different places.
    let fine = BoosterParams { max_bin: 16_384, ..BoosterParams::default() };
    let fine = Booster::train(&fine, 20, &job.train).expect("a model");
    check_close(
        "fine bins on train, trained apart",
        &predict(&fine, &job.train),
        &answer.fine_on_train,
        1e-2,
    );
    check_close("fine bins on test, trained apart", &predict(&fine, &job.test), &answer.fine_on_test, 1e-5);
    for (set, theirs) in ["train", "test"].into_iter().zip(&answer.mae) {
        let curve = trained.history.get(set, EvalMetric::Mae).expect("a curve");
        check_close(&format!("MAE on {set}, trained apart"), curve, theirs, 0.02);
    }
}

#[derive(serde::Deserialize)]
struct Pipeline {
    entries: Vec<String>,
    predictions: Vec<f64>,
    attributes: Vec<String>,
    integers: Vec<i64>,
    texts: Vec<String>,
}

#[test]
fn a_stored_pipeline_opens_in_python() {
    let (Some(python), Some(job)) = (Python::find(), Job::load()) else { return };
    let rows = job.train_titles.len();
    let data = LabelledTexts::new(&job.train_titles, job.train.targets().to_vec());
    let data = data.and_then(|data| data.with_row_keys(0..rows)).expect("a key per title");
    let pipeline = TextPipeline::fit(&TextPipelineParams::default(), 20, &data).expect("a pipeline");
    python.write_json("train.json", &job.train_titles);
    python.write_json("test.json", &job.test_titles);
    python.store("pipeline.zip", &pipeline);
    let (integers, texts) = (vec![-1, 0, i64::MAX], ["", "a\nb", "été"].map(str::to_owned).to_vec());
    let first = job.train.select(&[0, 1, 2]).expect("the first rows");
    python.store("integers.npz", &first.clone().with_row_keys(integers.clone()).expect("three keys"));
    python.store("texts.npz", &first.with_row_keys(&texts).expect("three keys"));
    let files = ["train.json", "test.json", "pipeline.zip", "integers.npz", "texts.npz", "answer.json"];
    python.run("sklearn_pipeline.py", &files);

    let answer: Pipeline = python.read_json("answer.json");
    assert_eq!(answer.entries, ["pipeline.json", "vectorizer.json", "booster.json"]);
    assert_eq!(answer.attributes, ["millwork_fitted_rows", "millwork_selection_rows"]);
    assert_eq!((answer.integers, answer.texts), (integers, texts));
    let predictions = pipeline.predict(&job.test_titles).expect("predictions");
    check_close("a pipeline of scikit-learn's features", &predictions, &answer.predictions, 1e-4);
}

fn check_gain(name: &str, booster: &Booster, expected: &BTreeMap<String, f64>) {
    let gain = booster.importance(Importance::Gain);
    let gain: BTreeMap<String, f64> =
        gain.iter().map(|(column, gain)| (format!("f{column}"), *gain)).collect();
    assert!(gain.keys().eq(expected.keys()), "{name}");
    let relative: Vec<f64> =
        gain.values().zip(expected.values()).map(|(ours, theirs)| ours / theirs).collect();
    check_close(name, &relative, &vec![1.0; relative.len()], 1e-5);
}

#[test]
fn metrics_equal_scikit_learn() {
    let Some(python) = Python::find() else { return };
    let curve = |step: f64| (0..999).map(|row| (f64::from(row) * step).sin() * 1e3).collect::<Vec<f64>>();
    let pairs: Vec<(Vec<f64>, Vec<f32>)> = [
        (curve(0.37), curve(0.371)),
        (curve(0.01), curve(0.02)),
        (vec![1.0, 1.0, 4.0, 1723.0], vec![24.5, 24.5, 30.25, 24.5]),
        (vec![3.0, 3.0, 3.0], vec![3.0, 3.0, 3.0]),
        (vec![3.0, 3.0, 3.0], vec![3.0, 3.5, 3.0]),
    ]
    .into_iter()
    .map(|(targets, predictions)| (targets, predictions.into_iter().map(|value| value as f32).collect()))
    .collect();
    python.write_json("pairs.json", &pairs);
    python.run("sklearn_metrics.py", &["pairs.json", "metrics.json"]);
    let expected: Vec<[f64; 3]> = python.read_json("metrics.json");
    for ((targets, predictions), expected) in pairs.iter().zip(expected) {
        let found = [
            metrics::mean_absolute_error(targets, predictions).expect("a value"),
            metrics::root_mean_squared_error(targets, predictions).expect("a value"),
            metrics::r_squared(targets, predictions).expect("a value"),
        ];
        let relative: Vec<f64> = found
            .iter()
            .zip(expected)
            .map(|(found, expected)| (found - expected) / expected.abs().max(1.0))
            .collect();
        check_close("metrics", &relative, &[0.0; 3], 1e-12);
    }
}
