//! Comparison of the vectorizers with scikit-learn's over a grid of parameters, by the interpreter that
//! `MILLWORK_PYTHON` names.

mod grid;

use millwork_ml::features::Features;
use millwork_ml::text::{CountParams, HashingParams, HashingVectorizer, TextError, TfidfParams};
use serde_json::{Value, json};

use crate::support::{Python, Stories};
use crate::text_grid::grid::{Case, Kind, error_cases, grid};

/// Documents that split differently where Unicode or white space is taken differently.
const ODD_DOCUMENTS: &[&str] = &[
    "",
    " ",
    "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f}",
    "हिन्दी में समाचार क\u{93c}",
    "ข่าวภาษาไทย ที่นี่",
    "日本語のニュース 中文新闻 한국어 가각 ㍿ ｶﾞｷﾞ ＡＢｃ",
    "e\u{301}te\u{301} été İstanbul Iıİi ıı i\u{307}",
    "ΟΔΥΣΣΕΥΣ ΑΣ' ΑΣ.ΒΣ ΣΣ Σ ΑΣ\u{345}Β ᾼΣ ΣΑ aΣ Σ\u{301} Α\u{301}Σ ς σ",
    "Straße STRASSE ẞẞ ǅǅ ǅa ǈ ﬃﬃ ŉ ǰ",
    "x² H₂O ½½ ⅯⅮⅭ ⅷⅸ ①②③ ⒶⒷ ㊿㊿ 一二 a½ ²b Ⓐb",
    "snake_case __init__ _ ‿‿ a‿b",
    "PokÃ©mon donâ\u{80}\u{99}t cafÃ\u{a0} ab\u{85}cd\u{9f}ef  \u{85} x",
    "👩\u{200d}👩\u{200d}👧 emoji🦀crab 🇩🇪🇩🇪 1️⃣2️⃣",
    "a\u{ad}b soft\u{ad}hyphen zero\u{200b}width non\u{a0}break \u{feff}bom a\u{a0}\u{a0}b",
    "em\u{2003}quad \u{2028}line\u{2029} \u{3000}ideographic\u{3000}space \u{180e}mvs \u{1680}ogham \u{202f}\u{205f}z",
    "שלום עולם مرحبا بالعالم ١٢٣ ۴۵۶ שָׁלוֹם مَرْحَبًا",
    "ꙮꙮ \u{10400}\u{10428} 𝒜𝓫 𝟘𝟙 ªº ʰʲ Å Å Ω",
    "don't C++ C# .NET -2000 \\in &lt;&gt; <b>bold</b> a-b-c x.y 3.14 #tag #Ünder_score",
    "\u{301}lone \u{301} \u{301}\u{302}marks a\u{323}\u{307} q\u{307}\u{323}",
    "  two  spaces \t tab\n\nlines \u{1f}\u{1f}units ",
    "٣٤ ३४ ๓๔ 𝟯𝟰 ᠓ ⁴ ₅",
    "\0nul\0\0 a\0b",
    "a b c d e f g h a b c d e f g h a",
];

/// What scikit-learn made of a case.
enum Answer {
    Error(String),
    Matrices { terms: Vec<String>, train: Matrix, test: Matrix },
}

#[derive(Debug, PartialEq)]
struct Matrix {
    columns: usize,
    row_offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

/// Answers are read one after the other from the binary file.
struct Arrays<'a>(&'a [u8]);

impl Arrays<'_> {
    fn take<const N: usize, T>(&mut self, count: usize, number: fn([u8; N]) -> T) -> Vec<T> {
        let (bytes, rest) = self.0.split_at(count * N);
        self.0 = rest;
        bytes.chunks_exact(N).map(|bytes| number(bytes.try_into().expect("a number's bytes"))).collect()
    }

    fn matrix(&mut self, shape: &Value) -> Matrix {
        let [rows, columns, entries] = serde_json::from_value(shape.clone()).expect("three sizes");
        let row_offsets = self.take(rows + 1, u64::from_le_bytes).into_iter().map(|offset| offset as usize);
        Matrix {
            columns,
            row_offsets: row_offsets.collect(),
            indices: self.take(entries, u32::from_le_bytes),
            values: self.take(entries, f64::from_le_bytes),
        }
    }

    fn answer(&mut self, answer: &Value) -> Answer {
        if let Some(error) = answer["error"].as_str() {
            return Answer::Error(error.to_owned());
        }
        let terms = serde_json::from_value::<Option<_>>(answer["terms"].clone()).expect("terms");
        let (train, test) = (self.matrix(&answer["shapes"][0]), self.matrix(&answer["shapes"][1]));
        Answer::Matrices { terms: terms.unwrap_or_default(), train, test }
    }
}

