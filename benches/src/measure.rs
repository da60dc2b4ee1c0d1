//! One process, timed from outside, several times.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// The times of one case.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Times `run` repeatedly, after `prepare`, which isn't timed. The first run warms up and isn't counted.
    pub(crate) fn of(
        runs: usize,
        mut prepare: impl FnMut() -> Result<()>,
        mut run: impl FnMut() -> Result<()>,
    ) -> Result<Self> {
        let mut times = Vec::with_capacity(runs);
        for counted in std::iter::once(false).chain(std::iter::repeat_n(true, runs.max(1))) {
            prepare()?;
            let started = Instant::now();
            run()?;
            if counted {
                times.push(started.elapsed());
            }
        }
        times.sort();
        Ok(Self(times))
    }

    /// One time.
    pub(crate) fn once(run: impl FnOnce() -> Result<()>) -> Result<Self> {
        let started = Instant::now();
        run()?;
        Ok(Self(vec![started.elapsed()]))
    }

    /// Prints a row of the table.
    pub(crate) fn print(&self, case: &str, aim: &str, beside: &str) {
        let (median, min, max) = (self.0[self.0.len() / 2], self.0[0], self.0[self.0.len() - 1]);
        let [median, min, max] = [median, min, max].map(in_words);
        println!("{case:44} {median:>10} {min:>10} {max:>10} {aim:>9}  {beside}");
    }
}

/// Prints the head of the table.
pub(crate) fn print_heading() {
    let [median, min, max] = ["median", "min", "max"];
    println!("{:44} {median:>10} {min:>10} {max:>10} {:>9}  beside it", "case", "aim");
}

fn in_words(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {}", command.get_program().to_string_lossy()))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?} ended with {}\n{stdout}{stderr}", output.status);
    Ok(stdout.into_owned())
}

/// A pipeline's binary, built beside this one.
pub(crate) fn binary(name: &str, home: &Path) -> Result<Command> {
    let own = std::env::current_exe()?;
    let mut command = Command::new(own.with_file_name(name));
    command.env("MILLWORK_HOME", home);
    Ok(command)
}
