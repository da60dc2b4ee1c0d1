//! Both backends against Python's XGBoost: the same trees from the same data and parameters.
//!
//! Where no feature has more different values than bins, both search the same splits. Trees are then compared as trees,
//! whatever their nodes' numbers. Elsewhere bins and samples differ, and the losses on unseen rows are compared.
//!
//! `reg:absoluteerror` is left out: the library follows XGBoost 3.4, whose leaves are other ones than those of the
//! version that is compared with.

mod interpreter;

use interpreter::Python;
use millwork_ml::boost::{
    Backend, Booster, BoosterParams, GrowPolicy, Monotone, Objective, Ranking, TreeMethod, XgboostJson,
};
use millwork_ml::features::{Features, LabelledFeatures, Npz};
use millwork_ml::metrics;
use serde::Deserialize;
use serde_json::{Value, json};

/// Rounds of every training.
const ROUNDS: usize = 4;

/// How many cases are compared.
const CASES: usize = 144;

/// How many of them may end in other trees: two splits whose gains differ in the last bit of a sum only. None of them
/// is grown by columns.
const TIES: usize = 12;

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() * bound as f64) as usize
    }
}

/// Wide and sparse (grown by columns), dense with missing entries, or a few columns without any missing.
fn features(kind: usize, rows: usize, numbers: &mut Numbers) -> Features {
    let (columns, presence, values) = [(300, 0.02, 9), (12, 0.7, 40), (5, 1.0, 120)][kind];
    let (mut row_offsets, mut indices, mut entries) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..rows {
        for column in 0..columns {
            if numbers.next() < presence {
                indices.push(column);
                entries.push((numbers.below(values) as f64 - 3.0) / 4.0);
            }
        }
        row_offsets.push(indices.len());
    }
    Features::new(columns as usize, row_offsets, indices, entries).expect("a valid matrix")
}

fn objectives() -> Vec<Objective> {
    vec![
        Objective::SquaredError,
        Objective::Poisson,
        Objective::BinaryLogistic,
        Objective::Softprob { num_class: 3 },
        Objective::Tweedie { tweedie_variance_power: 1.4 },
        Objective::PseudoHuber { huber_slope: 2.0 },
        Objective::Gamma,
        Objective::SquaredLogError,
        Objective::Logistic,
        Objective::PseudoHuber { huber_slope: 0.5 },
        Objective::RankNdcg(Ranking::default()),
        Objective::BinaryLogitRaw,
    ]
}

fn target(objective: &Objective, signal: f64) -> f64 {
    match objective {
        Objective::Poisson => (signal.abs() * 4.0).floor(),
        Objective::BinaryLogistic | Objective::BinaryLogitRaw => f64::from(signal > 0.3),
        Objective::Softprob { .. } => (signal.abs() * 2.0).floor().min(2.0),
        Objective::Tweedie { .. } => (signal - 0.2).max(0.0) * 7.0,
        Objective::Gamma | Objective::SquaredLogError => signal.abs() + 0.1,
        Objective::Logistic => 1.0 / (1.0 + (-signal).exp()),
        Objective::RankNdcg(_) => (signal.abs() * 2.0).floor().min(4.0),
        _ => signal * 5.0 + 20.0,
    }
}

fn data(case: usize, objective: &Objective, numbers: &mut Numbers) -> LabelledFeatures {
    let rows = 80 + numbers.below(160);
    let features = features(case % 3, rows, numbers);
    let signal = |row: usize, numbers: &mut Numbers| {
        let (columns, values) = features.row(row).expect("a row");
        let sum: f64 =
            columns.iter().zip(values).map(|(column, value)| value * f64::from(column % 5 + 1) / 5.0).sum();
        sum.sin() + columns.len() as f64 % 3.0 / 5.0 + numbers.next() / 2.0
    };
    let targets = (0..rows).map(|row| target(objective, signal(row, numbers))).collect();
    let mut data = LabelledFeatures::new(features, targets).expect("labelled features");
    if objective.ranks() {
        let groups = (0..rows).step_by(10).map(|start| (rows - start).min(10)).collect();
        data = data.with_groups(groups).expect("groups");
    } else if case % 4 == 1 {
        let weights = (0..rows).map(|_| 0.5 + numbers.next()).collect();
        data = data.with_weights(weights).expect("weights");
    }
    data
}