/// Asks scikit-learn, or prints why not.
fn ask(documents: &Value, cases: &[Case]) -> Option<Vec<Answer>> {
    let python = Python::find()?;
    python.write_json("documents.json", documents);
    python.write_json("cases.json", &cases.iter().map(Case::to_json).collect::<Vec<_>>());
    let names = ["documents.json", "cases.json", "answers.json", "answers.bin"];
    python.run("sklearn_text_grid.py", &names);
    let answers: Vec<Value> = python.read_json("answers.json");
    let bytes = std::fs::read(python.path("answers.bin")).expect("arrays");
    let mut arrays = Arrays(&bytes);
    Some(answers.iter().map(|answer| arrays.answer(answer)).collect())
}

/// What we make of a case: terms, and the features of both lists of documents.
fn run(case: &Case, documents: &Value) -> Result<(Vec<String>, Features, Features), TextError> {
    let list = |name: &str| -> Vec<&str> {
        let documents = documents[name].as_array().expect("a list");
        documents.iter().map(|document| document.as_str().expect("a document")).collect()
    };
    let (train, test) = (list(case.train), list(case.test));
    let params = case.params.clone();
    match case.kind {
        Kind::Count => {
            let params: CountParams = serde_json::from_value(params).expect("parameters");
            let (vectorizer, features) = params.fit_transform(&train)?;
            Ok((vectorizer.terms().to_vec(), features, vectorizer.transform(&test)))
        }
        Kind::Tfidf => {
            let params: TfidfParams = serde_json::from_value(params).expect("parameters");
            let (vectorizer, features) = params.fit_transform(&train)?;
            Ok((vectorizer.terms().to_vec(), features, vectorizer.transform(&test)))
        }
        Kind::Hashing => {
            let params: HashingParams = serde_json::from_value(params).expect("parameters");
            let vectorizer = HashingVectorizer::new(&params)?;
            Ok((Vec::new(), vectorizer.transform(&train), vectorizer.transform(&test)))
        }
    }
}

/// What differs between our matrix and scikit-learn's, if anything does.
fn difference(ours: &Features, theirs: &Matrix) -> Option<String> {
    if ours.columns() != theirs.columns {
        return Some(format!("{} columns instead of {}", ours.columns(), theirs.columns));
    }
    if ours.row_offsets() != theirs.row_offsets || ours.indices() != theirs.indices {
        let rows = theirs.row_offsets.windows(2).map(|ends| &theirs.indices[ends[0]..ends[1]]);
        let row = ours.iter().zip(rows).position(|((indices, _), expected)| indices != expected);
        return Some(format!("other entries, first in row {row:?}"));
    }
    let far = |(ours, theirs): &(&f64, &f64)| (*ours - *theirs).abs() > 1e-12 * (1.0 + theirs.abs());
    let entry = ours.values().iter().zip(&theirs.values).find(far)?;
    Some(format!("the value {} instead of {}", entry.0, entry.1))
}

fn check(case: &Case, documents: &Value, answer: &Answer) -> Result<(), String> {
    match (run(case, documents), answer) {
        (Err(_), Answer::Error(_)) => Ok(()),
        (Err(ours), Answer::Matrices { .. }) => Err(format!("an error: {ours}")),
        (Ok(_), Answer::Error(theirs)) => Err(format!("no error, but scikit-learn has: {theirs}")),
        (
            Ok((terms, train, test)),
            Answer::Matrices { terms: expected, train: their_train, test: their_test },
        ) => {
            if terms != *expected {
                let first = terms.iter().zip(expected).find(|(ours, theirs)| ours != theirs);
                return Err(format!("{} terms instead of {}, first {first:?}", terms.len(), expected.len()));
            }
            let differences = [difference(&train, their_train), difference(&test, their_test)];
            differences.into_iter().flatten().next().map_or(Ok(()), Err)
        }
    }
}

fn check_all(documents: &Value, cases: &[Case]) {
    let Some(answers) = ask(documents, cases) else { return };
    assert_eq!(answers.len(), cases.len());
    let errors = answers.iter().filter(|answer| matches!(answer, Answer::Error(_))).count();
    println!("{} cases, {errors} of them errors", cases.len());
    let different: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter_map(|(case, answer)| {
            check(case, documents, answer).err().map(|found| format!("{}: {found}", case.to_json()))
        })
        .collect();
    assert!(different.is_empty(), "{} cases differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn vectorizers_equal_scikit_learn_s_for_all_parameters() {
    let Some(stories) = Stories::load() else { return };
    let with_odd = |range: std::ops::Range<usize>| {
        let titles = stories.titles[range].iter().map(String::as_str);
        titles.chain(ODD_DOCUMENTS.iter().copied()).collect::<Vec<_>>()
    };
    let documents = json!({
        "many": with_odd(0..1_500),
        "more": with_odd(1_500..2_000),
        "few": with_odd(0..300),
        "other": with_odd(2_000..2_100),
        "all": stories.titles,
        "none": [],
    });
    let mut cases = grid(300);
    cases.extend(error_cases());
    for kind in [Kind::Count, Kind::Tfidf, Kind::Hashing] {
        cases.push(Case { kind, params: json!({}), train: "all", test: "many" });
    }
    cases.push(Case {
        kind: Kind::Tfidf,
        params: json!({"max_features": 5_000}),
        train: "all",
        test: "many",
    });
    check_all(&documents, &cases);
}
