//! The documents: what they list is complete, and what they name exists.

use std::collections::BTreeSet;
use std::path::Path;

use millwork_core::event::EventKind;

use crate::markdown::{Document, code_spans, documents, links, outside_of_fences, rows};
use crate::{report, root, rust_files, string_literals, text_of};

#[test]
fn every_page_of_the_documentation_is_listed() {
    let readme = text_of("README.md");
    let mut broken = Vec::new();
    for entry in std::fs::read_dir(root().join("docs")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && !readme.contains(&format!("](docs/{name})")) {
            broken.push(name);
        }
    }
    report(&broken, "README.md lists every page of docs/");
}

#[test]
fn no_merge_is_left_half_done() {
    let changelog = Document::read("CHANGELOG.md");
    let mut broken = Vec::new();
    for document in documents().iter().chain([&changelog]) {
        let marks = ["<<<<<<< ", ">>>>>>> "];
        let left = document.text.lines().filter(|line| marks.iter().any(|mark| line.starts_with(mark)));
        broken.extend(left.map(|line| format!("{}: {line}", document.name)));
    }
    report(&broken, "documents have no marks of a merge");
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    // Links in the façade's documentation are rustdoc's to check.
    for document in documents().iter().filter(|document| !document.name.starts_with("crates/")) {
        for link in links(&document.text).into_iter().filter(|link| !link.contains("://")) {
            let (path, anchor) =
                link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
            let target = document.folder().join(path);
            let leads = match anchor {
                _ if !path.is_empty() && !target.exists() => false,
                None => true,
                Some(anchor) => {
                    let text = if path.is_empty() {
                        document.text.clone()
                    } else {
                        std::fs::read_to_string(&target).unwrap_or_default()
                    };
                    Document { name: path.to_owned(), text }.anchors().iter().any(|known| known == anchor)
                }
            };
            if !leads {
                broken.push(format!("{}: {link}", document.name));
            }
        }
    }
    report(&broken, "links of the documents lead to files and headings that exist");
}

/// The kinds of events have their numbers and names in one table.
#[test]
fn every_kind_of_event_is_documented() {
    let text = text_of("docs/storage.md");
    let kinds = EventKind::ALL.map(|kind| (kind, format!("| {} | `{}` |", kind.number(), kind.name())));
    let absent = kinds.iter().filter(|(_, row)| !text.contains(row));
    let broken: Vec<String> = absent.map(|(kind, _)| kind.name().to_owned()).collect();
    report(&broken, "docs/storage.md lists the kinds of events");
}

/// Every file and folder of the repository that can be named, below `folder`.
fn paths_below(folder: &Path, known: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if name == ".git" || name == "target" {
            continue;
        }
        known.push(format!("/{}", path.strip_prefix(root()).unwrap().display()));
        if path.is_dir() {
            paths_below(&path, known);
        }
    }
}

/// The map of the code names files as `state.rs` or `event/kind.rs`, and folders as `grow/columns/`.
#[test]
fn files_that_are_named_exist() {
    let mut known = Vec::new();
    paths_below(&root(), &mut known);
    let is_path = |span: &&str| {
        let is_of_path = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
        let is_named =
            span.ends_with(".rs") || span.ends_with(".js") || (span.len() > 1 && span.ends_with('/'));
        is_named && span.chars().all(is_of_path) && !span.starts_with("millwork/")
    };
    let mut broken = BTreeSet::new();
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let document = Document::read(name);
        let lines: Vec<&str> = outside_of_fences(&document.text).collect();
        for span in code_spans(&lines.join("\n")).filter(is_path) {
            let end = format!("/{}", span.trim_end_matches('/'));
            if !known.iter().any(|path| path.ends_with(&end)) {
                broken.insert(format!("{name}: `{span}`"));
            }
        }
    }
    report(&broken.into_iter().collect::<Vec<_>>(), "files that are named exist");
}

/// A route as the documents write it: `POST /api/v1/runs/RUN/retry` for `{run}`.
fn as_documented(method: &str, path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(name) => name.trim_matches(['*', '}']).to_uppercase(),
        None => segment.to_owned(),
    });
    format!("{} {}", method.to_uppercase(), segments.collect::<Vec<_>>().join("/"))
}

#[test]
fn every_route_of_the_api_is_documented() {
    let mut routes = BTreeSet::new();
    for path in rust_files(&root().join("crates/millwork-web/src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for attribute in text.split("utoipa::path(").skip(1) {
            let method = attribute.split(',').next().unwrap_or_default().trim();
            routes.extend(string_literals(attribute).first().map(|path| as_documented(method, path)));
        }
    }
    assert!(routes.contains("GET /api/v1/runs/RUN"), "routes are found: {routes:?}");
    let page = Document::read("docs/http-api.md");
    let cells = rows(&page.text);
    let spans = cells.iter().flat_map(|cells| code_spans(&cells[0]));
    let documented: BTreeSet<String> = spans
        .filter(|span| span.starts_with("GET /") || span.starts_with("POST /"))
        .map(|span| span.split('?').next().unwrap_or_default().to_owned())
        .collect();
    let absent = routes.difference(&documented).map(|route| format!("`{route}` is not documented"));
    let gone = documented.difference(&routes).map(|route| format!("`{route}` is no route"));
    report(&absent.chain(gone).collect::<Vec<_>>(), "docs/http-api.md has every route");
}
