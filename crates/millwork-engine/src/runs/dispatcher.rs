//! Owns the state of a run: decides which step comes next, and what the end of a step means for the others.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::graph::{AssetGraph, AssetIndex, StepNode};
use millwork_core::index::IndexVec;
use millwork_core::plan::{LatestEvaluations, Plan, PlanIndex, ReadyQueue};
use millwork_core::run::{Failure, FailureClass, FailureKind, RunId};
use millwork_core::{AssetPartition, Clock, LogLevel, Pipeline, StepPartition};
use millwork_storage::{SlotId, StorageError, Store};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::handed_over::{HandedOver, Made};
use super::pools::{Pools, WaitingForSlots};
use super::{Cancel, RecorderHandle, Stop, StoredInputs};
use crate::logs::shorten;
use crate::steps::{AttemptEnd, OutputMade, Report, execute};
use crate::values::Values;

mod inputs;
mod resumed;

/// What all steps of a run share.
#[derive(Debug)]
pub(crate) struct RunContext {
    pub(crate) run: RunId,
    pub(crate) pipeline: Pipeline,
    pub(crate) graph: Arc<AssetGraph>,
    pub(crate) plan: Plan,
    pub(crate) config: Value,
    /// Whether steps look back at nothing.
    pub(crate) without_previous: bool,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) values: Values,
    pub(crate) stored: StoredInputs,
    /// The last verdicts about what the plan makes, for a run of stale steps only.
    pub(crate) verdicts: Option<LatestEvaluations>,
    pub(crate) recorder: RecorderHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cancel: Cancel,
    pub(crate) grace: Duration,
    pub(crate) end_descendants: bool,
}

impl RunContext {
    pub(crate) fn step(&self, position: PlanIndex) -> &StepNode {
        &self.graph.steps()[self.plan.steps[position].step]
    }

    pub(crate) fn step_partition(&self, position: PlanIndex) -> StepPartition {
        self.plan.steps[position].by_key(&self.graph)
    }

    /// An asset at the partition of a step that makes it.
    pub(crate) fn output(&self, position: PlanIndex, asset: AssetIndex) -> AssetPartition<AssetIndex> {
        self.plan.steps[position].at_partition(asset)
    }
}

/// How long a full pool is left alone; another process may hold its slots.
const POOL_PAUSE: Duration = Duration::from_millis(50);

/// Each message of a failure may be so many bytes long.
const LONGEST_MESSAGE: usize = 4 * 1024;

pub(crate) struct Dispatcher {
    context: Arc<RunContext>,
    queue: ReadyQueue<PlanIndex>,
    handed_over: HandedOver,
    /// The number of each step's last attempt.
    attempts: IndexVec<PlanIndex, u32>,
    /// How often each step was retried in this execution.
    retries: IndexVec<PlanIndex, u32>,
    running: HashMap<PlanIndex, Vec<SlotId>>,
    /// Steps whose pause between two attempts is over.
    again: VecDeque<PlanIndex>,
    pausing: Vec<PlanIndex>,
    waiting_for_slots: WaitingForSlots,
    pools: Pools,
    workers: usize,
    failures: Vec<String>,
    /// Whether all of them took too long.
    all_timed_out: bool,
    /// Why the run can't go on: the store failed.
    trouble: Option<StorageError>,
    sender: mpsc::UnboundedSender<Message>,
    messages: mpsc::UnboundedReceiver<Message>,
}

enum Message {
    Ended(Report),
    PauseOver(PlanIndex),
}

