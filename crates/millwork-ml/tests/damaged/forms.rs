//! Damaged stored forms: an error or a value that works, never a panic, and no more memory than the bytes allow.

use std::fmt::Display;
use std::io::Write as _;

use millwork_core::AssetValue;
use millwork_ml::boost::{BoosterParams, EvalMetric, History, Training};
use millwork_ml::drift::{DriftReport, DriftThresholds, Profile};
use millwork_ml::encoding::{
    Frequency, NumberEncoder, NumberParams, OneHotEncoder, OneHotParams, OrdinalEncoder, OrdinalParams,
    TargetEncoder, TargetParams,
};
use millwork_ml::features::{ColumnNames, Features, LabelledFeatures};
use millwork_ml::pipeline::{LabelledTexts, TextPipeline, TextPipelineParams};
use millwork_ml::search::{Candidates, Found, Goal, Search, Space};
use millwork_ml::text::{
    CountParams, CountVectorizer, HashingParams, HashingVectorizer, TfidfParams, TfidfVectorizer,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zip::write::SimpleFileOptions;

use crate::mutations::{self, Numbers, alone, damaged, with_peak};

/// How many mutations of a form are tried by default.
const USUAL: usize = 2_000;

const MIB: usize = 1 << 20;

/// What decoding may allocate: always so much, and for each byte so much more.
#[derive(Clone, Copy)]
struct Allowance {
    always: usize,
    per_byte: usize,
}

/// A tree of JSON values, or lists that double as they grow.
const OF_JSON: Allowance = Allowance { always: MIB, per_byte: 200 };
/// The program of a token pattern and the sets that it is made of.
const OF_PATTERN: Allowance = Allowance { always: 64 * MIB, per_byte: 200 };
/// What deflate makes of a byte, and the lists of what that holds.
const OF_NPZ: Allowance = Allowance { always: MIB, per_byte: 1_032 * 4 };

/// Reads damaged copies of `forms`; what comes of one is used.
fn check<T, E: Display>(
    name: &str,
    forms: &[Vec<u8>],
    allowance: Allowance,
    read: impl Fn(&[u8]) -> Result<T, E>,
    used: impl Fn(T),
) {
    let mutations = mutations::mutations(USUAL);
    let mut numbers = Numbers(5);
    let (mut values, mut largest) = (0, 0);
    for form in forms {
        assert!(read(form).is_ok(), "{name}: undamaged");
    }
    for mutation in 0..mutations {
        let form = &forms[numbers.below(forms.len())];
        let other = &forms[numbers.below(forms.len())];
        let bytes = damaged(form, other, &mut numbers);
        let (value, peak) = with_peak(|| read(&bytes));
        let allowed = allowance.always + allowance.per_byte * bytes.len();
        assert!(peak <= allowed, "{name}, mutation {mutation}: {peak} bytes for {} of them", bytes.len());
        largest = largest.max(peak);
        if let Ok(value) = value {
            values += 1;
            used(value);
        }
    }
    println!("{name}: {values} of {mutations} are values all the same; at most {largest} bytes");
}

fn check_json<T: DeserializeOwned + Serialize>(
    name: &str,
    forms: &[T],
    allowance: Allowance,
    used: impl Fn(T),
) {
    let forms: Vec<Vec<u8>> = forms.iter().map(|form| serde_json::to_vec(form).expect("JSON")).collect();
    check(name, &forms, allowance, |bytes| serde_json::from_slice(bytes), used);
}

const DOCUMENTS: [&str; 4] = ["Show HN: a thing", "ask me \"anything\"", "Été, ½ a thing", ""];

#[test]
fn vectorizers() {
    let _alone = alone();
    let params = |json: &str| -> TfidfParams { serde_json::from_str(json).expect("parameters") };
    let all = [
        "{}",
        r#"{"analyzer": "char_wb", "ngram_range": [2, 3], "strip_accents": "unicode"}"#,
        r#"{"vocabulary": ["thing", "ask"], "binary": true}"#,
        r#"{"token_pattern": "[a-z]+|\\d{2}", "stop_words": ["a"], "min_df": 1}"#,
    ]
    .map(params);
    let tfidf: Vec<TfidfVectorizer> =
        all.iter().map(|params| params.fit(&DOCUMENTS).expect("a vocabulary")).collect();
    check_json("TF-IDF", &tfidf, OF_PATTERN, |vectorizer| {
        let features = vectorizer.transform(&DOCUMENTS);
        assert_eq!(features.rows(), DOCUMENTS.len());
    });
    let counts = all.iter().map(|params| params.counts.fit_transform(&DOCUMENTS).expect("a vocabulary").0);
    let counts: Vec<CountVectorizer> = counts.collect();
    check_json("counts", &counts, OF_PATTERN, |vectorizer| {
        vectorizer.transform(&DOCUMENTS);
    });
    let hashing = HashingVectorizer::new(&HashingParams::default()).expect("valid parameters");
    check_json("hashing", &[hashing], OF_PATTERN, |vectorizer| {
        vectorizer.transform(&DOCUMENTS);
    });
    check_json("parameters of counts", &[CountParams::default()], OF_JSON, |params| {
        let _ = params.validate();
    });
}

const CATEGORIES: [Option<&str>; 7] =
    [Some("github.com"), Some("a.org"), None, Some("(null)"), Some("b.org"), Some("github.com"), Some("")];

#[test]
fn encoders() {
    let _alone = alone();
    let params = OneHotParams { min_frequency: Some(Frequency::Count(2)), ..OneHotParams::default() };
    let one_hot = [OneHotParams::default(), params]
        .map(|params| OneHotEncoder::fit(&params, "domain", CATEGORIES).expect("an encoder"));
    check_json("one-hot", &one_hot, OF_JSON, |encoder| {
        let _ = encoder.transform(CATEGORIES);
    });
    let ordinal = OrdinalEncoder::fit(&OrdinalParams::default(), "domain", CATEGORIES).expect("an encoder");
    check_json("ordinal", &[ordinal], OF_JSON, |encoder| {
        let _ = encoder.transform(CATEGORIES);
    });
    let targets = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let target =
        TargetEncoder::fit(&TargetParams::default(), "domain", CATEGORIES, &targets).expect("an encoder");
    check_json("target", &[target], OF_JSON, |encoder| {
        let _ = encoder.transform(CATEGORIES);
    });
    let (hour, length) = ([Some(0.0), Some(6.0), Some(12.0)], [Some(40.0), None, Some(60.0)]);
    let columns: [(&str, &[Option<f64>]); 2] = [("hour", &hour), ("length", &length)];
    let params = NumberParams { null_indicator: true, ..NumberParams::default() };
    let number = NumberEncoder::fit(&params, &columns).expect("an encoder");
    check_json("number", &[number], OF_JSON, |encoder| {
        let _ = encoder.transform(&columns);
    });
}

#[test]
fn profiles_and_reports() {
    let _alone = alone();
    let profile = |shift: f64| {
        let numbers = (0..40).map(|row| (row % 7 > 0).then(|| f64::from(row) + shift));
        Profile::new()
            .numbers("hour", numbers)
            .and_then(|profile| profile.categories("domain", CATEGORIES))
            .expect("a profile")
    };
    let (reference, today) = (profile(0.0), profile(9.0));
    let report = today.drift_from(&reference, &DriftThresholds::default()).expect("a report");
    let first_form =
        r#"{"columns":{"domain":{"rows":9,"nulls":1,"kept":{"categories":{"a":6,"(other)":2}}}}}"#;
    let first_form: Profile = serde_json::from_str(first_form).expect("the first form");
    check_json("profile", &[reference.clone(), today, first_form], OF_JSON, |profile| {
        let _ = profile.drift_from(&reference, &DriftThresholds::default());
        let _ = reference.drift_from(&profile, &DriftThresholds::default());
    });
    check_json("report", &[report], OF_JSON, |report: DriftReport| {
        let _ = report.drifted().count();
    });
}

fn labelled() -> LabelledFeatures {
    let names = ColumnNames::new(["b", "", "é", "c"]).expect("different names");
    let values: Vec<f64> =
        (0..80).map(|value| if value % 9 == 0 { f64::NAN } else { f64::from(value % 5) }).collect();
    let features = Features::from_dense(4, &values).and_then(|features| features.with_names(names));
    LabelledFeatures::new(features.expect("a matrix"), (0..20).map(f64::from).collect())
        .and_then(|labelled| labelled.with_weights(vec![0.5; 20]))
        .and_then(|labelled| labelled.with_groups(vec![12, 8]))
        .expect("weights and groups of twenty rows")
}

/// An archive with the same entries, compressed.
fn deflated(archive: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    let mut compressed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for entry in 0..archive.len() {
        let mut file = archive.by_index(entry).expect("an entry");
        compressed.start_file(file.name().expect("a name").into_owned(), options).expect("an entry");
        std::io::copy(&mut file, &mut compressed).expect("memory");
    }
    compressed.finish().expect("an archive").into_inner()
}

#[test]
fn matrices() {
    let _alone = alone();
    let mut bytes = Vec::new();
    labelled().encode(&mut bytes).expect("encoding to memory");
    let with_keys = |keys: fn(i64) -> String| {
        let keyed = labelled().with_row_keys((0..20).map(keys)).expect("twenty keys");
        let mut bytes = Vec::new();
        keyed.encode(&mut bytes).expect("encoding to memory");
        bytes
    };
    let keyed = [with_keys(|row| row.to_string()), with_keys(|row| format!("row {row}"))];
    let forms = [deflated(&bytes), bytes].into_iter().chain(keyed).collect::<Vec<_>>();
    check("features", &forms, OF_NPZ, Features::decode, |features| assert!(features.rows() < 1_000));
    check("labelled features", &forms, OF_NPZ, LabelledFeatures::decode, |labelled| {
        assert!(labelled.rows() < 1_000);
    });
}

#[test]
fn pipelines() {
    let _alone = alone();
    let texts = LabelledTexts::new(&DOCUMENTS, vec![1.0, 2.0, 3.0, 4.0])
        .and_then(|texts| texts.with_row_keys(["a", "b", "c", "d"]))
        .expect("four rows");
    let form = |rounds: usize| {
        let pipeline = TextPipeline::fit(&TextPipelineParams::default(), rounds, &texts).expect("a pipeline");
        let mut bytes = Vec::new();
        pipeline.encode(&mut bytes).expect("encoding to memory");
        bytes
    };
    let forms = [form(1), form(3)];
    let forms = [deflated(&forms[0]), forms[0].clone(), forms[1].clone()];
    check("pipelines", &forms[1..], OF_PATTERN, TextPipeline::decode, |pipeline| {
        pipeline.predict(&DOCUMENTS).expect("predictions");
        let _ = pipeline.check_held_out(texts.row_keys());
    });
    let error = TextPipeline::decode(&forms[0]).expect_err("a compressed archive").to_string();
    assert_eq!(error, "the entry `pipeline.json` of the archive is compressed");
}

/// An entry that inflates to far more than an array of the matrix has, declared or not, is not inflated.
#[test]
fn a_bomb_is_not_inflated() {
    let _alone = alone();
    let mut bytes = Vec::new();
    labelled().encode(&mut bytes).expect("encoding to memory");
    let zeros = vec![0_u8; 8 * MIB];
    let array = |count: usize| {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}\n");
        let mut start = b"\x93NUMPY\x01\x00".to_vec();
        start.extend((header.len() as u16).to_le_bytes());
        start.extend(header.bytes());
        start
    };
    for (start, expected) in [
        (Vec::new(), "is not a `.npy` array"),
        (array(2), "is not where the last row ends"),
        (array(MIB), "is not where the last row ends"),
        (array(71), "its length differs from its shape"),
    ] {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).expect("an archive");
        let mut bomb = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for entry in 0..archive.len() {
            let mut file = archive.by_index(entry).expect("an entry");
            let name = file.name().expect("a name").into_owned();
            bomb.start_file(&name, options).expect("an entry");
            if name == "data.npy" {
                bomb.write_all(&start).and_then(|()| bomb.write_all(&zeros)).expect("memory");
            } else {
                std::io::copy(&mut file, &mut bomb).expect("memory");
            }
        }
        let bomb = bomb.finish().expect("an archive").into_inner();
        let (error, peak) = with_peak(|| Features::decode(&bomb).expect_err("a bomb").to_string());
        assert!(error.contains("`data.npy`") && error.contains(expected), "{error}");
        assert!(peak < MIB, "{peak} bytes for {}", bomb.len());
    }
}

