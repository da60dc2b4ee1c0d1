//! Times partitions: sets of ten million keys, requests and statuses where there are a million, a run that makes a thousand, and a
//! backfill of a thousand days of three assets.

use std::hint::black_box;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use millwork_core::backfill::BackfillOptions;
use millwork_core::definitions::BackfillSpec;
use millwork_core::event::{
    EventBody, InputVersion, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::partition::{Dimensions, IndexSet, KeySet, TimeWindows, daily, fixed, hourly, weekly};
use millwork_core::plan::Plan;
use millwork_core::run::{RunSpec, RunStatus};
use millwork_core::version::ReadAs;
use millwork_core::{
    AssetDefinition, AssetPartition, AssetStatus, BoxError, BoxFuture, Clock as _, DataVersion, Definitions,
    KeyMoment, PartitionKey, Pipeline, QueueLimits, SystemClock,
};
use millwork_daemon::{Daemon, DaemonEvent, DaemonOptions, InProcessLauncher};
use millwork_engine::{Cancel, Engine};
use millwork_storage::{Batch, CurrentStatuses, Home, NewBackfill, StoreInfo, plan_backfill};
use tempfile::TempDir;

const ROUNDS: usize = 21;
const PARTITIONS: u32 = 1_000;

/// All cases, or the one that is named: `sets`, `requests`, `status MADE`, `runs` or `backfills`.
fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments[..] {
        [] => {
            sets()?;
            all_requests()?;
            for made in [10_000, 100_000, 1_000_000] {
                runtime.block_on(statuses(made))?;
            }
            runtime.block_on(runs())?;
            runtime.block_on(backfills())
        }
        ["sets"] => sets(),
        ["requests"] => all_requests(),
        ["status", made] => runtime.block_on(statuses(made.parse()?)),
        ["status-of", folder, case] => runtime.block_on(status_of(Path::new(folder), case)),
        ["runs"] => runtime.block_on(runs()),
        ["backfills"] => runtime.block_on(backfills()),
        _ => bail!("there is no such case: {}", arguments.join(" ")),
    }
}

fn all_requests() -> Result<()> {
    requests("30 windows", daily("UTC").from("2026-01-01").until("2026-01-31"), "2026-01-15")?;
    requests("1,000,000 windows", million(), "2026-01-15-05:00")
}

async fn runs() -> Result<()> {
    run_of(1).await?;
    run_of(PARTITIONS).await
}

async fn backfills() -> Result<()> {
    backfill_of(PARTITIONS, 1).await?;
    backfill_of(PARTITIONS, 100).await
}

fn print(case: &str, mut times: Vec<Duration>, per: u32, aim: &str) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let each = f64::from(per);
    println!("{case:52} median {:9.4} ms   max {:9.4} ms   aim {aim}", at(0.5) / each, at(1.0) / each);
}

fn timed<T>(mut run: impl FnMut() -> T) -> Vec<Duration> {
    let once = |_| {
        let started = Instant::now();
        black_box(run());
        started.elapsed()
    };
    (0..ROUNDS).map(once).collect()
}

/// Ten thousand days by a thousand countries, of which every other week of a third of the countries is made.
fn sets() -> Result<()> {
    let countries: Vec<String> = (0..1_000).map(|country| format!("c{country}")).collect();
    let dimensions = daily("UTC").from("2000-01-01").until("2027-05-19").by(fixed(countries));
    let space = dimensions.space("2028-01-01T00:00:00Z".parse()?)?;
    let all = space.all();
    let days = all.indexes(0);
    let first = days.first().context("there are days")?;
    let weeks = days.iter().filter(|day| (day - first) / 7 % 2 == 0).collect::<IndexSet>();
    let third = all.indexes(1).iter().filter(|country| country % 3 == 0).collect::<IndexSet>();
    let made = KeySet::product([weeks.clone(), third]);
    let other = KeySet::product([weeks, IndexSet::from(0..=499)]);
    println!("{} keys, {} made ({} bytes)", all.count(), made.count(), made.bytes());
    print("missing of ten million keys", timed(|| all.difference(&made).count()), 1, "1 ms");
    print("union of two such sets", timed(|| made.union(&other).count()), 1, "1 ms");
    print("intersection of two such sets", timed(|| made.intersection(&other).count()), 1, "1 ms");
    let text = space.set_text(&made);
    print("reading the text of a set", timed(|| space.set(&text).map(|set| set.count())), 1, "");
    Ok(())
}

