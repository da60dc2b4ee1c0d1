//! The documents as data: headings, tables, links and code spans.

use std::path::PathBuf;

use crate::root;

/// A document of the repository.
pub(crate) struct Document {
    /// Its path in the repository, such as `docs/cli.md`.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What people read: the pages of `docs/`, and the documents beside `Cargo.toml` but the changelog, which tells of the past.
pub(crate) fn documents() -> Vec<Document> {
    let in_folder = |folder: &str| {
        let entries = std::fs::read_dir(root().join(folder)).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let names = names.filter(|name| name.ends_with(".md"));
        names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    let mut names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).to_vec();
    names.extend(in_folder("docs"));
    names.extend(in_folder("crates/millwork/docs"));
    names.sort();
    names.into_iter().map(Document::read).collect()
}

impl Document {
    pub(crate) fn read(name: impl Into<String>) -> Self {
        let name = name.into();
        let text = std::fs::read_to_string(root().join(&name)).unwrap();
        Self { name, text }
    }

    /// The folder that its links start from.
    pub(crate) fn folder(&self) -> PathBuf {
        root().join(&self.name).parent().unwrap().to_owned()
    }

    /// What stands below a heading of the second level.
    pub(crate) fn section(&self, heading: &str) -> &str {
        let start = format!("\n## {heading}\n");
        let (_, below) = self
            .text
            .split_once(&start)
            .unwrap_or_else(|| panic!("{} has no section `{heading}`", self.name));
        below.split("\n## ").next().unwrap_or_default()
    }

    /// The names by which links reach its headings.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = outside_of_fences(&self.text).filter(|line| line.starts_with('#'));
        headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
    }
}

/// The name that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The lines that aren't code.
pub(crate) fn outside_of_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut in_fence = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_fence ^= is_fence;
        !in_fence && !is_fence
    })
}

/// The cells of a text's tables, row by row, without heads.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for line in outside_of_fences(text).filter(|line| line.starts_with('|')) {
        let cells = line.trim().trim_matches('|').replace("\\|", "\u{0}");
        let cells: Vec<String> = cells.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        if cells.iter().all(|cell| cell.chars().all(|character| character == '-')) {
            // What stands above the line is the head.
            rows.pop();
        } else {
            rows.push(cells);
        }
    }
    rows
}

/// What stands between backticks.
pub(crate) fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Where the links of a text lead.
pub(crate) fn links(text: &str) -> Vec<&str> {
    outside_of_fences(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .collect()
}

#[test]
fn documents_are_read() {
    let text = "# A\n\n## B c: `d`, e\n\n| head | |\n|---|---|\n| `x\\|y` | [z](a.md#b) |\n\n```sh\n# no heading\n| none |\n```\n";
    let document = Document { name: "docs/x.md".into(), text: text.into() };
    assert_eq!(document.anchors(), ["a", "b-c-d-e"]);
    assert_eq!(rows(text), [["`x|y`", "[z](a.md#b)"]]);
    assert_eq!(links(text), ["a.md#b"]);
    assert_eq!(code_spans("a `b` c `d`").collect::<Vec<_>>(), ["b", "d"]);
}
