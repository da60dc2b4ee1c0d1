//! Words that must not stand in the documents: those that a thing outlives which is "planned", and those that the field doesn't use.

use crate::markdown::{documents, outside_of_fences};
use crate::report;

/// Each with what to write instead.
const WORDS: [(&str, &str); 13] = [
    ("planned", "what exists; README.md lists what doesn't"),
    ("yet", "what holds; README.md lists what doesn't"),
    ("not implemented", "what exists; README.md lists what doesn't"),
    ("currently", "what holds, without a time"),
    ("for now", "what holds, without a time"),
    ("todo", "what exists"),
    ("so many", "the number, the maximum, the limit"),
    ("nothing if", "`none if`, `empty if`, or what happens without it"),
    ("whoever", "the caller, the process, the reader"),
    ("whom", "the destination, the owner, the holder"),
    ("nobody", "what doesn't happen: no alert is sent"),
    ("make no sense", "are invalid"),
    ("in a circle", "a dependency cycle"),
];

/// Lines that may, by a part of them. One that no document has any more is taken out.
const MAY: [(&str, &str); 2] = [
    ("README.md", "isn't published yet, so the pipeline names it by path:"),
    ("README.md", "Planned, and not there yet:"),
];

/// Whether a line has a word, or several in a row, in any case.
fn has(line: &str, word: &str) -> bool {
    let line = line.to_lowercase();
    let is_boundary =
        |character: Option<char>| character.is_none_or(|character| !character.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        is_boundary(line[..at].chars().next_back()) && is_boundary(line[at + word.len()..].chars().next())
    })
}

#[test]
fn documents_say_what_is_in_the_words_of_the_field() {
    let documents = documents();
    let mut broken = Vec::new();
    for document in &documents {
        for line in outside_of_fences(&document.text) {
            // The index of errors has messages as the code has them.
            let is_message = document.name == "docs/errors.md" && line.starts_with('|');
            let may =
                is_message || MAY.iter().any(|(name, part)| *name == document.name && line.contains(part));
            let found = WORDS.iter().filter(|(word, _)| !may && has(line, word));
            broken.extend(
                found.map(|(word, instead)| format!("{}: `{word}` (write {instead}): {line}", document.name)),
            );
        }
    }
    let is_there = |name: &str, part: &str| {
        documents.iter().any(|document| document.name == name && document.text.contains(part))
    };
    let gone = MAY.iter().filter(|(name, part)| !is_there(name, part));
    broken.extend(gone.map(|(name, part)| format!("{name}: the exception `{part}` isn't needed any more")));
    report(&broken, "words that must not stand in the documents");
}

#[test]
fn words_are_found_whole() {
    for (line, word, expected) in [
        ("Planned, and", "planned", true),
        ("unplanned", "planned", false),
        ("not there yet.", "yet", true),
        ("yeti", "yet", false),
        ("run so many steps", "so many", true),
    ] {
        assert_eq!(has(line, word), expected, "{line}");
    }
}
