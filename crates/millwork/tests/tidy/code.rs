//! How sources are written: hints, output, and what a file begins with.

use std::path::PathBuf;

use crate::{code_of, report, root, rust_files, sources, string_literals};

/// Hints are data: `Advice` and `Problem` carry them beside a message. (Messages of the compiler are only text.)
#[test]
fn no_message_holds_its_hint() {
    let says = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().any(|line| line.contains("; hint: ") && !line.trim_start().starts_with("//"))
    };
    let is_source = |path: &PathBuf| {
        path.components().any(|part| part.as_os_str() == "src")
            && !path.ends_with("millwork-core/src/problem.rs")
            && !path.components().any(|part| part.as_os_str() == "millwork-macros")
    };
    let broken: Vec<_> = sources()
        .iter()
        .filter(|path| is_source(path) && says(path))
        .map(|path| path.display().to_string())
        .collect();
    report(&broken, "a hint is given by `Advice::hint` or `Problem::with_hint`");
}

/// What users' text holds is cleaned, and output that can't be written noticed, in one place.
#[test]
fn nothing_writes_past_the_one_way_out() {
    const WAYS: [&str; 8] = [
        "println!",
        "print!(",
        "eprintln!",
        "eprint!(",
        "io::stdout()",
        "io::stderr()",
        "Term::std",
        "console::style(",
    ];
    // The way out; the log of a service; whether there is a terminal; the capture of what steps print, and of what is printed beside runs; what only tests use; a program
    // that shows nothing of users' but what they have just written.
    const KNOWN: [&str; 9] = [
        "app/out.rs",
        "app/service_log.rs",
        "app/progress.rs",
        "app/commands/asset.rs",
        "logs/aside.rs",
        "logs/output.rs",
        "millwork-browser/src/browser.rs",
        "millwork-testing/src/require.rs",
        "millwork-new/src/main.rs",
    ];
    let mut broken = Vec::new();
    for path in rust_files(&root().join("crates")) {
        let name = path.to_string_lossy();
        if !name.contains("/src/") || KNOWN.iter().any(|known| name.ends_with(known)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (line, way) in code.flat_map(|line| WAYS.map(|way| (line, way))) {
            if line.contains(way) {
                broken.push(format!("{name}: {way}"));
            }
        }
    }
    report(&broken, "commands write by `out!` and `outln!`, services by their log");
}

#[test]
fn every_file_says_what_it_is_for() {
    let says = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.starts_with("//! ") || path.components().any(|part| part.as_os_str() == "compile_fail")
    };
    let broken: Vec<_> =
        sources().iter().filter(|path| !says(path)).map(|path| path.display().to_string()).collect();
    report(&broken, "a file begins with `//!` and its purpose");
}

#[test]
fn module_files_hold_documentation_and_re_exports_only() {
    const ITEMS: [&str; 6] = ["fn ", "struct ", "enum ", "impl ", "trait ", "const "];
    let mut broken = Vec::new();
    for path in sources()
        .into_iter()
        .filter(|path| path.ends_with("mod.rs") && path.to_string_lossy().contains("/src/"))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.starts_with("//") && !line.starts_with(' '));
        let item = code
            .map(|line| {
                line.trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("pub ")
            })
            .find(|line| ITEMS.iter().any(|item| line.starts_with(item)));
        broken.extend(item.map(|item| format!("{}: {item}", path.display())));
    }
    report(&broken, "`mod.rs` holds documentation and re-exports only");
}

/// A new variant has to be decided on wherever the workspace matches; only errors that pipelines get may grow without that.
#[test]
fn only_errors_of_the_facade_are_non_exhaustive() {
    const FACADE: [&str; 3] = ["millwork-core/src/asset/io.rs", "millwork-ml/src/", "millwork-linfa/src/"];
    let mut broken = Vec::new();
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let is_of_facade = FACADE.iter().any(|part| path.to_string_lossy().contains(part));
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].trim() == "#[non_exhaustive]") {
            if !(is_of_facade && pair[1].starts_with("pub enum ") && pair[1].ends_with("Error {")) {
                broken.push(format!("{}: {}", path.display(), pair[1]));
            }
        }
    }
    report(&broken, "`#[non_exhaustive]` is for the façade's errors");
}

/// Keys of tags have one place, and so have the names by which the store knows instigators.
#[test]
fn keys_with_our_prefix_stand_in_one_place() {
    // The tags; instigators' stored names; the soak, which reads tags to hold the log against what was done.
    const KNOWN: [&str; 3] = ["core/src/run/tags.rs", "core/src/instigator.rs", "soak/src/account.rs"];
    let is_source = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.contains("/src/") && !name.contains("/tests") && !KNOWN.iter().any(|known| name.ends_with(known))
    };
    let has_key = |path: &PathBuf| {
        let literals = string_literals(&code_of(path));
        literals
            .into_iter()
            .find(|literal| literal.starts_with("millwork/") && literal.len() > "millwork/".len())
    };
    let broken: Vec<_> = sources()
        .iter()
        .filter(|path| is_source(path))
        .filter_map(|path| Some(format!("{}: {}", path.display(), has_key(path)?)))
        .collect();
    report(&broken, "keys that begin with `millwork/` stand in `run/tags.rs`");
}

/// What is answered in JSON has a type, from which the documentation of the API follows.
#[test]
fn no_json_is_put_together_by_hand() {
    const FOLDERS: [&str; 2] = ["crates/millwork-web/src/api", "crates/millwork/src/app/commands"];
    // It changes the OpenAPI document.
    let is_answer = |path: &PathBuf| !path.ends_with("document.rs");
    let files = FOLDERS.iter().flat_map(|folder| rust_files(&root().join(folder))).filter(is_answer);
    let by_hand = files.filter(|path| code_of(path).contains("json!("));
    let broken: Vec<_> = by_hand.map(|path| path.display().to_string()).collect();
    report(&broken, "types of what is answered are in `millwork-api`");
}

/// A longer line of a template is read by nobody, and is where merges fail.
#[test]
fn lines_of_templates_are_short() {
    const LONGEST: usize = 160;
    // Files with longer lines, and how many there may be: a file that is touched is wrapped, and its number goes down.
    const LONGER: [(&str, usize); 12] = [
        ("asset.html", 12),
        ("assets.html", 3),
        ("automation.html", 8),
        ("deployment.html", 4),
        ("explained.html", 1),
        ("graph.html", 4),
        ("launch.html", 9),
        ("layout.html", 3),
        ("message.html", 1),
        ("overview.html", 3),
        ("run.html", 5),
        ("runs.html", 4),
    ];
    let mut broken = Vec::new();
    for entry in std::fs::read_dir(root().join("crates/millwork-web/templates")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let longer = text.lines().filter(|line| line.chars().count() > LONGEST).count();
        let may = LONGER.iter().find(|(known, _)| *known == name).map_or(0, |(_, longer)| *longer);
        if longer > may {
            broken
                .push(format!("{name}: {longer} lines of more than {LONGEST} characters, and {may} may be"));
        }
    }
    report(&broken, "lines of templates have 160 characters at most");
}
