//! Times what a model's life costs: a gate, the move of an alias, the pages of a model with 1,000 versions, and the reproduction of a run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use millwork_core::event::{
    AliasChange, AliasMoved, EventBody, Materialization, Mover, NewEvent, Provenance, StoredValue,
    ValueLocation, VersionJudged,
};
use millwork_core::model::Author;
use millwork_core::run::{RunRequest, RunStatus};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AssetDefinition, AssetPartition, Clock as _, Computation, Decision, Definitions, GateDefinition,
    Pipeline, Requirements, StepFunction, StepResult, SystemClock, Verdict,
};
use millwork_engine::{Cancel, Engine};
use millwork_storage::{Batch, Home, append_version, change_model};
use millwork_testing::PipelineServer;
use tempfile::TempDir;

const ROUNDS: usize = 41;
const VERSIONS: u32 = 1_000;

fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok().context("a provider of TLS")?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let (without, costs) = runs(pipeline(Gated::No)?).await?;
        print("a run of a model and its reader", &without, &costs);
        let (with, costs) = runs(pipeline(Gated::Yes)?).await?;
        print("the same with a gate between them", &with, &format!("1 ms more; {costs}"));
        print("moves of an alias", &moves().await?, "");
        pages().await?;
        reproduction()
    })
}

fn print(case: &str, times: &[Duration], aim: &str) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{case:44} median {:8.2} ms   p99 {:8.2} ms   aim {aim}", at(0.5), at(0.99));
}

/// Whether the model has a gate, and its reader follows the champion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gated {
    No,
    Yes,
}

fn pipeline(gated: Gated) -> Result<Pipeline> {
    let model = AssetDefinition::new("model").produces::<u64, _>().blocking(|_| Ok(7_u64));
    let champion = ReadAs::Alias(AliasName::champion());
    let reader = AssetDefinition::new("reader").produces::<u64, _>();
    let definitions = match gated {
        Gated::No => {
            let reader = reader.input::<u64>("model").blocking(|step| Ok(*step.input::<u64>("model")?));
            Definitions::new().assets([model, reader])
        }
        Gated::Yes => {
            let by = champion.clone();
            let reader = reader
                .policy(|computation| {
                    computation.requirements.version::<u64>("model", champion.clone(), Absent::SkipsTheStep);
                })
                .blocking(move |step| Ok(u64::from(step.version("model", &by).is_some())));
            let mut requirements =
                Requirements { challenger: Some("model".into()), ..Requirements::default() };
            requirements.input::<u64>("model");
            requirements.version::<u64>("model", champion.clone(), Absent::IsNone);
            let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
            let gate = GateDefinition::new("gate", "model", Computation::new(requirements, function));
            Definitions::new().assets([model, reader]).gate(gate)
        }
    };
    Ok(definitions.resolve()?)
}

/// The times of runs in one home, in ascending order, and what each asks of the store, in words.
async fn runs(pipeline: Pipeline) -> Result<(Vec<Duration>, String)> {
    let folder = TempDir::new()?;
    let home = Home::open(folder.path()).await?;
    let engine = Engine::new(pipeline, home.store(), &home.values_path(), home.holder().clone());
    let mut times = Vec::new();
    for round in 0..=ROUNDS {
        let assets = vec!["model".into(), "reader".into()];
        let request = RunRequest { selection: "*".to_owned(), assets, ..RunRequest::default() };
        let started = Instant::now();
        let run = engine.request(request).await?;
        let outcome = engine.execute(run, &Cancel::default(), Arc::new(|_| {})).await?;
        if round > 0 {
            times.push(started.elapsed());
        }
        ensure!(outcome.status == RunStatus::Succeeded, "the run is {}", outcome.status);
    }
    let counts = home.store().counts();
    let each = |count: u64| count as f64 / (ROUNDS + 1) as f64;
    times.sort();
    Ok((times, format!("{:.1} commits, {:.1} queries", each(counts.commits), each(counts.queries))))
}

fn asset() -> AssetPartition {
    AssetPartition::new("price_model".into(), None)
}

fn number(version: u32) -> Result<VersionNumber> {
    VersionNumber::new(version).context("versions begin with 1")
}

