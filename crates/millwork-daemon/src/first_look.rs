//! A daemon that is killed early loses no event: all loops store their initial cursors first.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millwork_core::alert::{AlertRule, Destination, Trigger};
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{QUEUE_TAG, RunId, RunRequest};
use millwork_core::sensor::SensorOutcome;
use millwork_core::{
    AssetDefinition, AutomationCondition, BoxError, BoxFuture, Clock as _, Definitions, Instigator, Schedule,
    Sensor, SystemClock,
};
use millwork_storage::{Batch, Claim, Home, NewRun};
use tokio::sync::{mpsc, watch};

use crate::daemon::Daemon;
use crate::daemon_loop::DaemonLoop as _;
use crate::launcher::{ExecuteRun, InProcessLauncher};

fn definitions() -> Definitions {
    let asset = AssetDefinition::new("asset").produces::<u32, _>().blocking(|_| Ok(1_u32));
    let skips = |_, _| Ok(SensorOutcome::skip("nothing to do"));
    Definitions::new()
        .asset(asset.automation(AutomationCondition::on_cron("@yearly", "UTC")))
        .sensor(Sensor::on_materialization("reacts", "asset", skips).on_by_default())
        .schedule(Schedule::new("yearly", ["@yearly"], "asset").on_by_default())
        .alert(AlertRule::new("fails").when(Trigger::RunFailed).to(Destination::command(["true"])))
}

async fn daemon(folder: &Path, execute: Arc<ExecuteRun>) -> Daemon {
    let home = Home::open(folder).await.expect("a home");
    let pipeline = definitions().resolve().expect("definitions that fit together");
    let environment =
        |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://127.0.0.1:1".to_owned());
    let launcher = Arc::new(InProcessLauncher::new(&home, execute));
    Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).environment(Arc::new(environment))
}

/// A run that waits for a daemon.
async fn queue(home: &Home) -> RunId {
    let (at, tags) = (SystemClock.now(), [(QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned())].into());
    let request = RunRequest {
        selection: "asset".to_owned(),
        assets: vec!["asset".into()],
        tags,
        ..RunRequest::default()
    };
    let id = RunId::new(at);
    home.store().create_run(NewRun { id, request, at, lease: None }).await.expect("a run");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_knows_where_to_begin_before_anything_is_launched() {
    let folder = millwork_testing::folder();
    let home = Home::open(folder.path()).await.expect("a home");
    queue(&home).await;
    let (failed, mut has_failed) = mpsc::unbounded_channel();
    // Fails at once, and reports the runs that existed then.
    let execute = move |run: RunId| -> BoxFuture<Result<(), BoxError>> {
        let (home, failed) = (home.clone(), failed.clone());
        Box::pin(async move {
            let (store, holder, now) = (home.store(), home.holder().clone(), SystemClock.now());
            let states = store.states().await.expect("states");
            let fence =
                store.claim(Claim { run, holder, now, until: now, resumes: false }).await.expect("a claim");
            let events = vec![NewEvent::of_run(run, now, EventBody::run_failed("it was meant to"))];
            store.append(Batch { fence: Some(fence), events }).await.expect("its end");
            let known: BTreeSet<Instigator> = states
                .into_iter()
                .filter(|(_, state)| state.cursor.is_some())
                .map(|(name, _)| name)
                .collect();
            failed.send(known).expect("a receiver");
            Ok(())
        })
    };
    let daemon_one = daemon(folder.path(), Arc::new(execute)).await;
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(async move { daemon_one.run(stopped).await });
    let known = tokio::time::timeout(Duration::from_secs(120), has_failed.recv()).await;
    running.abort();
    let expected = [
        Instigator::Schedule("yearly".to_owned()),
        Instigator::Sensor("reacts".to_owned()),
        Instigator::Automation(None),
        Instigator::Alerts,
        Instigator::Retries,
        Instigator::Traces,
    ];
    assert_eq!(known.expect("a launch").expect("what was known"), expected.into());

    // However early the first daemon ended, the next one alerts of it.
    let next = daemon(folder.path(), Arc::new(|_| Box::pin(std::future::ready(Ok(()))))).await;
    next.alerts().tick().await.expect("a tick");
    assert_eq!(next.store.deliveries(None, 9).await.expect("deliveries").len(), 1);
}
