//! The state of the store in memory, and the only functions that change it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::backfill::Backfill;
use millwork_core::event::{Event, EventBody, KindSet, NewEvent};
use millwork_core::id::BackfillId;
use millwork_core::retention::{KeptValues, Retention};
use millwork_core::run::{RunId, RunRequest, StepKey};
use millwork_core::stored::stored_json;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, DataVersion, Instigator, PartitionKey, StepPartition};

use crate::micros::stored;
use crate::retention_store::LOGS;
use crate::run_projection::RunProjection;
use crate::version_store::{UndecidedVersions, answers, decides_about};
use crate::{
    AutomationRow, BackfillChange, BackfillRecord, Batch, Commit, Delivery, DeliveryState, Forgotten,
    HeldSlots, InstigatorState, KeptStatuses, LatestAsset, NewBackfill, NewDelivery, NewPending, NewRun,
    Pending, PendingAttempt, PendingOutcome, PendingState, RunRecord, SlotId, StorageError, StoreInfo,
    StoredBackfill, Tick, TickOutcome,
};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) is_closed: bool,
    /// In the order of their sequence numbers.
    pub(super) events: Vec<StoredEvent>,
    /// The sequence number of the newest event, even if it was removed.
    last_event: u64,
    /// In the order in which they were created.
    pub(super) runs: Vec<Run>,
    pub(super) slots: Vec<Slots>,
    pub(super) last_slot: u64,
    pub(super) instigators: BTreeMap<Instigator, InstigatorState>,
    /// With their numbers, in the order in which they were recorded.
    pub(super) ticks: Vec<(u64, Tick)>,
    /// The number of the newest tick, even if it was removed.
    pub(super) last_tick: u64,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) automation: BTreeMap<AssetKey, String>,
    /// In the order of their numbers.
    pub(super) pending: Vec<Pending>,
    pub(super) last_pending: u64,
    /// In the order of their numbers, which begin with 1.
    pub(super) backfills: Vec<StoredBackfill>,
    /// What statuses follow from.
    pub(super) statuses: Option<KeptStatuses>,
    /// The sequence number of each version's event.
    pub(super) versions: BTreeMap<(AssetPartition, VersionNumber), u64>,
    /// Where each alias points and has pointed, oldest first.
    pub(super) aliases: BTreeMap<(AssetPartition, AliasName), Vec<Pointed>>,
}

/// A version that an alias points at, or did.
#[derive(Clone, Debug)]
pub(super) struct Pointed {
    pub(super) version: VersionNumber,
    pub(super) data_version: Option<DataVersion>,
    /// The sequence number of the event that moved the alias here.
    pub(super) moved: u64,
    /// When it moved on; `None` while it points here.
    pub(super) left_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct StoredEvent {
    pub(super) event: Event,
    pub(super) value: Option<Arc<Vec<u8>>>,
    /// Whether a rule of retention removed the value, wherever it was.
    pub(super) value_is_forgotten: bool,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) request: RunRequest,
    pub(super) created_at: Timestamp,
    pub(super) projection: RunProjection,
}

#[derive(Debug)]
pub(super) struct Slots {
    pub(super) id: SlotId,
    pub(super) held: HeldSlots,
}

impl Run {
    pub(super) fn record(&self) -> RunRecord {
        self.projection.clone().record(self.id, self.request.clone(), self.created_at)
    }
}

impl State {
    pub(super) fn run(&mut self, id: RunId) -> Result<&mut Run, StorageError> {
        self.runs.iter_mut().find(|run| run.id == id).ok_or(StorageError::UnknownRun { run: id })
    }

