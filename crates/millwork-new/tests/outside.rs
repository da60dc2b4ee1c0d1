//! Pipelines outside of this workspace, built from the packages that would be published: no file is missing in the packages, the kernels
//! are optimized in the dev profile, and a warning is printed if they aren't.
//!
//! This compiles Millwork once more, which takes minutes, and so is done only where `MILLWORK_OUTSIDE` is set, as in `.ci/run`. It
//! works without a network: the packages stand in for those of the registry, and all others are the workspace's.
#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use millwork_testing::require;
use serde_json::Value;

/// The part of the warning that doesn't depend on the crates.
const WARNING: &str = "compiled without optimization";

#[test]
fn pipelines_outside_of_the_workspace_run() {
    let asked = std::env::var_os("MILLWORK_OUTSIDE").filter(|asked| !asked.is_empty());
    if require(asked, || "MILLWORK_OUTSIDE is not set: no pipeline is built outside".to_owned()).is_none() {
        return;
    }
    let outside = Outside::new();
    outside.patch(&outside.packages());

    let prices = outside.pipeline("prices", "model");
    prices.succeeds("test");
    let printed = prices.materialize("");
    assert!(printed.contains(" succeeded: 5 succeeded in ") && !printed.contains(WARNING), "{printed}");
    let slow =
        ["boost", "ml"].map(|name| format!("--config profile.dev.package.millwork-{name}.opt-level=0"));
    let printed = prices.materialize(&slow.join(" "));
    let expected = "millwork-boost and millwork-ml are compiled without optimization";
    assert_eq!(printed.matches(WARNING).count(), 1, "{printed}");
    assert!(printed.contains(expected) && printed.contains("millwork-ml.opt-level = 3"), "{printed}");

    let bare = outside.pipeline("bare", "empty");
    bare.succeeds("test");
    let printed = bare.materialize("");
    assert!(printed.contains(" succeeded: 1 succeeded in "), "{printed}");
}

/// A folder for packages and pipelines.
struct Outside {
    folder: PathBuf,
    repository: PathBuf,
}

impl Outside {
    /// Empties the folder of the last run. It is always the same, so that little is rebuilt.
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        // Read at run time: a target folder in which another checkout was built holds the paths of that checkout.
        let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        Self { folder, repository: package.join("../..").canonicalize().unwrap() }
    }

    /// Packages what would be published, unpacks it, and returns the names and folders.
    fn packages(&self) -> Vec<(String, PathBuf)> {
        let metadata = output(cargo(&self.repository, "metadata --no-deps --format-version 1 --offline"));
        let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let published = packages.iter().filter(|package| package["publish"].is_null());
        let named: Vec<(&str, &str)> = published
            .map(|package| (package["name"].as_str().unwrap(), package["version"].as_str().unwrap()))
            .collect();
        let mut package = cargo(&self.repository, "package --no-verify --allow-dirty --offline --quiet");
        package.arg("--target-dir").arg(&self.folder);
        package.args(named.iter().flat_map(|(name, _)| ["--package", name]));
        output(package);
        let unpacked = named.iter().map(|(name, version)| {
            let mut tar = Command::new("tar");
            // The files get the current time, as builds compare it.
            tar.args(["-xzmf", &format!("package/{name}-{version}.crate")]).current_dir(&self.folder);
            output(tar);
            ((*name).to_owned(), self.folder.join(format!("{name}-{version}")))
        });
        unpacked.collect()
    }

    /// Makes cargo resolve packages to their folders instead of the registry, below this folder.
    fn patch(&self, packages: &[(String, PathBuf)]) {
        let lines = packages.iter().map(|(name, folder)| format!("{name} = {{ path = {folder:?} }}\n"));
        let text = format!("[patch.crates-io]\n{}", lines.collect::<String>());
        fs::create_dir(self.folder.join(".cargo")).unwrap();
        fs::write(self.folder.join(".cargo/config.toml"), text).unwrap();
    }

    /// Creates a pipeline that takes other packages in the versions of this workspace.
    fn pipeline(&self, name: &str, template: &str) -> Pipeline {
        let mut new = Command::new(env!("CARGO_BIN_EXE_millwork"));
        new.args(["new", name, "--template", template]).current_dir(&self.folder);
        output(new);
        let folder = self.folder.join(name);
        fs::copy(self.repository.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        Pipeline(folder)
    }
}

/// The folder of a pipeline.
struct Pipeline(PathBuf);

impl Pipeline {
    /// Runs one of cargo's commands, which must succeed.
    fn succeeds(&self, line: &str) -> Output {
        let mut cargo = cargo(&self.0, line);
        cargo.arg("--offline").env("CARGO_TARGET_DIR", target());
        output(cargo)
    }

    /// Materializes all assets in a home of its own, built with these options, and returns the output.
    fn materialize(&self, options: &str) -> String {
        let home = tempfile::tempdir().unwrap();
        let mut cargo = cargo(&self.0, &format!("run --quiet --offline {options} -- materialize"));
        cargo.env("CARGO_TARGET_DIR", target()).env("MILLWORK_HOME", home.path()).env_remove("MILLWORK_LOG");
        let Output { stdout, stderr, .. } = output(cargo);
        [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
    }
}

/// The target folder of this test: dependencies that the workspace and the pipelines share are built once.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

fn cargo(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(line.split_whitespace()).current_dir(folder);
    // The environment of this test isn't meant for the command.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_"))
    {
        command.env_remove(name);
    }
    command
}

/// The output of a command, which must succeed.
#[track_caller]
fn output(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
