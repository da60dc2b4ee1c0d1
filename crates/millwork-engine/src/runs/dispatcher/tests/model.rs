//! The dispatcher against a naive model: random plans, with and without calls for many partitions, outcomes, limits and pools, and inputs in random order.
//!
//! The model simulates everything around the dispatcher: it holds the slots of the pools, knows which attempts run and what they produce,
//! and draws what happens next. It keeps one [`Phase`] a step, checks each effect against it, and checks after each input that no step was
//! forgotten. When the draws are used up, every attempt succeeds, so a run that doesn't finish is stuck.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody};
use millwork_core::graph::{AssetIndex, StepIndex};
use millwork_core::index::IndexVec;
use millwork_core::plan::PlanIndex;
use millwork_core::run::{Failure, FailureClass, FailureKind, RunState};
use millwork_core::{AssetPartition, DataVersion, PoolUse};
use millwork_storage::{SlotId, StorageError};
use proptest::prelude::*;

use super::planned::{lines, materialized, provenance, stored, value};
use super::random::{POOLS, StaleOnly, nodes, run_of};
use crate::runs::dispatcher::{Dispatcher, Effect, Input, UNCHANGED};
use crate::runs::{EarlierExecutions, PlannedRun, StoredInput, StoredInputs};
use crate::steps::{Attempt, AttemptEnd, InputSource, Report, StepOutput};

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    Fresh,
    Resumed,
}

/// Random numbers that shrink to zero.
struct Draws<'a>(&'a [u16]);

impl Draws<'_> {
    /// A number below `n`; 0 when the draws are used up.
    fn below(&mut self, n: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % n
    }

    fn are_used_up(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Never started in this execution.
    Open,
    /// Its start is recorded.
    Starting,
    Running,
    /// It has ended in this way, and that isn't recorded so far.
    Ended(End),
    /// It is to be retried.
    Retrying,
    Pausing,
    RetryReady,
    Succeeded,
    Unchanged,
    Failed,
    Skipped,
    Canceled,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Succeeded,
    Failed(FailureKind),
    Canceled,
}

/// The model's view of a value that the run has produced.
#[derive(Clone, Debug)]
enum Product {
    /// In memory: its content, and its version.
    New(String, &'static str),
    Stored,
    Nothing,
}

struct Model<'a> {
    run: Arc<PlannedRun>,
    dispatcher: Dispatcher,
    draws: Draws<'a>,
    max_parallel_steps: usize,
    phases: IndexVec<PlanIndex, Phase>,
    attempts: IndexVec<PlanIndex, u32>,
    retries: IndexVec<PlanIndex, u32>,
    products: HashMap<AssetPartition<AssetIndex>, Product>,
    in_memory: Vec<Weak<dyn std::any::Any + Send + Sync>>,
    question: Option<PlanIndex>,
    /// Slots that were answered, and belong to no attempt yet.
    granted: Option<(PlanIndex, Vec<SlotId>)>,
    held_by: BTreeMap<PlanIndex, Vec<SlotId>>,
    /// The partitions that run or pause together, by the first.
    together: HashMap<PlanIndex, Vec<PlanIndex>>,
    slots: BTreeMap<u64, PoolUse>,
    next_slot: u64,
    /// The slots of each pool that another process holds.
    foreign: BTreeMap<&'static str, u32>,
    /// The pools that were full in this round.
    refused: BTreeSet<Vec<String>>,
    is_stopped: bool,
    has_store_failed: bool,
    /// Steps whose success is recorded, but whose kept values couldn't be looked up.
    not_handed_over: BTreeSet<PlanIndex>,
    failed: Vec<(PlanIndex, FailureKind)>,
    fold: RunState,
    end: Option<Result<EventBody, StorageError>>,
    transcript: String,
}