    /// Creates a run.
    pub(super) fn create(&mut self, run: NewRun) -> Result<(), StorageError> {
        let NewRun { id, request, at, lease } = run;
        stored_json(&request).map_err(|reason| StorageError::Unstorable {
            what: "the request of the run".to_owned(),
            reason,
        })?;
        if self.run(id).is_ok() {
            return Err(StorageError::DuplicateRun { run: id });
        }
        self.runs.push(Run { id, request, created_at: stored(at), projection: RunProjection::queued(lease) });
        self.append_of_run(id, at, EventBody::RunQueued)
    }

    /// Writes a change of a backfill, or nothing of it if it isn't the stored one that was changed.
    pub(super) fn change_backfill(&mut self, change: BackfillChange) -> Result<bool, StorageError> {
        let BackfillChange { id, revision, state, runs, at } = change;
        if let Some(run) = runs.iter().find(|run| self.run(run.id).is_ok()) {
            return Err(StorageError::DuplicateRun { run: run.id });
        }
        let is_meant = |stored: &&mut StoredBackfill| stored.record.id == id && stored.revision == revision;
        let Some(stored) = self.backfills.iter_mut().find(is_meant) else { return Ok(false) };
        let plan = stored.backfill.plan().clone();
        stored.backfill = Backfill::restore(plan, state).map_err(|problem| StorageError::Unreadable {
            what: "the state of the backfill".to_owned(),
            source: problem.to_string().into(),
        })?;
        stored.revision += 1;
        stored.record.status = stored.backfill.status();
        stored.record.counts = stored.backfill.state().counts();
        stored.record.changed_at = stored.record.changed_at.max(crate::micros::stored(at));
        runs.into_iter().try_for_each(|run| self.create(run))?;
        Ok(true)
    }

    /// Writes a commit, or nothing of it if its cursor is not the stored one.
    pub(super) fn create_backfill(&mut self, backfill: NewBackfill) -> BackfillId {
        let NewBackfill { request, plan, at } = backfill;
        let (backfill, at) = (Backfill::new(plan), stored(at));
        let id = BackfillId::new(self.backfills.len() as u64 + 1);
        let (status, counts) = (backfill.status(), backfill.state().counts());
        let record = BackfillRecord { id, request, status, counts, created_at: at, changed_at: at };
        self.backfills.push(StoredBackfill { record, revision: 0, backfill });
        id
    }

    pub(super) fn commit(&mut self, commit: Commit) -> Result<bool, StorageError> {
        let Commit {
            instigator,
            from,
            cursor,
            stuck_since,
            runs,
            backfills,
            ticks,
            rows,
            deliveries,
            pending,
            attempts,
        } = commit;
        if self.instigators.get(&instigator).and_then(|known| known.cursor.as_ref()) != from.as_ref() {
            return Ok(false);
        }
        let is_untouched = |attempt: &PendingAttempt| {
            self.pending.iter().any(|one| (one.id, one.attempts) == (attempt.id, attempt.attempts))
        };
        if !attempts.iter().all(is_untouched) {
            return Ok(false);
        }
        if let Some(run) = runs.iter().find(|run| self.run(run.id).is_ok()) {
            return Err(StorageError::DuplicateRun { run: run.id });
        }
        runs.into_iter().try_for_each(|run| self.create(run))?;
        let state = self.instigators.entry(instigator.clone()).or_default();
        (state.cursor, state.stuck_since) = (Some(cursor), stuck_since.map(stored));
        let of_backfills: Vec<Tick> = backfills
            .into_iter()
            .map(|(backfill, tick)| Tick {
                outcome: TickOutcome::Backfill { backfill: self.create_backfill(backfill) },
                ..tick
            })
            .collect();
        for tick in ticks.into_iter().chain(of_backfills) {
            self.last_tick += 1;
            self.ticks.push((self.last_tick, Tick { due: stored(tick.due), at: stored(tick.at), ..tick }));
        }
        for AutomationRow { asset, state } in rows {
            match state {
                Some(state) => self.automation.insert(asset, state),
                None => self.automation.remove(&asset),
            };
        }
        deliveries.into_iter().for_each(|delivery| self.deliver(delivery));
        attempts.into_iter().for_each(|attempt| self.settle(attempt));
        pending.into_iter().for_each(|pending| self.wait(&instigator, pending));
        Ok(true)
    }

