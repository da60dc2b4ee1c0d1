//! The cases that are timed, and their targets.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use tempfile::tempdir;

use crate::measure::{Times, binary, run};
use crate::replay::ReplayServer;

/// The time of starting before any work is done.
pub(crate) fn start_up(runs: usize) -> Result<()> {
    let home = tempdir()?;
    for arguments in [&["--help"][..], &["list", "assets"]] {
        let times =
            Times::of(runs, || Ok(()), || run(binary("hackernews", home.path())?.args(arguments)).map(drop))?;
        times.print(&format!("hackernews {}", arguments.join(" ")), "20 ms", "");
    }
    Ok(())
}

/// Graphs of trivial assets: the cost of the orchestrator itself.
pub(crate) fn graphs(runs: usize) -> Result<()> {
    for (graph, assets, aim) in
        [("chain:100", 100, "15 ms"), ("fan-out:1000", 1_001, "150 ms"), ("layered:100x100", 10_000, "1.5 s")]
    {
        let folder = tempdir()?;
        let home = folder.path().join("home");
        let clear = || remove(&home);
        let synthetic = |arguments: &[&str]| -> Result<String> {
            run(binary("synthetic", &home)?.env("SYNTHETIC_GRAPH", graph).args(arguments))
        };
        let planned =
            Times::of(runs, clear, || synthetic(&["materialize", "--dry-run", "--json"]).map(drop))?;
        planned.print(&format!("{graph}, define and plan"), "", "");
        let mut printed = String::new();
        let made =
            Times::of(runs, clear, || synthetic(&["materialize", "--json"]).map(|output| printed = output))?;
        let beside = format!(
            "run {} s, {} B of database per asset, peak memory {} MB",
            field(&printed, "seconds"),
            fs::metadata(home.join("millwork.db"))?.len() / assets,
            field(&printed, "peak_memory_bytes").parse::<u64>().unwrap_or(0) / 1_000_000,
        );
        made.print(&format!("{graph}, materialize"), aim, &beside);
        let fresh = Times::of(runs, || Ok(()), || synthetic(&["materialize", "--stale"]).map(drop))?;
        fresh.print(&format!("{graph}, materialize --stale, up to date"), "", "");
    }
    straggler(runs)
}

/// Empties a home, so that nothing of an earlier run is left.
fn remove(home: &Path) -> Result<()> {
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    Ok(())
}

/// A chain beside a step that is as long as all of it: without a barrier between levels, both end together.
fn straggler(runs: usize) -> Result<()> {
    let folder = tempdir()?;
    let home = folder.path().join("home");
    let clear = || remove(&home);
    let times = Times::of(runs, clear, || {
        run(binary("synthetic", &home)?.env("SYNTHETIC_GRAPH", "straggler:20").arg("materialize")).map(drop)
    })?;
    times.print("straggler:20, materialize", "", "critical path 200 ms");
    Ok(())
}

/// The reference job on real stories, through the real client.
pub(crate) fn reference_job(runs: usize, stories: &Path) -> Result<()> {
    for (latency_ms, aim) in [(0, "300 ms"), (20, "600 ms")] {
        let server = ReplayServer::start(stories, latency_ms)?;
        let folder = tempdir()?;
        let home = folder.path().join("home");
        let clear = || remove(&home);
        let mut printed = String::new();
        let times = Times::of(runs, clear, || {
            let mut command = binary("hackernews", &home)?;
            command.env("HACKER_NEWS_URL", &server.url).args(["materialize", "--json"]);
            run(&mut command).map(|output| printed = output)
        })?;
        let memory = field(&printed, "peak_memory_bytes").parse::<u64>().unwrap_or(0) / 1_000_000;
        let case = format!("reference job, 1,000 items at {latency_ms} ms");
        times.print(&case, aim, &format!("peak memory {memory} MB"));
    }
    Ok(())
}

/// One asset of the reference job is edited, and rebuilt and rerun in the dev profile until its result is there.
pub(crate) fn edit_loop(runs: usize) -> Result<()> {
    let home = tempdir()?;
    let edited = Path::new("examples/hackernews/src/pipeline/model.rs");
    let touch = || {
        let file =
            File::options().append(true).open(edited).context("run this from the workspace's folder")?;
        Ok(file.set_modified(std::time::SystemTime::UNIX_EPOCH + since_epoch()?)?)
    };
    let times = Times::of(runs, touch, || {
        let mut command = Command::new("cargo");
        command.env("MILLWORK_HOME", home.path());
        command.args([
            "run",
            "--quiet",
            "-p",
            "hackernews",
            "--",
            "materialize",
            "+comments_model_test_set_r_squared",
        ]);
        run(&mut command).map(drop)
    })?;
    times.print("edit loop, dev profile", "4 s", "");
    Ok(())
}

/// The time on the file system's clock: a file written just now has it.
fn since_epoch() -> Result<std::time::Duration> {
    let file = tempfile::NamedTempFile::new()?;
    Ok(file.as_file().metadata()?.modified()?.duration_since(std::time::SystemTime::UNIX_EPOCH)?)
}

/// The README's first command in an empty target folder.
pub(crate) fn cold_build() -> Result<()> {
    let (target, home) = (tempdir()?, tempdir()?);
    let times = Times::once(|| {
        let mut command = Command::new("cargo");
        command.env("CARGO_TARGET_DIR", target.path()).env("MILLWORK_HOME", home.path());
        command.args(["run", "--quiet", "-p", "hackernews", "--", "materialize"]);
        run(&mut command).map(drop)
    })?;
    times.print("README's first command, cold", "6 min", "");
    Ok(())
}

/// A number of the JSON that a command printed.
fn field(json: &str, name: &str) -> String {
    let at = json.find(&format!("\"{name}\":")).map(|at| &json[at + name.len() + 3..]);
    at.map_or(String::new(), |rest| {
        rest.chars().take_while(|char| char.is_ascii_digit() || *char == '.').take(8).collect()
    })
}
