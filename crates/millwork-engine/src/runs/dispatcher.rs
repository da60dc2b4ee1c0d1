//! The dispatcher owns the state of a run: it decides which step comes next, and what the end of a step means for the others.
//!
//! It does no I/O, waits for nothing and knows neither time nor randomness. [`Dispatcher::handle`] takes one [`Input`], an occurrence, and
//! returns [`Effect`]s, the actions that follow, in the order in which they have to be carried out. The loop around it
//! ([`DispatchLoop`](super::dispatch_loop::DispatchLoop)) waits for inputs and carries effects out. The reason is that everything which
//! makes a scheduler hard to test (two steps that end at once, a stop between a question and its answer, a store that fails halfway) is an
//! order of inputs here, and `tests/model.rs` draws such orders at random. The same inputs always give the same effects.
//!
//! # Where a step is
//!
//! Each step of the plan is in one place at a time:
//!
//! ```text
//!             everything upstream is finished
//!  queue ───────────────────────────────────────┐
//!                                               ▼      all slots at once
//!  retry_ready ──────────────────────────► start_ready ─────────────────► running ──► over
//!      ▲                                      │     ▲                        │
//!      │ PauseOver            a pool is full  ▼     │ the next round         │ failed, retries are left
//!      │                              waiting_for_slots                      │
//!   pausing ◄────────────────────────────────────────────────────────────────┘
//! ```
//!
//! - `queue` ([`ReadyQueue`]) hands out steps whose upstream steps are finished, the one with the longest path below it first.
//! - `retry_ready` holds steps whose pause between two attempts is over. They go before the queue: what depends on them has
//!   waited longest.
//! - `waiting_for_slots` holds steps whose pools were full. They go before everything else, and those that want the same pools wait in
//!   line: a step isn't overtaken by one that became ready later. Steps that want no pool, or other pools, aren't held up by them.
//! - `running` counts towards the limit of parallel steps. A step that pauses or waits for slots doesn't: it holds neither a place nor
//!   slots.
//!
//! A step is over when it has succeeded, was skipped, failed for good, or was canceled; it then gives up its inputs, so that values in
//! memory which no other step loads are let go.
//!
//! # One call for many partitions
//!
//! The partitions of a step whose function takes [`PartitionKeys`](millwork_core::PartitionKeys) are started together, by one call
//! ([`Calls`]). What comes out of the queue is kept back until no partition of the step in the run is left whose inputs haven't come to an end;
//! those that fell out because something upstream of them failed aren't waited for. From then on the call is in one of the places above,
//! under the position of its first partition: it has one place and one set of slots. Its partitions end one by one, each as a step does. Those
//! that are to be retried are the next call, after one pause.
//!
//! # When steps are started
//!
//! Not with every input. The loop hands in all messages that have come, and then [`Input::Poll`]; only then is something started. Of
//! what two steps that end together have made ready, the step on the longest path therefore starts first, whichever report came first.
//! `Poll` also comes from time to time while a step waits for slots, as another process can give them back without a message.
//!
//! Slots are in the store, so taking them is a question, [`Effect::TakeSlots`], whose answer is [`Input::Slots`]. One question is open
//! at a time, and nothing is started before its answer: the order of starts doesn't depend on how long the store takes. The answer
//! goes on where the question interrupted. Within one round, from a `Poll` to the next, no pool is asked again that was found to be
//! full, so a round ends.
//!
//! # What the end of a step means
//!
//! - *Success:* its outputs become inputs of others. What takes an output that has no value is skipped, with everything below it.
//! - *Failure:* it is retried after a pause if its policy allows that. A failed check and an input that couldn't be loaded aren't
//!   retried, as they would fail again. When it has failed for good, everything below it is skipped; steps beside it go on, so
//!   a run does as much as it can.
//! - *A verdict:* a gate has recorded its success itself, together with what it decided. What follows the alias waits for the gate to be
//!   over, however it ends, and goes on with what the gate decided, or with what the alias meant when the run began. A gate whose alias was
//!   moved meanwhile judges again at once.
//! - *Unchanged:* in a run of stale steps, a step that was planned because something upstream was out of date is compared again when
//!   upstream is done. If code and inputs are those of its stored value, it is skipped, and the stored value is used instead.
//!
//! - *A version in shadow:* once a step has succeeded, its function is called again with a version in shadow, if there is one
//!   ([`Effect::CallInShadow`]). Nothing waits for that but the end of the run; the call has the step's place and slots until
//!   [`Input::ShadowOver`]. What an earlier execution owes is called when the run is resumed: that of a step with pools takes its slots anew,
//!   and waits for them as a step does.
//!
//! # How a run ends
//!
//! When no step is left, or, after a stop, when no attempt is running any more. A stop starts no more steps and cancels those that wait.
//! How urgent it is (see [`StopMode`](super::StopMode)) makes no difference here: attempts read that from the same switch
//! ([`Cancel`](super::Cancel)), and report their end as ever. When the store fails, or the recorder, nothing that follows could be
//! recorded: the dispatcher stops the run at once ([`Effect::StopAtOnce`]), and reports the first error of the store when all attempts
//! have ended.
//!
//! # Guarantees
//!
//! As long as each attempt that is started is reported once, each pause ends, each question is answered, and `Poll` follows:
//!
//! - A step starts when all steps upstream of it have finished, and no more than once at a time.
//! - No more than `max_parallel_steps` run, each with all of its slots; slots are given back exactly once.
//! - Every step that has started ends in exactly one of the states success, failure and canceled; without a stop, every step ends.
//! - After a stop nothing starts. The slots that an open question may still bring are given back.
//! - While the run isn't over, an attempt is running, a step pauses, a question is open, or a step waits for slots.
//!
//! # Not guaranteed
//!
//! - The order of steps that aren't connected: it is the same for the same inputs, but reports come as the machine pleases.
//! - Fairness between runs that want the same pool: each asks anew, and the store gives to the one that asks when slots are free. A step
//!   that wants many slots can wait for long while others take single ones.
//! - That a step runs once. One whose process died is run again by the next execution; its number shows it
//!   ([`EarlierExecutions`](super::resume::EarlierExecutions)).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::graph::AssetIndex;
use millwork_core::index::IndexVec;
use millwork_core::plan::{PlanIndex, ReadyQueue};
use millwork_core::run::{Failure, FailureClass, FailureKind, StepState};
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{SlotId, StorageError};