    /// Records the outcome of retrying pending work.
    fn settle(&mut self, PendingAttempt { id, attempts: _, outcome }: PendingAttempt) {
        let Some(index) = self.pending.iter().position(|pending| pending.id == id) else { return };
        let pending = &mut self.pending[index];
        match outcome {
            PendingOutcome::Done => _ = self.pending.remove(index),
            PendingOutcome::Again { reason, next_at } => {
                pending.attempts += 1;
                (pending.reason, pending.next_at) = (reason, stored(next_at));
            }
            PendingOutcome::GivenUp { reason } => {
                pending.attempts += 1;
                (pending.reason, pending.state) = (reason, PendingState::GivenUp);
            }
        }
    }

    /// Adds pending work.
    fn wait(&mut self, instigator: &Instigator, NewPending { work, reason, next_at, at }: NewPending) {
        self.last_pending += 1;
        self.pending.push(Pending {
            id: self.last_pending,
            instigator: instigator.clone(),
            work,
            state: PendingState::Waiting,
            reason,
            attempts: 1,
            next_at: stored(next_at),
            created_at: stored(at),
        });
    }

    /// Adds a delivery, unless its key exists.
    fn deliver(&mut self, NewDelivery { key, destination, alert, at }: NewDelivery) {
        if self.deliveries.iter().any(|known| known.key == key) {
            return;
        }
        let (id, at) = (self.deliveries.len() as u64 + 1, stored(at));
        self.deliveries.push(Delivery {
            id,
            key,
            destination,
            alert,
            state: DeliveryState::Pending,
            attempts: 0,
            next_at: at,
            error: None,
            created_at: at,
            finished_at: None,
        });
    }

    /// Appends a batch, or nothing of it.
    pub(super) fn append(&mut self, batch: Batch) -> Result<Vec<u64>, StorageError> {
        if let Some(fence) = batch.fence {
            self.run(fence.run)?.projection.check(fence)?;
        }
        for (index, event) in batch.events.iter().enumerate() {
            event.body.to_stored().map_err(|reason| StorageError::Unstorable {
                what: format!("the event `{}`", event.body.name()),
                reason,
            })?;
            if let Some(id) = event.run {
                self.run(id)?;
            }
            self.check_version(event, &batch.events[..index])?;
            self.check_move(event, &batch.events[..index])?;
            self.check_answer(event, &batch.events[..index])?;
            let Some(again) = success(event) else { continue };
            let is_the_same = |before: &NewEvent| success(before).as_ref() == Some(&again);
            if self.has(&again) || batch.events[..index].iter().any(is_the_same) {
                return Err(StorageError::AlreadySucceeded { run: again.0, step: again.1.step.to_string() });
            }
        }
        batch.events.into_iter().map(|event| self.push(event)).collect()
    }

    /// Appends an event about a run as a whole.
    pub(super) fn append_of_run(
        &mut self,
        run: RunId,
        at: Timestamp,
        body: EventBody,
    ) -> Result<(), StorageError> {
        self.push(NewEvent::of_run(run, at, body)).map(drop)
    }

    pub(super) fn push(&mut self, mut event: NewEvent) -> Result<u64, StorageError> {
        event.at = stored(event.at);
        if let Some(id) = event.run {
            self.run(id)?.projection.apply(&event.body, event.at);
        }
        self.last_event += 1;
        let (sequence, value) = (self.last_event, event.value.take());
        let event = event.at_sequence(sequence);
        self.project_versions(&event);
        self.events.push(StoredEvent { event, value, value_is_forgotten: false });
        Ok(sequence)
    }

