//! What the project agreed on and a machine can check: the order of the crates, and how files begin.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate and those of ours that it may depend on.
const ORDER: [(&str, &[&str]); 17] = [
    ("millwork-new", &[]),
    ("millwork-testing", &[]),
    ("millwork-browser", &["millwork-testing"]),
    ("millwork-core", &[]),
    ("millwork-layout", &[]),
    ("millwork-draw", &["millwork-core", "millwork-layout"]),
    ("millwork-macros", &[]),
    ("millwork-macros-tests", &[]),
    ("millwork-boost", &[]),
    ("millwork-ml", &["millwork-boost", "millwork-core"]),
    ("millwork-linfa", &["millwork-core", "millwork-ml"]),
    ("millwork-polars", &["millwork-core"]),
    ("millwork-storage", &["millwork-core"]),
    ("millwork-engine", &["millwork-core", "millwork-storage"]),
    ("millwork-daemon", &["millwork-core", "millwork-engine", "millwork-storage"]),
    ("millwork-web", &["millwork-core", "millwork-draw", "millwork-layout", "millwork-storage"]),
    (
        "millwork",
        &[
            "millwork-core",
            "millwork-daemon",
            "millwork-draw",
            "millwork-engine",
            "millwork-linfa",
            "millwork-macros",
            "millwork-ml",
            "millwork-polars",
            "millwork-storage",
            "millwork-web",
        ],
    ),
];

/// The modules of the core: each may use those before it. What the list means stands in ARCHITECTURE.md.
const CORE: [&str; 27] = [
    "stored",
    "clock",
    "problem",
    "retention",
    "index",
    "id",
    "instigator",
    "outcome",
    "timetable",
    "freshness",
    "condition",
    "partition",
    "value",
    "param",
    "asset",
    "graph",
    "event",
    "run",
    "plan",
    "asset_status",
    "schedule",
    "sensor",
    "automation",
    "alert",
    "definitions",
    "advice",
    "simulation",
];

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

#[test]
fn crates_depend_in_one_order() {
    let allowed: BTreeMap<&str, &[&str]> = ORDER.into();
    let mut broken = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let Some(allowed) = allowed.get(name.as_str()) else {
            broken.push(format!("{name} has no place in the order"));
            continue;
        };
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        let ours =
            dependencies.into_iter().flat_map(toml::Table::keys).filter(|name| name.starts_with("millwork"));
        broken.extend(
            ours.filter(|own| !allowed.contains(&own.as_str()))
                .map(|own| format!("{name} must not depend on {own}")),
        );
    }
    report(&broken, "the order of the crates is in ARCHITECTURE.md");
}

/// The packages that are compiled for a command, each with its features; ours are left out.
fn compiled_for(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p} {f}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let ours = format!("({}", root().display());
    lines
        .lines()
        .filter(|line| !line.contains(&ours))
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

#[test]
fn the_tests_compile_no_dependency_again_that_the_reference_job_has_compiled() {
    let job = compiled_for(&["--package", "hackernews", "--edges", "normal,build"]);
    let tests = compiled_for(&["--workspace", "--edges", "normal,build,dev"]);
    let broken: Vec<String> =
        job.difference(&tests).map(|package| format!("{package}, features of the job only")).collect();
    report(
        &broken,
        "tests ask for other features: add them to the last lines of examples/hackernews/Cargo.toml",
    );
}