use super::calls::Calls;
use super::inputs::{InMemoryValues, ProducedValue};
use super::pools::WaitingForSlots;
use super::resume::EarlierExecutions;
use super::{PlannedRun, StoredInputs};
use crate::logs::shorten;
use crate::steps::{Attempt, AttemptEnd, Report, ShadowCall, StepOutput};

#[cfg(test)]
mod tests;

/// Maximum bytes of a failure's message.
const LONGEST_MESSAGE: usize = 4 * 1024;

/// The reason why a step of a run of stale steps is skipped after all.
const UNCHANGED: &str = StepState::UNCHANGED;

/// The reason why a gate judges again.
const OVERTAKEN: &str = "the alias was moved meanwhile, so the version is judged again";

/// An occurrence that the dispatcher takes in.
#[derive(Debug)]
pub(crate) enum Input {
    /// The run was executed before. Comes first, if at all.
    Resumed {
        earlier: EarlierExecutions,
        /// The last values of the outputs that were kept.
        last_values: StoredInputs,
    },
    /// An attempt has ended.
    Report {
        report: Report,
        /// The last values of those outputs that it kept.
        last_values: Result<StoredInputs, StorageError>,
        /// A random number in 0..1, from which a pause with jitter is drawn.
        jitter: f64,
    },
    /// A call for many partitions has ended: a report for each.
    BatchReport {
        reports: Vec<Report>,
        /// The last values of those outputs that they kept.
        last_values: Result<StoredInputs, StorageError>,
        /// A random number in 0..1, from which a pause with jitter is drawn.
        jitter: f64,
    },
    /// The pause between two attempts of a step is over.
    PauseOver(PlanIndex),
    /// The calls in shadow that followed a step are over, and recorded.
    ShadowOver(PlanIndex),
    /// The answer to [`Effect::TakeSlots`]: all slots that the step needs, or `None` while a pool is full.
    Slots(Result<Option<Vec<SlotId>>, StorageError>),
    /// The run was asked to stop.
    Stop,
    /// The recorder has given up: events can't be recorded any more.
    RecorderFailed,
    /// A request to the store that an effect made has failed.
    StoreFailed(StorageError),
    /// No other input is waiting: steps that can start are to be started. Comes after all other inputs, and repeatedly while
    /// [`Dispatcher::waits_for_slots`].
    Poll,
}