    /// A number is given once.
    fn check_version(&self, event: &NewEvent, before: &[NewEvent]) -> Result<(), StorageError> {
        let Some(version) = version(event) else { return Ok(()) };
        let is_taken = self.versions.contains_key(&version)
            || before.iter().any(|event| self::version(event).as_ref() == Some(&version));
        let (asset, version) = version;
        if is_taken { Err(StorageError::VersionTaken { asset, version }) } else { Ok(()) }
    }

    /// An alias moves from where it points, to a version that there is. Events before it in its batch count.
    fn check_move(&self, event: &NewEvent, before: &[NewEvent]) -> Result<(), StorageError> {
        let (EventBody::AliasMoved(moved), Some(asset)) = (&event.body, event.asset_partition()) else {
            return Ok(());
        };
        let moved_before = before.iter().rev().find_map(|event| {
            let EventBody::AliasMoved(one) = &event.body else { return None };
            (one.alias == moved.alias && event.asset_partition().as_ref() == Some(&asset)).then_some(one.to)
        });
        let current = || self.current(&asset, &moved.alias).map(|pointed| pointed.version);
        let found = moved_before.unwrap_or_else(current);
        if found != moved.from {
            let (alias, expected) = (moved.alias.clone(), moved.from);
            return Err(StorageError::AliasElsewhere { asset, alias, expected, found });
        }
        let Some(to) = moved.to else { return Ok(()) };
        let wanted = (asset, to);
        let is_made_before = before.iter().any(|event| version(event).as_ref() == Some(&wanted));
        if is_made_before || self.versions.contains_key(&wanted) {
            return Ok(());
        }
        let (asset, version) = wanted;
        Err(StorageError::UnknownVersion { asset, version })
    }

    /// A question is answered once, and not after another verdict about its version.
    fn check_answer(&self, event: &NewEvent, before: &[NewEvent]) -> Result<(), StorageError> {
        let (Some((version, question)), Some(asset)) = (answers(&event.body), event.asset_partition()) else {
            return Ok(());
        };
        let is_decided = self.events.iter().any(|StoredEvent { event, .. }| {
            event.sequence > question
                && decides_about(&event.body) == Some(version)
                && event.asset_partition().as_ref() == Some(&asset)
        });
        let is_repeated = before.iter().any(|event| {
            decides_about(&event.body) == Some(version) && event.asset_partition().as_ref() == Some(&asset)
        });
        match is_decided || is_repeated {
            true => Err(StorageError::AlreadyDecided { asset, version }),
            false => Ok(()),
        }
    }

    /// Where an alias points.
    pub(super) fn current(&self, asset: &AssetPartition, alias: &AliasName) -> Option<&Pointed> {
        self.aliases.get(&(asset.clone(), alias.clone()))?.last().filter(|pointed| pointed.left_at.is_none())
    }

    fn project_versions(&mut self, event: &Event) {
        let Some(asset) = event.asset_partition() else { return };
        if let Some(version) = event.body.version() {
            self.versions.insert((asset, version), event.sequence);
        } else if let EventBody::AliasMoved(moved) = &event.body {
            let pointed = self.aliases.entry((asset, moved.alias.clone())).or_default();
            if let Some(last) = pointed.last_mut() {
                last.left_at.get_or_insert(event.at);
            }
            let (data_version, sequence) = (moved.data_version.clone(), event.sequence);
            pointed.extend(moved.to.map(|version| Pointed {
                version,
                data_version,
                moved: sequence,
                left_at: None,
            }));
        }
    }

    /// The sequence numbers of the versions that an alias leads to, or has led to since this time or just before.
    pub(super) fn pointed(&self, since: Timestamp) -> Vec<u64> {
        let mut pointed = Vec::new();
        for ((asset, _), history) in &self.aliases {
            let is_kept = |(place, pointed): &(usize, &Pointed)| {
                *place < 2 || pointed.left_at.is_none_or(|left| left >= since)
            };
            let kept = history.iter().rev().enumerate().filter(is_kept);
            pointed.extend(kept.filter_map(|(_, one)| self.versions.get(&(asset.clone(), one.version))));
        }
        pointed
    }