impl<'a> Model<'a> {
    fn new(run: PlannedRun, max_parallel_steps: usize, draws: &'a [u16]) -> Self {
        let run = Arc::new(run);
        Self {
            dispatcher: Dispatcher::new(run.clone(), max_parallel_steps),
            draws: Draws(draws),
            max_parallel_steps,
            phases: run.plan.steps.map(|_| Phase::Open),
            attempts: run.plan.steps.map(|_| 0),
            retries: run.plan.steps.map(|_| 0),
            products: HashMap::new(),
            in_memory: Vec::new(),
            question: None,
            granted: None,
            held_by: BTreeMap::new(),
            together: HashMap::new(),
            slots: BTreeMap::new(),
            next_slot: 0,
            foreign: POOLS.iter().map(|(pool, _)| (*pool, 0)).collect(),
            refused: BTreeSet::new(),
            is_stopped: false,
            has_store_failed: false,
            not_handed_over: BTreeSet::new(),
            failed: Vec::new(),
            fold: RunState::default(),
            end: None,
            transcript: String::new(),
            run,
        }
    }

    /// Simulates a run to its end. Returns all effects, as text.
    fn play(mut self, begin: Begin) -> String {
        self.happen(EventBody::RunQueued);
        self.happen(EventBody::RunStarted { epoch: 1 });
        match begin {
            Begin::Fresh => {}
            Begin::Resumed => self.resume(),
        }
        self.poll();
        let mut moves = 0;
        while self.end.is_none() {
            self.next();
            moves += 1;
            assert!(moves < 10_000, "the run doesn't end");
        }
        self.check_end();
        self.transcript
    }

    /// Has some steps succeed in an earlier execution.
    fn resume(&mut self) {
        let run = self.run.clone();
        let mut events = Vec::new();
        for position in run.plan.steps.indices() {
            let upstream = &run.plan.steps[position].upstream;
            let takes_nothing = self.takes_nothing(position);
            let is_possible =
                upstream.iter().all(|step| self.phases[*step] == Phase::Succeeded) && !takes_nothing;
            if !is_possible || self.draws.below(2) == 0 {
                continue;
            }
            self.phases[position] = Phase::Succeeded;
            events.push((position, None, EventBody::StepStarted));
            for &asset in run.outputs(position) {
                let output = run.output(position, asset);
                let (body, product) = match self.draws.below(4) {
                    0 => (EventBody::NotMaterialized { provenance: provenance() }, Product::Nothing),
                    1 => {
                        let (reason, metadata) = ("as it was".to_owned(), Default::default());
                        (EventBody::Kept { reason, metadata, provenance: provenance() }, Product::Stored)
                    }
                    _ => (materialized("v0"), Product::Stored),
                };
                events.push((position, Some(asset), body));
                self.products.insert(output, product);
            }
            events.push((position, None, EventBody::StepSucceeded { micros: 1 }));
        }
        let mut log = Vec::new();
        for (position, asset, body) in events {
            let of = run.step_partition(position);
            let asset = asset.map(|asset| run.graph.key(asset).clone());
            let (at, attempt) = (Timestamp::UNIX_EPOCH, 1);
            let event = Event {
                sequence: 1,
                run: None,
                at,
                step: Some(of.step),
                asset,
                partition: of.partition,
                attempt,
                body,
            };
            self.fold.apply(&event).unwrap();
            log.push(event);
        }
        self.happen(EventBody::run_lost("the machine was restarted"));
        self.happen(EventBody::RunStarted { epoch: 2 });
        self.attempts = run.plan.steps.map(|_| 1);
        let kept = run.plan.steps.indices().flat_map(|position| self.last_values(position));
        let last_values = StoredInputs::of(kept.collect::<Vec<_>>());
        let earlier = EarlierExecutions::of(&run, log, &self.fold);
        self.hand_in(Input::Resumed { earlier, last_values });
    }

    fn last_values(&self, position: PlanIndex) -> Vec<(AssetPartition<AssetIndex>, StoredInput)> {
        let outputs = self.run.outputs(position).iter();
        outputs.map(|asset| stored(&self.run, &self.run.output(position, *asset), "v0")).collect()
    }