/// An action for the loop to carry out.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Append to the run's log, in one piece: the events of an attempt, then one of its step.
    Record { of_attempt: Vec<NewEvent>, position: PlanIndex, attempt: u32, body: EventBody },
    /// Append to the run's log that the attempts of a call for many partitions have started, all at one time.
    RecordStarts(Vec<(PlanIndex, u32)>),
    /// Start an attempt, which ends with an [`Input::Report`].
    Start(Attempt),
    /// Start attempts of partitions of one step by one call, which ends with an [`Input::BatchReport`].
    StartBatch(Vec<Attempt>),
    /// Call a step's function in shadow, which ends with [`Input::ShadowOver`].
    CallInShadow(PlanIndex, Vec<ShadowCall>),
    /// Wait, and then hand in [`Input::PauseOver`].
    Pause(PlanIndex, Duration),
    /// Take the slots that a step needs, all or none; [`Input::Slots`] is the answer. Other inputs may come in between.
    TakeSlots(PlanIndex),
    /// Append to the run's log which processes hold the slots that a step waits for.
    RecordSlotHolders { position: PlanIndex, attempt: u32 },
    /// Give slots back to their pools.
    GiveBack(Vec<SlotId>),
    /// Stop all attempts without waiting for them.
    StopAtOnce,
    /// The run is over: with this event, or with the error of the store that stopped it.
    Finish(Result<EventBody, StorageError>),
}

/// The state of a run.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    run: Arc<PlannedRun>,
    queue: ReadyQueue<PlanIndex>,
    values: InMemoryValues,
    /// The number of each step's last attempt.
    attempts: IndexVec<PlanIndex, u32>,
    /// The number of each step's retries in this execution.
    retries: IndexVec<PlanIndex, u32>,
    /// The slots of each step that is running.
    running: HashMap<PlanIndex, Vec<SlotId>>,
    /// The slots of each step that has succeeded, and whose function is called in shadow.
    in_shadow: HashMap<PlanIndex, Vec<SlotId>>,
    /// The calls in shadow that an earlier execution owes, of steps that have to take their slots for them first.
    owed_in_shadow: HashMap<PlanIndex, Vec<ShadowCall>>,
    /// The calls for many partitions, which are in the other places under their first partition.
    calls: Calls,
    /// Steps between two attempts.
    pausing: Vec<PlanIndex>,
    /// Steps whose pause between two attempts is over, and those that owe calls in shadow.
    retry_ready: VecDeque<PlanIndex>,
    waiting_for_slots: WaitingForSlots,
    /// The step for which slots are being taken.
    open_question: Option<(PlanIndex, Asked)>,
    max_parallel_steps: usize,
    /// The failures so far, in words.
    failures: Vec<String>,
    /// Whether every failure so far was a time-out.
    all_timed_out: bool,
    is_stopping: bool,
    /// The first error of the store, because of which the run can't go on.
    store_error: Option<StorageError>,
    /// The effects of the input that is being handled.
    effects: Vec<Effect>,
}

/// An attempt that failed.
struct Failed {
    position: PlanIndex,
    failure: Failure,
    /// What is recorded with the failure.
    events: Vec<NewEvent>,
}

/// The number of times that a step has asked for slots.
#[derive(Clone, Copy, Debug)]
enum Asked {
    First,
    Again,
}

impl Dispatcher {
    pub(crate) fn new(run: Arc<PlannedRun>, max_parallel_steps: usize) -> Self {
        Self {
            queue: run.plan.queue(),
            values: InMemoryValues::new(&run.plan),
            attempts: run.plan.steps.map(|_| 0),
            retries: run.plan.steps.map(|_| 0),
            running: HashMap::new(),
            in_shadow: HashMap::new(),
            owed_in_shadow: HashMap::new(),
            calls: Calls::new(&run),
            pausing: Vec::new(),
            retry_ready: VecDeque::new(),
            waiting_for_slots: WaitingForSlots::default(),
            open_question: None,
            max_parallel_steps: max_parallel_steps.max(1),
            failures: Vec::new(),
            all_timed_out: true,
            is_stopping: false,
            store_error: None,
            effects: Vec::new(),
            run,
        }
    }