#[test]
fn trainings_and_searches() {
    let _alone = alone();
    let data = labelled();
    let params =
        BoosterParams { eval_metric: vec![EvalMetric::Rmse, EvalMetric::Mae], ..BoosterParams::default() };
    let trained = Training::new(&params, 4, &data).evaluate("train", &data).run().expect("a model");
    check_json("history", &[trained.history], OF_JSON, |history: History| {
        let _ = history.get("train", EvalMetric::Mae);
    });
    check_json("parameters of boosting", std::slice::from_ref(&params), OF_JSON, |params| {
        let _ = params.validate();
    });
    let space = Space::new().choices("max_depth", [2, 3]).choices("eta", [0.1, 0.3]);
    let candidates = Candidates::grid(&BoosterParams::default(), &space).expect("candidates");
    let found = Search::new(&candidates, Goal::Minimize).run(|trial| Ok::<_, String>(trial.params.eta));
    check_json("search", &[found.expect("the best")], OF_JSON, |found: Found<BoosterParams>| {
        let (_, _, _) = (found.best_trial(), found.scores(), found.curves());
    });
}

/// A checkpoint that is damaged is a training that starts anew, or goes on.
#[test]
fn checkpoints() {
    let _alone = alone();
    let folder = millwork_testing::folder();
    let file = folder.path().join("training.json");
    let data = labelled();
    let params = BoosterParams { max_depth: 2, nthread: Some(1), ..BoosterParams::default() };
    let training = || Training::new(&params, 3, &data).evaluate("train", &data).checkpoint(&file, 1);
    let interrupted = training().on_round(|_| std::ops::ControlFlow::Break(())).run();
    assert_eq!(interrupted.expect("a model").booster.rounds(), 1);
    let whole = std::fs::read(&file).expect("a checkpoint");
    let mut numbers = Numbers(11);
    let mut resumed = 0;
    for mutation in 0..mutations::mutations(200) {
        let bytes = damaged(&whole, &whole, &mut numbers);
        std::fs::write(&file, &bytes).expect("a file");
        let (trained, peak) = with_peak(|| training().run());
        assert!(
            peak <= 16 * MIB + 400 * bytes.len(),
            "mutation {mutation}: {peak} bytes for {}",
            bytes.len()
        );
        let trained = trained.expect("a model");
        assert!(trained.booster.rounds() >= 1, "mutation {mutation}");
        resumed += usize::from(trained.resumed_rounds > 0);
    }
    println!("{resumed} go on");
}
