//! What there is to choose from (kinds of metadata, triggers, partitions, launchers): each choice is named wherever all are listed.
//!
//! Of a new variant the compiler names every `match`; these rules name the lists, documents and tests that it needs as well.

use std::collections::BTreeSet;

use crate::errors::snake_case;
use crate::markdown::{Document, code_spans, rows};
use crate::{implementations, report, root, rust_files, text_of};

/// The names that a code begins with at each of the places behind `mark`.
fn names_behind<'a>(code: &'a str, mark: &str) -> Vec<&'a str> {
    let is_of_name = |character: char| character.is_alphanumeric() || character == '_';
    let name = |rest: &'a str| rest.split(|character| !is_of_name(character)).next();
    code.split(mark).skip(1).filter_map(name).filter(|name| !name.is_empty()).collect()
}

/// The text of an item that begins with `head`, up to its closing brace at the start of a line.
fn item<'a>(source: &'a str, head: &str) -> &'a str {
    let (_, rest) = source.split_once(head).unwrap_or_else(|| panic!("there is no `{head}`"));
    rest.split("\n}").next().unwrap_or_default()
}

/// The variants of an enum.
fn variants(source: &str, name: &str) -> Vec<String> {
    let body = item(source, &format!("enum {name} {{"));
    let variants = names_behind(body, "\n    ").into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert!(!variants.is_empty(), "variants of {name} are found");
    variants
}

/// What the first cells of a text's tables name: `metric_below`, and `run` of `Run(status)`.
fn in_tables(text: &str) -> BTreeSet<String> {
    let cells = rows(text);
    let spans = cells.iter().flat_map(|cells| code_spans(&cells[0]));
    spans.map(|span| snake_case(span.split(['(', ' ']).next().unwrap_or_default())).collect()
}

fn absent(variants: &[String], place: &str, is_named: impl Fn(&str) -> bool) -> Vec<String> {
    let absent = variants.iter().filter(|variant| !is_named(variant));
    absent.map(|variant| format!("{place}: `{variant}`")).collect()
}

#[test]
fn every_kind_of_metadata_is_documented() {
    let kinds = variants(&text_of("crates/millwork-core/src/value/metadata.rs"), "MetadataValue");
    let page = Document::read("docs/concepts.md");
    let named = in_tables(page.section("Metadata"));
    let broken = absent(&kinds, "docs/concepts.md", |kind| named.contains(&snake_case(kind)));
    report(&broken, "the table of metadata has every kind");
}

#[test]
fn every_trigger_is_documented_and_tested() {
    let triggers = variants(&text_of("crates/millwork-core/src/alert/rule.rs"), "Trigger");
    let named = in_tables(&text_of("docs/alerts.md"));
    let mut broken = absent(&triggers, "docs/alerts.md", |trigger| named.contains(&snake_case(trigger)));
    let tests = "crates/millwork-core/tests/core/alerts.rs";
    let text = text_of(tests);
    broken.extend(absent(&triggers, tests, |trigger| {
        [format!("Trigger::{trigger}"), format!("Trigger::{}(", snake_case(trigger))]
            .iter()
            .any(|written| text.contains(written))
    }));
    report(&broken, "documents and tests have every trigger");
}

/// An author who can't name what a variant is made of can't write it.
#[test]
fn what_a_choice_is_made_of_is_exported() {
    // Of the standard library, and of libraries that a pipeline uses itself.
    const OF_OTHERS: [&str; 5] = ["Duration", "Option", "String", "Timestamp", "Value"];
    let facade = text_of("crates/millwork/src/lib.rs");
    let is_of_name = |character: char| character.is_alphanumeric() || character == '_';
    let exported: Vec<&str> = facade.split(|character| !is_of_name(character)).collect();
    let mut broken = Vec::new();
    for (path, name) in [
        ("crates/millwork-core/src/value/metadata.rs", "MetadataValue"),
        ("crates/millwork-core/src/alert/rule.rs", "Trigger"),
        ("crates/millwork-core/src/freshness.rs", "FreshnessPolicy"),
    ] {
        let source = text_of(path);
        let lines = item(&source, &format!("enum {name} {{")).lines();
        let code: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let (own, mut types) = (variants(&source, name), BTreeSet::new());
        types.extend(code.split(|character| !is_of_name(character)));
        types.retain(|word| word.starts_with(char::is_uppercase) && !OF_OTHERS.contains(word));
        types
            .retain(|word| code.contains(&format!("({word})")) || !own.iter().any(|variant| variant == word));
        broken.extend(
            types.iter().filter(|word| !exported.contains(word)).map(|word| format!("{name}: {word}")),
        );
    }
    report(&broken, "the façade exports the types that variants are made of");
}

