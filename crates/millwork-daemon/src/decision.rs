//! The decision of one evaluation of a schedule or a sensor, collected until it is committed with the cursor.
//!
//! A request that can't be fulfilled is neither dropped nor holds up the rest: it becomes *pending* in the same commit, and is retried at a
//! later evaluation.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::run::{RunRequest, RunSpec, RunTag};
use millwork_core::{Instigator, Retry};
use millwork_storage::{
    Commit, LONGEST_PAUSE, NewPending, Pending, PendingAttempt, PendingOutcome, PendingState, PendingWork,
    RunQuery, StorageError, Store, Tick, TickOutcome,
};

use crate::activation::Activation;
use crate::cursor::Cursor;
use crate::error::DaemonError;
use crate::evaluation_context::EvaluationContext;
use crate::event::DaemonEvent;
use crate::loop_name::LoopName;
use crate::requested::{Requested, requested};

/// Maximum pending requests that one evaluation retries.
const MOST_RETRIED: u32 = 500;
/// Maximum pending requests of one instigator; beyond, its cursor doesn't advance.
pub(crate) const MOST_PENDING: u32 = 10_000;
/// Maximum failures in a row of a function for the same event or tick before it is given up.
const MOST_FAILURES: u32 = 10;
/// The pause after the first attempt; each later one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The decision of an evaluation.
pub(crate) struct Decision<'a> {
    context: &'a EvaluationContext,
    instigator: Instigator,
    dedup_window: Duration,
    now: Timestamp,
    /// How long its function took, in microseconds; `None` if none was called.
    pub(crate) micros: Option<u64>,
    /// The requests that were pending before.
    waiting: Vec<Pending>,
    /// The work that is pending before or now, so that the same isn't pending twice.
    known: HashSet<String>,
    /// The keys that this evaluation's runs have.
    keys: HashSet<String>,
    commit: Commit,
    /// The reason why no run was requested.
    pub(crate) idle: Option<String>,
    events: Vec<DaemonEvent>,
}

impl<'a> Decision<'a> {
    /// An empty decision. It reads what is pending.
    pub(crate) async fn new(
        context: &'a EvaluationContext,
        instigator: Instigator,
        dedup_window: Duration,
        now: Timestamp,
    ) -> Result<Self, DaemonError> {
        let waiting = context.store.pending(std::slice::from_ref(&instigator), MOST_PENDING).await?;
        Ok(Self::beside(context, instigator, waiting, dedup_window, now))
    }

    /// An empty decision, given what is pending.
    pub(crate) fn beside(
        context: &'a EvaluationContext,
        instigator: Instigator,
        waiting: Vec<Pending>,
        dedup_window: Duration,
        now: Timestamp,
    ) -> Self {
        let known = waiting.iter().map(|pending| text(&pending.work)).collect();
        let commit = Commit::new(instigator.clone(), None, String::new());
        let (keys, events) = (HashSet::new(), Vec::new());
        Self {
            context,
            instigator,
            dedup_window,
            now,
            micros: None,
            waiting,
            known,
            keys,
            commit,
            idle: None,
            events,
        }
    }

    /// Requests a run, unless its key is taken by another run or a pending one; a run that can't be requested becomes pending.
    pub(crate) async fn request(&mut self, run: RunSpec, due: Option<Timestamp>) -> Result<(), StorageError> {
        if let Some(reason) = self.taken(&run, None).await? {
            self.idle = Some(reason);
            return Ok(());
        }
        match self.requested(&run, due).await? {
            Ok(requested) => self.add(requested, due),
            Err(reason) => {
                let reason = format!("can't request a run of `{}`: {reason}", run.target);
                self.keys.extend(self.key(&run));
                self.fail_pending(PendingWork::Run { run: run.into(), due }, due, reason);
            }
        }
        Ok(())
    }