    /// Takes in an input. The effects have to be carried out in their order.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Resumed { earlier, last_values } => self.resume(earlier, &last_values),
            Input::Report { report, last_values, jitter } => self.end_attempt(report, last_values, jitter),
            Input::BatchReport { reports, last_values, jitter } => {
                self.end_batch(reports, last_values, jitter);
            }
            Input::PauseOver(position) => self.end_pause(position),
            Input::ShadowOver(position) => {
                let slots = self.in_shadow.remove(&position).unwrap_or_default();
                self.give_back(slots);
            }
            Input::Slots(slots) => {
                self.receive_slots(slots);
                self.settle();
            }
            Input::Stop => self.is_stopping = true,
            Input::RecorderFailed => self.stop_at_once(),
            Input::StoreFailed(error) => {
                self.record_error(error);
                self.settle();
            }
            // A round in progress goes on with the answer that it waits for.
            Input::Poll if self.open_question.is_some() => {}
            Input::Poll => {
                self.waiting_for_slots.begin_round();
                self.settle();
            }
        }
        std::mem::take(&mut self.effects)
    }

    /// Whether no more steps are started.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Whether a step waits for slots, which another process may hold.
    pub(crate) fn waits_for_slots(&self) -> bool {
        !self.waiting_for_slots.is_empty()
    }

    /// Starts the steps that can start, or ends the run.
    fn settle(&mut self) {
        if self.is_stopping {
            self.give_up_waiting();
        } else {
            self.start_ready();
        }
        let nothing_runs =
            self.running.is_empty() && self.in_shadow.is_empty() && self.owed_in_shadow.is_empty();
        let is_idle = nothing_runs && self.pausing.is_empty() && self.open_question.is_none();
        if is_idle && (self.is_stopping || self.nothing_is_left()) {
            let end = self.store_error.take().map_or_else(|| Ok(self.end()), Err);
            self.effects.push(Effect::Finish(end));
        }
    }

    fn nothing_is_left(&self) -> bool {
        self.queue.unfinished() == 0
    }

    fn end(&self) -> EventBody {
        match (&*self.failures, self.nothing_is_left()) {
            (_, false) => EventBody::RunCanceled,
            ([], true) => EventBody::RunSucceeded,
            ([one], true) => EventBody::RunFailed { reason: one.clone(), class: self.class() },
            ([first, rest @ ..], true) => {
                let reason = format!("{first}; and {} more", rest.len());
                EventBody::RunFailed { reason, class: self.class() }
            }
        }
    }

    /// The class of the run's failure: a time-out if every step that failed took too long.
    fn class(&self) -> FailureClass {
        if self.all_timed_out { FailureClass::Timeout } else { FailureClass::Error }
    }

    fn start_ready(&mut self) {
        while self.open_question.is_none()
            && self.running.len() + self.in_shadow.len() < self.max_parallel_steps
        {
            if let Some(position) = self.waiting_for_slots.pop() {
                self.ask_for_slots(position, Asked::Again);
                continue;
            }
            let Some(position) = self.retry_ready.pop_front().or_else(|| self.next_of_queue()) else {
                return;
            };
            let pools = &self.run.step(position).computation().pools;
            if pools.is_empty() {
                self.start(position, Vec::new());
            } else if self.waiting_for_slots.is_awaited(pools) {
                self.waiting_for_slots.push(pools, position);
            } else {
                self.ask_for_slots(position, Asked::First);
            }
        }
    }

    /// The next step whose inputs have come to an end. Of those that are called for together it is the first, once all of them are ready.
    fn next_of_queue(&mut self) -> Option<PlanIndex> {
        loop {
            if let Some(first) = self.calls.pop_complete() {
                return Some(first);
            }
            let position = self.queue.pop()?;
            if !self.calls.gather(position) {
                return Some(position);
            }
        }
    }

    fn ask_for_slots(&mut self, position: PlanIndex, asked: Asked) {
        self.open_question = Some((position, asked));
        self.effects.push(Effect::TakeSlots(position));
    }

    fn receive_slots(&mut self, slots: Result<Option<Vec<SlotId>>, StorageError>) {
        let (position, asked) = self.open_question.take().expect("slots come as an answer only");
        let pools = &self.run.step(position).computation().pools;
        match (slots, asked) {
            (Ok(Some(slots)), _) if self.is_stopping => {
                self.give_back(slots);
                self.cancel_waiting(vec![position]);
            }
            (Ok(Some(slots)), _) => self.start(position, slots),
            (Ok(None), Asked::First) => {
                self.waiting_for_slots.refuse(pools, position);
                let attempt = self.attempts[position];
                self.effects.push(Effect::RecordSlotHolders { position, attempt });
            }
            (Ok(None), Asked::Again) => self.waiting_for_slots.refuse(pools, position),
            (Err(error), _) => self.record_error(error),
        }
    }

    fn start(&mut self, position: PlanIndex, slots: Vec<SlotId>) {
        if let Some(calls) = self.owed_in_shadow.remove(&position) {
            self.call_in_shadow(position, calls, slots);
            return;
        }
        if let Some(members) = self.calls.take(position) {
            self.start_batch(members, slots);
            return;
        }
        if self.is_skipped(position) {
            self.give_back(slots);
            return;
        }
        self.attempts[position] += 1;
        self.record(position, EventBody::StepStarted);
        match self.run.attempt(position, self.attempts[position], &self.values) {
            Ok(attempt) => {
                self.running.insert(position, slots);
                self.effects.push(Effect::Start(attempt));
            }
            Err(failure) => {
                self.fail(position, failure, Vec::new());
                self.give_back(slots);
            }
        }
    }

    /// Skips a step that has nothing to work with, or nothing to do.
    fn is_skipped(&mut self, position: PlanIndex) -> bool {
        if let Some(reason) = self.run.reason_to_skip(position, &self.values) {
            self.skip_with_below(position, &reason);
            return true;
        }
        if self.run.is_unchanged(position, &self.values) {
            self.record(position, EventBody::StepSkipped { reason: UNCHANGED.to_owned() });
            self.hand_over(position, self.run.stored_outputs(position), &StoredInputs::default());
            return true;
        }
        false
    }

    /// Starts one call for those of some partitions that have to be made, and that have their inputs.
    fn start_batch(&mut self, mut members: Vec<PlanIndex>, slots: Vec<SlotId>) {
        members.retain(|position| !self.is_skipped(*position));
        members.iter().for_each(|position| self.attempts[*position] += 1);
        if !members.is_empty() {
            let started = members.iter().map(|position| (*position, self.attempts[*position])).collect();
            self.effects.push(Effect::RecordStarts(started));
        }
        let mut attempts = Vec::with_capacity(members.len());
        for &position in &members {
            match self.run.attempt(position, self.attempts[position], &self.values) {
                Ok(attempt) => attempts.push(attempt),
                Err(failure) => self.fail(position, failure, Vec::new()),
            }
        }
        match attempts.first().map(|attempt| attempt.position) {
            Some(first) => {
                self.running.insert(first, slots);
                self.effects.push(Effect::StartBatch(attempts));
            }
            None => self.give_back(slots),
        }
    }

    /// Takes over the steps that earlier executions have finished.
    fn resume(&mut self, earlier: EarlierExecutions, last_values: &StoredInputs) {
        self.attempts = earlier.attempts;
        for (position, outputs) in earlier.succeeded {
            self.calls.leave_out(position);
            let began_at = earlier.began_at.get(&position).copied();
            let calls = self.interrupted_shadow(position, began_at, &outputs, &earlier.called_in_shadow);
            self.hand_over(position, outputs, last_values);
            if calls.is_empty() || self.run.step(position).computation().pools.is_empty() {
                self.call_in_shadow(position, calls, Vec::new());
            } else {
                self.owed_in_shadow.insert(position, calls);
                self.retry_ready.push_back(position);
            }
        }
    }

    /// The calls in shadow that an earlier execution of the run owes.
    fn interrupted_shadow(
        &self,
        position: PlanIndex,
        began_at: Option<Timestamp>,
        outputs: &[StepOutput],
        called: &HashSet<(AssetPartition<AssetIndex>, AssetKey)>,
    ) -> Vec<ShadowCall> {
        let is_made = |asset: AssetIndex| {
            let mut made = self.run.outputs(position).iter().zip(outputs);
            made.any(|(output, made)| *output == asset && matches!(made, StepOutput::Recorded(_)))
        };
        let number = self.attempts[position] + 1;
        let mut calls = self.run.shadow_calls(position, (number, began_at), is_made, &self.values);
        calls.retain(|call| !called.contains(&(self.run.output(position, call.output), call.model.clone())));
        calls
    }

    /// The calls in shadow that follow the end of an attempt.
    fn shadow_calls(&self, position: PlanIndex, began_at: Timestamp, end: &AttemptEnd) -> Vec<ShadowCall> {
        let outputs = match end {
            AttemptEnd::Succeeded { outputs, .. } if !self.is_stopping => outputs,
            AttemptEnd::Succeeded { .. }
            | AttemptEnd::Failed { .. }
            | AttemptEnd::Judged { .. }
            | AttemptEnd::JudgeAgain
            | AttemptEnd::Canceled => return Vec::new(),
        };
        let is_made = |asset: AssetIndex| {
            let mut made = self.run.outputs(position).iter().zip(outputs);
            made.any(|(output, made)| *output == asset && matches!(made, StepOutput::New(..)))
        };
        let number = self.attempts[position] + 1;
        self.run.shadow_calls(position, (number, Some(began_at)), is_made, &self.values)
    }

    fn call_in_shadow(&mut self, position: PlanIndex, calls: Vec<ShadowCall>, slots: Vec<SlotId>) {
        if calls.is_empty() || self.is_stopping {
            self.give_back(slots);
        } else {
            self.in_shadow.insert(position, slots);
            self.effects.push(Effect::CallInShadow(position, calls));
        }
    }

    fn end_attempt(&mut self, report: Report, last_values: Result<StoredInputs, StorageError>, jitter: f64) {
        let Report { position, number, end, began_at, micros } = report;
        if number != self.attempts[position] {
            return;
        }
        let Some(mut slots) = self.running.remove(&position) else { return };
        // Before the step's inputs are given up.
        let calls = self.shadow_calls(position, began_at, &end);
        if calls.is_empty() {
            self.give_back(std::mem::take(&mut slots));
        }
        let (last_values, error) = known(last_values);
        let failed = self.end_step(position, end, micros, last_values.as_ref());
        error.into_iter().for_each(|error| self.record_error(error));
        self.retry_or_fail(failed.into_iter().collect(), jitter);
        self.call_in_shadow(position, calls, slots);
    }

    /// Takes in the end of a call for many partitions: each by itself, and then those together that are to be retried.
    fn end_batch(
        &mut self,
        reports: Vec<Report>,
        last_values: Result<StoredInputs, StorageError>,
        jitter: f64,
    ) {
        let Some(first) = reports.first().map(|report| report.position) else { return };
        if reports.iter().any(|report| report.number != self.attempts[report.position]) {
            return;
        }
        let Some(mut slots) = self.running.remove(&first) else { return };
        // Before the steps' inputs are given up.
        let of_each =
            reports.iter().map(|report| self.shadow_calls(report.position, report.began_at, &report.end));
        let calls: Vec<ShadowCall> = of_each.flatten().collect();
        if calls.is_empty() {
            self.give_back(std::mem::take(&mut slots));
        }
        let (last_values, error) = known(last_values);
        let mut failed = Vec::new();
        for Report { position, end, micros, .. } in reports {
            failed.extend(self.end_step(position, end, micros, last_values.as_ref()));
        }
        error.into_iter().for_each(|error| self.record_error(error));
        self.retry_or_fail(failed, jitter);
        // Under one that has succeeded, and so isn't called again.
        let position = calls.first().map_or(first, |call| call.attempt.position);
        self.call_in_shadow(position, calls, slots);
    }

    /// Takes in how an attempt ended, but for what follows from a failure, which it returns. `last_values` is `None` if they couldn't be read.
    fn end_step(
        &mut self,
        position: PlanIndex,
        end: AttemptEnd,
        micros: u64,
        last_values: Option<&StoredInputs>,
    ) -> Option<Failed> {
        match end {
            AttemptEnd::Succeeded { outputs, events } => {
                self.record_with(events, position, EventBody::StepSucceeded { micros });
                if let Some(last_values) = last_values {
                    self.hand_over(position, outputs, last_values);
                }
            }
            AttemptEnd::Judged { pins } => match pins {
                Ok(pins) => {
                    self.values.follow(pins);
                    self.release_inputs(position);
                    self.queue.finish(position);
                }
                Err(error) => self.record_error(error),
            },
            AttemptEnd::JudgeAgain => {
                let failure = Failure::new(FailureKind::Error, OVERTAKEN);
                self.record(position, EventBody::StepRetrying { failure, delay_ms: 0 });
                self.retry_ready.push_back(position);
            }
            AttemptEnd::Failed { failure, events } => return Some(Failed { position, failure, events }),
            AttemptEnd::Canceled => self.record(position, EventBody::StepCanceled),
        }
        None
    }

    fn end_pause(&mut self, position: PlanIndex) {
        // A pause of a step that was canceled meanwhile.
        if let Some(index) = self.pausing.iter().position(|pausing| *pausing == position) {
            self.pausing.swap_remove(index);
            self.retry_ready.push_back(position);
        }
    }

    /// Hands on a step's outputs, and skips steps that wait for an output without a value.
    fn hand_over(&mut self, position: PlanIndex, outputs: Vec<StepOutput>, last_values: &StoredInputs) {
        let run = self.run.clone();
        let mut without_value = Vec::new();
        for (&asset, output) in run.outputs(position).iter().zip(outputs) {
            let key = run.output(position, asset);
            let produced = match output {
                StepOutput::New(value, version) => ProducedValue::InMemory(value, version),
                StepOutput::Recorded(stored) => ProducedValue::Stored(stored),
                StepOutput::Kept => {
                    last_values.get(&key).cloned().map_or(ProducedValue::Nothing, ProducedValue::Stored)
                }
                StepOutput::Nothing => ProducedValue::Nothing,
            };
            if matches!(produced, ProducedValue::Nothing) {
                without_value.push(key.clone());
            }
            self.values.put(key, produced);
        }
        for output in without_value {
            self.skip_takers(position, &output);
        }
        self.release_inputs(position);
        self.queue.finish(position);
    }

    /// Skips every step that takes an output without a value.
    fn skip_takers(&mut self, position: PlanIndex, output: &AssetPartition<AssetIndex>) {
        let takes = |step: &PlanIndex| {
            let inputs = &self.run.plan.steps[*step].inputs;
            inputs
                .iter()
                .filter(|input| !input.tolerates_missing)
                .any(|input| input.asset == output.asset && input.partitions.contains(&output.partition))
        };
        let takers: Vec<PlanIndex> = self.queue.downstream(position).iter().copied().filter(takes).collect();
        let dropped = self.queue.drop_nodes(takers);
        let asset = output.by_key(&self.run.graph).quoted();
        let reason = format!("upstream asset {asset} was not materialized");
        self.skip(&dropped, &reason);
    }

    /// Skips a step that has nothing to work with, and everything below it.
    fn skip_with_below(&mut self, position: PlanIndex, reason: &str) {
        self.skip(&[position], reason);
        let dropped = self.queue.drop_below(position);
        let step = self.run.step_partition(position).quoted();
        self.skip(&dropped, &format!("upstream step {step} was skipped"));
    }

    /// Of attempts that failed together, those that may be retried are retried together.
    fn retry_or_fail(&mut self, failed: Vec<Failed>, jitter: f64) {
        let mut retried = Vec::new();
        let mut pause = None;
        for Failed { position, failure, events } in failed {
            let number = self.retries[position] + 1;
            let Some(own) = self.pause(position, &failure, number, jitter) else {
                self.fail(position, failure, events);
                continue;
            };
            // They have been retried equally often.
            let pause = *pause.get_or_insert(own);
            self.retries[position] = number;
            let delay_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            self.record(position, EventBody::StepRetrying { failure: shortened(failure), delay_ms });
            retried.push(position);
        }
        let first = match &*retried {
            [one] if !self.calls.has(*one) => Some(*one),
            _ => self.calls.put(retried),
        };
        if let Some((first, pause)) = first.zip(pause) {
            self.pausing.push(first);
            self.effects.push(Effect::Pause(first, pause));
        }
    }

    /// The pause before a retry; `None` if there is none.
    fn pause(&self, position: PlanIndex, failure: &Failure, number: u32, jitter: f64) -> Option<Duration> {
        match failure.kind {
            FailureKind::Check | FailureKind::Input => None,
            FailureKind::Error | FailureKind::Panic | FailureKind::Timeout | FailureKind::Output => {
                self.run.step(position).computation().retry.pause(number, jitter)
            }
        }
    }

    fn fail(&mut self, position: PlanIndex, failure: Failure, events: Vec<NewEvent>) {
        let failure = shortened(failure);
        let step = self.run.step_partition(position).quoted();
        self.failures.push(format!("step {step} failed: {failure}"));
        self.all_timed_out &= failure.kind == FailureKind::Timeout;
        self.record_with(events, position, EventBody::StepFailed { failure });
        self.release_inputs(position);
        let dropped = self.queue.drop_below(position);
        self.skip(&dropped, &format!("upstream step {step} failed"));
    }

    fn skip(&mut self, positions: &[PlanIndex], reason: &str) {
        for &position in positions {
            self.calls.leave_out(position);
            self.record(position, EventBody::StepSkipped { reason: reason.to_owned() });
            self.release_inputs(position);
        }
    }

    fn release_inputs(&mut self, position: PlanIndex) {
        self.values.release_inputs(&self.run.plan.steps[position], &self.run.stored);
    }

    /// Stops the run: steps that wait for their next attempt, or for slots, aren't started.
    fn give_up_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.pausing);
        waiting.extend(self.retry_ready.drain(..));
        waiting.extend(self.waiting_for_slots.drain());
        // The next execution owes them as well.
        self.owed_in_shadow.clear();
        self.cancel_waiting(waiting);
    }

    /// Records as canceled the steps that were attempted in this execution; the rest was never begun.
    fn cancel_waiting(&mut self, waiting: Vec<PlanIndex>) {
        let each = |first: PlanIndex| self.calls.take(first).unwrap_or_else(|| vec![first]);
        let waiting: Vec<PlanIndex> = waiting.into_iter().flat_map(each).collect();
        for position in waiting {
            if self.retries[position] > 0 {
                self.record(position, EventBody::StepCanceled);
            }
        }
    }

    /// Stops the run after an error of the store.
    fn record_error(&mut self, error: StorageError) {
        self.store_error.get_or_insert(error);
        self.stop_at_once();
    }

    fn stop_at_once(&mut self) {
        self.is_stopping = true;
        self.effects.push(Effect::StopAtOnce);
    }

    fn give_back(&mut self, slots: Vec<SlotId>) {
        if !slots.is_empty() {
            self.effects.push(Effect::GiveBack(slots));
        }
    }

    fn record(&mut self, position: PlanIndex, body: EventBody) {
        self.record_with(Vec::new(), position, body);
    }

    fn record_with(&mut self, of_attempt: Vec<NewEvent>, position: PlanIndex, body: EventBody) {
        let attempt = self.attempts[position];
        self.effects.push(Effect::Record { of_attempt, position, attempt, body });
    }
}

/// What was read of the store, and the error if it wasn't.
fn known(last_values: Result<StoredInputs, StorageError>) -> (Option<StoredInputs>, Option<StorageError>) {
    match last_values {
        Ok(last_values) => (Some(last_values), None),
        Err(error) => (None, Some(error)),
    }
}

/// The failure with its messages cut to a readable length: some errors contain everything that they could not parse.
fn shortened(mut failure: Failure) -> Failure {
    failure.chain.iter_mut().for_each(|message| shorten(message, LONGEST_MESSAGE));
    failure
}
