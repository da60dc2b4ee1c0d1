//! The replay server of the reference job, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result};

use crate::measure::binary;

/// A running replay server; it ends when this is dropped.
pub(crate) struct ReplayServer {
    process: Child,
    pub(crate) url: String,
}

impl ReplayServer {
    pub(crate) fn start(stories: &Path, latency_ms: u64) -> Result<Self> {
        let mut process = binary("hackernews", Path::new(".millwork"))?
            .args(["replay", "--port", "0", "--latency-ms", &latency_ms.to_string(), "--csv"])
            .arg(stories)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the server has no output")?;
        let url = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("export HACKER_NEWS_URL=").map(str::to_owned))
            .context("the replay server printed no address")?;
        Ok(Self { process, url })
    }
}

impl Drop for ReplayServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