/// A materialization of the model of `examples/champion`.
fn version(at: Timestamp, shrinkage: f64) -> NewEvent {
    let value = format!(r#"{{"per_square_metre":{}}}"#, 5.0 - shrinkage / 10_000.0).into_bytes();
    let body = EventBody::Materialized(Materialization {
        version: None,
        data_version: millwork_core::DataVersion::of_content(&value),
        provenance: Provenance::reported(),
        stored: StoredValue {
            location: ValueLocation::Database,
            bytes: value.len() as u64,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: [("training error".to_owned(), (shrinkage / 100.0).into())].into(),
    });
    NewEvent {
        run: None,
        at,
        step: None,
        asset: Some("price_model".into()),
        partition: None,
        attempt: 0,
        body,
        value: Some(Arc::new(value)),
    }
}

async fn moves() -> Result<Vec<Duration>> {
    let folder = TempDir::new()?;
    let store = Home::open(folder.path()).await?.store();
    let at = SystemClock.now();
    for round in 0..2 {
        append_version(&*store, version(at, f64::from(round))).await?;
    }
    let author = Author { by: Mover::Person("bench".to_owned()), reason: String::new() };
    let mut times = Vec::new();
    for round in 0..=ROUNDS {
        let to = number(round as u32 % 2 + 1)?;
        let started = Instant::now();
        change_model(&*store, &asset(), at, |history| {
            history.promote(&"price_model".into(), &AliasName::champion(), to, &author)
        })
        .await?;
        times.push(started.elapsed());
    }
    times.remove(0);
    times.sort();
    Ok(times)
}

/// A home whose model has many versions, each judged, one of ten promoted.
async fn many_versions(path: &Path) -> Result<()> {
    let store = Home::open(path).await?.store();
    let at = SystemClock.now();
    let mut champion = None;
    for one in 1..=VERSIONS {
        append_version(&*store, version(at, f64::from(one))).await?;
        let promoted = one % 10 == 1;
        let decision = Some(if promoted { Decision::Promote } else { Decision::Keep });
        let judged = VersionJudged {
            gate: "better_prices".to_owned(),
            version: number(one)?,
            against: champion,
            decision,
            asked: None,
            shadow: None,
            answers: None,
            reason: format!("the challenger's error is {one}"),
            metadata: [("error".to_owned(), f64::from(one).into())].into(),
            provenance: Provenance::reported(),
        };
        let mut bodies = vec![EventBody::VersionJudged(judged)];
        if promoted {
            bodies.push(EventBody::AliasMoved(AliasMoved {
                alias: AliasName::champion(),
                from: champion,
                to: Some(number(one)?),
                data_version: None,
                change: AliasChange::Promoted,
                by: Mover::Gate("better_prices".to_owned()),
                reason: String::new(),
            }));
            champion = Some(number(one)?);
        }
        let events =
            bodies.into_iter().map(|body| NewEvent { value: None, body, ..version(at, 0.0) }).collect();
        store.append(Batch { fence: None, events }).await?;
    }
    store.close().await;
    Ok(())
}

async fn pages() -> Result<()> {
    let folder = TempDir::new()?;
    many_versions(folder.path()).await?;
    let mut command = Command::new(std::env::current_exe()?.with_file_name("champion"));
    command.args(["serve", "--address", "127.0.0.1:0"]);
    command.env("MILLWORK_HOME", folder.path()).env_remove("MILLWORK_TOKEN");
    // `cargo build --release -p champion` builds what is served. It is killed when this ends, however that is.
    let server = PipelineServer::start(command);
    let client = reqwest::Client::new();
    for page in ["/models", "/models/price_model", "/api/v1/models/show/price_model"] {
        let mut times = Vec::new();
        for round in 0..=ROUNDS {
            let started = Instant::now();
            let answer = client.get(format!("{}{page}", server.url)).send().await?.error_for_status()?;
            let length = answer.text().await?.len();
            ensure!(length > 0, "`{page}` is empty");
            if round > 0 {
                times.push(started.elapsed());
            }
        }
        times.sort();
        print(&format!("{page} with {VERSIONS} versions"), &times, "10 ms");
    }
    Ok(())
}

/// The reference job is executed, and then reproduced.
fn reproduction() -> Result<()> {
    let folder = TempDir::new()?;
    let run = |arguments: &[&str]| -> Result<String> {
        let output = Command::new(std::env::current_exe()?.with_file_name("hackernews"))
            .args(arguments)
            .env("MILLWORK_HOME", folder.path())
            .env_remove("HACKER_NEWS_API")
            .stdin(Stdio::null())
            .output()
            .context("`cargo build --release -p hackernews` builds the reference job")?;
        ensure!(output.status.success(), "{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    run(&["materialize"])?;
    let started = Instant::now();
    let said = run(&["runs", "reproduce", "last"])?;
    let took = started.elapsed();
    println!(
        "{:44} {:>10.0?}: {}",
        "runs reproduce last, of the reference job",
        took,
        said.lines().last().unwrap_or_default()
    );
    Ok(())
}
