//! Models exchanged with every version of XGBoost that `MILLWORK_XGBOOSTS` names: each reads the other's files, in both
//! formats, and predicts the same for every row.
//!
//! Margins and predictions agree to 1e-6, relative to the larger of the number and 1; contributions, which versions sum up in
//! different precision, to 1e-4.

mod data;
mod ours;
mod theirs;

use std::collections::BTreeMap;

use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, XgboostJson};
use millwork_ml::features::Features;
use serde::{Deserialize, Serialize};

use crate::exchange::data::Data;
use crate::support::{Python, Started, Xgboost, contributions};

/// The predictions of a version for the rows of a matrix by a model.
#[derive(Debug, Deserialize)]
struct Said {
    margins: Vec<f32>,
    predictions: Vec<f32>,
    /// Rows × outputs × (columns and the bias); `None` where the version has none.
    contributions: Option<Vec<f32>>,
    names: Vec<String>,
    attributes: BTreeMap<String, String>,
}

/// The answer of a version to a file of ours.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Said(Said),
    Error(String),
}

/// A file for a version to read, and the expected predictions.
#[derive(Serialize)]
struct File {
    name: String,
    /// The first version that has such models.
    #[serde(skip)]
    since: (u32, u32),
    #[serde(skip)]
    kind: &'static str,
    data: &'static str,
    #[serde(skip)]
    expected: Expected,
}

/// The predictions of a model of ours.
#[derive(Clone)]
struct Expected {
    margins: Vec<f32>,
    predictions: Vec<f32>,
    /// Absent where the version has none of its own model: those for our model are then no reference.
    contributions: Option<Vec<f32>>,
    /// The names and attributes of the model that ours was read from.
    labels: Option<(Vec<String>, BTreeMap<String, String>)>,
}

/// The largest difference of two lists, relative to the larger of the numbers and 1.
fn distance(left: &[f32], right: &[f32]) -> f64 {
    if left.len() != right.len() {
        return f64::INFINITY;
    }
    let of = |(&left, &right): (&f32, &f32)| {
        let (left, right) = (f64::from(left), f64::from(right));
        if left == right { 0.0 } else { (left - right).abs() / left.abs().max(right.abs()).max(1.0) }
    };
    // A number that isn't one is as far away as can be.
    left.iter()
        .zip(right)
        .map(of)
        .map(|distance| if distance.is_nan() { f64::INFINITY } else { distance })
        .fold(0.0, f64::max)
}

/// The predictions of a model of ours for rows.
fn said(booster: &Booster, features: &Features) -> Result<Expected, String> {
    let margins = booster.predict_margin(features).map_err(|error| error.to_string())?;
    let predictions = booster.predict_outputs(features).map_err(|error| error.to_string())?;
    Ok(Expected {
        margins: margins.values().to_vec(),
        predictions: predictions.values().to_vec(),
        contributions: Some(contributions(booster, features).map_err(|error| error.to_string())?),
        labels: None,
    })
}

/// Whether a version makes the same predictions of margins as we do.
#[derive(Clone, Copy, PartialEq)]
enum Predictions {
    Same,
    Other,
}

impl Predictions {
    /// Versions before 3.4 leave quantiles that cross each other as they are.
    fn of(kind: &str, version: (u32, u32)) -> Self {
        if kind == "quantiles" && version < (3, 4) { Self::Other } else { Self::Same }
    }
}

/// The differences between our predictions and theirs.
fn differences(ours: &Expected, theirs: &Said, predictions: Predictions) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: &[f32], theirs: &[f32], allowed: f64| {
        let distance = distance(ours, theirs);
        if distance > allowed {
            found.push(format!("{what} differ by {distance:.1e}"));
        }
    };
    compare("margins", &ours.margins, &theirs.margins, 1e-6);
    if predictions == Predictions::Same {
        compare("predictions", &ours.predictions, &theirs.predictions, 1e-6);
    }
    if let (Some(ours), Some(theirs)) = (&ours.contributions, &theirs.contributions) {
        compare("contributions", ours, theirs, 1e-4);
    }
    let mut attributes = theirs.attributes.clone();
    attributes.remove("millwork_intercepts");
    if let Some((names, expected)) = &ours.labels
        && (names, expected) != (&theirs.names, &attributes)
    {
        found.push(format!("{:?} and {:?} became of {:?}", theirs.names, theirs.attributes, ours.labels));
    }
    found
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn decoded(bytes: &[u8], extension: &str) -> Result<Booster, String> {
    if extension == "json" {
        <Booster as AssetValue<XgboostJson>>::decode(bytes).map_err(|error| chain(error.as_ref()))
    } else {
        Booster::from_ubjson(bytes).map_err(|error| chain(&error))
    }
}

fn encoded(booster: &Booster, extension: &str) -> Result<Vec<u8>, String> {
    if extension == "json" {
        let mut bytes = Vec::new();
        AssetValue::<XgboostJson>::encode(booster, &mut bytes).map_err(|error| chain(error.as_ref()))?;
        Ok(bytes)
    } else {
        booster.to_ubjson().map_err(|error| chain(&error))
    }
}