    /// Retries a pending run.
    pub(crate) async fn request_again(
        &mut self,
        pending: &Pending,
        run: &RunSpec,
        due: Option<Timestamp>,
    ) -> Result<(), StorageError> {
        if let Some(reason) = self.taken(run, Some(pending.id)).await? {
            self.idle = Some(reason);
            self.settle(pending, PendingOutcome::Done);
            return Ok(());
        }
        match self.requested(run, due).await? {
            Ok(requested) => {
                self.add(requested, due);
                self.settle(pending, PendingOutcome::Done);
            }
            Err(reason) => {
                let reason = format!("can't request a run of `{}`: {reason}", run.target);
                let next_at = self.next_attempt(pending.attempts + 1);
                self.settle(pending, PendingOutcome::Again { reason, next_at });
            }
        }
        Ok(())
    }

    /// A function failed and is called again anyway: only the failed tick is recorded.
    pub(crate) fn fail(&mut self, due: Option<Timestamp>, reason: String) {
        let error = match due {
            Some(due) => format!("{} at {due}: {reason}", self.instigator),
            None => format!("{}: {reason}", self.instigator),
        };
        self.events.push(DaemonEvent::LoopFailed { of: self.loop_name(), error });
        self.tick(due, TickOutcome::Failed { reason });
    }

    /// Records a failure, whose work is pending from now on.
    pub(crate) fn fail_pending(&mut self, work: PendingWork, due: Option<Timestamp>, reason: String) {
        self.fail(due, reason.clone());
        if self.known.insert(text(&work)) {
            let (next_at, at) = (self.next_attempt(1), self.now);
            self.commit.pending.push(NewPending { work, reason, next_at, at });
        }
    }

    /// Records another failure of a function for pending work, which is given up after the last attempt.
    pub(crate) fn fail_again(&mut self, pending: &Pending, due: Option<Timestamp>, reason: String) {
        let failures = pending.attempts + 1;
        if failures < MOST_FAILURES {
            let next_at = self.next_attempt(failures);
            self.settle(pending, PendingOutcome::Again { reason, next_at });
        } else {
            self.give_up(pending, due, format!("given up after {failures} attempts: {reason}"));
        }
    }

    /// Gives pending work up: it isn't retried.
    pub(crate) fn give_up(&mut self, pending: &Pending, due: Option<Timestamp>, reason: String) {
        self.fail(due, reason.clone());
        self.settle(pending, PendingOutcome::GivenUp { reason });
    }

    /// Settles pending work as done.
    pub(crate) fn done(&mut self, pending: &Pending) {
        self.settle(pending, PendingOutcome::Done);
    }

    /// Gives up pending ticks other than the newest `kept`, which newer ones have superseded.
    pub(crate) fn supersede_ticks(&mut self, kept: usize) {
        let is_tick = |pending: &&Pending| {
            pending.state == PendingState::Waiting && matches!(pending.work, PendingWork::Tick { .. })
        };
        let ticks: Vec<Pending> = self.waiting.iter().filter(is_tick).cloned().collect();
        for pending in &ticks[..ticks.len().saturating_sub(kept)] {
            if !self.commit.attempts.iter().any(|attempt| attempt.id == pending.id) {
                self.settle(pending, PendingOutcome::Done);
            }
        }
    }

    /// Keeps an event that is reported once the decision is committed.
    pub(crate) fn report(&mut self, event: DaemonEvent) {
        self.events.push(event);
    }

    /// Records the outcome of a tick.
    pub(crate) fn tick(&mut self, due: Option<Timestamp>, outcome: TickOutcome) {
        let tick = self.tick_of(due, outcome);
        self.commit.ticks.push(tick);
    }

    fn tick_of(&self, due: Option<Timestamp>, outcome: TickOutcome) -> Tick {
        let (instigator, at, micros) = (self.instigator.clone(), self.now, self.micros);
        Tick { instigator, due: due.unwrap_or(at), at, micros, outcome }
    }

