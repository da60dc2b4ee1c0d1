//! `docs/errors.md` has every message with what to do about it, and none that isn't said; and every code has its row.

use std::collections::BTreeSet;
use std::path::Path;

use millwork_core::run::{FailureClass, FailureKind};

use crate::markdown::{Document, code_spans, rows};
use crate::{code_of, report, root, rust_files, string_literals, text_of};

/// Crates whose messages aren't in the index: kernels, whose messages name a parameter or a column and go with a failed step, and
/// tools.
const LEFT_OUT: [&str; 8] = [
    "millwork-boost",
    "millwork-browser",
    "millwork-linfa",
    "millwork-macros",
    "millwork-ml",
    "millwork-monitor",
    "millwork-new",
    "millwork-testing",
];

/// The sections that are lists of messages.
const LISTS: [&str; 8] = [
    "Definitions",
    "Schedules",
    "Requests for runs",
    "Steps",
    "Stored values",
    "Models",
    "The home",
    "The service",
];

/// A message with `…` for what varies: for each pair of braces.
fn skeleton(message: &str) -> String {
    let mut depth = 0;
    let mut skeleton = String::new();
    for character in message.chars() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    skeleton.push('…');
                }
            }
            other if depth == 0 => skeleton.push(other),
            _ => {}
        }
    }
    skeleton
}

fn sources() -> Vec<std::path::PathBuf> {
    let is_left_out = |path: &Path| {
        let path = path.to_string_lossy();
        !path.contains("/src/") || LEFT_OUT.iter().any(|name| path.contains(&format!("/{name}/")))
    };
    rust_files(&root().join("crates")).into_iter().filter(|path| !is_left_out(path)).collect()
}

/// The messages of error enums, and of errors that stand for the system's.
fn messages() -> BTreeSet<String> {
    let mut messages = BTreeSet::new();
    for path in sources() {
        let code = code_of(&path);
        let attributes = code.split("#[error(").skip(1);
        let attributes = attributes.filter(|rest| rest.trim_start().starts_with('"'));
        messages.extend(attributes.filter_map(|rest| Some(skeleton(string_literals(rest).first()?))));
    }
    for path in sources() {
        let code = code_of(&path);
        let arguments =
            code.split("io::Error::new(").skip(1).map(|rest| rest.split(')').next().unwrap_or_default());
        messages
            .extend(arguments.filter_map(|arguments| Some(skeleton(string_literals(arguments).first()?))));
    }
    // A message that is all of another error's.
    messages.remove("…");
    messages
}

#[test]
fn every_message_is_in_the_index() {
    let index = Document::read("docs/errors.md");
    let cells = LISTS.iter().flat_map(|list| rows(index.section(list)));
    let listed: Vec<String> =
        cells.flat_map(|cells| cells[0].split("<br>").map(str::to_owned).collect::<Vec<_>>()).collect();
    let said = messages();
    assert!(said.len() > 80, "messages are found: {}", said.len());
    let absent = said.iter().filter(|message| !listed.contains(message));
    let mut broken: Vec<String> = absent.map(|message| format!("not listed: {message}")).collect();
    broken.extend(
        listed
            .iter()
            .filter(|message| !said.contains(*message))
            .map(|message| format!("never said: {message}")),
    );
    let twice = listed.iter().enumerate().filter(|(index, message)| listed[..*index].contains(message));
    broken.extend(twice.map(|(_, message)| format!("listed twice: {message}")));
    report(&broken, "docs/errors.md has every message");
}

/// The code spans in the first cells of a section's table.
fn names(section: &str) -> BTreeSet<String> {
    rows(section)
        .iter()
        .flat_map(|cells| code_spans(&cells[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_class_and_kind_of_failure_is_in_the_index() {
    let index = Document::read("docs/errors.md");
    let classes = FailureClass::ALL.map(|class| class.as_str().to_owned());
    assert_eq!(names(index.section("Why a run failed")), BTreeSet::from(classes));
    let kinds = [
        FailureKind::Error,
        FailureKind::Panic,
        FailureKind::Timeout,
        FailureKind::Input,
        FailureKind::Output,
        FailureKind::Check,
    ];
    let kinds = kinds.map(|kind| match kind {
        FailureKind::Error => "error",
        FailureKind::Panic => "panic",
        FailureKind::Timeout => "timeout",
        FailureKind::Input => "input",
        FailureKind::Output => "output",
        FailureKind::Check => "check",
    });
    assert_eq!(names(index.section("Why a step failed")), BTreeSet::from(kinds.map(str::to_owned)));
}

#[test]
fn every_code_of_the_api_is_in_the_index() {
    let source = text_of("crates/millwork-api/src/error.rs");
    let variants = source.split("pub enum ErrorCode {").nth(1).and_then(|rest| rest.split('}').next());
    let mut codes = BTreeSet::new();
    for documented in variants.unwrap_or_default().split("///").skip(1) {
        let (doc, variant) = documented.split_once('\n').unwrap_or_default();
        if !doc.contains("on the command line only") {
            codes.insert(snake_case(variant.trim().trim_end_matches(',')));
        }
    }
    assert!(codes.contains("method_not_allowed"), "codes are found: {codes:?}");
    let index = Document::read("docs/errors.md");
    assert_eq!(names(index.section("HTTP")), codes);
}

/// A variant as serde renames it.
pub(crate) fn snake_case(variant: &str) -> String {
    let mut name = String::new();
    for character in variant.chars() {
        if character.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(character.to_lowercase());
    }
    name
}

#[test]
fn every_exit_code_is_documented() {
    let source = text_of("crates/millwork/src/app/failure.rs");
    let exits =
        source.split("enum Exit {").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let mut codes: BTreeSet<u32> = exits
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = ")?.1.parse().ok())
        .collect();
    assert!(codes.contains(&130), "exit codes are found: {codes:?}");
    // The reader of standard output has gone away: `out.rs`.
    codes.insert(141);
    let page = Document::read("docs/cli.md");
    let cells = rows(page.section("Exit codes"));
    let documented: BTreeSet<u32> =
        cells.iter().flat_map(|cells| cells[0].split(", ")).filter_map(|code| code.parse().ok()).collect();
    assert_eq!(documented, codes);
}

#[test]
fn messages_are_compared_without_what_varies() {
    assert_eq!(skeleton("run {run} is {status}"), "run … is …");
    assert_eq!(skeleton("failed: {}"), "failed: …");
}
