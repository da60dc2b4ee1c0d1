//! A pipeline whose runs misbehave in every way that a service has to handle: slow ones, ones that die, hang, or leave processes behind.
//! `service serve` runs it; its tests kill it.

use std::process::{Command, ExitCode};
use std::time::Duration;

use millwork::{
    AlertRule, Config, Definitions, Destination, Encryption, FailureClass, Mail, QueueLimits, Result,
    Retention, Retry, RunLimits, RunRetries, RunSpec, Secret, Sensor, SensorOutcome, StepLog, Trigger, asset,
    definitions,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The behavior of `work`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Work {
    /// Its duration, in milliseconds.
    millis: u64,
    /// How it ends: `well`, `error`, `exit`, `abort`, `panic`; or `waits`: only when a process ends that it has started.
    end: String,
    /// The text that it prints.
    says: String,
    /// The attempt of the run from which on it succeeds, whatever `end` is; 0 for none.
    well_from: u32,
}

impl Default for Work {
    fn default() -> Self {
        Self { millis: 0, end: "well".to_owned(), says: String::new(), well_from: 0 }
    }
}

/// Behaves as configured.
#[asset(group = "work")]
fn work(config: Config<Work>, log: StepLog) -> Result<u64> {
    std::thread::sleep(Duration::from_millis(config.millis));
    if !config.says.is_empty() {
        println!("{}", config.says);
    }
    let ends_well = config.well_from > 0 && log.attempt() >= config.well_from;
    match config.end.as_str() {
        _ if ends_well => Ok(config.millis),
        "error" => Err("it was configured to fail".into()),
        "exit" => std::process::exit(7),
        "abort" => std::process::abort(),
        "panic" => panic!("it was configured to panic"),
        "waits" => Err(format!("`sleep` ended: {}", Command::new("sleep").arg("1000").status()?).into()),
        _ => Ok(config.millis),
    }
}

/// Depends on `work`.
#[asset(group = "work")]
fn after_work(work: &u64) -> u64 {
    work + 1
}

/// Holds both slots of the pool for a moment.
#[asset(group = "work", pools(("memory_gb", 2)))]
fn hungry() -> u64 {
    std::thread::sleep(Duration::from_millis(300));
    2
}

/// Waits for a process that never ends, until its time limit of a second.
#[asset(group = "work", timeout = "1s")]
fn waits_for_a_process() -> Result<u64> {
    let status = Command::new("sleep").arg("1000").status()?;
    Err(format!("`sleep` ended with {status}").into())
}

/// Leaves a process behind.
#[asset(group = "work")]
fn leaves_a_process() -> Result<u64> {
    Ok(Command::new("sleep").arg("1000").spawn()?.id().into())
}

/// Each file in the folder that `SERVICE_INBOX` names requests a run of the selection `SERVICE_SELECTION`, or of `work`.
fn inbox() -> Sensor {
    Sensor::new("inbox", |context| async move {
        let Some(folder) = std::env::var_os("SERVICE_INBOX") else {
            return Ok(SensorOutcome::skip("SERVICE_INBOX names no folder"));
        };
        let seen = context.cursor.unwrap_or_default();
        let mut names: Vec<String> = std::fs::read_dir(folder)?
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| *name > seen)
            .collect();
        names.sort();
        match names.last().cloned() {
            None => Ok(SensorOutcome::skip("no new file")),
            Some(newest) => {
                let selection = std::env::var("SERVICE_SELECTION").unwrap_or_else(|_| "work".to_owned());
                let run = |name: String| RunSpec::of(selection.clone()).tag("file", name.clone()).key(name);
                let runs = names.into_iter().map(run);
                Ok(SensorOutcome::requests(runs).cursor(newest))
            }
        }
    })
    .interval(Duration::from_millis(200))
    .description("Each new file asks for a run of `work`")
}

/// Never returns.
fn hangs() -> Sensor {
    Sensor::new("hangs", |_| std::future::pending()).interval(Duration::from_millis(200))
}

/// Blocks its thread forever.
fn blocks() -> Sensor {
    Sensor::new("blocks", |_| async {
        loop {
            std::thread::park();
        }
    })
    .timeout(Duration::from_millis(200))
}

/// Requests the asset downstream of `work`.
fn work_is_done() -> Sensor {
    Sensor::on_materialization("work_is_done", "work", |_, _| {
        Ok(SensorOutcome::request(RunSpec::of("after_work")))
    })
    .interval(Duration::from_millis(100))
}

/// Sends alerts of failed runs to the URL `SERVICE_WEBHOOK`, and to the mail server on this machine at the port `SERVICE_SMTP_PORT`.
fn runs_fail() -> AlertRule {
    let webhook = Destination::webhook(Secret::env("SERVICE_WEBHOOK")).optional();
    let rule = AlertRule::new("runs_fail").when(Trigger::RunFailed).to(webhook);
    match std::env::var("SERVICE_SMTP_PORT").ok().and_then(|port| port.parse().ok()) {
        Some(port) => {
            let mail = Mail::new("127.0.0.1", "millwork@example.org", "on-call@example.org");
            rule.to(Destination::mail(mail.port(port, Encryption::None)))
        }
        None => rule,
    }
}

fn everything() -> Definitions {
    definitions![work, after_work, hungry, waits_for_a_process, leaves_a_process]
        .pool("memory_gb", 2)
        .queue(QueueLimits::of(4).tag("team", "small", 1).each_value("customer", 1))
        .run_retries(
            RunRetries::of(2, [FailureClass::Killed, FailureClass::Lost])
                .retry(Retry::constant(2, Duration::from_millis(50))),
        )
        .run_limits(RunLimits::default().cancel(Duration::from_secs(1)))
        .retention(Retention::new())
        .alert(runs_fail())
        .sensor(inbox())
        .sensor(hangs())
        .sensor(blocks())
        .sensor(work_is_done())
}

fn main() -> ExitCode {
    millwork::app(everything())
}
