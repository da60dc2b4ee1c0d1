//! The loop around the dispatcher: waits for inputs, hands them in, and carries out the effects that the dispatcher returns.
//!
//! All waiting for other tasks is in [`next_input`](DispatchLoop::next_input), all acting in
//! [`carry_out`](DispatchLoop::carry_out). Effects are carried out one after the other, and a question to the store is answered before the
//! next effect, so events are logged in the order in which they were decided. Attempts and pauses are tasks of their own that end
//! with a message.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use millwork_core::LogLevel;
use millwork_core::StepPartition;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::plan::PlanIndex;
use millwork_core::run::{Failure, FailureKind};
use millwork_storage::{SlotId, StorageError};
use tokio::sync::{mpsc, watch};

use super::dispatcher::{Dispatcher, Effect, Input};
use super::pools::Pools;
use super::resume::EarlierExecutions;
use super::{RunContext, StopMode, StoredInputs};
use crate::steps::{
    Attempt, AttemptEnd, Report, ShadowCall, StepOutput, call_in_shadow, execute, execute_batch,
};

/// How often a full pool is asked again; another process may have given slots back.
const POOL_PAUSE: Duration = Duration::from_millis(50);

/// Executes a run, from its first step to its last.
pub(crate) struct DispatchLoop {
    context: Arc<RunContext>,
    dispatcher: Dispatcher,
    pools: Pools,
    stop: watch::Receiver<StopMode>,
    /// Turns true when the recorder has given up; `None` once that was handed in.
    recorder_failed: Option<watch::Receiver<bool>>,
    sender: mpsc::UnboundedSender<Message>,
    messages: mpsc::UnboundedReceiver<Message>,
    /// When the step began that was started last.
    started_at: Timestamp,
    /// Whether the dispatcher knows that no more messages are waiting.
    is_polled: bool,
}

/// The messages from tasks that were started for the run.
enum Message {
    Ended(Report),
    BatchEnded(Vec<Report>),
    PauseOver(PlanIndex),
    ShadowOver(PlanIndex),
}