fn params(case: usize, objective: Objective, numbers: &mut Numbers) -> BoosterParams {
    let mut params = BoosterParams {
        base_score: Some(if matches!(objective, Objective::SquaredError) { 20.0 } else { 0.5 }),
        objective,
        eta: [0.3, 0.1, 1.0][numbers.below(3)],
        max_depth: 1 + numbers.below(6),
        lambda: [1.0, 0.0, 3.5][numbers.below(3)],
        alpha: [0.0, 0.0, 0.2][numbers.below(3)],
        gamma: [0.0, 0.0, 0.5][numbers.below(3)],
        min_child_weight: [1.0, 0.1, 4.0][numbers.below(3)],
        nthread: Some(1 + case % 2),
        ..BoosterParams::default()
    };
    let by_columns = case.is_multiple_of(3);
    match case % 8 {
        3 => params.max_delta_step = Some(0.4),
        4 if !by_columns => params.tree_method = TreeMethod::Exact,
        5 if !by_columns => {
            (params.grow_policy, params.max_leaves) = (GrowPolicy::Lossguide, 9);
        }
        6 if !by_columns => {
            params.monotone_constraints = [(0, Monotone::Increasing), (2, Monotone::Decreasing)].into();
        }
        7 if !by_columns => params.interaction_constraints = vec![vec![0, 1], vec![2, 3, 4]],
        _ => {}
    }
    params
}

