//! `millwork new`, as a process: the files that it creates, its output, and its refusals.
#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

use std::path::Path;
use std::process::{Command, Output};

use millwork_testing::program;

fn millwork(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_millwork")).args(arguments).current_dir(folder).output().unwrap()
}

/// The contents of a folder by path, without the folders themselves.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path()).iter().map(|below| format!("{name}/{below}"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

#[test]
fn a_pipeline_is_made_and_formatted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in
        [("prices", &["new", "prices"][..]), ("bare", &["new", "bare", "--template", "empty"])]
    {
        let output = millwork(folder.path(), arguments);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert!(printed.starts_with(&format!("Created the pipeline `{name}`.\n  cd {name}\n")), "{printed}");
        let pipeline = folder.path().join(name);
        assert_eq!(files(&pipeline), [".gitignore", "Cargo.toml", "src/main.rs"]);
        let manifest: toml::Table =
            std::fs::read_to_string(pipeline.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(name));
        assert_eq!(manifest["dependencies"]["millwork"]["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
        let Some(rustfmt) = program("rustfmt") else { continue };
        let formatted = Command::new(rustfmt)
            .args(["--check", "--edition", "2024"])
            .arg(pipeline.join("src/main.rs"))
            .output()
            .unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is there");
}

#[test]
fn a_checkout_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let package = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../millwork");
    let checkout = package.join("../..");
    let output = millwork(folder.path(), &["new", "prices", "--path", checkout.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let manifest = std::fs::read_to_string(folder.path().join("prices/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let millwork = &manifest["dependencies"]["millwork"];
    assert_eq!(millwork["path"].as_str(), package.canonicalize().unwrap().to_str());
    assert_eq!((millwork.get("version"), millwork["features"][0].as_str()), (None, Some("ml")));
}

#[test]
fn a_pipeline_inside_a_workspace_is_a_member_of_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = ['*']\nresolver = '3'\n")
        .unwrap();
    let output = millwork(folder.path(), &["new", "prices", "--template", "empty"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("It is inside a workspace"), "{output:?}");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(folder.path());
    let metadata = cargo.output().unwrap();
    assert!(metadata.status.success() && metadata.stderr.is_empty(), "{metadata:?}");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(metadata["packages"][0]["name"], "prices");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("full")).unwrap();
    std::fs::write(folder.path().join("full/kept"), "").unwrap();
    for (arguments, code, expected) in [
        (&["new", "full"][..], 1, "error: `full` exists and is not an empty folder\n"),
        (&["new", "match"], 2, "error: `match` can't be a package's name: it is a Rust keyword\n"),
        (&["new", "prices", "--path", "full"], 2, "error: `full` has no sources of Millwork"),
        (&["new", "no/prices"], 1, "error: the folder `no` does not exist: create it first"),
        (&["new"], 2, "error: the following required arguments were not provided"),
        (&["new", "prices", "--template", "none"], 2, "error: invalid value 'none' for '--template"),
    ] {
        let output = millwork(folder.path(), arguments);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(code), true), "{output:?}");
        assert!(printed.starts_with(expected), "{printed}");
    }
    assert_eq!(files(folder.path()), ["full/kept"]);
}