/// The names that code takes from the root of its crate: `b` of `crate::b::C`, `d` and `F` of `crate::{d::E, F}`.
fn names_at_the_root(code: &str) -> Vec<&str> {
    let is_of_name = |character: char| character.is_alphanumeric() || character == '_';
    let first = |path: &str| path.find(|character| !is_of_name(character)).unwrap_or(path.len());
    let mut names = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let path = &code[at + prefix.len()..];
        if !path.starts_with('{') {
            names.push(&path[..first(path)]);
            continue;
        }
        let mut depth = 0;
        for (at, character) in path.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            // What begins the braces, or is behind a comma within them.
            if depth == 1 && matches!(character, '{' | ',') {
                let item = path[at + 1..].trim_start();
                names.push(&item[..first(item)]);
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn names_at_the_root_are_found_in_any_form() {
    for (code, expected) in [
        ("use crate::plan::{Plan, PlannedStep};", &["plan"][..]),
        (
            "use crate::{\n    BoxError, run::{RunId, StepKey},\n    plan::Plan,\n};",
            &["BoxError", "run", "plan"],
        ),
        ("fn f(at: crate::clock::Clock) -> crate::Result<()> {}", &["clock", "Result"]),
        ("use super::Plan;", &[]),
    ] {
        assert_eq!(names_at_the_root(code), expected, "{code}");
    }
}

#[test]
fn modules_of_the_core_use_each_other_in_one_order() {
    const OF_THE_ROOT: [&str; 3] = ["BoxError", "BoxFuture", "Result"];
    let folder = root().join("crates/millwork-core/src");
    let place = |module: &str| CORE.iter().position(|known| *known == module);
    let mut broken = Vec::new();
    for path in rust_files(&folder) {
        let parts: Vec<String> = path
            .strip_prefix(&folder)
            .unwrap()
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let file = parts.join("/");
        let is_test = parts.iter().any(|part| part == "tests" || part == "tests.rs");
        if file == "lib.rs" || is_test {
            continue;
        }
        let module = parts[0].trim_end_matches(".rs");
        let Some(own) = place(module) else {
            broken.push(format!("{module} has no place in the order"));
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        for name in names_at_the_root(&code) {
            match place(name) {
                Some(other) if other > own => broken.push(format!("{file}: {module} must not use {name}")),
                Some(_) => {}
                None if OF_THE_ROOT.contains(&name) => {}
                None => broken.push(format!("{file}: take `{name}` from its module")),
            }
        }
        // A path that leaves the module upwards would be overlooked here.
        let supers = parts.len() - usize::from(file.ends_with("mod.rs"));
        if code.contains(&"super::".repeat(supers)) {
            broken.push(format!("{file}: write `crate::` for what is outside of {module}"));
        }
    }
    let exists = |module: &str| folder.join(module).is_dir() || folder.join(format!("{module}.rs")).is_file();
    broken
        .extend(CORE.iter().filter(|module| !exists(module)).map(|module| format!("{module} is no module")));
    report(&broken, "the order of the core's modules is in ARCHITECTURE.md");
}

#[test]
fn decisions_and_drawings_do_no_input_or_output() {
    const PURE: [&str; 3] = ["millwork-core", "millwork-draw", "millwork-layout"];
    const FORBIDDEN: [&str; 6] = ["tokio", "std::fs", "std::net", "std::process", "sqlx", "println!"];
    let mut broken = Vec::new();
    for path in PURE.iter().flat_map(|name| rust_files(&root().join("crates").join(name).join("src"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (line, word) in code.flat_map(|line| FORBIDDEN.map(|word| (line, word))) {
            if line.contains(word) {
                broken.push(format!("{}: {word}", path.display()));
            }
        }
    }
    report(&broken, "the core is vocabulary and pure decisions, and drawings are functions of values");
}

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
    const WAYS: [&str; 7] =
        ["println!", "print!(", "eprintln!", "eprint!(", "io::stdout()", "io::stderr()", "Term::std"];
    // The way out; the log of a service; whether there is a terminal; the capture of what steps print; what only tests use; a program
    // that shows nothing of users' but what they have just written.
    const KNOWN: [&str; 8] = [
        "app/out.rs",
        "app/service_log.rs",
        "app/progress.rs",
        "app/commands/asset.rs",
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

#[test]
fn versions_stand_in_the_workspace_only() {
    let mut broken = Vec::new();
    for folder in ["crates", "examples"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap().flatten() {
            let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            for section in ["dependencies", "dev-dependencies"] {
                let dependencies = manifest.get(section).and_then(toml::Value::as_table);
                for (name, value) in dependencies.into_iter().flatten() {
                    if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                        broken.push(format!("{}: {name}", entry.path().display()));
                    }
                }
            }
        }
    }
    report(&broken, "a dependency's version stands in `[workspace.dependencies]`");
}

/// The text of a file of the repository.
fn text_of(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest: toml::Table = text_of("Cargo.toml").parse().unwrap();
    let dependencies = manifest["workspace"]["dependencies"].as_table().unwrap();
    let others = dependencies.iter().filter(|(_, value)| value.get("path").is_none()).map(|(name, _)| name);
    let architecture = text_of("ARCHITECTURE.md");
    // The names in the first cell of each row of the table.
    let table = architecture.split("## Dependencies, and why").nth(1).unwrap_or_default();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named: Vec<&str> =
        cells.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`')).collect();
    let absent = others.filter(|name| !named.contains(&name.as_str()));
    let mut broken: Vec<String> = absent.map(|name| format!("{name} has no row")).collect();
    let gone = named.iter().filter(|name| **name != "crate" && !name.starts_with('-'));
    let gone = gone.filter(|name| !dependencies.contains_key(**name));
    broken.extend(gone.map(|name| format!("{name} is no dependency")));
    report(&broken, "the table of dependencies in ARCHITECTURE.md is complete");
}

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