/// Our parameters by XGBoost's names, as their serialized form has them.
fn settings(params: &BoosterParams, columns: usize) -> Value {
    let Value::Object(own) = serde_json::to_value(params).expect("JSON") else { panic!("an object") };
    let mut settings = serde_json::Map::new();
    for (name, value) in own {
        match value {
            Value::Object(choice) if name == "objective" => {
                for (objective, own) in choice {
                    settings.insert(name.clone(), json!(objective));
                    settings.extend(own.as_object().expect("parameters").clone());
                }
            }
            Value::Null | Value::Object(_) | Value::Array(_) => {}
            value if name != "backend" && name != "nthread" => {
                settings.insert(name, value);
            }
            _ => {}
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

#[derive(Deserialize)]
struct Answer {
    theirs: Vec<f32>,
    ours: Vec<f32>,
    compact: Vec<f32>,
    contributions: Vec<f32>,
    leaves: Vec<u32>,
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-5 * left.abs().max(right.abs()).max(1.0)
}

fn all_close(left: &[f32], right: &[f32]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(&left, &right)| close(f64::from(left), f64::from(right)))
}

/// What differs below a node of two trees, given by their documents.
fn difference(ours: &Value, theirs: &Value, nodes: [usize; 2]) -> Option<String> {
    let number = |tree: &Value, list: &str, node: usize| tree[list][node].as_f64().expect("a number");
    let [our_node, their_node] = nodes;
    let is_leaf = |tree: &Value, node| number(tree, "left_children", node) < 0.0;
    let (condition, their_condition) =
        (number(ours, "split_conditions", our_node), number(theirs, "split_conditions", their_node));
    if is_leaf(ours, our_node) != is_leaf(theirs, their_node) {
        return Some(format!("node {our_node} is a leaf in one tree only"));
    }
    if !close(condition, their_condition) {
        return Some(format!("node {our_node} has {condition}, not {their_condition}"));
    }
    if is_leaf(ours, our_node) {
        return None;
    }
    for list in ["split_indices", "default_left"] {
        let (our, their) = (number(ours, list, our_node), number(theirs, list, their_node));
        if our != their {
            return Some(format!("`{list}` of node {our_node} is {our}, not {their}"));
        }
    }
    ["left_children", "right_children"].iter().find_map(|side| {
        difference(
            ours,
            theirs,
            [number(ours, side, our_node) as usize, number(theirs, side, their_node) as usize],
        )
    })
}

fn trees(bytes: &[u8]) -> Vec<Value> {
    let model: Value = serde_json::from_slice(bytes).expect("JSON");
    model["learner"]["gradient_booster"]["model"]["trees"].as_array().expect("trees").clone()
}

/// Models are exchanged both ways, and say the same of every row.
fn check_exchange(python: &Python, name: &str, booster: &Booster, data: &LabelledFeatures, answer: &Answer) {
    let features = data.features();
    let ours = booster.predict_outputs(features).expect("predictions");
    let theirs: Booster = python.load::<_, XgboostJson>(&format!("{name}.theirs.json"));
    let bytes = std::fs::read(python.path(&format!("{name}.theirs.json"))).expect("a file");
    let whole = trees(&bytes).iter().all(|tree| tree["tree_param"]["num_deleted"] == "0");
    let bytes = std::fs::read(python.path(&format!("{name}.theirs.ubj"))).expect("a file");
    // Deleted nodes are left out of JSON only, and the others numbered anew.
    let compact = if whole { Booster::from_ubjson(&bytes).expect("a model") } else { theirs.clone() };
    let loaded = theirs.predict_outputs(features).expect("predictions");
    let mut contributions = Vec::new();
    for row in 0..features.rows() {
        for output in 0..answer.contributions.len() / features.rows() / (features.columns() + 1) {
            let explained =
                theirs.contributions(&features.select(&[row]).expect("a row")).expect("contributions");
            let explained = explained.get(0, output).expect("a row");
            let mut dense = vec![0.0; features.columns()];
            explained.columns.iter().for_each(|&(column, value)| dense[column as usize] = value);
            contributions.extend(dense);
            contributions.push(explained.bias);
        }
    }
    let checks = [
        ("our model in Python", all_close(&answer.ours, ours.values())),
        ("our compact model in Python", all_close(&answer.compact, ours.values())),
        ("their model here", all_close(loaded.values(), &answer.theirs)),
        ("their compact model here", compact.predict_outputs(features).expect("predictions") == loaded),
        ("contributions", all_close(&contributions, &answer.contributions)),
        ("leaves", !whole || theirs.predict_leaf(features).expect("leaves").concat() == answer.leaves),
    ];
    for (what, equal) in checks {
        assert!(equal, "{name}: {what}");
    }
}

/// How our trees differ from theirs.
fn differences(python: &Python, name: &str) -> Vec<String> {
    let read = |whose: &str| std::fs::read(python.path(&format!("{name}.{whose}.json"))).expect("a file");
    let (ours, theirs) = (trees(&read("ours")), trees(&read("theirs")));
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let pairs = ours.iter().zip(&theirs).enumerate();
    let of_tree = |(tree, (ours, theirs))| {
        let difference = difference(ours, theirs, [0, 0])?;
        Some(format!("{name}, tree {tree}: {difference}"))
    };
    pairs.filter_map(of_tree).collect()
}

/// Trains every case here and in Python, exchanges the models, and counts the cases with other trees.
fn check_trees(backend: Backend) -> Option<usize> {
    let python = Python::find()?;
    let mut numbers = Numbers(11);
    let (mut trained, mut cases) = (Vec::new(), Vec::new());
    for case in 0..CASES {
        let objective = objectives()[case / 3 % objectives().len()].clone();
        let data = data(case, &objective, &mut numbers);
        let params = BoosterParams { backend, ..params(case, objective, &mut numbers) };
        let booster =
            Booster::train(&params, ROUNDS, &data).unwrap_or_else(|error| panic!("{params:?}: {error}"));
        let name = format!("case{case}");
        python.store::<Npz>(&format!("{name}.npz"), &data);
        python.store::<XgboostJson>(&format!("{name}.ours.json"), &booster);
        python.write(&format!("{name}.ours.ubj"), &booster.to_ubjson().expect("a model"));
        cases.push(json!({
            "data": format!("{name}.npz"),
            "rounds": ROUNDS,
            "settings": settings(&params, data.features().columns()),
        }));
        trained.push((name, booster, data));
    }
    python.write_json("cases.json", &cases);
    python.run("xgboost_suite.py", &["cases.json", ""]);
    let answers: Vec<Answer> = python.read_json("answers.json");
    assert_eq!(answers.len(), CASES);
    let mut other_trees = 0;
    for (case, ((name, booster, data), answer)) in trained.iter().zip(&answers).enumerate() {
        check_exchange(&python, name, booster, data, answer);
        let differences = differences(&python, name);
        assert!(!case.is_multiple_of(3) || differences.is_empty(), "{differences:?}");
        other_trees += usize::from(!differences.is_empty());
        differences.iter().for_each(|difference| println!("{difference}"));
    }
    println!("{backend:?}: {other_trees} of {CASES} cases have other trees");
    Some(other_trees)
}

#[test]
fn embedded_trees_are_xgboost_s() {
    let Some(other_trees) = check_trees(Backend::Embedded) else { return };
    assert!(other_trees <= TIES, "{other_trees} of {CASES} cases have other trees");
}

#[test]
fn native_trees_are_xgboost_s() {
    assert!(check_trees(Backend::Native).unwrap_or_default() == 0);
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
    for case in 0..12 {
        let (train, test) = (
            continuous(case % 2 == 0, 15_000, &mut numbers),
            continuous(case % 2 == 0, 15_000, &mut numbers),
        );
        let params = BoosterParams {
            backend,
            subsample: if case % 3 == 1 { 0.8 } else { 1.0 },
            colsample_bytree: if case % 6 == 5 { 0.9 } else { 1.0 },
            max_bin: if case < 6 { 256 } else { 64 },
            max_depth: 4,
            eta: 0.2,
            ..BoosterParams::default()
        };
        let booster = Booster::train(&params, 30, &train).expect("a model");
        let name = format!("case{case}");
        python.store::<Npz>(&format!("{name}.npz"), &train);
        python.store::<Npz>(&format!("{name}.test.npz"), &test);
        let settings = settings(&params, train.features().columns());
        cases.push(json!({ "data": format!("{name}.npz"), "test": format!("{name}.test.npz"), "rounds": 30, "settings": settings }));
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
fn losses_are_xgboost_s() {
    for backend in [Backend::Embedded, Backend::Native] {
        let Some(ratios) = loss_ratios(backend) else { return };
        let within = |share: f64| ratios.iter().filter(|&&ratio| (ratio - 1.0).abs() < share).count();
        assert!(within(0.01) >= 10 && within(0.02) == ratios.len(), "{backend:?}: {ratios:?}");
    }
}
