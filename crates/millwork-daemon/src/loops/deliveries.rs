//! Deliveries: each alert is sent to its destination, and retried until that accepts it.
//!
//! An attempt is recorded before it begins, and its end afterwards. Destinations don't wait for each other. A destination is sent one alert
//! at a time, the oldest that is due first: so alerts arrive in order, except those that failed, which wait by themselves and hold up no
//! other. An alert that is refused for good isn't retried.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::advice::one_line_of;
use millwork_core::alert::Secret;
use millwork_core::{Clock, Pipeline, Retry};
use millwork_storage::{AttemptOutcome, Delivery, Store};

use crate::activation::{Activation, Activations};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::destinations::{destination, left_out_for};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;
use crate::pauses::Pauses;
use crate::send::{Environment, Refusal, send};

/// The time limit of an attempt, and a little more, after which another daemon may begin the next one.
const LONGEST: Duration = Duration::from_secs(10);
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// The longest pause between two attempts, whatever a receiver asks for.
const LONGEST_PAUSE: Duration = Retry::LONGEST_DELAY;
/// Maximum deliveries of each destination that one tick reads.
const EACH: u32 = 50;

/// Sends alerts.
pub(crate) struct Deliveries {
    pub(crate) sender: Sender,
    pub(crate) poll_interval: Duration,
    pub(crate) lanes: Arc<Mutex<Lanes>>,
    pub(crate) pauses: Pauses<u64>,
}

/// The dependencies of an attempt, which outlasts the tick that begins it.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
}

/// The state of the destinations to which something was sent.
#[derive(Debug, Default)]
pub(crate) struct Lanes(BTreeMap<String, Lane>);

#[derive(Debug, Default)]
struct Lane {
    /// Whether a delivery to it is in progress.
    is_busy: bool,
    /// The number of attempts that failed since one succeeded.
    failures: u32,
    /// The earliest time of the next one, by the steady clock.
    free_at: Duration,
}

impl Lanes {
    /// Begins a delivery, unless the destination is busy or paused.
    fn begin(&mut self, destination: &str, steady: Duration) -> bool {
        let lane = self.0.entry(destination.to_owned()).or_default();
        let is_free = !lane.is_busy && lane.free_at <= steady;
        lane.is_busy |= is_free;
        is_free
    }

    /// Ends a delivery. A destination that fails is paused for a moment, and for as long as it asks.
    fn end(&mut self, destination: &str, outcome: Option<&AttemptOutcome>, held: Duration, steady: Duration) {
        let lane = self.0.entry(destination.to_owned()).or_default();
        lane.is_busy = false;
        lane.failures = match outcome {
            Some(AttemptOutcome::Retry { .. } | AttemptOutcome::Hold { .. }) => lane.failures + 1,
            Some(AttemptOutcome::Delivered | AttemptOutcome::Dead { .. }) | None => 0,
        };
        let moment = match lane.failures {
            0 => Duration::ZERO,
            failures => Duration::from_secs(1 << (failures - 1).min(5)),
        };
        lane.free_at = steady + moment.max(held);
    }
}

/// Two seconds, four, eight, … an hour at most; a bit more than a day altogether.
fn retries() -> Retry {
    Retry::exponential(30).delay(Duration::from_secs(2)).jitter(false)
}

