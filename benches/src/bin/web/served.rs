//! The synthetic pipeline's server, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// The number of assets in the catalog.
pub(crate) const ASSETS: usize = 2_000;

/// A server, killed when it is dropped.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
    /// Its resident memory when it began to serve, in megabytes.
    pub(crate) memory_at_start: f64,
}

impl Served {
    pub(crate) fn start(home: &Path) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("synthetic");
        let mut process = Command::new(binary)
            .args(["serve", "--address", "127.0.0.1:0"])
            .env("MILLWORK_HOME", home)
            .env("SYNTHETIC_GRAPH", format!("catalog:{ASSETS}"))
            .env_remove("MILLWORK_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("`cargo build --release -p synthetic` builds what is served")?;
        let mut lines = BufReader::new(process.stdout.take().context("its output")?).lines();
        let line = lines.next().context("it says where it serves")??;
        let url = line.split_once("serving ").context("an address")?.1.to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        let mut served = Self { process, url, memory_at_start: 0.0 };
        served.memory_at_start = served.memory()?;
        Ok(served)
    }

    /// Its resident memory, in megabytes.
    pub(crate) fn memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kilobytes: f64 = line.split_whitespace().next().context("a number")?.parse()?;
        Ok(kilobytes / 1e3)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