    /// Draws one input.
    fn next(&mut self) {
        let running = self.first_in_phase(Phase::Running);
        let pausing = self.first_in_phase(Phase::Pausing);
        if self.draws.are_used_up() {
            self.foreign.values_mut().for_each(|slots| *slots = 0);
            match (self.question, &*running, &*pausing) {
                (Some(position), ..) => return self.answer(position),
                (None, [position, ..], _) => self.end_attempt(*position),
                (None, [], [position, ..]) => self.end_pause(*position),
                (None, [], []) => {}
            }
            return self.poll();
        }
        match self.draws.below(64) {
            0..24 => match self.question {
                Some(position) => self.answer(position),
                None => self.poll(),
            },
            24..42 if !running.is_empty() => {
                let position = running[self.draws.below(running.len())];
                self.end_attempt(position);
            }
            42..50 if !pausing.is_empty() => {
                let position = pausing[self.draws.below(pausing.len())];
                self.end_pause(position);
            }
            50..56 => {
                let (pool, of) = POOLS[self.draws.below(POOLS.len())];
                self.foreign.insert(pool, u32::try_from(self.draws.below(of as usize + 1)).unwrap());
            }
            56..60 => self.report_from_the_past(),
            60 => self.stop(),
            61 => self.fail_recorder(),
            62 => self.fail_store(),
            63 if self.question.is_some() => self.fail_to_answer(),
            _ => {}
        }
        if self.draws.below(3) > 0 {
            self.poll();
        }
    }

    fn in_phase(&self, phase: Phase) -> Vec<PlanIndex> {
        self.run.plan.steps.indices().filter(|position| self.phases[*position] == phase).collect()
    }

    /// Those in a phase; of partitions that are called for together, the first.
    fn first_in_phase(&self, phase: Phase) -> Vec<PlanIndex> {
        let mut positions = self.in_phase(phase);
        positions.retain(|position| !self.is_batch(*position) || self.together.contains_key(position));
        positions
    }

    fn is_batch(&self, position: PlanIndex) -> bool {
        self.run.step(position).computation().requirements.is_batch()
    }

    /// The partitions that run or pause together with one.
    fn with_first(&self, first: PlanIndex) -> Vec<PlanIndex> {
        self.together.get(&first).cloned().unwrap_or_else(|| vec![first])
    }

    fn poll(&mut self) {
        if self.end.is_none() {
            if self.question.is_none() {
                self.refused.clear();
            }
            self.hand_in(Input::Poll);
        }
    }

    fn stop(&mut self) {
        self.is_stopped = true;
        self.hand_in(Input::Stop);
    }

    fn fail_recorder(&mut self) {
        self.is_stopped = true;
        self.hand_in(Input::RecorderFailed);
    }

    fn fail_to_answer(&mut self) {
        self.question = None;
        (self.is_stopped, self.has_store_failed) = (true, true);
        self.hand_in(Input::Slots(Err(full())));
    }

    fn fail_store(&mut self) {
        (self.is_stopped, self.has_store_failed) = (true, true);
        self.hand_in(Input::StoreFailed(full()));
    }

    /// The store answers: slots as far as any are free.
    fn answer(&mut self, position: PlanIndex) {
        self.question = None;
        let wanted = self.pools(position).to_vec();
        let is_free = wanted.iter().all(|wanted| {
            let of_pool = self.slots.values().filter(|held| held.pool == wanted.pool);
            let foreign = self.foreign[&*wanted.pool];
            let of = POOLS.iter().find(|(pool, _)| *pool == wanted.pool).unwrap().1;
            of_pool.map(|held| held.slots).sum::<u32>() + foreign + wanted.slots <= of
        });
        if !is_free {
            self.refused.insert(names(&wanted));
            self.hand_in(Input::Slots(Ok(None)));
            return;
        }
        let mut slots = Vec::new();
        for wanted in wanted {
            self.next_slot += 1;
            self.slots.insert(self.next_slot, wanted);
            slots.push(SlotId(self.next_slot));
        }
        self.granted = Some((position, slots.clone()));
        self.hand_in(Input::Slots(Ok(Some(slots))));
    }

