//! Encoders against scikit-learn's, on generated columns with nulls, empty texts, ties and Unicode.

use millwork_core::Advice as _;
use millwork_ml::encoding::{
    Drop, EncodingError, Frequency, NullNumber, Nulls, NumberEncoder, NumberParams, OneHotEncoder,
    OneHotParams, OrdinalEncoder, OrdinalParams, Scaling, Smoothing, TargetEncoder, TargetParams, Unknown,
    UnknownOrdinal,
};
use millwork_ml::features::Features;
use serde_json::{Value, json};

use crate::support::ask;

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

const CATEGORIES: [Option<&str>; 9] = [
    Some("github.com"),
    None,
    Some(""),
    Some("Ünïcode"),
    Some("日本"),
    Some("a=b"),
    Some("(infrequent)"),
    Some("🦀"),
    Some("z"),
];

/// A column whose first categories are the frequent ones.
fn column(rows: usize, nulls: bool, numbers: &mut Numbers) -> Vec<Option<&'static str>> {
    let category = |_| loop {
        let most = 1 + numbers.below(CATEGORIES.len());
        let category = CATEGORIES[numbers.below(most)];
        if nulls || category.is_some() {
            break category;
        }
    };
    (0..rows).map(category).collect()
}

fn dense(features: &Features) -> Vec<Vec<Option<f64>>> {
    let row = |(indices, values): (&[u32], &[f64])| {
        let mut row = vec![None; features.columns()];
        indices.iter().zip(values).for_each(|(&column, &value)| row[column as usize] = Some(value));
        row
    };
    features.iter().map(row).collect()
}

fn one_hot_params() -> Vec<(OneHotParams, Value)> {
    let mut all = Vec::new();
    for (min_frequency, theirs) in [
        (None, Value::Null),
        (Some(Frequency::Count(3)), json!(3)),
        (Some(Frequency::Share(0.15)), json!(0.15)),
        (Some(Frequency::Count(100)), json!(100)),
    ] {
        for max_categories in [None, Some(1), Some(3), Some(50)] {
            for (unknown, name) in [(Unknown::Ignore, "ignore"), (Unknown::Infrequent, "infrequent_if_exist")]
            {
                for (drop, dropped) in [
                    (Drop::None, Value::Null),
                    (Drop::First, json!("first")),
                    (Drop::IfBinary, json!("if_binary")),
                ] {
                    let params =
                        OneHotParams { min_frequency, max_categories, unknown, drop, ..Default::default() };
                    let settings = json!({ "min_frequency": theirs, "max_categories": max_categories,
                        "handle_unknown": name, "drop": dropped });
                    all.push((params, settings));
                }
            }
        }
    }
    all
}