/// Reads a version's model of a kind in both formats, and compares. It is then written again, for that version to read.
fn check_theirs(
    python: &Python,
    xgboost: &Xgboost,
    kind: &theirs::Kind,
    theirs: &Said,
    features: &Features,
) -> (Vec<String>, Vec<File>) {
    let (mut problems, mut again) = (Vec::new(), Vec::new());
    let (version, predictions) = (xgboost.name(), Predictions::of(kind.name, xgboost.version));
    for extension in ["json", "ubj"] {
        let file = format!("{version}.{}.{extension}", kind.name);
        let bytes = std::fs::read(python.path(&file)).expect("a file");
        let read = decoded(&bytes, extension);
        let expected = match (read, kind.refused) {
            (Err(error), Some(refused)) if error.contains(refused) => continue,
            (Ok(_), Some(_)) => Err("read, though it can't be represented".to_owned()),
            (read, _) => read.and_then(|booster| Ok((said(&booster, features)?, booster))),
        };
        let (expected, booster) = match expected {
            Ok(read) => read,
            Err(error) => {
                problems.push(format!("{file}: {error}"));
                continue;
            }
        };
        problems.extend(
            differences(&expected, theirs, predictions).into_iter().map(|found| format!("{file}: {found}")),
        );
        let name = format!("{version}.{}.again.{extension}", kind.name);
        match encoded(&booster, extension) {
            Ok(bytes) => python.write(&name, &bytes),
            Err(error) => {
                problems.push(format!("{name}: {error}"));
                continue;
            }
        }
        let labels = Some((theirs.names.clone(), theirs.attributes.clone()));
        let contributions = expected.contributions.filter(|_| theirs.contributions.is_some());
        again.push(File {
            name,
            since: kind.since,
            kind: kind.name,
            data: kind.data,
            expected: Expected { labels, contributions, ..expected },
        });
    }
    (problems, again)
}

/// Writes our models in both formats.
fn write_ours(python: &Python, data: &Data) -> (Vec<String>, Vec<File>) {
    let (mut problems, mut files) = (Vec::new(), Vec::new());
    for kind in ours::kinds() {
        let booster = kind.train(data);
        let expected = said(&booster, data.features(kind.data)).expect(kind.name);
        for extension in ["json", "ubj"] {
            let name = format!("ours.{}.{extension}", kind.name);
            match encoded(&booster, extension) {
                Ok(bytes) => python.write(&name, &bytes),
                Err(error) => {
                    problems.push(format!("{name}: {error}"));
                    continue;
                }
            }
            files.push(File {
                name,
                since: kind.since,
                kind: kind.name,
                data: kind.data,
                expected: expected.clone(),
            });
        }
    }
    (problems, files)
}

/// Compares the predictions of a version by files of ours with our predictions.
fn check_answers(python: &Python, xgboost: &Xgboost, files: &[&File]) -> Vec<String> {
    let version = xgboost.name();
    let answers: Vec<Answer> = python.read_json(&format!("{version}.answers.json"));
    assert_eq!(answers.len(), files.len());
    let mut problems = Vec::new();
    for (file, answer) in files.iter().zip(&answers) {
        let found = match answer {
            Answer::Said(said) => {
                differences(&file.expected, said, Predictions::of(file.kind, xgboost.version))
            }
            Answer::Error(error) => vec![error.lines().next().unwrap_or_default().to_owned()],
        };
        problems.extend(found.into_iter().map(|found| format!("{} in {version}: {found}", file.name)));
    }
    problems
}

#[test]
fn models_are_exchanged_with_every_version() {
    let Some(versions) = Xgboost::all() else { return };
    let first = versions.first().expect("a list has an entry");
    let (python, data) = (Python::of(first.interpreter.clone()), Data::new());
    data.store(&python);
    let kinds = theirs::kinds();
    python.write_json("theirs.json", &kinds);
    let start = |xgboost: &Xgboost| -> Started {
        let python = python.with_interpreter(&xgboost.interpreter);
        python.start("xgboost_versions.py", &[""], &[&xgboost.name()])
    };
    let started: Vec<Started> = versions.iter().map(start).collect();
    let (mut problems, ours) = write_ours(&python, &data);
    for (xgboost, mut started) in versions.iter().zip(started) {
        let version = xgboost.name();
        started.wait_for_line();
        let theirs: BTreeMap<String, Said> = python.read_json(&format!("{version}.theirs.json"));
        let known: Vec<&theirs::Kind> = kinds.iter().filter(|kind| kind.since <= xgboost.version).collect();
        assert_eq!(theirs.len(), known.len(), "{version}");
        let mut again = Vec::new();
        for kind in known {
            let said = &theirs[kind.name];
            let (found, files) = check_theirs(&python, xgboost, kind, said, data.features(kind.data));
            problems.extend(found);
            again.extend(files);
        }
        let known = ours.iter().filter(|file| file.since <= xgboost.version);
        let files: Vec<&File> = known.chain(&again).collect();
        python.write_json(&format!("{version}.ours.json"), &files);
        started.go_on();
        started.finish();
        println!("XGBoost {version}: {} models of it, {} files of ours", theirs.len(), files.len());
        problems.extend(check_answers(&python, xgboost, &files));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