impl DaemonLoop for Deliveries {
    const NAME: LoopName = LoopName::Deliveries;
    const WOKEN_BY: &'static [Activation] = &[
        Activation::StoreWritten,
        Activation::ClockSet,
        Activation::AlertDecided,
        Activation::DeliveryAttempted,
    ];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let sender = &self.sender;
        let clock = &*sender.clock;
        let pending = sender.store.pending_deliveries(EACH).await?;
        self.pauses.keep(|id| pending.iter().any(|delivery| delivery.id == *id));
        for delivery in pending {
            let is_due = self.pauses.is_over(delivery.id, delivery.next_at, LONGEST_PAUSE, clock);
            if !is_due || !lock(&self.lanes).begin(&delivery.destination, clock.steady()) {
                continue;
            }
            let until = clock.now() + LEASE;
            let begun = sender.store.begin_delivery(delivery.id, delivery.attempts, until).await;
            if !matches!(begun, Ok(true)) {
                lock(&self.lanes).end(&delivery.destination, None, Duration::ZERO, clock.steady());
                // Another daemon may have been first.
                begun?;
                continue;
            }
            let (sender, lanes) = (sender.clone(), self.lanes.clone());
            tokio::spawn(async move {
                let (outcome, held) = sender.attempt(&delivery).await;
                let clock = &*sender.clock;
                let written = sender.store.end_delivery(delivery.id, outcome.clone(), clock.now()).await;
                if let Err(error) = written {
                    // The lease runs out, and the alert is sent again.
                    let error = one_line_of(&error);
                    (sender.observer)(&DaemonEvent::LoopFailed { of: LoopName::Deliveries, error });
                }
                lock(&lanes).end(&delivery.destination, Some(&outcome), held, clock.steady());
                sender.activations.send(Activation::DeliveryAttempted);
            });
        }
        Ok(NextTick::Poll)
    }
}

fn lock(lanes: &Mutex<Lanes>) -> MutexGuard<'_, Lanes> {
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sender {
    /// Sends an alert once. Returns the outcome, and how long the destination asks not to be sent more.
    async fn attempt(&self, delivery: &Delivery) -> (AttemptOutcome, Duration) {
        let sent = match destination(&self.pipeline, delivery) {
            None => Err(Refusal::for_good("the definitions don't have this destination any more")),
            Some(destination) => match left_out_for(destination, &*self.environment) {
                // Decided when the secret was set, or by a version that left nothing out.
                Some(secret) => Err(left_out(secret)),
                None => {
                    let sending = send(destination, delivery, &*self.environment);
                    let sent = tokio::time::timeout(LONGEST, sending).await;
                    sent.unwrap_or_else(|_| Err(Refusal::passing(format!("no answer within {LONGEST:?}"))))
                }
            },
        };
        let Err(refusal) = sent else { return (AttemptOutcome::Delivered, Duration::ZERO) };
        let held = refusal.hold().unwrap_or_default().min(LONGEST_PAUSE);
        let outcome = outcome(refusal, delivery.attempts, held, self.clock.now());
        if let AttemptOutcome::Retry { error, .. }
        | AttemptOutcome::Hold { error, .. }
        | AttemptOutcome::Dead { error } = &outcome
        {
            let (delivery, destination) = (delivery.id, delivery.destination.clone());
            let is_given_up = matches!(outcome, AttemptOutcome::Dead { .. });
            (self.observer)(&DaemonEvent::Undelivered {
                delivery,
                destination,
                error: error.clone(),
                is_given_up,
            });
        }
        (outcome, held)
    }
}

/// An optional destination can't be sent to, and isn't missed.
fn left_out(secret: &Secret) -> Refusal {
    Refusal::for_good(format!("left out: the destination is optional, and {secret} is not set"))
}

/// The outcome of an attempt that failed, given the number of attempts before.
fn outcome(refusal: Refusal, attempts: u32, held: Duration, now: Timestamp) -> AttemptOutcome {
    match (refusal, retries().pause(attempts + 1, 0.0)) {
        (Refusal::ForGood { reason: error }, _) | (Refusal::Passing { reason: error, .. }, None) => {
            AttemptOutcome::Dead { error }
        }
        (Refusal::Passing { reason: error, hold: Some(_) }, Some(pause)) => {
            AttemptOutcome::Hold { until: now + pause.max(held), error }
        }
        (Refusal::Passing { reason: error, hold: None }, Some(pause)) => {
            AttemptOutcome::Retry { at: now + pause, error }
        }
    }
}

#[cfg(test)]
mod tests;
