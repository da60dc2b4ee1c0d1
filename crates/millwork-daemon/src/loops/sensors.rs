//! Sensors: each is evaluated in a task of its own, so that one that hangs holds up no other.
//!
//! A tick only starts the evaluations that are due, as tasks, and never waits for one. A sensor isn't evaluated again while its last
//! evaluation is in progress, which ends only when the sensor's function has returned, however late.

use std::collections::HashMap;
use std::time::Duration;

use millwork_core::Instigator;
use millwork_core::advice::one_line_of;
use millwork_core::sensor::{Sensor, SensorContext, SensorOutcome, SensorSource};
use millwork_storage::{InstigatorState, Pending, PendingWork, TickOutcome};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::activation::Activation;
use crate::cursor::Cursor;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::decision::{Decision, MOST_PENDING, due_again};
use crate::error::DaemonError;
use crate::evaluation_context::EvaluationContext;
use crate::event::DaemonEvent;
use crate::loop_name::LoopName;
use crate::reactions::{keyed, reactions};
use crate::sensor_call::{Asked, Position, Stuck, Subject, asked_outside};

/// The poll interval if there are no sensors.
const IDLE: Duration = Duration::from_secs(3600);

/// Evaluates sensors.
pub(crate) struct Sensors {
    pub(crate) context: EvaluationContext,
    pub(crate) poll_interval: Duration,
    /// The evaluations that are in progress, by sensor.
    pub(crate) under_way: HashMap<String, JoinHandle<()>>,
    /// When each sensor was last evaluated.
    pub(crate) asked_at: HashMap<String, Instant>,
}

impl DaemonLoop for Sensors {
    const NAME: LoopName = LoopName::Sensors;
    const WOKEN_BY: &'static [Activation] = &[
        Activation::StoreWritten,
        Activation::ClockSet,
        Activation::RunQueued,
        Activation::RunEnded,
        Activation::FunctionReturned,
    ];

    fn poll_interval(&self) -> Duration {
        if self.context.pipeline.sensors().is_empty() { IDLE } else { self.poll_interval }
    }

    /// Starts the evaluations that are due, including those of sensors whose pending work is due.
    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let context = self.context.clone();
        if context.pipeline.sensors().is_empty() {
            return Ok(NextTick::Poll);
        }
        // Read before the states: an evaluation that ends meanwhile has moved its cursor, and isn't repeated at this one.
        let sensors = context.pipeline.sensors().iter();
        let idle: Vec<&Sensor> = sensors.filter(|sensor| !self.is_under_way(sensor)).collect();
        let states = context.store.states().await?;
        let is_on = |sensor: &&Sensor| {
            let state = states.get(&sensor.instigator());
            state.and_then(|state| state.on).unwrap_or(sensor.default_on)
        };
        let sensors: Vec<&Sensor> = idle.into_iter().filter(is_on).collect();
        let of: Vec<Instigator> = sensors.iter().map(|sensor| sensor.instigator()).collect();
        let mut due = due_again(&*context.store, context.clock.now(), &of).await?;
        for sensor in sensors {
            let state = states.get(&sensor.instigator()).cloned().unwrap_or_default();
            let pending = due.remove(&sensor.instigator()).unwrap_or_default();
            let is_asked = self.is_due(sensor);
            if !is_asked && pending.is_empty() {
                continue;
            }
            if is_asked {
                self.asked_at.insert(sensor.name.clone(), Instant::now());
            }
            let evaluation = kept(context.clone(), sensor.clone(), state, pending, is_asked);
            self.under_way.insert(sensor.name.clone(), tokio::spawn(evaluation));
        }
        Ok(NextTick::Poll)
    }

    /// Sensors that react to events begin with events from now on.
    async fn begin(&mut self) -> Result<(), DaemonError> {
        let context = &self.context;
        let states = context.store.states().await?;
        for sensor in context.pipeline.sensors() {
            let state = states.get(&sensor.instigator()).cloned().unwrap_or_default();
            let reacts = matches!(sensor.source, SensorSource::Events { .. });
            if !reacts || !state.on.unwrap_or(sensor.default_on) {
                continue;
            }
            let cursor: Cursor<Position> = Cursor::of(&context.observer, sensor.instigator(), state);
            if cursor.position.is_none() {
                let position = Position { behind: Some(context.store.head().await?), ..Position::default() };
                context.store.commit(cursor.moved_to(&position)?).await?;
            }
        }
        Ok(())
    }
}

impl Sensors {
    fn is_under_way(&self, sensor: &Sensor) -> bool {
        self.under_way.get(&sensor.name).is_some_and(|evaluation| !evaluation.is_finished())
    }

    fn is_due(&self, sensor: &Sensor) -> bool {
        self.asked_at.get(&sensor.name).is_none_or(|asked_at| asked_at.elapsed() >= sensor.interval)
    }
}

