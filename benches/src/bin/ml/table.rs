//! A case's figures, ours beside those of the peers.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::Arguments;

/// The measurements of a process: seconds by name, and its peak memory in bytes.
#[derive(Debug, Deserialize)]
struct Measured {
    seconds: Vec<(String, f64)>,
    memory: u64,
    /// The training error, so that learning less is no advantage.
    #[serde(default)]
    loss: Option<f64>,
}

/// A case of the table.
pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    /// The part to run: by our executable, and by the peers' script.
    pub(crate) part: &'a str,
    pub(crate) ours: &'a [&'a str],
    /// The name of each peer, and its arguments.
    pub(crate) peers: &'a [(&'a str, &'a [&'a str])],
}

pub(crate) fn print_head() {
    println!("{:<46} {:<17} {:>11}  by peer: time, ratio, peak memory, loss", "case", "figure", "ours");
}

/// Runs our part and the peers', one after the other, and prints a line per figure.
pub(crate) fn compare(arguments: &Arguments, case: &Case<'_>) -> Result<()> {
    let Case { name, part, ours, peers } = case;
    if !arguments.wants(name) {
        return Ok(());
    }
    let runs = arguments.runs.to_string();
    let ours = measured(Command::new(std::env::current_exe()?).arg(part).args(*ours).args(["--runs", &runs]));
    let ours = match ours {
        Ok(ours) => ours,
        Err(error) => {
            println!("{name}: left out: {error:#}");
            return Ok(());
        }
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/bench_ml.py");
    let mut theirs = Vec::new();
    for (peer, values) in peers.iter().filter(|_| arguments.python.is_some()) {
        let python = arguments.python.as_ref().context("an interpreter")?;
        let found = measured(Command::new(python).arg(&script).arg(part).args(*values).arg(&runs));
        match found {
            Ok(found) => theirs.push((*peer, found)),
            Err(error) => println!("{name}: {peer} is left out: {error:#}"),
        }
    }
    for (figure, seconds) in &ours.seconds {
        let beside = |(peer, found): &(&str, Measured)| {
            let (_, theirs) = found.seconds.iter().find(|(name, _)| name == figure)?;
            Some(format!("{peer} {}, {:.1}x", time(*theirs), theirs / seconds))
        };
        let beside: Vec<String> = theirs.iter().filter_map(beside).collect();
        println!("{name:<46} {figure:<17} {:>11}  {}", time(*seconds), beside.join("; "));
    }
    let rest = |found: &Measured| {
        let memory = format!("{} MB", found.memory / 1_000_000);
        found.loss.map_or(memory.clone(), |loss| format!("{memory}, loss {loss:.4}"))
    };
    let beside: Vec<String> = theirs.iter().map(|(peer, found)| format!("{peer} {}", rest(found))).collect();
    println!("{name:<46} {:<17} {:>11}  {}", "peak memory", rest(&ours), beside.join("; "));
    Ok(())
}

fn time(seconds: f64) -> String {
    if seconds < 1e-3 { format!("{:.2} us", seconds * 1e6) } else { format!("{:.2} ms", seconds * 1e3) }
}

fn measured(command: &mut Command) -> Result<Measured> {
    let output = command.output().with_context(|| format!("failed to start {command:?}"))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        // Our error message is at the start of the output, Python's at the end.
        let ours = error.lines().find_map(|line| line.strip_prefix("Error: "));
        bail!("{}", ours.or(error.trim().lines().last()).unwrap_or("it failed without a word"));
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?} gave no figures"))
}