    fn end_pause(&mut self, position: PlanIndex) {
        for member in self.with_first(position) {
            self.phases[member] = Phase::RetryReady;
        }
        self.together.remove(&position);
        self.hand_in(Input::PauseOver(position));
    }

    /// A report for no running attempt.
    fn report_from_the_past(&mut self) {
        let steps: Vec<PlanIndex> = self.run.plan.steps.indices().collect();
        let position = steps[self.draws.below(steps.len())];
        let is_running = self.phases[position] == Phase::Running;
        let number = self.attempts[position].wrapping_sub(u32::from(is_running));
        let end = AttemptEnd::Canceled;
        let report = Report { position, number, end, began_at: jiff::Timestamp::UNIX_EPOCH, micros: 0 };
        let effects = self.dispatcher.handle(report_of(report, Ok(StoredInputs::default())));
        assert!(effects.is_empty(), "{}", lines(&self.run, &effects));
    }

    /// An attempt ends as drawn, or those of a call for many partitions, each by itself.
    fn end_attempt(&mut self, position: PlanIndex) {
        let members = self.with_first(position);
        self.together.remove(&position);
        let (mut reports, mut kept) = (Vec::new(), Vec::new());
        for &member in &members {
            reports.push(self.end_of(member, &mut kept));
        }
        let has_outputs = reports.iter().any(|report| matches!(report.end, AttemptEnd::Succeeded { .. }));
        let mut last_values = Ok(StoredInputs::of(kept));
        if has_outputs && self.draws.below(64) == 63 {
            (self.is_stopped, self.has_store_failed) = (true, true);
            self.not_handed_over.extend(
                members.iter().filter(|member| matches!(self.phases[**member], Phase::Ended(End::Succeeded))),
            );
            last_values = Err(full());
        }
        if self.is_batch(position) {
            self.hand_in(Input::BatchReport { reports, last_values, jitter: 0.5 });
        } else {
            self.hand_in(report_of(reports.remove(0), last_values));
        }
    }

    /// How an attempt ends; what it kept is added to `kept`.
    fn end_of(
        &mut self,
        position: PlanIndex,
        kept: &mut Vec<(AssetPartition<AssetIndex>, StoredInput)>,
    ) -> Report {
        use FailureKind::{Check, Error, Input as InputFailure, Output, Panic, Timeout};
        let number = self.attempts[position];
        let end = match self.draws.below(16) {
            kind @ 8..14 => {
                let kind = [Error, Panic, Timeout, InputFailure, Output, Check][kind - 8];
                self.phases[position] = Phase::Ended(End::Failed(kind));
                AttemptEnd::from(Failure::new(kind, "no answer"))
            }
            14 if self.is_stopped => {
                self.phases[position] = Phase::Ended(End::Canceled);
                AttemptEnd::Canceled
            }
            _ => {
                self.phases[position] = Phase::Ended(End::Succeeded);
                let mut outputs = Vec::new();
                for (asset, last_value) in
                    self.run.clone().outputs(position).iter().zip(self.last_values(position))
                {
                    let output = self.run.output(position, *asset);
                    let (step_output, product) = match self.draws.below(8) {
                        0..4 => self.new_value(&output, number, "v0"),
                        4 => self.new_value(&output, number, "v1"),
                        5 => (StepOutput::Nothing, Product::Nothing),
                        6 => {
                            kept.push(last_value);
                            (StepOutput::Kept, Product::Stored)
                        }
                        _ => (StepOutput::Kept, Product::Nothing),
                    };
                    outputs.push(step_output);
                    self.products.insert(output, product);
                }
                AttemptEnd::Succeeded { outputs, events: Vec::new() }
            }
        };
        Report { position, number, end, began_at: jiff::Timestamp::UNIX_EPOCH, micros: 7 }
    }

    fn new_value(
        &mut self,
        output: &AssetPartition<AssetIndex>,
        number: u32,
        version: &'static str,
    ) -> (StepOutput, Product) {
        let text = format!("{} of attempt {number}", output.by_key(&self.run.graph));
        let value = value(text.clone());
        self.in_memory.push(Arc::downgrade(&value));
        (StepOutput::New(value, version.into()), Product::New(text, version))
    }

