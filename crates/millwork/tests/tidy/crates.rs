//! The crates: which may depend on which, and where versions and reasons of dependencies stand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use crate::{code_of, implementations, report, root, sources, text_of};

/// Each crate and those of ours that it may depend on.
const ORDER: [(&str, &[&str]); 19] = [
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
    ("millwork-monitor", &["millwork-core", "millwork-ml", "millwork-polars"]),
    ("millwork-storage", &["millwork-core"]),
    ("millwork-api", &["millwork-core", "millwork-storage"]),
    ("millwork-engine", &["millwork-core", "millwork-storage"]),
    ("millwork-daemon", &["millwork-core", "millwork-engine", "millwork-storage"]),
    (
        "millwork-web",
        &["millwork-api", "millwork-core", "millwork-draw", "millwork-layout", "millwork-storage"],
    ),
    (
        "millwork",
        &[
            "millwork-api",
            "millwork-core",
            "millwork-daemon",
            "millwork-draw",
            "millwork-engine",
            "millwork-linfa",
            "millwork-macros",
            "millwork-ml",
            "millwork-monitor",
            "millwork-polars",
            "millwork-storage",
            "millwork-web",
        ],
    ),
];

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

/// The manifests of the workspace's members, each by the name of its folder.
fn manifests() -> Vec<(String, toml::Table)> {
    let members = ["crates", "examples"].iter().flat_map(|folder| {
        let entries = std::fs::read_dir(root().join(folder)).unwrap().flatten();
        entries.map(move |entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
    });
    let members = members.chain(["benches".to_owned()]);
    members
        .map(|member| (member.clone(), text_of(&format!("{member}/Cargo.toml")).parse().unwrap()))
        .collect()
}

/// The dependencies of a manifest, of all sections, also those of one platform.
fn dependencies(manifest: &toml::Table) -> Vec<(String, toml::Value)> {
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let platforms =
        platforms.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table);
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = std::iter::once(manifest).chain(platforms);
    let tables =
        tables.flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()));
    tables.flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[test]
fn versions_stand_in_the_workspace_only() {
    let mut broken = Vec::new();
    let mut used = BTreeSet::new();
    for (member, manifest) in manifests() {
        for (name, value) in dependencies(&manifest) {
            let is_of_workspace = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
            // A crate of ours with other features than the rest of the workspace wants.
            let is_path = value.get("path").is_some() && value.get("version").is_none();
            if !is_of_workspace && !is_path {
                broken.push(format!("{member}: {name}"));
            }
            used.insert(name);
        }
    }
    let workspace: toml::Table = text_of("Cargo.toml").parse().unwrap();
    let known = workspace["workspace"]["dependencies"].as_table().unwrap();
    broken.extend(
        known.keys().filter(|name| !used.contains(*name)).map(|name| format!("no crate uses {name}")),
    );
    report(
        &broken,
        "a dependency's version stands in `[workspace.dependencies]`, and nothing else stands there",
    );
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

/// A home has a `dyn Store`, so that another backend is a matter of the storage crate.
#[test]
fn nothing_outside_of_storage_names_a_backend() {
    let is_outside = |path: &&PathBuf| {
        let name = path.to_string_lossy();
        name.contains("/src/") && !name.contains("crates/millwork-storage/")
    };
    let backends = implementations("crates/millwork-storage/src", "EventLog");
    assert!(backends.len() > 1, "backends are found: {backends:?}");
    let mut broken = Vec::new();
    for path in sources().iter().filter(is_outside) {
        let text = code_of(path);
        let named = backends.iter().filter(|backend| text.contains(backend.as_str()));
        broken.extend(named.map(|backend| format!("{}: {backend}", path.display())));
    }
    report(&broken, "what is asked of a store stands in its traits");
}
