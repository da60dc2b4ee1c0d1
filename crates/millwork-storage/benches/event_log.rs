//! Times the event log in SQLite: `cargo bench -p millwork-storage`.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::event::{
    EventBody, InputVersion, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::run::{RunId, RunRequest};
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{Batch, Claim, EventQuery, Fence, Home, NewRun, Order, RunQuery, Store, TakeSlots};

const STEPS: usize = 10_000;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(".").expect("the folder is writable");
    let home = timed("open a new home", 1, Home::open(folder.path())).await.expect("a new home opens");
    timed("recover, nothing ran (first query)", 1, home.recover(now())).await.expect("it recovers");
    timed("recover, nothing ran", 1, home.recover(now())).await.expect("it recovers");
    let store = home.store();

    let fence = start(&home, 1).await;
    write_in_one_batch(&*store, fence).await;
    report("bytes per step, first run", per_step(&*store, 0).await);
    let before = total_bytes(&*store).await;
    let second = start(&home, 2).await;
    write_in_many_batches(&store, second).await;
    report("bytes per step, second run", per_step(&*store, before).await);

    write_chain(&*store, second).await;
    read(&home, fence).await;
    store.close().await;
    timed("open it again", 1, Home::open(folder.path())).await.expect("the home opens");
}

async fn start(home: &Home, number: u128) -> Fence {
    let store = home.store();
    let run = RunId::from_u128(number);
    let request = RunRequest { assets: (0..STEPS).map(asset).collect(), ..RunRequest::default() };
    store.create_run(NewRun { id: run, request, at: now(), lease: None }).await.expect("the run is new");
    let claim = Claim { run, holder: home.holder().clone(), now: now(), until: now(), resumes: false };
    store.claim(claim).await.expect("the run is queued")
}

async fn write_in_one_batch(store: &dyn Store, fence: Fence) {
    let events = (0..STEPS).flat_map(|step| step_events(fence.run, step)).collect();
    let batch = Batch { fence: Some(fence), events };
    timed("append 30,000 events, one batch, per event", STEPS * 3, store.append(batch))
        .await
        .expect("appended");
}

async fn write_in_many_batches(store: &Arc<dyn Store>, fence: Fence) {
    let commits = store.counts().commits;
    let write = async {
        let mut tasks = tokio::task::JoinSet::new();
        for step in 0..STEPS {
            let store = store.clone();
            let events = step_events(fence.run, step);
            tasks.spawn(async move { store.append(Batch { fence: Some(fence), events }).await });
        }
        tasks.join_all().await
    };
    let written = timed("append 30,000 events, 10,000 batches at once, per event", STEPS * 3, write).await;
    assert!(written.iter().all(Result::is_ok));
    report("commits of these", store.counts().commits - commits);
}

async fn write_chain(store: &dyn Store, fence: Fence) {
    let step_started = |_| NewEvent::of_run(fence.run, now(), EventBody::StepStarted);
    let chain = async {
        for event in (0..1000).map(step_started) {
            store.append(Batch { fence: Some(fence), events: vec![event] }).await.expect("appended");
        }
    };
    timed("append one event, wait, and again", 1000, chain).await;
    let slots = async {
        let holder = millwork_storage::Holder::this_process();
        for _ in 0..200 {
            let slot = store
                .take_slots(TakeSlots::one("pool", 1, &holder, now(), now() + Duration::from_secs(9)))
                .await;
            store.give_slots_back(&slot.expect("taken").expect("free")).await.expect("given back");
        }
    };
    timed("take a slot and give it back", 200, slots).await;
}

async fn read(home: &Home, fence: Fence) {
    let store = home.store();
    let all: Vec<AssetKey> = (0..STEPS).map(asset).collect();
    for round in ["first", "second"] {
        let latest = timed(format!("latest of 10,000 assets, {round}"), 1, store.latest(&all)).await;
        assert_eq!(latest.expect("read").len(), STEPS);
    }
    timed("latest of 3 assets", 1, store.latest(&all[5000..5003])).await.expect("read");
    let of_run = EventQuery { run: Some(fence.run), ..EventQuery::default() };
    for what in ["all 30,000 events of a run", "the same again"] {
        timed(what, 1, store.events(of_run.clone())).await.expect("read");
    }
    let of_step = EventQuery { step: Some("group/asset_5000".into()), ..of_run };
    timed("the events of one step", 1, store.events(of_step)).await.expect("read");
    let asset = Some(all[7].clone());
    let history = EventQuery { asset, order: Order::NewestFirst, limit: Some(50), ..EventQuery::default() };
    timed("the history of an asset", 1, store.events(history)).await.expect("read");
    timed("list runs", 1, store.runs(RunQuery { limit: Some(50), ..RunQuery::default() }))
        .await
        .expect("read");
    timed("recover, two runs alive", 1, home.recover(now())).await.expect("it recovers");
    report("info", format!("{:?}", timed("info", 1, store.info()).await.expect("read")));
}

fn step_events(run: RunId, step: usize) -> Vec<NewEvent> {
    let key = asset(step);
    let input = InputVersion {
        version: None,
        read_as: Default::default(),
        upstream: AssetPartition::new(asset(step.saturating_sub(1)), None),
        data_version: Some("0123456789abcdef0123456789abcdef".into()),
    };
    let materialized = EventBody::Materialized(Materialization {
        version: None,
        data_version: "fedcba9876543210fedcba9876543210".into(),
        provenance: Provenance {
            code_version: "00112233445566778899aabbccddeeff".into(),
            inputs: vec![input],
            config: None,
        },
        stored: StoredValue {
            location: ValueLocation::Database,
            bytes: 100,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: [("rows".to_owned(), 100_i64.into())].into(),
    });
    let of_step =
        |body| NewEvent { step: Some(key.as_str().into()), attempt: 1, ..NewEvent::of_run(run, now(), body) };
    vec![
        of_step(EventBody::StepStarted),
        NewEvent { asset: Some(key.clone()), value: Some(vec![b'7'; 100].into()), ..of_step(materialized) },
        of_step(EventBody::StepSucceeded { micros: 12_345 }),
    ]
}

fn asset(step: usize) -> AssetKey {
    format!("group/asset_{step}").into()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_763_000_000).expect("it is a time")
}

async fn total_bytes(store: &dyn Store) -> u64 {
    store.compact().await.expect("no other process uses the file");
    store.info().await.expect("read").database_bytes
}

async fn per_step(store: &dyn Store, before: u64) -> u64 {
    (total_bytes(store).await - before) / STEPS as u64
}

async fn timed<T>(what: impl Display, times: usize, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let done = work.await;
    let micros = start.elapsed().as_secs_f64() * 1e6 / times as f64;
    report(what, format!("{micros:.1} µs"));
    done
}

fn report(what: impl Display, figure: impl Display) {
    println!("{what:60} {figure}");
}