fn pipeline(windows: TimeWindows) -> Result<Pipeline> {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u64, _>();
    let days = asset("days").partitions(windows.clone()).blocking(|_| Ok(7_u64));
    let same = asset("same").partitions(windows).input::<u64>("days");
    let weeks: Dimensions = weekly("UTC").from("2000-01-02").into();
    let weeks = asset("weeks").partitions(weeks).policy(|computation| {
        computation.requirements.partitions::<u64>("days");
    });
    let definitions = Definitions::new().asset(days);
    Ok(definitions
        .asset(same.blocking(|step| Ok(*step.input::<u64>("days")?)))
        .asset(weeks.blocking(|step| Ok(step.partitions::<u64>("days")?.len() as u64)))
        .resolve()?)
}

/// A request for one partition, and its plan.
fn requests(case: &str, windows: TimeWindows, partition: &str) -> Result<()> {
    let started = Instant::now();
    let pipeline = pipeline(windows)?;
    println!("{case}: definitions resolved in {:.2} ms", started.elapsed().as_secs_f64() * 1e3);
    let graph = pipeline.graph();
    let moment = KeyMoment::at("2026-06-01T00:00:00Z".parse::<Timestamp>()?);
    let plan = || -> Result<usize> {
        let request = RunSpec::of("days or same").partition(partition).resolve(&pipeline, &moment)?;
        let plan = Plan::new(graph, &request.selected(graph)?, &request.partitions, &moment)?;
        Ok(plan.steps.len())
    };
    ensure!(plan()? == 2, "two steps are planned");
    print(&format!("request and plan of one partition of {case}"), timed(plan), 1, "as with few");
    Ok(())
}

/// A million windows.
fn million() -> TimeWindows {
    hourly("UTC").from("1912-01-01").until("2026-01-31")
}

fn moment() -> Result<KeyMoment> {
    Ok(KeyMoment::at("2026-06-01T00:00:00Z".parse::<Timestamp>()?))
}

/// The status of two assets with a million windows, of which the first ones are made: read by a new process from the events of each, then by
/// others from what that has stored.
async fn statuses(made: usize) -> Result<()> {
    let folder = TempDir::new()?;
    let pipeline = pipeline(million())?;
    {
        let home = Home::open(folder.path()).await?;
        let partitions =
            pipeline.graph().key_space(pipeline.graph().index("days").context("an asset")?, &moment()?);
        for keys in partitions.all().next(None, made).chunks(10_000) {
            let keys: Vec<_> = keys.iter().filter_map(|index| partitions.partition_key_at(index)).collect();
            for (asset, upstream) in [("days", None), ("same", Some("days"))] {
                let events = keys.iter().map(|key| materialized(asset, upstream, key)).collect();
                home.store().append(Batch { fence: None, events }).await?;
            }
        }
        home.store().close().await;
    }
    println!("status: {made} of a million made of two assets");
    for case in ["from all that was made", "from what was stored"] {
        let own = std::env::current_exe()?;
        let status =
            std::process::Command::new(own).arg("status-of").arg(folder.path()).arg(case).status()?;
        ensure!(status.success(), "a status is read");
    }
    Ok(())
}

