//! The schedule of the service: one life of a daemon after another, with the faults of each.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_storage::Home;
use tokio::process::{Child, Command};

use crate::account::account;
use crate::clock::FileClock;
use crate::folder::Folder;
use crate::journal::{Entry, Journal};
use crate::receiver::Receiver;
use crate::{disk, pipeline, processes};

/// The start of the soak, in virtual time.
const START: &str = "2026-03-02T00:00:30Z";
const HOUR: Duration = Duration::from_secs(3_600);
/// The time that the service has, at the end, to finish pending work.
const AFTERWARDS: Duration = Duration::from_secs(12 * 3_600);

pub(crate) struct Driver {
    folder: Folder,
    journal: Journal,
    has_disk: bool,
    url: String,
    log: PathBuf,
}

/// Drives the service through a number of days, and accounts for them.
pub(crate) async fn drive(folder: Folder, days: u32, has_disk: bool) -> Result<()> {
    let start: Timestamp = START.parse()?;
    FileClock::create(&folder.clock(), start)?;
    switch_everything_on(&folder).await?;
    let (receiver, url) = Receiver::start().await?;
    let journal = Journal::open(&folder.journal())?;
    let log = folder.0.join("daemon.log");
    let driver = Driver { journal, has_disk, url, log, folder };
    let end = 24 * HOUR * days;
    let began = Instant::now();
    loop {
        let passed = FileClock::read(&driver.folder.clock())?.time().passed;
        if passed >= end {
            break;
        }
        // So that one run in twenty is a process.
        let launches_processes = fastrand::u8(..4) == 0;
        let share = if launches_processes { HOUR } else { 3 * HOUR };
        driver.life(launches_processes, (passed + share).min(end)).await?;
    }
    receiver.becomes_kind();
    let clock = FileClock::read(&driver.folder.clock())?;
    clock.set_right()?;
    let mut daemon = driver.start(false, end + AFTERWARDS, true)?;
    let status = daemon.wait().await?;
    ensure!(status.success(), "the last daemon failed: {status}; its log is {}", driver.log.display());
    println!("{days} days in {:.0?}", began.elapsed());
    account(&driver.folder, &receiver, start).await
}

async fn switch_everything_on(folder: &Folder) -> Result<()> {
    let (pipeline, home) = (pipeline::resolved()?, Home::open(folder.home()).await?);
    let schedules = pipeline.schedules().iter().map(|schedule| Instigator::Schedule(schedule.name.clone()));
    let sensors = pipeline.sensors().iter().map(|sensor| Instigator::Sensor(sensor.name.clone()));
    for instigator in schedules.chain(sensors) {
        home.store().switch(&instigator, Some(true), pipeline.switched_cursor(&instigator)).await?;
    }
    home.store().close().await;
    Ok(())
}

impl Driver {
    /// One life of a daemon, and its faults.
    async fn life(&self, launches_processes: bool, until: Duration) -> Result<()> {
        let mut daemon = self.start(launches_processes, until, false)?;
        let span = Duration::from_millis(fastrand::u64(50..900));
        let fate = fastrand::u8(..10);
        let ended = tokio::time::timeout(span, daemon.wait()).await;
        if let Ok(status) = ended {
            let status = status?;
            ensure!(status.success(), "a daemon failed: {status}; its log is {}", self.log.display());
            return Ok(());
        }
        match fate {
            // On a full disk, no daemon can begin.
            0..2 if self.has_disk && self.folder.has_begun().exists() => {
                self.journal.add(&Entry::FullDisk)?;
                disk::fill(&self.folder)?;
                // Its share may end meanwhile.
                let _ = tokio::time::timeout(Duration::from_millis(500), daemon.wait()).await;
                disk::free(&self.folder)?;
            }
            2..6 => {
                self.journal.add(&Entry::KilledDaemon)?;
                daemon.kill().await?;
                return Ok(());
            }
            6..8 => {
                for process in processes::of_runs(&self.folder.home()) {
                    self.journal.add(&Entry::KilledRun)?;
                    processes::kill(process);
                }
            }
            _ => {}
        }
        let status = daemon.wait().await?;
        ensure!(status.success(), "a daemon failed: {status}; its log is {}", self.log.display());
        Ok(())
    }

    fn start(&self, launches_processes: bool, until: Duration, is_steady: bool) -> Result<Child> {
        let _ = std::fs::remove_file(self.folder.has_begun());
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["live", "--folder"]).arg(&self.folder.0).args(["--receiver", &self.url]);
        command.args(["--until", &until.as_secs().to_string()]);
        command.args(launches_processes.then_some("--processes"));
        command.args(is_steady.then_some("--steady"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        Ok(command.spawn()?)
    }
}

/// A soak in a folder: where this machine allows it, with a disk that can be full.
pub(crate) async fn run(folder: &Path, days: u32, seed: Option<u64>) -> Result<()> {
    let folder = Folder(folder.to_owned());
    std::fs::create_dir_all(folder.disk())?;
    if !disk::is_again()
        && let Some(status) = disk::again_with_a_disk(&folder, days, seed)?
    {
        ensure!(status.success(), "the soak failed: {status}");
        return Ok(());
    }
    let has_disk = disk::is_mounted(&folder);
    ensure!(has_disk || std::env::var_os("CI").is_none(), "no disk can be mounted here: it takes root");
    if !has_disk {
        println!("skipped: full disks, as this machine lets only root mount one");
    }
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    fastrand::seed(seed);
    let driven = drive(folder.clone(), days, has_disk).await;
    if driven.is_err() && has_disk {
        folder.keep_database()?;
    }
    driven
}
