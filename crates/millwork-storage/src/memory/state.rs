//! What the store in memory holds, and the only ways to change it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, NewEvent};
use millwork_core::run::{RunId, RunRequest};
use millwork_core::stored::stored_json;
use millwork_core::{AssetKey, Instigator, StepPartition};

use crate::course::RunCourse;
use crate::micros::stored;
use crate::{
    AutomationRow, Batch, Commit, Delivery, DeliveryState, HeldSlots, InstigatorState, NewDelivery,
    NewPending, NewRun, Pending, PendingAttempt, PendingOutcome, PendingState, RunRecord, SlotId,
    StorageError, Tick,
};

#[derive(Debug, Default)]
pub(super) struct State {
    /// In the order of their sequence numbers.
    pub(super) events: Vec<StoredEvent>,
    /// In the order in which they were created.
    pub(super) runs: Vec<Run>,
    pub(super) slots: Vec<Slots>,
    pub(super) last_slot: u64,
    pub(super) instigators: BTreeMap<Instigator, InstigatorState>,
    /// In the order in which they were recorded.
    pub(super) ticks: Vec<Tick>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) automation: BTreeMap<AssetKey, String>,
    /// In the order of their numbers.
    pub(super) pending: Vec<Pending>,
    pub(super) last_pending: u64,
}

#[derive(Debug)]
pub(super) struct StoredEvent {
    pub(super) event: Event,
    pub(super) value: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) request: RunRequest,
    pub(super) created_at: Timestamp,
    pub(super) course: RunCourse,
}

#[derive(Debug)]
pub(super) struct Slots {
    pub(super) id: SlotId,
    pub(super) held: HeldSlots,
}

impl Run {
    pub(super) fn record(&self) -> RunRecord {
        self.course.clone().record(self.id, self.request.clone(), self.created_at)
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
        self.runs.push(Run { id, request, created_at: stored(at), course: RunCourse::queued(lease) });
        self.append_of_run(id, at, EventBody::RunQueued)
    }

    /// Writes a commit down, or nothing of it if its cursor is not the one that is known.
    pub(super) fn commit(&mut self, commit: Commit) -> Result<bool, StorageError> {
        let Commit {
            instigator,
            from,
            cursor,
            stuck_since,
            runs,
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
        self.ticks.extend(ticks.into_iter().map(|tick| Tick {
            due: stored(tick.due),
            at: stored(tick.at),
            ..tick
        }));
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

    /// Writes down what came of trying something pending.
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

    /// Adds something pending.
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

    /// Adds a delivery, unless one with its key is there.
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
            self.run(fence.run)?.course.check(fence)?;
        }
        for (index, event) in batch.events.iter().enumerate() {
            event.body.to_stored().map_err(|reason| StorageError::Unstorable {
                what: format!("the event `{}`", event.body.name()),
                reason,
            })?;
            if let Some(id) = event.run {
                self.run(id)?;
            }
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

    fn push(&mut self, mut event: NewEvent) -> Result<u64, StorageError> {
        event.at = stored(event.at);
        if let Some(id) = event.run {
            self.run(id)?.course.apply(&event.body, event.at);
        }
        let sequence = self.events.last().map_or(0, |last| last.event.sequence) + 1;
        let value = event.value.take();
        self.events.push(StoredEvent { event: event.at_sequence(sequence), value });
        Ok(sequence)
    }

    fn has(&self, (run, step): &Success) -> bool {
        let of_step =
            |event: &Event| event.run == Some(*run) && event.step_partition().as_ref() == Some(step);
        let succeeded = |event: &Event| matches!(event.body, EventBody::StepSucceeded { .. });
        self.events.iter().any(|stored| succeeded(&stored.event) && of_step(&stored.event))
    }
}

/// What may succeed only once.
type Success = (RunId, StepPartition);

/// What may succeed only once, if the event is a success.
fn success(event: &NewEvent) -> Option<Success> {
    let EventBody::StepSucceeded { .. } = event.body else { return None };
    Some((event.run?, event.step_partition()?))
}
