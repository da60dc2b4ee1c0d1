//! Parameters to compare the vectorizers on: a grid in which nearly every two values meet.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

/// A vectorizer with parameters, and the documents it is fitted on and asked with.
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) params: Value,
    pub(crate) train: &'static str,
    pub(crate) test: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Count,
    Tfidf,
    Hashing,
}

impl Case {
    pub(crate) fn to_json(&self) -> Value {
        let kind = match self.kind {
            Kind::Count => "count",
            Kind::Tfidf => "tfidf",
            Kind::Hashing => "hashing",
        };
        json!({"kind": kind, "params": self.params, "train": self.train, "test": self.test})
    }

    /// Runs of characters make so many terms that they are compared on fewer documents.
    fn new(kind: Kind, params: Value) -> Self {
        let words = params["analyzer"].as_str().is_none_or(|analyzer| analyzer == "word");
        let (train, test) = if words { ("many", "more") } else { ("few", "other") };
        Self { kind, params, train, test }
    }
}

/// The values of each parameter of a kind; what is there twice is tried twice as often.
fn choices(kind: Kind) -> Vec<(&'static str, Vec<Value>)> {
    let flag = || vec![json!(true), json!(false)];
    let mut choices = vec![
        ("lowercase", flag()),
        ("strip_accents", vec![json!("none"), json!("ascii"), json!("unicode")]),
        ("analyzer", vec![json!("word"), json!("word"), json!("char"), json!("char_wb")]),
        ("ngram_range", vec![json!([1, 1]), json!([1, 2]), json!([2, 3]), json!([3, 3]), json!([1, 4])]),
        (
            "stop_words",
            vec![json!([]), json!(["the", "of", "to", "in", "is"]), json!(["it's", "The", "été"])],
        ),
        ("token_pattern", token_patterns()),
    ];
    match kind {
        Kind::Hashing => choices.extend([
            ("n_features", [1 << 20, 1_000, 16, 1, i32::MAX - 1].map(|columns| json!(columns)).to_vec()),
            ("alternate_sign", flag()),
        ]),
        Kind::Count | Kind::Tfidf => choices.extend([
            ("min_df", vec![json!(1), json!(2), json!(5), json!(0.0), json!(0.001), json!(0.01)]),
            ("max_df", vec![json!(1.0), json!(1.0), json!(0.5), json!(0.02), json!(50)]),
            (
                "max_features",
                vec![json!(null), json!(null), json!(10), json!(100), json!(1_000), json!(99_999)],
            ),
            ("vocabulary", vec![json!(null), json!(null), json!(null), vocabulary()]),
        ]),
    }
    choices.push(("binary", flag()));
    if kind != Kind::Count {
        choices.push(("norm", vec![json!("l2"), json!("l1"), json!("none")]));
    }
    if kind == Kind::Tfidf {
        choices.extend(["use_idf", "smooth_idf", "sublinear_tf"].map(|name| (name, flag())));
    }
    choices
}

/// The default and its kin, and patterns that mean the same to the `regex` crate as to Python's `re`.
fn token_patterns() -> Vec<Value> {
    let patterns = [
        r"(?u)\b\w\w+\b",
        r"(?u)\b\w\w+\b",
        r"(?u)\b\w+\b",
        r"\w{3,}",
        r"[a-zA-Z]{3,}",
        r"[^ -/\t\n]+",
        r"[#@]?([a-zA-Zéß一-龥]+)",
        r"[^ \t\n]+",
        r"[a-z0-9]+(?:['’-][a-z0-9]+)*|\$[0-9.]+",
        r".[^a-z]+?.|[0-9]+",
    ];
    patterns.map(|pattern| json!(pattern)).to_vec()
}

fn vocabulary() -> Value {
    json!([
        "zzz",
        "the",
        "a",
        " t",
        "show hn",
        "hn",
        "e",
        "été",
        "The",
        "日本語のニュース",
        " the ",
        "of the",
        "th",
        "½½"
    ])
}

/// `size` cases: of several drawn at random (with a fixed seed), the one that brings most new pairs of values.
pub(crate) fn grid(size: usize) -> Vec<Case> {
    let mut random = Random(42);
    let shares = [
        (Kind::Count, size / 3),
        (Kind::Tfidf, size * 2 / 5),
        (Kind::Hashing, size - size / 3 - size * 2 / 5),
    ];
    let cases = shares.into_iter().flat_map(|(kind, size)| {
        let choices = choices(kind);
        let mut pairs = HashSet::new();
        let drawn: Vec<Case> = (0..size)
            .map(|_| {
                let draw =
                    |_| choices.iter().map(|(_, values)| random.below(values.len())).collect::<Vec<_>>();
                let candidates: Vec<Vec<usize>> = (0..8).map(draw).collect();
                let new =
                    |values: &&Vec<usize>| pairs_of(values).filter(|pair| !pairs.contains(pair)).count();
                let best = candidates.iter().max_by_key(new).expect("candidates").clone();
                pairs.extend(pairs_of(&best));
                let params = choices.iter().zip(best).map(|((name, values), value)| (*name, &values[value]));
                let given = params.filter(|(_, value)| !value.is_null());
                Case::new(
                    kind,
                    given.map(|(name, value)| (name.to_owned(), value.clone())).collect::<Map<_, _>>().into(),
                )
            })
            .collect();
        println!("{} cases with {} pairs of values", drawn.len(), pairs.len());
        drawn
    });
    cases.collect()
}

/// Every two parameters with their values.
fn pairs_of(values: &[usize]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let pairs = (0..values.len()).flat_map(|right| (0..right).map(move |left| (left, right)));
    pairs.map(|(left, right)| (left, values[left], right, values[right]))
}

/// Cases that fail there and here.
pub(crate) fn error_cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        json!({"ngram_range": [2, 1]}),
        json!({"min_df": 0}),
        json!({"max_df": 0}),
        json!({"min_df": 1.5}),
        json!({"max_df": -0.5}),
        json!({"min_df": 0.9, "max_df": 0.1}),
        json!({"min_df": 10, "max_df": 2}),
        json!({"min_df": 1.0}),
        json!({"max_features": 0}),
        json!({"vocabulary": []}),
        json!({"vocabulary": ["aa", "bb", "aa"]}),
        json!({"token_pattern": "("}),
        json!({"token_pattern": "(a)(b)"}),
        json!({"token_pattern": "there is no such word"}),
        json!({"analyzer": "char", "ngram_range": [5_000, 5_000]}),
        json!({"vocabulary": ["the", "nowhere"], "min_df": 3, "max_df": 2}),
    ]
    .into_iter()
    .flat_map(|params| [Kind::Count, Kind::Tfidf].map(|kind| Case::new(kind, params.clone())))
    .collect();
    cases.push(Case::new(Kind::Tfidf, json!({"vocabulary": ["the", "nowhere"], "smooth_idf": false})));
    cases.push(Case::new(Kind::Hashing, json!({"n_features": 0})));
    cases.push(Case::new(Kind::Hashing, json!({"n_features": i32::MAX})));
    cases.push(Case::new(Kind::Hashing, json!({"ngram_range": [3, 2]})));
    cases.push(Case { train: "none", ..Case::new(Kind::Tfidf, json!({})) });
    cases.push(Case { train: "none", ..Case::new(Kind::Tfidf, json!({"vocabulary": ["the"]})) });
    cases.push(Case { train: "none", ..Case::new(Kind::Count, json!({})) });
    cases.push(Case { train: "none", ..Case::new(Kind::Count, json!({"vocabulary": ["the"]})) });
    cases
}

/// A linear congruential generator with the constants of D. E. Knuth's MMIX.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}