    fn hand_in(&mut self, input: Input) {
        let settles = matches!(input, Input::Poll | Input::Slots(_) | Input::StoreFailed(_));
        let effects = self.dispatcher.handle(input);
        self.transcript += &format!("{effects:?}\n");
        for effect in effects {
            assert!(self.end.is_none(), "{effect:?} after the end");
            self.obey(effect);
        }
        assert!(self.granted.is_none(), "slots that no step has");
        for (position, phase) in self.phases.iter_enumerated() {
            let is_between = matches!(phase, Phase::Starting | Phase::Ended(_) | Phase::Retrying);
            assert!(!is_between, "step {position:?} is left {phase:?}");
        }
        if settles && self.end.is_none() {
            self.check_that_nothing_is_left_lying();
        }
    }

    /// Carries out an effect, after checking it.
    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Record { of_attempt, position, attempt, body } => {
                assert!(of_attempt.is_empty());
                self.record(position, attempt, body);
            }
            Effect::RecordStarts(started) => {
                for (position, attempt) in started {
                    assert!(self.is_batch(position));
                    self.record(position, attempt, EventBody::StepStarted);
                }
            }
            Effect::Start(attempt) => {
                assert!(!self.is_batch(attempt.position));
                self.start(std::slice::from_ref(&attempt));
            }
            Effect::StartBatch(attempts) => self.start(&attempts),
            Effect::CallInShadow(..) => panic!("no version is in shadow"),
            Effect::Pause(position, pause) => {
                assert_eq!((self.phases[position], pause), (Phase::Retrying, Duration::from_secs(1)));
                let mut members = self.in_phase(Phase::Retrying);
                members.retain(|member| self.step_of(*member) == self.step_of(position));
                members.iter().for_each(|member| self.phases[*member] = Phase::Pausing);
                if self.is_batch(position) {
                    self.together.insert(position, members);
                }
            }
            Effect::TakeSlots(position) => {
                assert!(!self.is_stopped && self.question.is_none());
                assert!(self.is_ready(position) && self.has_place());
                assert!(!self.refused.contains(&names(self.pools(position))), "asks again within a round");
                self.question = Some(position);
            }
            Effect::RecordSlotHolders { position, attempt } => {
                assert!(self.is_ready(position) && attempt == self.attempts[position]);
            }
            Effect::GiveBack(slots) => {
                assert!(!slots.is_empty());
                if self.granted.as_ref().is_some_and(|(_, granted)| *granted == slots) {
                    self.granted = None;
                } else {
                    let holds = |position: &PlanIndex| self.held_by[position] == slots;
                    let holder = self.held_by.keys().copied().find(holds).expect("held slots");
                    assert_ne!(self.phases[holder], Phase::Running);
                    self.held_by.remove(&holder);
                }
                slots.iter().for_each(|slot| drop(self.slots.remove(&slot.0).expect("taken slots")));
            }
            Effect::StopAtOnce => assert!(self.is_stopped),
            Effect::Finish(end) => self.end = Some(end),
        }
    }

    fn record(&mut self, position: PlanIndex, attempt: u32, body: EventBody) {
        let phase = self.phases[position];
        let max_retries = self.run.step(position).computation().retry.max_retries;
        let is_last = self.retries[position] == max_retries;
        let later = match (&body, phase) {
            (EventBody::StepStarted, Phase::Open | Phase::RetryReady) => {
                assert!(!self.is_stopped && self.is_ready(position) && self.has_place());
                assert!(!self.is_unchanged(position));
                self.attempts[position] += 1;
                Phase::Starting
            }
            (EventBody::StepSucceeded { micros: 7 }, Phase::Ended(End::Succeeded)) => Phase::Succeeded,
            (EventBody::StepCanceled, Phase::Ended(End::Canceled)) => Phase::Canceled,
            (EventBody::StepCanceled, Phase::Pausing | Phase::RetryReady) if self.is_stopped => {
                Phase::Canceled
            }
            (EventBody::StepRetrying { .. }, Phase::Ended(End::Failed(kind))) => {
                assert!(!is_last && !matches!(kind, FailureKind::Check | FailureKind::Input));
                self.retries[position] += 1;
                Phase::Retrying
            }
            (EventBody::StepFailed { failure }, Phase::Ended(End::Failed(kind))) => {
                assert!(is_last || matches!(kind, FailureKind::Check | FailureKind::Input));
                self.failed.push((position, failure.kind));
                Phase::Failed
            }
            (EventBody::StepFailed { failure }, Phase::Starting) => {
                assert!(failure.kind == FailureKind::Input && self.lacks_an_input(position));
                self.failed.push((position, FailureKind::Input));
                Phase::Failed
            }
            (EventBody::StepSkipped { reason }, Phase::Open) if reason == UNCHANGED => {
                assert!(self.is_ready(position) && self.is_unchanged(position));
                for asset in self.run.outputs(position) {
                    self.products.insert(self.run.output(position, *asset), Product::Stored);
                }
                Phase::Unchanged
            }
            (EventBody::StepSkipped { .. }, Phase::Open) => {
                assert!(self.is_to_be_skipped(position));
                Phase::Skipped
            }
            _ => panic!("{body:?} of a step that is {phase:?}"),
        };
        assert_eq!(attempt, self.attempts[position]);
        self.phases[position] = later;
        let of = self.run.step_partition(position);
        let (at, step, partition) = (Timestamp::UNIX_EPOCH, Some(of.step), of.partition);
        let event = Event { sequence: 1, run: None, at, step, asset: None, partition, attempt, body };
        self.fold.apply(&event).unwrap();
    }

    /// Starts an attempt, or those of all partitions of a call.
    fn start(&mut self, attempts: &[Attempt]) {
        let first = attempts[0].position;
        for attempt in attempts {
            let position = attempt.position;
            assert_eq!((self.phases[position], attempt.number), (Phase::Starting, self.attempts[position]));
            assert_eq!(self.step_of(position), self.step_of(first));
            assert!(!self.lacks_an_input(position));
            self.check_inputs(attempt);
            self.phases[position] = Phase::Running;
        }
        let pools = self.pools(first).to_vec();
        if !pools.is_empty() {
            let (of, slots) = self.granted.take().expect("slots");
            assert_eq!((self.step_of(of), slots.len()), (self.step_of(first), pools.len()));
            assert!(of == first || self.is_batch(first));
            self.held_by.insert(first, slots);
        }
        if self.is_batch(first) {
            let members = attempts.iter().map(|attempt| attempt.position).collect();
            self.together.insert(first, members);
        }
        assert!(self.first_in_phase(Phase::Running).len() <= self.max_parallel_steps);
    }

    fn step_of(&self, position: PlanIndex) -> StepIndex {
        self.run.plan.steps[position].step
    }

    /// The values are those that were produced, in memory where they were made by this execution.
    fn check_inputs(&self, attempt: &Attempt) {
        let planned = &self.run.plan.steps[attempt.position];
        let loaded: Vec<_> = planned.inputs.iter().filter(|input| input.loads).collect();
        assert_eq!(attempt.inputs.len(), loaded.len());
        for (given, planned) in attempt.inputs.iter().zip(loaded) {
            assert_eq!((given.asset, given.gathered), (planned.asset, planned.gathered));
            assert_eq!(given.values.len(), planned.partitions.len());
            for ((partition, source), input) in given.values.iter().zip(planned.asset_partitions()) {
                assert_eq!(*partition, input.partition);
                match (source, self.products.get(&input)) {
                    (InputSource::Memory(value), Some(Product::New(text, _))) => {
                        assert_eq!(value.downcast_ref::<String>(), Some(text), "the value was let go");
                    }
                    (InputSource::Stored(_), Some(Product::Stored) | None) => {}
                    (_, product) => panic!("{source:?} for {product:?}"),
                }
            }
        }
        let versions = planned.input_partitions().map(|input| self.version(&input).map(DataVersion::from));
        assert!(attempt.versions.iter().map(|version| version.data_version.clone()).eq(versions));
    }

    fn check_that_nothing_is_left_lying(&self) {
        let running = self.in_phase(Phase::Running).len();
        let is_alive = running > 0
            || !self.in_phase(Phase::Pausing).is_empty()
            || self.question.is_some()
            || self.dispatcher.waits_for_slots();
        assert!(is_alive, "the run is stuck: {:?}", self.phases);
        if self.is_stopped || self.question.is_some() || !self.has_place() {
            return;
        }
        for position in self.run.plan.steps.indices().filter(|position| self.is_ready(*position)) {
            let pools = self.pools(position);
            let is_refused = !pools.is_empty() && self.refused.contains(&names(pools));
            assert!(is_refused, "step {position:?} is ready and doesn't start: {:?}", self.phases);
        }
    }

    /// Every step has come to the end that follows from the ends of those above it.
    fn check_end(&self) {
        assert_eq!((self.question, self.slots.len(), self.held_by.len()), (None, 0, 0));
        assert!(self.in_phase(Phase::Running).is_empty() && self.in_phase(Phase::Pausing).is_empty());
        for (position, phase) in self.phases.iter_enumerated() {
            match phase {
                Phase::Skipped => assert!(self.is_to_be_skipped(position)),
                Phase::Open => assert!(self.is_stopped && !self.is_to_be_skipped(position)),
                Phase::Canceled | Phase::RetryReady => assert!(self.is_stopped),
                Phase::Succeeded | Phase::Unchanged | Phase::Failed => {}
                Phase::Starting | Phase::Running | Phase::Ended(_) | Phase::Retrying | Phase::Pausing => {
                    panic!("step {position:?} ends {phase:?}");
                }
            }
        }
        let is_complete = self.phases.iter().all(is_over) && self.not_handed_over.is_empty();
        match self.end.as_ref().unwrap() {
            Err(_) => assert!(self.has_store_failed),
            Ok(EventBody::RunCanceled) => assert!(!self.has_store_failed && !is_complete),
            Ok(EventBody::RunSucceeded) => {
                assert!(!self.has_store_failed && is_complete && self.failed.is_empty());
            }
            Ok(EventBody::RunFailed { class, .. }) => {
                assert!(!self.has_store_failed && is_complete && !self.failed.is_empty());
                let all_timed_out = self.failed.iter().all(|(_, kind)| *kind == FailureKind::Timeout);
                assert_eq!(*class == FailureClass::Timeout, all_timed_out);
            }
            Ok(body) => panic!("a run ends with {body:?}"),
        }
        if !self.is_stopped {
            assert!(
                self.in_memory.iter().all(|value| value.strong_count() == 0),
                "values are kept for no step"
            );
        }
    }

    fn has_place(&self) -> bool {
        self.first_in_phase(Phase::Running).len() < self.max_parallel_steps
    }

    fn pools(&self, position: PlanIndex) -> &[PoolUse] {
        &self.run.step(position).computation().pools
    }

    /// Whether a step could start, as far as other steps are concerned. One that is called for together with others waits for their inputs.
    fn is_ready(&self, position: PlanIndex) -> bool {
        let is_open = |position: PlanIndex| self.phases[position] == Phase::Open;
        let has_inputs = |position: PlanIndex| {
            let mut upstream = self.run.plan.steps[position].upstream.iter();
            upstream.all(|step| matches!(self.phases[*step], Phase::Succeeded | Phase::Unchanged))
        };
        match self.phases[position] {
            Phase::RetryReady => true,
            Phase::Open if self.is_batch(position) => {
                let mut together = self.run.plan.steps.indices();
                has_inputs(position)
                    && together.all(|other| {
                        self.step_of(other) != self.step_of(position) || !is_open(other) || has_inputs(other)
                    })
            }
            Phase::Open => has_inputs(position),
            Phase::Starting
            | Phase::Running
            | Phase::Ended(_)
            | Phase::Retrying
            | Phase::Pausing
            | Phase::Succeeded
            | Phase::Unchanged
            | Phase::Failed
            | Phase::Skipped
            | Phase::Canceled => false,
        }
    }

    fn is_to_be_skipped(&self, position: PlanIndex) -> bool {
        let mut upstream = self.run.plan.steps[position].upstream.iter();
        upstream.any(|step| matches!(self.phases[*step], Phase::Failed | Phase::Skipped))
            || self.takes_nothing(position)
    }

    /// Whether a step takes an output without a value. An output that isn't loaded is no input, and that of a step which wasn't handed over
    /// isn't known.
    fn takes_nothing(&self, position: PlanIndex) -> bool {
        let is_output = |step: &PlanIndex, input: &AssetPartition<AssetIndex>| {
            self.run.outputs(*step).iter().any(|asset| self.run.output(*step, *asset) == *input)
        };
        let is_known = |input: &_| !self.not_handed_over.iter().any(|step| is_output(step, input));
        let mut inputs = self.run.plan.steps[position].input_partitions();
        inputs.any(|input| matches!(self.products.get(&input), Some(Product::Nothing)) && is_known(&input))
    }

    fn lacks_an_input(&self, position: PlanIndex) -> bool {
        let mut inputs = self.run.plan.steps[position].inputs.iter().filter(|input| input.loads);
        inputs.any(|input| {
            let mut inputs = input.asset_partitions();
            inputs.any(|input| !self.products.contains_key(&input) && self.run.stored.get(&input).is_none())
        })
    }

    fn version(&self, input: &AssetPartition<AssetIndex>) -> Option<&'static str> {
        match self.products.get(input) {
            Some(Product::New(_, version)) => Some(version),
            Some(Product::Stored) => Some("v0"),
            Some(Product::Nothing) => None,
            None => self.run.stored.get(input).map(|_| "v0"),
        }
    }

    /// Whether a run of stale steps finds the step unchanged: made from the stored values, with unchanged steps above it.
    fn is_unchanged(&self, position: PlanIndex) -> bool {
        let Some(verdicts) = &self.run.verdicts else { return false };
        let outputs = self.run.outputs(position).iter();
        let mut made_from = outputs.map(|asset| {
            let output = self.run.output(position, *asset).by_key(&self.run.graph);
            verdicts[&output].provenance.as_ref()
        });
        let mut inputs = self.run.plan.steps[position].input_partitions();
        !self.run.outputs(position).is_empty()
            && made_from.all(|made_from| made_from.is_some())
            && inputs.all(|input| self.version(&input) == self.run.stored.get(&input).map(|_| "v0"))
    }

    /// An event of the run itself.
    fn happen(&mut self, body: EventBody) {
        let at = Timestamp::UNIX_EPOCH;
        let event =
            Event { sequence: 1, run: None, at, step: None, asset: None, partition: None, attempt: 0, body };
        self.fold.apply(&event).unwrap();
    }
}

fn is_over(phase: &Phase) -> bool {
    matches!(phase, Phase::Succeeded | Phase::Unchanged | Phase::Failed | Phase::Skipped)
}

fn names(pools: &[PoolUse]) -> Vec<String> {
    pools.iter().map(|pool| pool.pool.clone()).collect()
}

fn report_of(report: Report, last_values: Result<StoredInputs, StorageError>) -> Input {
    Input::Report { report, last_values, jitter: 0.5 }
}

fn full() -> StorageError {
    StorageError::FullDisk { action: "append" }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Simulates each run twice: the same inputs have the same effects.
    #[test]
    fn agrees_with_a_naive_model(
        nodes in nodes(),
        max_parallel_steps in 1_usize..5,
        stale_only in prop_oneof![3 => Just(StaleOnly::No), 1 => Just(StaleOnly::Yes)],
        begin in prop_oneof![3 => Just(Begin::Fresh), 1 => Just(Begin::Resumed)],
        draws in prop::collection::vec(any::<u16>(), 0..120),
    ) {
        let play = || Model::new(run_of(&nodes, stale_only), max_parallel_steps, &draws).play(begin);
        prop_assert_eq!(play(), play());
    }
}