/// Each case with what we answer.
fn cases() -> Vec<(Value, Vec<Vec<Option<f64>>>)> {
    let mut numbers = Numbers(3);
    let mut cases = Vec::new();
    for (params, settings) in one_hot_params() {
        let (rows, nulls) = (1 + numbers.below(40), numbers.below(2) == 0);
        let (train, test) = (column(rows, nulls, &mut numbers), column(20, true, &mut numbers));
        let encoder = OneHotEncoder::fit(&params, "x", train.iter().copied()).expect("an encoder");
        let features = encoder.transform(test.iter().copied()).expect("features");
        let zeros = |row: Vec<Option<f64>>| row.into_iter().map(|entry| entry.or(Some(0.0))).collect();
        let ours = dense(&features).into_iter().map(zeros).collect();
        cases.push((json!({ "kind": "one_hot", "settings": settings, "train": train, "test": test }), ours));
    }
    for case in 0..24 {
        let rows = 8 + numbers.below(60);
        let (train, test) = (column(rows, true, &mut numbers), column(20, true, &mut numbers));
        let binary = case % 2 == 1;
        let mut targets: Vec<f64> =
            (0..rows).map(|_| numbers.below(if binary { 2 } else { 50 }) as f64).collect();
        (targets[0], targets[1]) = (0.0, 1.0);
        let (smooth, theirs) = match case % 3 {
            0 => (Smoothing::Auto, json!("auto")),
            1 => (Smoothing::Rows(0.0), json!(0.0)),
            _ => (Smoothing::Rows(7.5), json!(7.5)),
        };
        let params = TargetParams { smooth, ..TargetParams::default() };
        let encoder = TargetEncoder::fit(&params, "x", train.iter().copied(), &targets).expect("an encoder");
        let ours = dense(&encoder.transform(test.iter().copied()).expect("features"));
        let target_type = if binary { "binary" } else { "continuous" };
        cases.push((
            json!({ "kind": "target", "smooth": theirs, "target_type": target_type, "targets": targets,
                "train": train, "test": test }),
            ours,
        ));
    }
    for _ in 0..8 {
        let (train, test) = (column(30, false, &mut numbers), column(20, false, &mut numbers));
        let params = OrdinalParams { unknown: UnknownOrdinal::Value(-7.0), ..OrdinalParams::default() };
        let encoder = OrdinalEncoder::fit(&params, "x", train.iter().copied()).expect("an encoder");
        let ours = dense(&encoder.transform(test.iter().copied()).expect("features"));
        cases.push((json!({ "kind": "ordinal", "train": train, "test": test }), ours));
    }
    for case in 0..40 {
        let scalings = [Scaling::Standard, Scaling::MinMax, Scaling::MaxAbs, Scaling::Robust];
        let scaling = scalings[case % 4];
        let mut number = |spread: usize| match numbers.below(6) {
            0 => None,
            _ => Some((numbers.below(spread) as f64 - 20.0) / 8.0),
        };
        let spread = if case < 8 { 1 } else { 300 };
        let mut train: Vec<Option<f64>> = (0..25).map(|_| number(spread)).collect();
        train[0] = Some(-2.5);
        let test: Vec<Option<f64>> = (0..10).map(|_| number(300)).collect();
        let params = NumberParams { scaling, ..NumberParams::default() };
        let encoder = NumberEncoder::fit(&params, &[("x", &train)]).expect("an encoder");
        let ours = dense(&encoder.transform(&[("x", &test)]).expect("features"));
        cases.push((json!({ "kind": "scaled", "scaling": scaling, "train": train, "test": test }), ours));
    }
    cases
}

#[test]
fn encodings_are_scikit_learn_s() {
    let cases = cases();
    let question: Vec<&Value> = cases.iter().map(|(case, _)| case).collect();
    let Some(theirs) = ask::<Vec<Vec<Vec<Option<f64>>>>>("sklearn_encoders.py", &question) else {
        return;
    };
    assert_eq!(theirs.len(), cases.len());
    for ((case, ours), theirs) in cases.iter().zip(&theirs) {
        let same = |left: &Option<f64>, right: &Option<f64>| match (left, right) {
            (Some(left), Some(right)) => (left - right).abs() <= 1e-12 * left.abs().max(1.0),
            (left, right) => left == right,
        };
        let equal = ours.len() == theirs.len()
            && ours.iter().zip(theirs).all(|(ours, theirs)| {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(left, right)| same(left, right))
            });
        assert!(equal, "{case}: {ours:?} is not {theirs:?}");
    }
    println!("{} cases are equal", cases.len());
}

fn check_names(params: &OneHotParams, values: &[Option<&str>], expected: &[&str]) {
    let encoder = OneHotEncoder::fit(params, "x", values.iter().copied()).expect("an encoder");
    assert_eq!(encoder.names().iter().collect::<Vec<_>>(), expected);
    let json = serde_json::to_string(&encoder).expect("JSON");
    assert_eq!(serde_json::from_str::<OneHotEncoder>(&json).expect("what was written"), encoder);
}

#[test]
fn columns_are_named_by_their_categories() {
    let rare = OneHotParams { min_frequency: Some(Frequency::Count(2)), ..OneHotParams::default() };
    check_names(
        &OneHotParams::default(),
        &[Some("b"), None, Some("a"), Some("")],
        &["x=", "x=a", "x=b", "x=(null)"],
    );
    check_names(&rare, &[Some("b"), None, Some("a"), Some("a")], &["x=a", "x=(infrequent)"]);
    check_names(&OneHotParams::default(), &[Some("(null)"), None], &["x=(null)", "x=(null)_"]);
    check_names(&OneHotParams { nulls: Nulls::Ignore, ..OneHotParams::default() }, &[None, None], &[]);
}

#[test]
fn training_rows_are_encoded_by_other_folds() {
    // Each category occurs once, so that another fold knows nothing of it.
    let names: Vec<String> = (0..20).map(|row| row.to_string()).collect();
    let targets: Vec<f64> = (0..20).map(f64::from).collect();
    let params = TargetParams { smooth: Smoothing::Rows(0.0), folds: 4, ..TargetParams::default() };
    let values = || names.iter().map(|name| Some(name.as_str()));
    let (encoder, train) = TargetEncoder::fit_transform(&params, "x", values(), &targets).expect("features");
    let all: f64 = targets.iter().sum();
    for parts in &millwork_ml::split::k_fold(20, 4, 0).expect("folds") {
        let own: f64 = parts.test.iter().map(|&row| targets[row]).sum();
        for &row in &parts.test {
            assert!((train.values()[row] - (all - own) / 15.0).abs() < 1e-12);
        }
    }
    assert_eq!(encoder.transform(values()).expect("features").values(), targets);
}

