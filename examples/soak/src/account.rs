//! The account at the end: the log is compared with the journal of actions, and with the alerts that the receiver has got.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::event::{Event, EventBody};
use millwork_core::run::{RunId, RunState, RunStatus};
use millwork_daemon::sensor_cursor;
use millwork_engine::{Engine, EngineOptions};
use millwork_storage::{DeliveryState, EventQuery, Home, Pending, PendingWork, RunQuery, RunRecord, Store};

use crate::folder::Folder;
use crate::journal::{Entry, Journal, counts};
use crate::receiver::Receiver;
use crate::{pipeline, processes};

/// The expected reasons of failed runs, as parts of their text.
const FORESEEN: [&str; 3] = ["has never been materialized", "disk", "ended without recording its end"];

/// The data that the account compares.
struct Account {
    entries: Vec<Entry>,
    runs: Vec<RunRecord>,
    events: Vec<Event>,
}

/// Accounts for a soak that began at a given time; the first mismatch is an error.
pub(crate) async fn account(folder: &Folder, receiver: &Receiver, start: Timestamp) -> Result<()> {
    let home = Home::open(folder.home()).await?;
    let store = home.store();
    let account = Account {
        entries: Journal::read(&folder.journal())?,
        runs: store.runs(RunQuery::default()).await?,
        events: store.events(EventQuery::default()).await?,
    };
    ensure!(processes::of_runs(&folder.home()).is_empty(), "a process of a run goes on");
    ensure!(store.held_slots().await?.is_empty(), "a slot is still held");
    account.every_run_has_ended_as_its_events_say()?;
    account.every_calm_tick_was_run_and_none_twice(start)?;
    account.every_key_was_requested_once(&*store).await?;
    account.every_value_is_there(&home).await?;
    account.every_failure_was_alerted(&*store, receiver).await?;
    account.report();
    store.close().await;
    Ok(())
}

impl Account {
    fn every_run_has_ended_as_its_events_say(&self) -> Result<()> {
        let mut events: BTreeMap<RunId, Vec<Event>> = BTreeMap::new();
        for event in &self.events {
            if let Some(run) = event.run {
                events.entry(run).or_default().push(event.clone());
            }
        }
        for run in &self.runs {
            let events = events.remove(&run.id).unwrap_or_default();
            let state = RunState::replay(&events).with_context(|| format!("run {}", run.id))?;
            ensure!(state.status == Some(run.status), "run {} is {} by its record", run.id, run.status);
            ensure!(run.status.is_finished(), "run {} is {}", run.id, run.status);
            let reason = run.reason.as_deref().unwrap_or_default();
            let is_foreseen = || FORESEEN.iter().any(|foreseen| reason.contains(foreseen));
            match run.status {
                RunStatus::Succeeded => {}
                RunStatus::Failed => ensure!(is_foreseen(), "run {} failed: {reason}", run.id),
                RunStatus::Lost => ensure!(self.has_killed(), "run {} was lost: {reason}", run.id),
                RunStatus::Queued | RunStatus::Running | RunStatus::Canceling | RunStatus::Canceled => {
                    anyhow::bail!("run {} is {}", run.id, run.status);
                }
            }
        }
        ensure!(events.is_empty(), "there are events of runs that aren't there: {:?}", events.keys());
        Ok(())
    }

    fn has_killed(&self) -> bool {
        let kills = [Entry::KilledDaemon, Entry::KilledRun, Entry::FullDisk];
        self.entries.iter().any(|entry| kills.contains(entry))
    }

    fn every_calm_tick_was_run_and_none_twice(&self, start: Timestamp) -> Result<()> {
        let pipeline = pipeline::resolved()?;
        let mut runs: BTreeMap<(&str, Timestamp), usize> = BTreeMap::new();
        for run in &self.runs {
            let tags = &run.request.tags;
            if let (Some(schedule), Some(due)) =
                (tags.get("millwork/schedule"), tags.get("millwork/scheduled_for"))
            {
                *runs.entry((schedule, due.parse()?)).or_default() += 1;
            }
        }
        let twice: Vec<_> = runs.iter().filter(|(_, times)| **times > 1).collect();
        ensure!(twice.is_empty(), "ticks were run twice: {twice:?}");
        let mut calm = 0;
        for entry in &self.entries {
            let Entry::Calm { from, to } = entry else { continue };
            for schedule in pipeline.schedules() {
                for due in schedule.timetable()?.between(*from, *to).filter(|due| *due > start) {
                    calm += 1;
                    let is_run = runs.contains_key(&(schedule.name.as_str(), due));
                    ensure!(is_run, "the tick of {} at {due} was not run", schedule.name);
                }
            }
        }
        println!("{calm} ticks at calm times, {} runs of ticks", runs.len());
        Ok(())
    }

