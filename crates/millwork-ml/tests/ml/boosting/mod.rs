//! Both backends against Python's XGBoost: the same trees from the same data and parameters.
//!
//! Trees are compared as trees, whatever their nodes' numbers: the same columns, bounds and sides of missing values, to the bit,
//! and leaves to 1e-5. Rows and columns aren't sampled, for XGBoost draws other random numbers; there the losses on
//! unseen rows are compared.
//!
//! The embedded backend grows trees as XGBoost does from 3.4 on, so the newest version that `MILLWORK_XGBOOSTS` names is compared with;
//! the native one is compared with the version that it finds itself, that of `MILLWORK_PYTHON`.

mod cases;
mod trees;

use millwork_core::{Advice as _, AssetValue};
use millwork_ml::boost::{
    Backend, Booster, BoosterParams, GrowPolicy, Monotone, Objective, TreeMethod, XgboostJson,
};
use millwork_ml::features::{Features, LabelledFeatures, Npz};
use millwork_ml::metrics;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::boosting::cases::{CASES, Case, Numbers};
use crate::boosting::trees::{Comparison, Growth, close, compare};
use crate::support::{Python, Started, Xgboost, contributions};

/// Rounds of every training.
const ROUNDS: usize = 4;

/// How many cases may end in a tie of two splits, after which trees differ.
const TIES: usize = CASES / 50;

/// Rounds of trainings on samples.
const SAMPLED_ROUNDS: usize = 20;

/// How many cases a process of Python is given.
const AT_ONCE: usize = 150;