    /// Whether anything is to be committed besides the cursor.
    pub(crate) fn is_news(&self) -> bool {
        let Commit { ticks, backfills, attempts, .. } = &self.commit;
        !ticks.is_empty() || !backfills.is_empty() || !attempts.is_empty()
    }

    /// Whether the maximum of pending work is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() + self.commit.pending.len() > MOST_PENDING as usize
    }

    /// Commits the decision with the cursor. If another daemon was first, nothing is committed or reported.
    pub(crate) async fn commit<T>(
        self,
        cursor: Cursor<T>,
        position: &T,
        stuck_since: Option<Timestamp>,
    ) -> Result<bool, DaemonError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        let Commit { from, cursor, .. } = cursor.moved_to(position)?;
        let (requests, backfills) = (!self.commit.runs.is_empty(), !self.commit.backfills.is_empty());
        let committed =
            self.context.store.commit(Commit { from, cursor, stuck_since, ..self.commit }).await?;
        if committed {
            self.events.iter().for_each(|event| (self.context.observer)(event));
            self.context.activations.send(Activation::Ticked);
            if requests {
                self.context.activations.send(Activation::RunQueued);
            }
            if backfills {
                self.context.activations.send(Activation::StoreWritten);
            }
        }
        Ok(committed)
    }

    fn add(&mut self, requested: Requested, due: Option<Timestamp>) {
        let by = self.instigator.to_string();
        let request = match requested {
            Requested::Run(run) => {
                self.events.push(DaemonEvent::Requested { by, due, run: run.id });
                self.tick(due, TickOutcome::Requested { run: run.id });
                self.commit.runs.push(*run);
                self.commit.runs.last().map(|run| &run.request)
            }
            Requested::Backfill(backfill) => {
                self.events.push(DaemonEvent::backfill_requested(by, due, &backfill));
                // The store knows its number.
                let outcome = TickOutcome::Idle { reason: String::new() };
                let tick = self.tick_of(due, outcome);
                self.commit.backfills.push((*backfill, tick));
                self.commit.backfills.last().map(|(backfill, _)| &backfill.request)
            }
            Requested::Nothing(reason) => {
                self.idle = Some(reason);
                None
            }
        };
        self.keys.extend(request.and_then(|request| RunTag::RunKey.of(&request.tags)).map(str::to_owned));
    }

    fn settle(&mut self, pending: &Pending, outcome: PendingOutcome) {
        let (id, attempts) = (pending.id, pending.attempts);
        self.commit.attempts.push(PendingAttempt { id, attempts, outcome });
    }

    /// The run or the backfill, or why it can't be requested. One that was due makes the partitions that were the latest then.
    async fn requested(
        &self,
        run: &RunSpec,
        due: Option<Timestamp>,
    ) -> Result<Result<Requested, String>, StorageError> {
        let (pipeline, store) = (&self.context.pipeline, &*self.context.store);
        requested(store, pipeline, run, (due, self.now), |request| self.tagged(request, run)).await
    }

    /// A request with the tags of its instigator.
    fn tagged(&self, mut request: RunRequest, run: &RunSpec) -> RunRequest {
        if let Some(key) = self.key(run) {
            request = request.tagged(RunTag::RunKey, key);
        }
        if let Instigator::Sensor(name) = &self.instigator {
            request = request.tagged(RunTag::Sensor, name);
        }
        request
    }

    /// The key of a run as its tag has it, qualified by the instigator so that keys of different instigators never collide.
    fn key(&self, run: &RunSpec) -> Option<String> {
        let key = run.key.as_ref()?;
        Some(match &self.instigator {
            Instigator::Sensor(name) => format!("{name}/{key}"),
            Instigator::Schedule(name) => format!("schedule:{name}/{key}"),
            Instigator::Automation(_)
            | Instigator::Alerts
            | Instigator::AlertTests
            | Instigator::Approvals
            | Instigator::Shadow
            | Instigator::Retries
            | Instigator::Traces => return None,
        })
    }

    /// The reason why a run isn't requested: its key is taken by another run, or by a pending one.
    async fn taken(&self, run: &RunSpec, pending: Option<u64>) -> Result<Option<String>, StorageError> {
        let Some(key) = self.key(run) else { return Ok(None) };
        if self.keys.contains(&key) {
            return Ok(Some(format!("the key `{key}` is requested more than once")));
        }
        let is_other = |other: &&Pending| match &other.work {
            PendingWork::Run { run: other_run, .. } => Some(other.id) != pending && other_run.key == run.key,
            PendingWork::Event { .. } | PendingWork::Tick { .. } => false,
        };
        if pending.is_none()
            && let Some(other) = self.waiting.iter().find(is_other)
        {
            return Ok(Some(format!("a pending run ({}) has the key `{key}` already", other.id)));
        }
        let query = RunQuery {
            tag: Some((RunTag::RunKey.key().to_owned(), key.clone())),
            limit: Some(1),
            ..RunQuery::default()
        };
        let window = SignedDuration::try_from(self.dedup_window).unwrap_or(SignedDuration::MAX);
        let newest = self.context.store.runs(query).await?.into_iter().next();
        // A run whose creation time is in the future was requested before the clock was set back.
        let taken = newest.filter(|taken| self.now.duration_since(taken.created_at) < window);
        Ok(taken.map(|taken| format!("run {} has the key `{key}` already", taken.id.short())))
    }

    fn next_attempt(&self, failures: u32) -> Timestamp {
        let pauses = Retry::exponential(u32::MAX).delay(FIRST_PAUSE).jitter(false);
        let pause = pauses.pause(failures, 0.0).and_then(|pause| SignedDuration::try_from(pause).ok());
        self.now.checked_add(pause.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)).unwrap_or(Timestamp::MAX)
    }

    fn loop_name(&self) -> LoopName {
        match self.instigator {
            Instigator::Sensor(_) => LoopName::Sensors,
            Instigator::Schedule(_) => LoopName::Schedules,
            Instigator::Automation(_)
            | Instigator::Alerts
            | Instigator::AlertTests
            | Instigator::Approvals
            | Instigator::Shadow
            | Instigator::Retries
            | Instigator::Traces => LoopName::Automation,
        }
    }
}