    fn has(&self, (run, step): &Success) -> bool {
        let of_step =
            |event: &Event| event.run == Some(*run) && event.step_partition().as_ref() == Some(step);
        let succeeded = |event: &Event| matches!(event.body, EventBody::StepSucceeded { .. });
        self.events.iter().any(|stored| succeeded(&stored.event) && of_step(&stored.event))
    }
}

impl State {
    /// The latest events of every asset and partition.
    pub(super) fn latest(&self) -> Vec<LatestAsset> {
        let mut latest = BTreeMap::new();
        let events = self.events.iter().map(|stored| &stored.event);
        for event in events.filter(|event| event.body.provenance().is_some()) {
            let Some(of) = event.asset_partition() else { continue };
            let AssetPartition { asset, partition } = of.clone();
            let found = latest.entry(of).or_insert_with(|| LatestAsset {
                asset,
                partition,
                materialization: None,
                verdict: event.clone(),
            });
            found.verdict = event.clone();
            if event.body.is_materialization() {
                found.materialization = Some(event.clone());
            }
        }
        latest.into_values().collect()
    }

    /// Removes what the rules don't keep.
    pub(super) fn forget(&mut self, rules: &Retention, now: Timestamp) -> Forgotten {
        let before = |age: Option<Duration>| age.map(|age| stored(Retention::before(now, age)));
        let mut forgotten = Forgotten::default();
        if let Some(before) = before(rules.logs) {
            let is_old =
                |StoredEvent { event, .. }: &StoredEvent| event.at < before && event.body.is_one_of(LOGS);
            forgotten.events += removed(&mut self.events, is_old);
        }
        if let Some(before) = before(rules.runs) {
            let (events, runs) = self.forget_runs(before);
            forgotten.events += events;
            forgotten.runs += runs;
        }
        if let Some(before) = before(rules.ticks) {
            forgotten.ticks += removed(&mut self.ticks, |(_, tick)| tick.at < before);
            // Work that was given up goes together with its last tick.
            self.pending
                .retain(|pending| pending.state == PendingState::Waiting || pending.next_at >= before);
        }
        forgotten
    }

    /// Removes the events of runs that finished before this, except the latest events of an asset, and the runs without remaining events.
    /// Returns the numbers of both.
    fn forget_runs(&mut self, before: Timestamp) -> (u64, u64) {
        let is_old = |run: &&Run| run.projection.finished_at.is_some_and(|at| at < before);
        let old: BTreeSet<RunId> = self.runs.iter().filter(is_old).map(|run| run.id).collect();
        let mut latest = BTreeSet::new();
        for asset in self.latest() {
            latest.extend(asset.materialization.iter().chain([&asset.verdict]).map(|event| event.sequence));
        }
        let happened = self.events.iter().filter(|stored| stored.event.body.is_one_of(KindSet::VERSIONS));
        let models: BTreeSet<AssetPartition> =
            happened.filter_map(|stored| stored.event.asset_partition()).collect();
        let is_of_versions = |event: &Event| {
            let is_of_model = event.asset_partition().is_some_and(|asset| models.contains(&asset));
            event.body.is_one_of(KindSet::VERSIONS) || is_of_model && event.body.is_materialization()
        };
        let events = removed(&mut self.events, |StoredEvent { event, .. }| {
            let is_kept = latest.contains(&event.sequence) || is_of_versions(event);
            event.run.is_some_and(|run| old.contains(&run)) && !is_kept
        });
        let left: BTreeSet<RunId> = self.events.iter().filter_map(|stored| stored.event.run).collect();
        let runs = removed(&mut self.runs, |run| old.contains(&run.id) && !left.contains(&run.id));
        (events, runs)
    }