/// Evaluates a sensor, and waits until its function has returned: it isn't called again before.
async fn kept(
    context: EvaluationContext,
    sensor: Sensor,
    state: InstigatorState,
    pending: Vec<Pending>,
    is_asked: bool,
) {
    match evaluate(&context, &sensor, state, pending, is_asked).await {
        Ok(Some(stuck)) => {
            stuck.returned().await;
            context.activations.send(Activation::FunctionReturned);
        }
        Ok(None) => {}
        Err(error) => {
            let error = format!("{}: {}", sensor.instigator(), one_line_of(&error));
            (context.observer)(&DaemonEvent::LoopFailed { of: LoopName::Sensors, error });
        }
    }
}

/// Evaluates a sensor once and records the outcome. Returns the call of its function if that doesn't return.
async fn evaluate(
    context: &EvaluationContext,
    sensor: &Sensor,
    state: InstigatorState,
    pending: Vec<Pending>,
    is_asked: bool,
) -> Result<Option<Stuck>, DaemonError> {
    let was_stuck = state.stuck_since.is_some();
    let cursor: Cursor<Position> = Cursor::of(&context.observer, sensor.instigator(), state);
    let before = cursor.position.clone().unwrap_or_default();
    let (now, resources) = (context.clock.now(), context.pipeline.resources().clone());
    let sensor_context = SensorContext::new(before.own.clone(), now, resources);
    let began = Instant::now();
    let mut asked = match &sensor.source {
        SensorSource::Outside(poll) if is_asked => {
            asked_outside(&context.functions, sensor, poll, sensor_context).await?
        }
        SensorSource::Outside(_) => Asked::default(),
        SensorSource::Events { watched, react } => {
            let wanted = is_asked.then_some(watched);
            reactions(context, sensor, wanted, react, sensor_context, before.behind, &pending).await?
        }
    };
    let stuck = asked.stuck.take();
    let mut decision = Decision::new(context, sensor.instigator(), sensor.dedup_window, now).await?;
    decision.micros = u64::try_from(began.elapsed().as_micros()).ok().filter(|_| !asked.answers.is_empty());
    let mut position = Position { number: before.number + 1, ..before.clone() };
    position.behind = asked.behind.or(before.behind);
    for one in &pending {
        if let PendingWork::Run { run, due } = &one.work {
            decision.request_again(one, run, *due).await?;
        }
    }
    for gone in &asked.gone {
        decision.give_up(gone, None, "the event was forgotten by a retention rule".to_owned());
    }
    let was_asked = !asked.answers.is_empty();
    for (subject, answer) in asked.answers {
        match answer {
            Ok(outcome) => take(&mut decision, &mut position, &subject, outcome).await?,
            Err(reason) => fail(&mut decision, &subject, reason),
        }
    }
    if decision.is_full() {
        decision = Decision::new(context, sensor.instigator(), sensor.dedup_window, now).await?;
        decision.fail(None, too_much());
        position = Position { number: before.number + 1, ..before.clone() };
    }
    if was_asked {
        position.idle = decision.idle.take();
        if let Some(reason) =
            position.idle.clone().filter(|_| position.idle != before.idle && !decision.is_news())
        {
            decision.tick(None, TickOutcome::Idle { reason });
        }
    }
    let has_moved = (&position.own, position.behind) != (&before.own, before.behind);
    let is_news = decision.is_news() || cursor.is_first() || has_moved || was_stuck != stuck.is_some();
    if is_news {
        let stuck_since = stuck.is_some().then_some(now);
        decision.commit(cursor, &position, stuck_since).await?;
    }
    Ok(stuck)
}

/// Decides by a function's answer: runs to request, a new cursor, or the reason why there is nothing to do.
async fn take(
    decision: &mut Decision<'_>,
    position: &mut Position,
    subject: &Subject,
    outcome: SensorOutcome,
) -> Result<(), DaemonError> {
    decision.idle = outcome.skipped.or(decision.idle.take());
    position.own = outcome.cursor.or(position.own.take());
    let runs = match subject {
        Subject::Outside => outcome.runs,
        Subject::Event { sequence, .. } => keyed(outcome.runs, *sequence),
    };
    for run in runs {
        decision.request(run, None).await?;
    }
    if let Subject::Event { pending: Some(pending), .. } = subject {
        decision.done(pending);
    }
    Ok(())
}

/// A function failed. An event at which it failed isn't dropped: it becomes pending.
fn fail(decision: &mut Decision<'_>, subject: &Subject, reason: String) {
    match subject {
        Subject::Outside => decision.fail(None, reason),
        Subject::Event { sequence, pending } => {
            let reason = format!("at event {sequence}: {reason}");
            match pending {
                Some(pending) => decision.fail_again(pending, None, reason),
                None => decision.fail_pending(PendingWork::Event { sequence: *sequence }, None, reason),
            }
        }
    }
}

fn too_much() -> String {
    format!(
        "{MOST_PENDING} of its requests are pending (`sensors pending list` shows them), so its cursor doesn't advance"
    )
}

#[cfg(test)]
mod tests;