/// What a process sees that begins with what is in a home.
async fn status_of(folder: &Path, case: &str) -> Result<()> {
    let pipeline = pipeline(million())?;
    let graph = pipeline.graph();
    let home = Home::open(folder).await?;
    let (store, mut moment) = (home.store(), moment()?);
    let days = graph.index("days").context("the asset is there")?;
    let all = graph.key_space(days, &moment).all().count();
    let (before, started) = (memory()?, Instant::now());
    let mut current = CurrentStatuses::at(&*store, graph, &moment).await?;
    let took = started.elapsed().as_secs_f64() * 1e3;
    let more = memory()?.saturating_sub(before) >> 10;
    println!("  read {case}: {took:.1} ms (aim 50), {more} KiB more memory (aim 20480), {all} keys");
    let mut times = Vec::new();
    for page in 0..ROUNDS as u64 {
        let started = Instant::now();
        let sets = &current.statuses().of(days).partitions;
        let ranges = sets.all().indexes(0).ranges(200);
        let counts = AssetStatus::ALL.map(|status| sets.of(status).counts_along(0, &ranges));
        let keys = sets.all().page(500 + 50 * page, 50);
        let listed = current.partitions(&*store, graph, days, &keys).await?;
        black_box((counts, listed.len()));
        times.push(started.elapsed());
    }
    print("  a strip and a page of partitions", times, 1, "20 ms");
    let existing = current.statuses().of(days).partitions.existing().clone();
    let space = graph.key_space(days, &moment);
    let mut times = Vec::new();
    for index in space.all().difference(&existing).next(None, ROUNDS) {
        let key = space.partition_key_at(&index).context("a key")?;
        let events = vec![materialized("days", None, &key)];
        store.append(Batch { fence: None, events }).await?;
        let started = Instant::now();
        current.catch_up(&*store, graph, moment.now(), |_| ()).await?;
        moment = moment.moved_to(moment.now() + SignedDuration::from_secs(1));
        current.derive(&*store, graph, &moment).await?;
        times.push(started.elapsed());
    }
    let count = current.statuses().of(days).partitions.existing().count();
    ensure!(count == existing.count() + ROUNDS as u64, "{count} are made");
    print("  taken in that one more is made", times, 1, "20 ms");
    store.close().await;
    Ok(())
}

/// A partition that was made from the same of another asset.
fn materialized(asset: &str, upstream: Option<&str>, key: &PartitionKey) -> NewEvent {
    let upstream = upstream.map(|upstream| InputVersion {
        upstream: AssetPartition::new(upstream.into(), Some(key.clone())),
        data_version: Some(DataVersion::of_content(key.identity().as_bytes())),
        version: None,
        read_as: ReadAs::Latest,
    });
    let provenance =
        Provenance { code_version: "1".into(), inputs: upstream.into_iter().collect(), config: None };
    let stored =
        StoredValue { location: ValueLocation::Elsewhere, bytes: 0, format: String::new(), hash: None };
    let data_version = DataVersion::of_content(key.identity().as_bytes());
    let metadata = Default::default();
    let body = EventBody::Materialized(Materialization {
        version: None,
        data_version,
        provenance,
        stored,
        metadata,
    });
    // Keys that are read from a log share nothing with others.
    let partition = PartitionKey::of_identity(key.identity(), key.own_label());
    NewEvent::of_asset(AssetPartition::new(asset.into(), Some(partition)), Timestamp::UNIX_EPOCH, body)
}

/// The memory of this process, in bytes.
fn memory() -> Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").context("this runs on Linux")?;
    let pages = pages.split(' ').nth(1).context("the second number is the memory")?;
    Ok(pages.parse::<usize>()? * 4096)
}

/// A run of some partitions of one asset in a home, for each partition.
async fn run_of(partitions: u32) -> Result<()> {
    let folder = TempDir::new()?;
    let home = Home::open(folder.path()).await?;
    let windows = daily("UTC").from("2020-01-01");
    let pipeline = pipeline(windows)?;
    let moment = KeyMoment::at(SystemClock.now());
    let engine = Engine::new(pipeline.clone(), home.store(), &home.values_path(), home.holder().clone());
    let last = daily("UTC").from("2020-01-01").check()?.nth(u64::from(partitions) - 1);
    let set = format!("..{}", last.context("there are as many windows")?.label());
    let before = home.store().info().await?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let request = RunSpec::of("days").partitions(set.as_str()).resolve(&pipeline, &moment)?;
        ensure!(request.partitions.len() == partitions as usize, "the set is read");
        let started = Instant::now();
        let run = engine.request(request).await?;
        let outcome = engine.execute(run, &Cancel::default(), Arc::new(|_| {})).await?;
        times.push(started.elapsed());
        ensure!(outcome.status == RunStatus::Succeeded, "the run is {}", outcome.status);
    }
    let after = home.store().info().await?;
    let bytes = |info: &StoreInfo| info.database_bytes + info.wal_bytes;
    let bytes = bytes(&after).saturating_sub(bytes(&before)) / 5 / u64::from(partitions);
    let case = format!("a run of {partitions} partitions, each ({bytes} bytes)");
    print(&case, times, partitions, "1 ms more");
    Ok(())
}