    /// The materializations whose values a rule doesn't keep, oldest first.
    pub(super) fn old_values(
        &self,
        kept: KeptValues,
        before: Timestamp,
        protected: &BTreeSet<u64>,
        undecided: &UndecidedVersions,
    ) -> Vec<Event> {
        let mut places = BTreeMap::<AssetPartition, u32>::new();
        let mut old = Vec::new();
        let is_materialization = |stored: &&StoredEvent| stored.event.body.is_materialization();
        for StoredEvent { event, value_is_forgotten, .. } in
            self.events.iter().rev().filter(is_materialization)
        {
            let Some(of) = event.asset_partition() else { continue };
            let place = places.entry(of).or_default();
            *place += 1;
            let is_protected = protected.contains(&event.sequence);
            if *place > kept.newest && event.at < before && !value_is_forgotten && !is_protected {
                old.push(event.clone());
            }
        }
        old.reverse();
        old.extend(self.old_values_in_shadow(before, &undecided.in_shadow));
        old
    }

    /// The values in shadow beside which no value of their asset is left, and whose version isn't in shadow any more.
    fn old_values_in_shadow(
        &self,
        before: Timestamp,
        in_shadow: &BTreeMap<AssetPartition, VersionNumber>,
    ) -> Vec<Event> {
        let is_beside = |called: &Event, made: &StoredEvent| {
            made.event.body.is_materialization()
                && !made.value_is_forgotten
                && made.event.run == called.run
                && made.event.asset_partition() == called.asset_partition()
        };
        let is_old = |stored: &&StoredEvent| {
            let event = &stored.event;
            let EventBody::ShadowCalled(called) = &event.body else { return false };
            let is_on_trial =
                in_shadow.iter().any(|(of, version)| of.asset == called.model && *version == called.version);
            event.body.stored_value().is_some()
                && event.at < before
                && !stored.value_is_forgotten
                && !is_on_trial
                && !self.events.iter().any(|made| is_beside(event, made))
        };
        self.events.iter().filter(is_old).map(|stored| stored.event.clone()).collect()
    }

    /// Marks the values of these events as removed.
    pub(super) fn forget_values(&mut self, sequences: &[u64]) {
        for stored in self.events.iter_mut().filter(|stored| sequences.contains(&stored.event.sequence)) {
            (stored.value, stored.value_is_forgotten) = (None, true);
        }
    }

    /// The size of the store.
    pub(super) fn info(&self) -> StoreInfo {
        let mut names = BTreeSet::new();
        for StoredEvent { event, .. } in &self.events {
            names.extend(event.step.as_ref().map(StepKey::as_str));
            names.extend(event.asset.as_ref().map(AssetKey::as_str));
            names.extend(event.partition.as_ref().map(PartitionKey::identity));
        }
        let values = || self.events.iter().filter_map(|stored| stored.value.as_ref());
        StoreInfo {
            events: self.events.len() as u64,
            runs: self.runs.len() as u64,
            names: names.len() as u64,
            values_in_database: values().count() as u64,
            bytes_of_values_in_database: values().map(|value| value.len() as u64).sum(),
            ..StoreInfo::default()
        }
    }
}

/// Removes what is old, and returns the number of removed items.
fn removed<T>(all: &mut Vec<T>, is_old: impl Fn(&T) -> bool) -> u64 {
    let before = all.len();
    all.retain(|one| !is_old(one));
    (before - all.len()) as u64
}

/// The version that an event materializes, if it is numbered.
fn version(event: &NewEvent) -> Option<(AssetPartition, VersionNumber)> {
    Some((event.asset_partition()?, event.body.version()?))
}

/// What may succeed only once.
type Success = (RunId, StepPartition);

/// What may succeed only once, if the event is a success.
fn success(event: &NewEvent) -> Option<Success> {
    let EventBody::StepSucceeded { .. } = event.body else { return None };
    Some((event.run?, event.step_partition()?))
}