impl Dispatcher {
    pub(crate) fn new(context: Arc<RunContext>, pools: Pools, workers: usize) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        Self {
            queue: ReadyQueue::new(&context.plan.upstream()),
            handed_over: HandedOver::new(&context.plan),
            attempts: context.plan.steps.map(|_| 0),
            retries: context.plan.steps.map(|_| 0),
            running: HashMap::new(),
            again: VecDeque::new(),
            pausing: Vec::new(),
            waiting_for_slots: WaitingForSlots::default(),
            pools,
            workers: workers.max(1),
            failures: Vec::new(),
            all_timed_out: true,
            trouble: None,
            sender,
            messages,
            context,
        }
    }

    /// Works until nothing is left to do, or the run is stopped. Returns the event that ends the run. If the store
    /// fails, what is running is stopped, and slots are given back, before the error is returned.
    pub(crate) async fn dispatch(
        mut self,
        mut recorder_failed: watch::Receiver<bool>,
    ) -> Result<EventBody, StorageError> {
        let mut stop = self.context.cancel.subscribe();
        let mut is_recorded = true;
        loop {
            let stopping = *stop.borrow_and_update() != Stop::No;
            if stopping {
                self.give_up_waiting();
            } else {
                let started = self.start_ready().await;
                self.note(started);
            }
            if self.running.is_empty() && self.pausing.is_empty() && (stopping || self.nothing_is_left()) {
                return match self.trouble.take() {
                    Some(error) => Err(error),
                    None => Ok(self.end(stopping)),
                };
            }
            tokio::select! {
                message = self.messages.recv() => {
                    let mut next = message;
                    while let Some(message) = next {
                        let taken = self.take(message).await;
                        self.note(taken);
                        next = self.messages.try_recv().ok();
                    }
                }
                _ = stop.changed() => {}
                () = given_up(&mut recorder_failed), if is_recorded => {
                    is_recorded = false;
                    self.context.cancel.force();
                }
                () = tokio::time::sleep(POOL_PAUSE), if !self.waiting_for_slots.pools().is_empty() => {}
            }
        }
    }

    /// The run can't go on after an error of the store.
    fn note(&mut self, result: Result<(), StorageError>) {
        if let Err(error) = result {
            self.trouble.get_or_insert(error);
            self.context.cancel.force();
        }
    }

    fn nothing_is_left(&self) -> bool {
        self.queue.unfinished() == 0
    }

    fn end(&self, stopping: bool) -> EventBody {
        match (&*self.failures, stopping && !self.nothing_is_left()) {
            (_, true) => EventBody::RunCanceled,
            ([], false) => EventBody::RunSucceeded,
            ([one], false) => EventBody::RunFailed { reason: one.clone(), class: self.class() },
            ([first, rest @ ..], false) => {
                let reason = format!("{first}; and {} more", rest.len());
                EventBody::RunFailed { reason, class: self.class() }
            }
        }
    }

    /// The class of the run's failure: a time-out if every step that failed took too long.
    fn class(&self) -> FailureClass {
        if self.all_timed_out { FailureClass::Timeout } else { FailureClass::Error }
    }

    /// Starts what can be started.
    async fn start_ready(&mut self) -> Result<(), StorageError> {
        self.context.recorder.catch_up().await;
        for pools in self.waiting_for_slots.pools() {
            while self.running.len() < self.workers
                && let Some(position) = self.waiting_for_slots.pop(&pools)
            {
                match self.take_slots(position).await? {
                    Some(slots) => self.start(position, slots).await?,
                    None => {
                        self.waiting_for_slots.push_front(&pools, position);
                        break;
                    }
                }
            }
        }
        while self.running.len() < self.workers
            && let Some(position) = self.again.pop_front().or_else(|| self.queue.pop())
        {
            let pools = WaitingForSlots::names(&self.context.step(position).computation().pools);
            if self.waiting_for_slots.is_awaited(&pools) {
                self.waiting_for_slots.push(&pools, position);
                continue;
            }
            match self.take_slots(position).await? {
                Some(slots) => self.start(position, slots).await?,
                None => {
                    self.tell_what_is_awaited(position).await?;
                    self.waiting_for_slots.push(&pools, position);
                }
            }
        }
        Ok(())
    }

    async fn take_slots(&self, position: PlanIndex) -> Result<Option<Vec<SlotId>>, StorageError> {
        self.pools.take(&self.context.pipeline, &self.context.step(position).computation().pools).await
    }

    /// Says in the log who holds what a step waits for.
    async fn tell_what_is_awaited(&self, position: PlanIndex) -> Result<(), StorageError> {
        let wanted = &self.context.step(position).computation().pools;
        let message = self.pools.awaited(&self.context.pipeline, wanted).await?;
        let (level, target) = (LogLevel::Info, "millwork".to_owned());
        let line = LogLine { level, target, message, fields: BTreeMap::new() };
        self.record(vec![self.step_event(position, EventBody::Logged(line))]);
        Ok(())
    }

    async fn start(&mut self, position: PlanIndex, slots: Vec<SlotId>) -> Result<(), StorageError> {
        if self.is_unchanged(position) {
            let reason = "nothing that it is made from has changed after all".to_owned();
            self.record(vec![self.step_event(position, EventBody::StepSkipped { reason })]);
            self.hand_over(position, self.stored_outputs(position)).await?;
            return self.give_back(slots).await;
        }
        self.attempts[position] += 1;
        self.record(vec![self.step_event(position, EventBody::StepStarted)]);
        let attempt = match self.attempt(position) {
            Ok(attempt) => attempt,
            Err(failure) => {
                self.fail(position, failure, Vec::new());
                return self.give_back(slots).await;
            }
        };
        self.running.insert(position, slots);
        let (context, sender) = (self.context.clone(), self.sender.clone());
        let number = self.attempts[position];
        tokio::spawn(async move {
            let report = AssertUnwindSafe(execute(context, attempt)).catch_unwind().await;
            let report = report.unwrap_or_else(|_| {
                let failure = Failure::new(FailureKind::Panic, "the executor itself panicked");
                Report { position, number, end: failure.into(), micros: 0 }
            });
            // A dispatcher that is gone has no use for it.
            let _ = sender.send(Message::Ended(report));
        });
        Ok(())
    }

    async fn take(&mut self, message: Message) -> Result<(), StorageError> {
        let report = match message {
            Message::PauseOver(position) => {
                // A pause that was given up is over already.
                if let Some(index) = self.pausing.iter().position(|pausing| *pausing == position) {
                    self.pausing.swap_remove(index);
                    self.again.push_back(position);
                }
                return Ok(());
            }
            Message::Ended(report) => report,
        };
        let position = report.position;
        if report.number != self.attempts[position] {
            return Ok(());
        }
        let slots = self.running.remove(&position).unwrap_or_default();
        let given_back = self.give_back(slots).await;
        match report.end {
            AttemptEnd::Succeeded { outputs, mut events } => {
                let micros = report.micros;
                events.push(self.step_event(position, EventBody::StepSucceeded { micros }));
                self.record(events);
                self.hand_over(position, outputs).await?;
            }
            AttemptEnd::Failed { failure, events } => self.retry_or_fail(position, failure, events),
            AttemptEnd::Canceled => {
                self.record(vec![self.step_event(position, EventBody::StepCanceled)]);
            }
        }
        given_back
    }

    /// Hands on what a step has made, and drops what waits for an output that has no value.
    async fn hand_over(&mut self, position: PlanIndex, outputs: Vec<OutputMade>) -> Result<(), StorageError> {
        let assets = self.context.graph.outputs(self.context.plan.steps[position].step).to_vec();
        let mut without_value = Vec::new();
        for (asset, output) in assets.into_iter().zip(outputs) {
            let key = self.context.output(position, asset);
            let made = match output {
                OutputMade::New(value, version) if self.handed_over.is_wanted(&key) => {
                    Made::Value(value, version)
                }
                OutputMade::New(_, version) => Made::Value(Arc::new(()), version),
                OutputMade::Recorded(stored) => Made::Stored(stored),
                OutputMade::Kept => self.last_value(&key).await?.map_or(Made::Nothing, Made::Stored),
                OutputMade::Nothing => Made::Nothing,
            };
            if matches!(made, Made::Nothing) {
                without_value.push(key.clone());
            }
            self.handed_over.put(key, made);
        }
        for output in without_value {
            self.skip_takers(position, &output);
        }
        self.finish(position);
        Ok(())
    }

    fn finish(&mut self, position: PlanIndex) {
        self.release_inputs(position);
        self.queue.finish(position);
    }

    fn release_inputs(&mut self, position: PlanIndex) {
        self.handed_over.release_inputs(&self.context.plan.steps[position], &self.context.stored);
    }

    /// Skips everything that takes an output of a step that has no value.
    fn skip_takers(&mut self, position: PlanIndex, output: &AssetPartition<AssetIndex>) {
        let takes = |step: &PlanIndex| {
            let inputs = &self.context.plan.steps[*step].inputs;
            inputs
                .iter()
                .any(|input| input.asset == output.asset && input.partitions.contains(&output.partition))
        };
        let takers: Vec<PlanIndex> = self.queue.downstream(position).iter().copied().filter(takes).collect();
        let dropped = self.queue.drop_nodes(takers);
        let asset = output.by_key(&self.context.graph).quoted();
        let reason = format!("upstream asset {asset} was not materialized");
        self.skip(&dropped, &reason);
    }

    fn retry_or_fail(&mut self, position: PlanIndex, failure: Failure, events: Vec<NewEvent>) {
        let retry = &self.context.step(position).computation().retry;
        let number = self.retries[position] + 1;
        let pause = if matches!(failure.kind, FailureKind::Check | FailureKind::Input) {
            None
        } else {
            retry.pause(number, fastrand::f64())
        };
        let Some(pause) = pause else {
            self.fail(position, failure, events);
            return;
        };
        self.retries[position] = number;
        let delay_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let failure = shortened(failure);
        let event = self.step_event(position, EventBody::StepRetrying { failure, delay_ms });
        self.record(vec![event]);
        self.pausing.push(position);
        let sender = self.sender.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let _ = sender.send(Message::PauseOver(position));
        });
    }

    fn fail(&mut self, position: PlanIndex, failure: Failure, mut events: Vec<NewEvent>) {
        let failure = shortened(failure);
        let step = self.context.step_partition(position).quoted();
        self.failures.push(format!("step {step} failed: {failure}"));
        self.all_timed_out &= failure.kind == FailureKind::Timeout;
        events.push(self.step_event(position, EventBody::StepFailed { failure }));
        self.record(events);
        self.release_inputs(position);
        let dropped = self.queue.drop_below(position);
        self.skip(&dropped, &format!("upstream step {step} failed"));
    }

    fn skip(&mut self, positions: &[PlanIndex], reason: &str) {
        for &position in positions {
            let reason = reason.to_owned();
            self.record(vec![self.step_event(position, EventBody::StepSkipped { reason })]);
            self.release_inputs(position);
        }
    }

    /// The run is to stop: what waits for its next attempt, or for a slot, doesn't come to it.
    fn give_up_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.pausing);
        waiting.extend(self.again.drain(..));
        waiting.extend(self.waiting_for_slots.drain());
        for position in waiting.into_iter().filter(|position| self.retries[*position] > 0) {
            self.record(vec![self.step_event(position, EventBody::StepCanceled)]);
        }
    }

    async fn give_back(&self, slots: Vec<SlotId>) -> Result<(), StorageError> {
        if slots.is_empty() { Ok(()) } else { self.pools.give_back(&slots).await }
    }

    fn step_event(&self, position: PlanIndex, body: EventBody) -> NewEvent {
        let StepPartition { step, partition } = self.context.step_partition(position);
        NewEvent {
            run: Some(self.context.run),
            at: self.context.clock.now(),
            step: Some(step),
            asset: None,
            partition,
            attempt: self.attempts[position],
            body,
            value: None,
        }
    }

    fn record(&self, events: Vec<NewEvent>) {
        self.context.recorder.record(events);
    }
}

/// Waits until the recorder has given up.
async fn given_up(recorder_failed: &mut watch::Receiver<bool>) {
    let _ = recorder_failed.wait_for(|failed| *failed).await;
}

/// The failure without the better part of what it quotes: some errors hold the whole of what they could not read.
fn shortened(mut failure: Failure) -> Failure {
    failure.chain.iter_mut().for_each(|message| shorten(message, LONGEST_MESSAGE));
    failure
}