/// A backfill of some days of a chain of three assets, by a daemon that executes runs in its own process.
async fn backfill_of(partitions: u32, per_run: u64) -> Result<()> {
    let folder = TempDir::new()?;
    let home = Home::open(folder.path()).await?;
    let days = || daily("UTC").from("2020-01-01");
    let asset = |key: &str| AssetDefinition::new(key).produces::<u64, _>().partitions(days());
    let follows = |key: &str, upstream: &'static str| {
        asset(key).input::<u64>(upstream).blocking(move |step| Ok(*step.input::<u64>(upstream)? + 1))
    };
    let definitions = Definitions::new().asset(asset("first").blocking(|_| Ok(1_u64)));
    let pipeline =
        definitions.asset(follows("second", "first")).asset(follows("third", "second")).resolve()?;
    let last = days().check()?.nth(u64::from(partitions) - 1).context("there are as many windows")?;
    let (store, started) = (home.store(), Instant::now());
    let options = BackfillOptions {
        runs_at_a_time: NonZeroU32::MIN.saturating_add(7),
        partitions_per_run: NonZeroU64::new(per_run),
        ..BackfillOptions::default()
    };
    let spec = BackfillSpec::new(RunSpec::of("*"), format!("..{}", last.label()));
    let planned =
        plan_backfill(&*store, &pipeline, BackfillSpec { options, ..spec }, SystemClock.now()).await??;
    let planning = started.elapsed();
    let before = store.info().await?;
    let new = NewBackfill { request: planned.request, plan: planned.plan, at: SystemClock.now() };
    let id = store.create_backfill(new).await?;
    let engine = Engine::new(pipeline.clone(), store.clone(), &home.values_path(), home.holder().clone());
    let execute = Arc::new(move |run| -> BoxFuture<std::result::Result<(), BoxError>> {
        let engine = engine.clone();
        Box::pin(async move {
            engine.execute(run, &Cancel::default(), Arc::new(|_| {})).await?;
            Ok(())
        })
    });
    let launcher = Arc::new(InProcessLauncher::new(&home, execute));
    let (ended, mut end) = tokio::sync::mpsc::unbounded_channel();
    let observer = Arc::new(move |event: &DaemonEvent| {
        if let DaemonEvent::BackfillEnded { counts, .. } = event {
            ended.send(*counts).ok();
        }
    });
    let queue = QueueLimits { max_runs: 8, ..QueueLimits::default() };
    let options = DaemonOptions { queue, ..DaemonOptions::default() };
    let daemon = Daemon::new(pipeline, home.clone(), launcher, observer).options(options);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let started = Instant::now();
    let running = tokio::spawn(async move { daemon.run(stopped).await });
    let counts = end.recv().await.context("the backfill ends")?;
    let took = started.elapsed();
    stop.send(true)?;
    running.await?;
    ensure!(counts.succeeded == u64::from(partitions), "backfill {id}: {counts}");
    let after = store.info().await?;
    let bytes = |info: &StoreInfo| info.database_bytes + info.wal_bytes;
    let made = 3 * u64::from(partitions);
    let bytes = bytes(&after).saturating_sub(bytes(&before)) / made;
    println!(
        "a backfill of {partitions} days of three assets, {per_run} a run: planned in {:.1} ms, made in {:.2} s, {:.2} ms and {bytes} bytes a partition",
        planning.as_secs_f64() * 1e3,
        took.as_secs_f64(),
        took.as_secs_f64() * 1e3 / made as f64,
    );
    Ok(())
}
