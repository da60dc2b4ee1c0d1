//! `docs/configuration.md` has everything that can be set, and nothing that can't.

use std::collections::BTreeSet;

use millwork_core::run::{RunTag, TAG_PREFIX};

use crate::markdown::{Document, code_spans, documents, rows};
use crate::{code_of, report, root, rust_files, string_literals, text_of};

/// Variables that code names and nobody sets for Millwork: Cargo and the library of XGBoost do, for processes of their own.
const OF_OTHERS: [&str; 6] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_TARGET_DIR",
    "OPT_LEVEL",
    "USE_CUDA",
];

/// Read by a library, `console`.
const OF_LIBRARIES: [&str; 1] = ["NO_COLOR"];

/// What is compared with what: the names in the code, and those in the document.
fn compare(what: &str, in_code: &BTreeSet<String>, in_document: &BTreeSet<String>) {
    let undocumented = in_code.difference(in_document).map(|name| format!("`{name}` is not documented"));
    let unknown = in_document.difference(in_code).map(|name| format!("`{name}` is unknown to the code"));
    report(&undocumented.chain(unknown).collect::<Vec<_>>(), what);
}

/// The code spans in the first cells of a section's tables.
fn named_in(section: &str) -> BTreeSet<String> {
    rows(section)
        .iter()
        .flat_map(|cells| code_spans(&cells[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn is_variable(text: &str) -> bool {
    let is_of_name =
        |character: char| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_';
    text.contains('_')
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(is_of_name)
}

/// The variables that the code of a folder names.
fn variables_of(folder: &str) -> BTreeSet<String> {
    // What only tests need is in CONTRIBUTING.md.
    let is_source = |path: &std::path::PathBuf| {
        let path = path.to_string_lossy();
        path.contains("/src/") && !path.contains("/millwork-testing/") && !path.contains("/millwork-browser/")
    };
    let files = rust_files(&root().join(folder)).into_iter().filter(is_source);
    let literals = files.flat_map(|path| string_literals(&code_of(&path)));
    literals.filter(|literal| is_variable(literal) && !OF_OTHERS.contains(&literal.as_str())).collect()
}

#[test]
fn every_environment_variable_is_documented() {
    let page = Document::read("docs/configuration.md");
    let section = page.section("Environment variables");
    let mut in_code = variables_of("crates");
    in_code.extend(variables_of("examples/hackernews"));
    in_code.extend(OF_LIBRARIES.map(str::to_owned));
    let in_document: BTreeSet<String> =
        code_spans(section).filter(|span| is_variable(span)).map(str::to_owned).collect();
    compare("docs/configuration.md has every environment variable", &in_code, &in_document);
}

#[test]
fn every_argument_of_an_attribute_is_documented() {
    let macros = text_of("crates/millwork-macros/src/parse/argument.rs");
    let forms =
        macros.split("const FORMS").nth(1).and_then(|rest| rest.split("];").next()).unwrap_or_default();
    let in_code: BTreeSet<String> = string_literals(forms).into_iter().collect();
    assert!(in_code.contains("key_prefix"), "the list of arguments is found: {in_code:?}");
    // `tags(metric = "…")` is the argument `tags`.
    let names = |section: &str| -> BTreeSet<String> {
        named_in(section)
            .iter()
            .map(|span| span.split(['(', ' ']).next().unwrap_or_default().to_owned())
            .collect()
    };
    let page = Document::read("docs/configuration.md");
    compare("docs/configuration.md has every argument", &in_code, &names(page.section("Attributes")));
    let of_asset = names(&text_of("crates/millwork/docs/asset.md"));
    let of_check = names(&text_of("crates/millwork/docs/asset_check.md"));
    let of_gate = names(&text_of("crates/millwork/docs/gate.md"));
    let of_all: BTreeSet<String> =
        [of_asset, of_check, of_gate].into_iter().flatten().filter(|name| is_argument(name)).collect();
    compare("the documentation of the attributes has every argument", &in_code, &of_all);
}

fn is_argument(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|character| character.is_ascii_lowercase() || character == '_')
}

#[test]
fn every_tag_with_a_meaning_is_documented() {
    let page = Document::read("docs/configuration.md");
    let in_code: BTreeSet<String> = RunTag::ALL.iter().map(|tag| tag.key().to_owned()).collect();
    let spans = code_spans(page.section("Tags of runs"));
    let in_document: BTreeSet<String> =
        spans.filter(|span| span.starts_with(TAG_PREFIX) && *span != TAG_PREFIX).map(str::to_owned).collect();
    compare("docs/configuration.md has every tag", &in_code, &in_document);
}

/// Variables and tags that any document names.
#[test]
fn no_document_names_what_cannot_be_set() {
    let mut sources = String::new();
    for folder in ["crates", "examples", "benches"] {
        for path in rust_files(&root().join(folder)) {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    for path in [".ci/run", ".ci/pythons", "justfile"] {
        sources.push_str(&text_of(path));
    }
    let mut broken = BTreeSet::new();
    for document in documents() {
        let words =
            document.text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let unknown = words.filter(|word| word.starts_with("MILLWORK_") && word.len() > "MILLWORK_".len());
        broken.extend(
            unknown.filter(|word| !sources.contains(*word)).map(|word| format!("{}: {word}", document.name)),
        );
        let spans = code_spans(&document.text).filter_map(|span| span.strip_prefix(TAG_PREFIX));
        let keys = spans
            .map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default());
        let is_known =
            |key: &str| key.is_empty() || RunTag::from_key(&format!("{TAG_PREFIX}{key}")).is_some();
        broken.extend(
            keys.filter(|key| !is_known(key)).map(|key| format!("{}: {TAG_PREFIX}{key}", document.name)),
        );
    }
    report(&broken.into_iter().collect::<Vec<_>>(), "variables and tags that documents name exist");
}