/// The pending work that is due now, by instigator, of those that can be evaluated.
pub(crate) async fn due_again(
    store: &dyn Store,
    now: Timestamp,
    of: &[Instigator],
) -> Result<HashMap<Instigator, Vec<Pending>>, StorageError> {
    match of {
        [] => Ok(HashMap::new()),
        of => Ok(by_instigator(store.due_pending(of, now, MOST_RETRIED).await?)),
    }
}

/// The pending work of each of several instigators, by one query. `None` if it is too much to be read at once.
pub(crate) async fn pending_of(
    store: &dyn Store,
    of: &[Instigator],
) -> Result<Option<HashMap<Instigator, Vec<Pending>>>, StorageError> {
    let pending = match of {
        [] => Vec::new(),
        of => store.pending(of, MOST_PENDING).await?,
    };
    Ok((pending.len() < MOST_PENDING as usize).then(|| by_instigator(pending)))
}

fn by_instigator(pending: Vec<Pending>) -> HashMap<Instigator, Vec<Pending>> {
    let mut grouped: HashMap<Instigator, Vec<Pending>> = HashMap::new();
    for one in pending {
        grouped.entry(one.instigator.clone()).or_default().push(one);
    }
    grouped
}

/// The reason that is recorded once when the clock was set back.
pub(crate) fn set_back(by: SignedDuration) -> String {
    let by = SignedDuration::from_secs(by.as_secs());
    format!(
        "the clock was set back by {by:#}: ticks go on from now, and ticks that were requested before are not requested again"
    )
}

fn text(work: &PendingWork) -> String {
    serde_json::to_string(work).expect("pending work has string keys only")
}