    /// A key that can be requested has one run; one that can't is pending until a person drops it.
    async fn every_key_was_requested_once(&self, store: &dyn Store) -> Result<()> {
        let mut asked: BTreeMap<&str, bool> = BTreeMap::new();
        for entry in &self.entries {
            if let Entry::Asked { key, is_good, .. } = entry {
                // A daemon that died before it recorded an answer calls the function again, and may get another answer.
                asked.insert(key, *is_good);
            }
        }
        let mut requested: BTreeMap<&str, usize> = BTreeMap::new();
        for run in &self.runs {
            let key = run.request.tags.get("millwork/run_key");
            if let Some(key) = key.and_then(|key| key.strip_prefix("careless/")) {
                *requested.entry(key).or_default() += 1;
            }
        }
        for (key, times) in &requested {
            ensure!(*times == 1, "the run of {key} was requested {times} times");
        }
        let pending = store.pending(&[], u32::MAX).await?;
        let key = |pending: &Pending| match &pending.work {
            PendingWork::Run { run, .. } => run.key.clone(),
            PendingWork::Event { .. } | PendingWork::Tick { .. } => None,
        };
        let pending: BTreeSet<String> = pending.iter().filter_map(key).collect();
        // Requests behind the cursor were never recorded, and are made again.
        let state = store.state(&Instigator::Sensor(pipeline::CARELESS.to_owned())).await?;
        let written = sensor_cursor(&state).context("the sensor has no cursor")?;
        let written: pipeline::CarelessCursor = serde_json::from_str(&written)?;
        for (key, is_good) in asked {
            if *key == pipeline::key(written.number + 1) {
                ensure!(!requested.contains_key(key), "{key}: requested behind the cursor");
                continue;
            }
            ensure!(requested.contains_key(key) == is_good, "{key}: requested although it can't be, or lost");
            ensure!(pending.contains(key) != is_good, "{key}: pending although it was requested, or lost");
        }
        Ok(())
    }

    async fn every_value_is_there(&self, home: &Home) -> Result<()> {
        let (store, holder) = (home.store(), home.holder().clone());
        let engine = Engine::new(pipeline::resolved()?, store, &home.values_path(), holder)
            .options(EngineOptions::default());
        let made = self.events.iter().filter(|event| matches!(event.body, EventBody::Materialized(_)));
        for event in made {
            let bytes = engine.values().load_bytes(event).await;
            bytes.with_context(|| format!("the value of event {}", event.sequence))?;
        }
        Ok(())
    }

    /// Each end of a run that is worth an alert has its deliveries, and the receiver has accepted those that count as delivered.
    async fn every_failure_was_alerted(&self, store: &dyn Store, receiver: &Receiver) -> Result<()> {
        let is_failure =
            |event: &&Event| matches!(event.body, EventBody::RunFailed { .. } | EventBody::RunLost { .. });
        let mut ends: Vec<_> = self.events.iter().filter(is_failure).map(|event| event.run).collect();
        let deliveries = store.deliveries(None, u32::MAX).await?;
        let of_runs = deliveries.iter().filter(|delivery| delivery.alert.rule == "runs_fail");
        let mut alerted: Vec<_> = of_runs.map(|delivery| delivery.alert.run).collect();
        ends.sort();
        alerted.sort();
        ensure!(alerted == ends, "alerts are of {alerted:#?}, and failures of {ends:#?}");
        let attempts = receiver.attempts();
        for delivery in &deliveries {
            let attempts = attempts.get(&delivery.key).copied().unwrap_or_default();
            match delivery.state {
                DeliveryState::Pending => anyhow::bail!("an alert is still pending: {delivery:?}"),
                DeliveryState::Delivered => ensure!(attempts.taken > 0, "{delivery:?} was never taken"),
                DeliveryState::Dead => ensure!(attempts.refused_for_good > 0, "{delivery:?} was given up"),
                DeliveryState::Dropped => anyhow::bail!("no one dropped {delivery:?}"),
            }
        }
        let keys: BTreeSet<&String> = deliveries.iter().map(|delivery| &delivery.key).collect();
        ensure!(attempts.keys().all(|key| keys.contains(key)), "an alert was sent that no rule decided");
        Ok(())
    }

    fn report(&self) {
        let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
        for run in &self.runs {
            *statuses.entry(run.status.as_str()).or_default() += 1;
        }
        println!("{} events; {} runs: {statuses:?}", self.events.len(), self.runs.len());
        println!("what happened: {:?}", counts(&self.entries));
    }
}