#[test]
fn a_damaged_encoder_answers_or_is_an_error() {
    let (values, targets) = ([Some("a"), Some("b"), None], [1.0, 2.0, 3.0]);
    let one_hot = OneHotEncoder::fit(&OneHotParams::default(), "x", values).expect("an encoder");
    let target = TargetEncoder::fit(&TargetParams::default(), "x", values, &targets).expect("an encoder");
    let damaged = |encoder: Value, list: &str| {
        let mut encoder = encoder;
        encoder[list].as_array_mut().expect("a list").truncate(1);
        encoder
    };
    let json = damaged(serde_json::to_value(&one_hot).expect("JSON"), "columns");
    if let Ok(encoder) = serde_json::from_value::<OneHotEncoder>(json) {
        let _ = encoder.transform(values);
    }
    let json = damaged(serde_json::to_value(&target).expect("JSON"), "means");
    if let Ok(encoder) = serde_json::from_value::<TargetEncoder>(json) {
        let _ = encoder.transform(values);
    }
}

fn check_error<T: std::fmt::Debug>(result: Result<T, EncodingError>, expected: &str) {
    let error = result.expect_err(expected);
    assert!(error.one_line().starts_with(expected), "{error}");
}

#[test]
fn what_cannot_be_encoded_is_an_error() {
    let one_hot = |params: &OneHotParams, values: &[Option<&'static str>]| {
        OneHotEncoder::fit(params, "x", values.iter().copied())
    };
    let strict = OneHotParams { unknown: Unknown::Error, nulls: Nulls::Error, ..OneHotParams::default() };
    check_error(one_hot(&strict, &[]), "the column `x` has no rows to fit on; hint:");
    check_error(one_hot(&strict, &[Some("a"), None]), "row 1 of the column `x` is null; hint:");
    let encoder = one_hot(&strict, &[Some("a")]).expect("an encoder");
    check_error(
        encoder.transform([Some("b")]),
        "row 0 of the column `x` is `b`, which is not among the categories",
    );
    let none = OneHotParams { max_categories: Some(0), min_frequency: Some(Frequency::Share(2.0)), ..strict };
    check_error(
        one_hot(&none, &[Some("a")]),
        "the encoder's parameters are invalid: `min_frequency` is 2.0 and must be a share of 0.0 to 1.0; `max_categories`",
    );

    let numbers =
        |params: &NumberParams, values: &[Option<f64>]| NumberEncoder::fit(params, &[("x", values)]);
    let plain = NumberParams::default();
    check_error(numbers(&plain, &[Some(f64::INFINITY)]), "row 0 of the column `x` is infinite");
    let mean = NumberParams { nulls: NullNumber::Mean, ..plain.clone() };
    check_error(numbers(&mean, &[None, Some(f64::NAN)]), "the column `x` has only nulls; hint:");
    assert!(
        numbers(&plain, &[None])
            .expect("an encoder")
            .transform(&[("x", &[None])])
            .expect("features")
            .values()
            .is_empty()
    );
    let encoder = numbers(&plain, &[Some(1.0)]).expect("an encoder");
    check_error(encoder.transform(&[("y", &[])]), "the columns are `y`, but the encoder was fitted on `x`");
    check_error(
        NumberEncoder::fit(&plain, &[("x", &[None]), ("y", &[])]),
        "the column `y` has 0 rows, and 1 are expected",
    );

    let params = TargetParams::default();
    check_error(
        TargetEncoder::fit(&params, "x", [None], &[]),
        "the column `x` has 1 rows, and 0 are expected",
    );
    let error = TargetEncoder::fit(&params, "x", [None], &[f64::NAN]);
    check_error(error, "the target of row 0 is not finite");
    let params = TargetParams { smooth: Smoothing::Rows(-1.0), folds: 1, ..params };
    check_error(
        TargetEncoder::fit(&params, "x", [None], &[1.0]),
        "the encoder's parameters are invalid: `smooth` is -1 and must be 0 rows or more; `folds` is 1",
    );
}
