//! What the project agreed on and a machine can check. Each module holds the rules of one subject; a rule's test names every place
//! that breaks it.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod choices;
mod code;
mod configuration;
mod crates;
mod documents;
mod errors;
mod markdown;
mod modules;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn sources() -> Vec<PathBuf> {
    ["crates", "examples", "benches"].iter().flat_map(|folder| rust_files(&root().join(folder))).collect()
}

fn report(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// The text of a file of the repository.
fn text_of(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The code of a Rust file: without its comments and its unit tests.
fn code_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.join("\n")
}

/// The types below a folder that implement a trait.
fn implementations(folder: &str, of: &str) -> BTreeSet<String> {
    let mark = format!("impl {of} for ");
    let mut types = BTreeSet::new();
    for path in rust_files(&root().join(folder)) {
        let code = code_of(&path);
        let names = code.split(&mark).skip(1).filter_map(|rest| rest.split([' ', '<']).next());
        types.extend(names.map(str::to_owned));
    }
    types
}

/// The texts between quotation marks in code, as they mean.
fn string_literals(code: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            // A quotation mark as a character, `'"'`.
            '\'' if characters.as_str().starts_with("\"'") => drop(characters.next()),
            '"' => {
                let mut literal = String::new();
                loop {
                    match characters.next() {
                        None | Some('"') => break,
                        Some('\\') => {
                            let escaped = characters.next();
                            literal.extend(escaped.filter(|escaped| "\"\\".contains(*escaped)));
                        }
                        Some(character) => literal.push(character),
                    }
                }
                literals.push(literal);
            }
            _ => {}
        }
    }
    literals
}

#[test]
fn literals_are_found() {
    assert_eq!(string_literals(r#"f("a \"b\"", '"', "c")"#), ["a \"b\"", "c"]);
}