#[test]
fn every_kind_and_mapping_of_partitions_is_documented_and_exported() {
    let folder = "crates/millwork-core/src/partition";
    let files = ["dimension", "time_windows", "mapping/definition", "mapping/function"];
    let source = files.map(|file| text_of(&format!("{folder}/{file}.rs"))).concat();
    let ways: Vec<String> = names_behind(&source, "\npub fn ").into_iter().map(str::to_owned).collect();
    assert!(ways.len() > 15, "kinds and mappings are found: {ways:?}");
    let (documents, facade) = ("docs/partitions.md", "crates/millwork/src/lib.rs");
    let page = text_of(documents);
    let mut broken = absent(&ways, documents, |way| {
        page.contains(&format!("`{way}(")) || page.contains(&format!("`{way}::<"))
    });
    let exports = text_of(facade);
    let exported: BTreeSet<&str> =
        names_behind(item(&exports, "pub mod partitions {"), " ").into_iter().collect();
    broken.extend(absent(&ways, facade, |way| exported.contains(way)));
    report(&broken, "documents and the façade have every kind and mapping of partitions");
}

#[test]
fn every_launcher_is_tested_and_can_be_chosen() {
    let contract = "crates/millwork-daemon/src/launcher/contract.rs";
    let folder = "crates/millwork/src/app/commands";
    let launchers: Vec<String> =
        implementations("crates/millwork-daemon/src/launcher", "Launcher").into_iter().collect();
    assert!(launchers.len() > 2, "launchers are found: {launchers:?}");
    let tests = text_of(contract);
    let mut broken = absent(&launchers, contract, |launcher| tests.contains(launcher));
    let commands: String =
        rust_files(&root().join(folder)).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    broken.extend(absent(&launchers, folder, |launcher| {
        // It launches what tests want.
        launcher == "FakeLauncher" || commands.contains(launcher)
    }));
    report(&broken, "a launcher is held to the contract, and a command chooses it");
}

/// A list of all variants that lacks one compiles.
#[test]
fn lists_of_all_variants_are_complete() {
    let mut broken = Vec::new();
    let mut lists = 0;
    for path in rust_files(&root().join("crates")) {
        let source = std::fs::read_to_string(&path).unwrap();
        for (at, mark) in source.match_indices("const ALL: [Self; ") {
            let (before, list) = (&source[..at], &source[at + mark.len()..]);
            let list = names_behind(list.split("];").next().unwrap_or_default(), "Self::");
            let of = before.rsplit("\nimpl ").next().and_then(|head| head.split(' ').next());
            let of = of.filter(|name| source.contains(&format!("enum {name} {{")));
            lists += 1;
            broken.extend(of.into_iter().flat_map(|name| {
                absent(&variants(&source, name), &path.display().to_string(), |variant| {
                    list.contains(&variant)
                })
            }));
        }
    }
    assert!(lists > 5, "lists are found: {lists}");
    report(&broken, "`ALL` has every variant");
}

#[test]
fn items_are_read() {
    let source = "pub enum Kind {\n    /// One.\n    One,\n    /// Two.\n    Two {\n        /// A field.\n        field: u8,\n    },\n    #[serde(rename = \"x\")]\n    Three(u8),\n}\n";
    assert_eq!(variants(source, "Kind"), ["One", "Two", "Three"]);
    assert_eq!(
        in_tables("| `Run(status)`, `metric_below` | x |"),
        BTreeSet::from(["run".into(), "metric_below".into()])
    );
}