/// Our parameters by XGBoost's names, as their serialized form has them.
fn settings(params: &BoosterParams, columns: usize) -> Value {
    let Value::Object(own) = serde_json::to_value(params).expect("JSON") else { panic!("an object") };
    let mut settings = serde_json::Map::new();
    for (name, value) in own {
        match value {
            Value::Object(choice) if name == "objective" || name == "booster" => {
                for (chosen, own) in choice {
                    settings.insert(name.clone(), json!(chosen));
                    settings.extend(own.as_object().expect("parameters").clone());
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_)
                if name != "backend" && name != "nthread" =>
            {
                settings.insert(name, value);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {}
        }
    }
    settings.retain(|_, value| !value.is_null());
    if !params.monotone_constraints.is_empty() {
        let direction = |column: u32| match params.monotone_constraints.get(&column) {
            Some(Monotone::Increasing) => "1",
            Some(Monotone::Decreasing) => "-1",
            None => "0",
        };
        let directions: Vec<&str> = (0..columns as u32).map(direction).collect();
        settings.insert("monotone_constraints".to_owned(), json!(format!("({})", directions.join(","))));
    }
    if !params.interaction_constraints.is_empty() {
        settings.insert(
            "interaction_constraints".to_owned(),
            json!(serde_json::to_string(&params.interaction_constraints).expect("JSON")),
        );
    }
    Value::Object(settings)
}

/// Python's predictions for a case, by its model and by ours.
#[derive(Deserialize)]
struct Answer {
    number: usize,
    theirs: Vec<f32>,
    ours: Vec<f32>,
    compact: Vec<f32>,
    /// Only of cases that are to be explained.
    contributions: Vec<f32>,
    leaves: Vec<u32>,
}

/// Whether numbers are equal. Python writes the largest number for infinity, and 0 for what is no number.
fn all_close(left: &[f32], right: &[f32]) -> bool {
    let number = |value: f32| if value.is_nan() { 0.0 } else { f64::from(value.clamp(f32::MIN, f32::MAX)) };
    left.len() == right.len()
        && left.iter().zip(right).all(|(&left, &right)| close(number(left), number(right)))
}

/// Whether Python computes contributions in a case, which takes long.
fn is_explained(case: &Case) -> bool {
    case.number.is_multiple_of(4) && case.data.features().columns() < 50
}

/// The problems of models exchanged both ways, which have to predict the same for every row.
fn exchange_problems(python: &Python, case: &Case, booster: &Booster, answer: &Answer) -> Vec<&'static str> {
    let (features, name) = (case.data.features(), format!("case{}", case.number));
    let ours = booster.predict_outputs(features).expect("predictions");
    let bytes = std::fs::read(python.path(&format!("{name}.theirs.json"))).expect("a file");
    let document = trees::document(&bytes);
    let Ok(theirs) = <Booster as AssetValue<XgboostJson>>::decode(&bytes) else {
        return vec!["their model can't be read"];
    };
    // Deleted nodes are left out of what is read, and the others numbered anew.
    let whole = trees::trees(&document).iter().all(|tree| tree["tree_param"]["num_deleted"] == "0");
    let bytes = std::fs::read(python.path(&format!("{name}.theirs.ubj"))).expect("a file");
    let Ok(compact) = Booster::from_ubjson(&bytes) else {
        return vec!["their compact model can't be read"];
    };
    let loaded = theirs.predict_outputs(features).expect("predictions");
    let explained = || {
        !is_explained(case)
            || all_close(&contributions(&theirs, features).expect("contributions"), &answer.contributions)
    };
    let checks = [
        ("our model in Python", all_close(&answer.ours, ours.values())),
        ("our compact model in Python", all_close(&answer.compact, ours.values())),
        ("their model here", all_close(loaded.values(), &answer.theirs)),
        (
            "their compact model here",
            all_close(compact.predict_outputs(features).expect("predictions").values(), loaded.values()),
        ),
        ("contributions", explained()),
        ("leaves", !whole || theirs.predict_leaf(features).expect("leaves").concat() == answer.leaves),
    ];
    checks.into_iter().filter(|(_, holds)| !holds).map(|(what, _)| what).collect()
}

fn document(booster: &Booster) -> Value {
    let mut bytes = Vec::new();
    AssetValue::<XgboostJson>::encode(booster, &mut bytes).expect("encoding to memory");
    trees::document(&bytes)
}

/// Writes what Python needs for a case.
fn question(python: &Python, case: &Case, booster: &Booster) -> Value {
    let name = format!("case{}", case.number);
    python.store::<Npz>(&format!("{name}.npz"), &case.data);
    python.store::<XgboostJson>(&format!("{name}.ours.json"), booster);
    python.write(&format!("{name}.ours.ubj"), &booster.to_ubjson().expect("a model"));
    let is_categorical = case.data.features().columns() == 6 && case.number >= CASES;
    json!({
        "number": case.number,
        "rounds": ROUNDS,
        "settings": settings(&case.params, case.data.features().columns()),
        "explain": is_explained(case),
        "categories": if is_categorical { &[0, 2, 4][..] } else { &[] },
    })
}

/// Trains cases here and in Python at the same time: the models, with Python's answers, and the errors.
fn trained(
    python: &Python,
    mut cases: Vec<Case>,
    backend: Backend,
) -> (Vec<(Case, Booster, Answer)>, Vec<String>) {
    let (mut boosters, mut problems, mut started) = (Vec::new(), Vec::new(), Vec::new());
    while !cases.is_empty() {
        let rest = cases.split_off(AT_ONCE.min(cases.len()));
        let mut questions = Vec::new();
        for case in std::mem::replace(&mut cases, rest) {
            let nthread = if backend == Backend::Native { Some(1) } else { case.params.nthread };
            let params = BoosterParams { backend, nthread, ..case.params.clone() };
            match Booster::train(&params, ROUNDS, &case.data) {
                Ok(booster) => {
                    questions.push(question(python, &case, &booster));
                    boosters.push((case, booster));
                }
                Err(error) => problems.push(format!("{}: {}", case.name, error.one_line())),
            }
        }
        let number = started.len();
        let (file, answer) = (format!("cases{number}.json"), format!("answers{number}.json"));
        python.write_json(&file, &questions);
        started.push((python.start("xgboost_suite.py", &[&file, "", &answer], &[]), answer));
    }
    let mut answers: Vec<Answer> = Vec::new();
    for (script, answer) in started {
        Started::finish(script);
        answers.extend(python.read_json::<Vec<Answer>>(&answer));
    }
    let same = boosters.iter().map(|(case, _)| case.number).eq(answers.iter().map(|answer| answer.number));
    assert!(same, "Python answers every case in turn");
    let together = boosters.into_iter().zip(answers);
    (together.map(|((case, booster), answer)| (case, booster, answer)).collect(), problems)
}

fn compared(case: &Case, booster: &Booster, theirs: &Value) -> Comparison {
    let objective = &case.params.objective;
    let outputs = if let Objective::Quantile { quantile_alpha } = objective {
        quantile_alpha.len()
    } else if let Objective::Softprob { num_class } | Objective::Softmax { num_class } = objective {
        *num_class
    } else {
        1
    };
    let growth = Growth {
        trees_per_round: outputs * case.params.num_parallel_tree,
        leaves_compete: case.params.grow_policy == GrowPolicy::Lossguide,
        gamma: case.params.gamma,
    };
    compare(&document(booster), theirs, growth)
}

/// What was found in comparing the trees of all cases.
#[derive(Default)]
struct Tally {
    identical: usize,
    tied: usize,
    cases: usize,
    problems: Vec<String>,
}

impl Tally {
    fn add(&mut self, case: &Case, comparison: &Comparison) {
        self.cases += 1;
        self.identical += usize::from(comparison.identical);
        self.tied += usize::from(!comparison.ties.is_empty());
        comparison.ties.iter().for_each(|tie| println!("tie in {}: {tie}", case.name));
        if let Some(first) = comparison.differences.first() {
            self.problems.push(format!("{}: {first}", case.name));
        }
    }

    fn check(self, backend: Backend) {
        let Self { identical, tied, cases, problems } = self;
        println!("{backend:?}: {cases} cases; all bits are the same in {identical}, {tied} have ties");
        assert!(
            problems.is_empty() && tied <= TIES,
            "{} of {cases} cases differ, {tied} have ties:\n{}",
            problems.len(),
            problems.join("\n")
        );
    }
}

/// Trains cases on a backend and compares models and trees with Python's.
fn check_trees(python: &Python, cases: Vec<Case>, backend: Backend) {
    let (trained, problems) = trained(python, cases, backend);
    let mut tally = Tally { problems, ..Tally::default() };
    for (case, booster, answer) in &trained {
        let bytes = std::fs::read(python.path(&format!("case{}.theirs.json", case.number))).expect("a file");
        for problem in exchange_problems(python, case, booster, answer) {
            tally.problems.push(format!("{}: {problem}", case.name));
        }
        tally.add(case, &compared(case, booster, &trees::document(&bytes)));
    }
    tally.check(backend);
}

#[test]
fn embedded_trees_are_xgboost_s() {
    let Some(all) = Xgboost::all() else { return };
    let mut cases = cases::all();
    for case in cases.iter_mut().filter(|case| case.params.tree_method == TreeMethod::Approx) {
        case.params.tree_method = TreeMethod::Hist;
    }
    match all.into_iter().find(|found| found.version >= (3, 4)) {
        Some(newest) => check_trees(&Python::of(newest.interpreter), cases, Backend::Embedded),
        None => {
            println!(
                "skipped: MILLWORK_XGBOOSTS names no XGBoost from 3.4 on, whose trees are compared with"
            );
        }
    }
}

#[test]
fn native_trees_are_xgboost_s() {
    let Some(python) = Python::find() else { return };
    // Since 3.4 predicted quantiles are in ascending order, here as well.
    let is_compared = |case: &Case| {
        case.number.is_multiple_of(3) && !matches!(case.params.objective, Objective::Quantile { .. })
    };
    check_trees(&python, cases::all().into_iter().filter(is_compared).collect(), Backend::Native);
}

/// Rows with more different values than bins: dense ones, or wide and sparse ones.
fn continuous(dense: bool, rows: usize, numbers: &mut Numbers) -> LabelledFeatures {
    let (columns, presence) = if dense { (8, 1.0) } else { (150, 0.06) };
    let (mut row_offsets, mut indices, mut values, mut targets) =
        (vec![0], Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let mut target = 2.0 * numbers.next();
        for column in 0..columns {
            if numbers.next() < presence {
                let value = numbers.next();
                target += (value * 6.0).sin() * f64::from(column % 4);
                indices.push(column);
                values.push(value);
            }
        }
        targets.push(target);
        row_offsets.push(indices.len());
    }
    let features = Features::new(columns as usize, row_offsets, indices, values).expect("a valid matrix");
    LabelledFeatures::new(features, targets).expect("labelled features")
}

/// Our test losses over those of Python's XGBoost.
fn loss_ratios(backend: Backend) -> Option<Vec<f64>> {
    let python = Python::find()?;
    let mut numbers = Numbers(5);
    let (mut cases, mut ours) = (Vec::new(), Vec::new());
    for case in 0..8 {
        let (train, test) =
            (continuous(case % 2 == 0, 5_000, &mut numbers), continuous(case % 2 == 0, 5_000, &mut numbers));
        let share = |share: f64, samples: bool| if samples { share } else { 1.0 };
        let params = BoosterParams {
            backend,
            subsample: share(0.8, case < 4),
            colsample_bytree: share(0.9, case >= 4),
            colsample_bynode: share(0.9, case >= 6),
            nthread: Some(1),
            max_depth: 4,
            eta: 0.2,
            ..BoosterParams::default()
        };
        let booster = Booster::train(&params, SAMPLED_ROUNDS, &train).expect("a model");
        let name = format!("case{case}");
        python.store::<Npz>(&format!("{name}.npz"), &train);
        python.store::<Npz>(&format!("{name}.test.npz"), &test);
        let settings = settings(&params, train.features().columns());
        cases.push(json!({ "data": format!("{name}.npz"), "test": format!("{name}.test.npz"), "rounds": SAMPLED_ROUNDS, "settings": settings }));
        ours.push((booster.predict(test.features()).expect("predictions"), test));
    }
    python.write_json("cases.json", &cases);
    python.run("xgboost_losses.py", &["cases.json", "theirs.json"]);
    let theirs: Vec<Vec<f32>> = python.read_json("theirs.json");
    let mut ratios = Vec::new();
    for ((ours, test), theirs) in ours.iter().zip(&theirs) {
        let loss = |predictions: &[f32]| {
            metrics::root_mean_squared_error(test.targets(), predictions).expect("a value")
        };
        ratios.push(loss(ours) / loss(theirs));
    }
    println!("{backend:?}: our losses over theirs: {ratios:.4?}");
    Some(ratios)
}

#[test]
fn losses_of_samples_are_xgboost_s() {
    for backend in [Backend::Embedded, Backend::Native] {
        let Some(ratios) = loss_ratios(backend) else { return };
        let within = |share: f64| ratios.iter().filter(|&&ratio| (ratio - 1.0).abs() < share).count();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        assert!((mean - 1.0).abs() < 0.01 && within(0.04) == ratios.len(), "{backend:?}: {ratios:?}");
    }
}