impl DispatchLoop {
    pub(crate) fn new(
        context: Arc<RunContext>,
        pools: Pools,
        max_parallel_steps: usize,
        recorder_failed: watch::Receiver<bool>,
    ) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        Self {
            dispatcher: Dispatcher::new(context.planned.clone(), max_parallel_steps),
            pools,
            stop: context.cancel.subscribe(),
            recorder_failed: Some(recorder_failed),
            sender,
            messages,
            started_at: context.now(),
            is_polled: false,
            context,
        }
    }

    /// Takes up the run where earlier executions of it have ended.
    pub(crate) async fn resume(&mut self, earlier: EarlierExecutions) -> Result<(), StorageError> {
        let outputs = earlier.succeeded.iter().map(|(position, outputs)| (*position, &**outputs));
        let last_values = self.last_values(outputs).await?;
        let effects = self.dispatcher.handle(Input::Resumed { earlier, last_values });
        let end = self.carry_out(effects).await;
        debug_assert!(end.is_none(), "a run ends when it is polled");
        Ok(())
    }

    /// Works until no step is left, or the run is stopped. Returns the event that ends the run. If the store fails, running attempts are
    /// stopped, and slots are given back, before the error is returned.
    pub(crate) async fn run(mut self) -> Result<EventBody, StorageError> {
        loop {
            let input = self.next_input().await;
            let effects = self.dispatcher.handle(input);
            if let Some(end) = self.carry_out(effects).await {
                return end;
            }
        }
    }

    /// Waits for the next input. A stop takes precedence, so that nothing is started after it.
    async fn next_input(&mut self) -> Input {
        if !self.dispatcher.is_stopping() && *self.stop.borrow() != StopMode::No {
            return Input::Stop;
        }
        if let Ok(message) = self.messages.try_recv() {
            return self.received(message).await;
        }
        if self.is_polled {
            tokio::select! {
                Some(message) = self.messages.recv() => return self.received(message).await,
                () = asked_to_stop(&mut self.stop), if !self.dispatcher.is_stopping() => {
                    self.is_polled = false;
                    return Input::Stop;
                }
                () = given_up(&mut self.recorder_failed) => {
                    self.recorder_failed = None;
                    self.is_polled = false;
                    return Input::RecorderFailed;
                }
                () = tokio::time::sleep(POOL_PAUSE), if self.dispatcher.waits_for_slots() => {}
            }
        }
        self.is_polled = true;
        if !self.dispatcher.is_stopping() {
            self.context.recorder.catch_up().await;
        }
        Input::Poll
    }

    async fn received(&mut self, message: Message) -> Input {
        self.is_polled = false;
        let report = match message {
            Message::Ended(report) => report,
            Message::BatchEnded(reports) => return self.batch_ended(reports).await,
            Message::PauseOver(position) => return Input::PauseOver(position),
            Message::ShadowOver(position) => return Input::ShadowOver(position),
        };
        let last_values = match &report.end {
            AttemptEnd::Succeeded { outputs, .. } => self.last_values([(report.position, &**outputs)]).await,
            AttemptEnd::Judged { .. }
            | AttemptEnd::JudgeAgain
            | AttemptEnd::Failed { .. }
            | AttemptEnd::Canceled => Ok(StoredInputs::default()),
        };
        Input::Report { report, last_values, jitter: fastrand::f64() }
    }

    async fn batch_ended(&self, reports: Vec<Report>) -> Input {
        let outputs = reports.iter().filter_map(|report| match &report.end {
            AttemptEnd::Succeeded { outputs, .. } => Some((report.position, &**outputs)),
            AttemptEnd::Judged { .. }
            | AttemptEnd::JudgeAgain
            | AttemptEnd::Failed { .. }
            | AttemptEnd::Canceled => None,
        });
        let last_values = self.last_values(outputs.collect::<Vec<_>>()).await;
        Input::BatchReport { reports, last_values, jitter: fastrand::f64() }
    }

    /// Carries out effects, and those of the answers to them. Returns the end of the run once it is over.
    async fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Result<EventBody, StorageError>> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let answer = match effect {
                Effect::Record { of_attempt, position, attempt, body } => {
                    let is_start = matches!(body, EventBody::StepStarted);
                    let at = self.record(of_attempt, position, attempt, body);
                    if is_start {
                        self.started_at = at;
                    }
                    None
                }
                Effect::RecordStarts(started) => {
                    self.started_at = self.record_starts(&started);
                    None
                }
                Effect::Start(attempt) => {
                    self.start(attempt);
                    None
                }
                Effect::StartBatch(attempts) => {
                    self.start_batch(attempts);
                    None
                }
                Effect::CallInShadow(position, calls) => {
                    self.call_in_shadow(position, calls);
                    None
                }
                Effect::Pause(position, pause) => {
                    self.pause(position, pause);
                    None
                }
                Effect::TakeSlots(position) => Some(Input::Slots(self.take_slots(position).await)),
                Effect::RecordSlotHolders { position, attempt } => {
                    self.record_slot_holders(position, attempt).await.err().map(Input::StoreFailed)
                }
                Effect::GiveBack(slots) => self.pools.give_back(&slots).await.err().map(Input::StoreFailed),
                Effect::StopAtOnce => {
                    self.context.cancel.force();
                    None
                }
                Effect::Finish(end) => return Some(end),
            };
            if let Some(answer) = answer {
                effects.extend(self.dispatcher.handle(answer));
            }
        }
        None
    }

    /// Records an event, and returns its time.
    fn record(
        &self,
        mut events: Vec<NewEvent>,
        position: PlanIndex,
        attempt: u32,
        body: EventBody,
    ) -> Timestamp {
        let at = self.context.now();
        events.reserve_exact(1);
        events.push(self.event_at(at, position, attempt, body));
        self.context.recorder.record(events);
        at
    }

    /// Records that attempts have started at one time, which it returns.
    fn record_starts(&self, started: &[(PlanIndex, u32)]) -> Timestamp {
        let at = self.context.now();
        let event = |(position, attempt): &(PlanIndex, u32)| {
            self.event_at(at, *position, *attempt, EventBody::StepStarted)
        };
        self.context.recorder.record(started.iter().map(event).collect());
        at
    }

    fn event_at(&self, at: Timestamp, position: PlanIndex, attempt: u32, body: EventBody) -> NewEvent {
        let StepPartition { step, partition } = self.context.planned.step_partition(position);
        let (run, step) = (Some(self.context.run), Some(step));
        NewEvent { run, at, step, asset: None, partition, attempt, body, value: None }
    }

    /// Starts an attempt, whose start was the last one to be recorded.
    fn start(&self, attempt: Attempt) {
        let (context, sender) = (self.context.clone(), self.sender.clone());
        let (position, number) = (attempt.position, attempt.number);
        let started_at = context.original_start(position).unwrap_or(self.started_at);
        tokio::spawn(async move {
            let report = AssertUnwindSafe(execute(context, attempt, started_at)).catch_unwind().await;
            let report = report.unwrap_or_else(|_| {
                let failure = Failure::new(FailureKind::Panic, "the attempt itself panicked");
                Report { position, number, end: failure.into(), began_at: started_at, micros: 0 }
            });
            // A loop that has ended no longer needs the message.
            let _ = sender.send(Message::Ended(report));
        });
    }

    /// Starts attempts by one call, whose start was the last one to be recorded.
    fn start_batch(&self, attempts: Vec<Attempt>) {
        let (context, sender) = (self.context.clone(), self.sender.clone());
        let of: Vec<_> = attempts.iter().map(|attempt| (attempt.position, attempt.number)).collect();
        let original = of.first().and_then(|(position, _)| context.original_start(*position));
        let started_at = original.unwrap_or(self.started_at);
        tokio::spawn(async move {
            let reports = AssertUnwindSafe(execute_batch(context, attempts, started_at)).catch_unwind().await;
            let reports = reports.unwrap_or_else(|_| {
                let failed = |(position, number)| {
                    let failure = Failure::new(FailureKind::Panic, "the attempt itself panicked");
                    Report { position, number, end: failure.into(), began_at: started_at, micros: 0 }
                };
                of.into_iter().map(failed).collect()
            });
            let _ = sender.send(Message::BatchEnded(reports));
        });
    }

    fn call_in_shadow(&self, position: PlanIndex, calls: Vec<ShadowCall>) {
        let (context, sender) = (self.context.clone(), self.sender.clone());
        tokio::spawn(async move {
            // A panic of the call itself is recorded as its failure; whatever else happens, the run goes on.
            let _ = AssertUnwindSafe(call_in_shadow(context, calls)).catch_unwind().await;
            let _ = sender.send(Message::ShadowOver(position));
        });
    }

    fn pause(&self, position: PlanIndex, pause: Duration) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let _ = sender.send(Message::PauseOver(position));
        });
    }

    async fn take_slots(&self, position: PlanIndex) -> Result<Option<Vec<SlotId>>, StorageError> {
        let wanted = &self.context.planned.step(position).computation().pools;
        self.pools.take(&self.context.pipeline, wanted).await
    }

    async fn record_slot_holders(&self, position: PlanIndex, attempt: u32) -> Result<(), StorageError> {
        let wanted = &self.context.planned.step(position).computation().pools;
        let message = self.pools.awaited(&self.context.pipeline, wanted).await?;
        let (level, target) = (LogLevel::Info, "millwork".to_owned());
        let line = LogLine { level, target, message, fields: BTreeMap::new() };
        self.record(Vec::new(), position, attempt, EventBody::Logged(line));
        Ok(())
    }

    /// The last values, by other runs, of those outputs that were kept.
    async fn last_values<'a>(
        &self,
        outputs: impl IntoIterator<Item = (PlanIndex, &'a [StepOutput])>,
    ) -> Result<StoredInputs, StorageError> {
        let RunContext { planned, store, run, .. } = &*self.context;
        let mut kept = BTreeSet::new();
        for (position, outputs) in outputs {
            let outputs = planned.outputs(position).iter().zip(outputs);
            let outputs = outputs.filter(|(_, output)| matches!(output, StepOutput::Kept));
            kept.extend(outputs.map(|(asset, _)| planned.output(position, *asset)));
        }
        StoredInputs::pin(&**store, &planned.graph, *run, &kept).await
    }
}

async fn asked_to_stop(stop: &mut watch::Receiver<StopMode>) {
    // The context holds the sender, so `None` doesn't mean that the channel is closed.
    drop(stop.wait_for(|stop| *stop != StopMode::No).await);
}

/// Waits until the recorder has given up. One whose task has ended counts as well.
async fn given_up(recorder_failed: &mut Option<watch::Receiver<bool>>) {
    match recorder_failed {
        Some(recorder_failed) => drop(recorder_failed.wait_for(|failed| *failed).await),
        None => std::future::pending().await,
    }
}
