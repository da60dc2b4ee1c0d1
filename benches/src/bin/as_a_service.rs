//! Times a pipeline as a service: launch to success, a full queue, tick lateness, the API beside a busy writer, and the resources of an
//! idle server.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::exposition::Exposition;
use millwork_core::param::LogLevel;
use millwork_core::run::{RunId, RunRequest, RunStatus};
use millwork_core::{AssetDefinition, Clock as _, Definitions, Schedule, SystemClock};
use millwork_daemon::{Daemon, InProcessLauncher};
use millwork_storage::{Batch, Home, NewRun, RunQuery};
use reqwest::Client;
use tempfile::TempDir;

fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok().context("a provider of TLS")?;
    tokio::runtime::Runtime::new()?.block_on(async {
        launches("launch to success, child process", "", "60 ms").await?;
        launches("launch to success, in process", "--in-process", "10 ms").await?;
        full_queue("").await?;
        full_queue("--in-process").await?;
        readers().await?;
        idle().await?;
        accelerated_day().await?;
        lateness().await
    })
}

/// A server of the `service` example, killed when it is dropped.
struct Served {
    process: Child,
    url: String,
    home: TempDir,
}

impl Served {
    fn start(arguments: &str) -> Result<Self> {
        let home = TempDir::new()?;
        let binary = std::env::current_exe()?.with_file_name("service");
        let mut process = Command::new(binary)
            .args(["serve", "--address", "127.0.0.1:0"])
            .args(arguments.split_whitespace())
            .env("MILLWORK_HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("`cargo build --release -p service` builds what is served")?;
        let mut lines = BufReader::new(process.stdout.take().context("its output")?).lines();
        let line = lines.next().context("it says where it serves")??;
        let url = format!("{}/api/v1", line.split_once("serving ").context("an address")?.1);
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { process, url, home })
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    /// The status of its process: resident kilobytes, and the clock ticks of processor time that it has used.
    fn needs(&self) -> Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let resident = resident.split_whitespace().next().context("a number")?.parse()?;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("fields")?.1.split_whitespace().collect();
        Ok((resident, fields[11].parse::<u64>()? + fields[12].parse::<u64>()?))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn print(case: &str, mut times: Vec<Duration>, aim: &str) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{case:44} median {:8.1} ms   p99 {:8.1} ms   aim {aim}", at(0.5), at(0.99));
}

async fn launches(case: &str, arguments: &str, aim: &str) -> Result<()> {
    let served = Served::start(arguments)?;
    let store = Home::open(served.path()).await?.store();
    let client = Client::new();
    let mut times = Vec::new();
    for _ in 0..41 {
        let started = Instant::now();
        let answer = client
            .post(format!("{}/runs", served.url))
            .header("content-type", "application/json")
            .body(r#"{"selection": "work"}"#)
            .send()
            .await?;
        let answer: serde_json::Value = serde_json::from_str(&answer.text().await?)?;
        let run: RunId = answer["run"].as_str().context("a run")?.parse()?;
        while store.run(run).await?.is_none_or(|run| run.status != RunStatus::Succeeded) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(started.elapsed());
    }
    print(case, times.split_off(1), aim);
    Ok(())
}

fn request() -> RunRequest {
    RunRequest {
        selection: "work".to_owned(),
        assets: vec!["work".into()],
        config: serde_json::json!({}),
        ..RunRequest::default()
    }
    .queued()
}

async fn full_queue(arguments: &str) -> Result<()> {
    const RUNS: usize = 1_000;
    let served = Served::start(arguments)?;
    let store = Home::open(served.path()).await?.store();
    let started = Instant::now();
    for _ in 0..RUNS {
        let at = SystemClock.now();
        store.create_run(NewRun { id: RunId::new(at), request: request(), at, lease: None }).await?;
    }
    loop {
        let statuses = vec![RunStatus::Succeeded];
        let done = store.runs(RunQuery { statuses, ..RunQuery::default() }).await?.len();
        if done == RUNS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = started.elapsed().as_secs_f64();
    let how = if arguments.is_empty() { "child processes" } else { "in process" };
    println!("{:44} {took:.1} s, {:.0} runs/s", format!("{RUNS} queued runs, {how}"), RUNS as f64 / took);
    Ok(())
}

async fn readers() -> Result<()> {
    const READERS: usize = 200;
    let served = Served::start("")?;
    let store = Home::open(served.path()).await?.store();
    let at = SystemClock.now();
    let run = RunId::new(at);
    store.create_run(NewRun { id: run, request: RunRequest::default(), at, lease: None }).await?;
    let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = tokio::spawn({
        let (over, written) = (over.clone(), written.clone());
        async move {
            let mut beat = tokio::time::interval(Duration::from_millis(20));
            while !over.load(Ordering::Relaxed) {
                beat.tick().await;
                let line = |number: u64| {
                    let (level, target) = (LogLevel::Info, "bench".to_owned());
                    let message = format!("line {number}");
                    let body = EventBody::Logged(LogLine { level, target, message, fields: BTreeMap::new() });
                    NewEvent::of_run(run, SystemClock.now(), body)
                };
                let events: Vec<NewEvent> = (0..100).map(line).collect();
                if store.append(Batch { fence: None, events }).await.is_ok() {
                    written.fetch_add(100, Ordering::Relaxed);
                }
            }
        }
    });
    let began = Instant::now();
    let reading = (0..READERS).map(|_| {
        let url = format!("{}/runs?limit=20", served.url);
        tokio::spawn(async move {
            let client = Client::new();
            let mut times = Vec::new();
            while began.elapsed() < Duration::from_secs(8) {
                let started = Instant::now();
                if client.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
                    times.push(started.elapsed());
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            times
        })
    });
    let mut times = Vec::new();
    for reader in reading.collect::<Vec<_>>() {
        times.extend(reader.await?);
    }
    let rate = written.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    writer.await?;
    print(&format!("API, {READERS} readers, {rate:.0} events/s written"), times, "-");
    Ok(())
}

async fn idle() -> Result<()> {
    const SECONDS: u64 = 20;
    let served = Served::start("")?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (_, before) = served.needs()?;
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    let (resident, after) = served.needs()?;
    // A tick of processor time is 10 ms on every Linux.
    let share = (after - before) as f64 * 0.01 / SECONDS as f64 * 100.0;
    println!(
        "{:44} {:.1} MB, {share:.2} % of a core   aim 40 MB, 0.3 %",
        "idle server",
        resident as f64 / 1e3
    );
    Ok(())
}

/// As many runs as a day has minutes, as fast as possible, and the server's resources before and after.
async fn accelerated_day() -> Result<()> {
    const RUNS: usize = 1_440;
    let served = Served::start("--in-process")?;
    let store = Home::open(served.path()).await?.store();
    let mut needs = Vec::new();
    for quarter in 1..=4 {
        for _ in 0..RUNS / 4 {
            let at = SystemClock.now();
            store.create_run(NewRun { id: RunId::new(at), request: request(), at, lease: None }).await?;
        }
        let statuses = || vec![RunStatus::Succeeded];
        while store.runs(RunQuery { statuses: statuses(), ..RunQuery::default() }).await?.len()
            < quarter * RUNS / 4
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        needs.push(format!("{:.1}", served.needs()?.0 as f64 / 1e3));
    }
    println!("{:44} {} MB after each quarter", "memory over a day of runs, in process", needs.join(", "));
    Ok(())
}

/// A thousand schedules that are due at the same moment, at the next full minute.
async fn lateness() -> Result<()> {
    const SCHEDULES: usize = 1_000;
    let folder = TempDir::new()?;
    let home = Home::open(folder.path()).await?;
    let asset = AssetDefinition::new("work").produces::<u64, _>().blocking(|_| Ok(1_u64));
    let mut definitions = Definitions::new().asset(asset);
    for number in 0..SCHEDULES {
        let schedule = Schedule::new(format!("every_minute_{number}"), ["* * * * *"], "work");
        definitions = definitions.schedule(schedule.on_by_default());
    }
    let launcher = Arc::new(InProcessLauncher::new(&home, Arc::new(|_| Box::pin(async { Ok(()) }))));
    let daemon = Daemon::new(definitions.resolve()?, home.clone(), launcher, Arc::new(|_| {}));
    let metrics = daemon.metrics();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let working = tokio::spawn(async move { daemon.run(stopped).await });
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let ticks = home.store().ticks(&[], 10_000).await?;
        if ticks.len() >= SCHEDULES {
            break;
        }
    }
    stop.send(true)?;
    working.await?;
    // Until the commit of the requested run, as `/metrics` counts it.
    let mut exposition = Exposition::default();
    metrics.write_to(&mut exposition);
    let text = exposition.into_text();
    let within = text.lines().filter_map(|line| line.strip_prefix("millwork_tick_lateness_seconds_bucket"));
    let within: Vec<&str> = within.collect();
    println!("{:44} {}   aim p99 50 ms", format!("tick lateness, {SCHEDULES} at once"), within.join(" "));
    Ok(())
}
