//! Deliveries: each alert is sent to its destination, and sent again as long as that doesn't take it.
//!
//! An attempt is written down before it begins, and its end afterwards. Destinations don't wait for each other; the
//! alerts of one come in order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use millwork_core::Retry;
use millwork_storage::{AttemptOutcome, Delivery};

use crate::daemon::{Loop, error_with_causes};
use crate::send::send;
use crate::{Daemon, DaemonError, Happening};

/// How long an attempt may take; and a little more, after which another daemon may begin the next one.
const LONGEST: Duration = Duration::from_secs(10);
const LEASE: SignedDuration = SignedDuration::from_secs(15);

#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    /// The destinations that are being sent something.
    busy: Arc<Mutex<BTreeSet<String>>>,
}

/// Two seconds, four, eight, … an hour at most; a day and a bit altogether.
fn retries() -> Retry {
    Retry::exponential(30).delay(Duration::from_secs(2)).jitter(false)
}

impl Loop for Deliveries {
    fn name(&self) -> &'static str {
        "deliveries of alerts"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let now = daemon.options.clock.now();
        for delivery in daemon.store.due_deliveries(now).await? {
            let is_free = lock(&self.busy).insert(delivery.destination.clone());
            if !is_free {
                continue;
            }
            if !daemon.store.begin_delivery(delivery.id, delivery.attempts, now + LEASE).await? {
                lock(&self.busy).remove(&delivery.destination);
                continue;
            }
            let (daemon, busy) = (daemon.clone(), self.busy.clone());
            tokio::spawn(async move {
                if let Err(error) = attempt(&daemon, &delivery).await {
                    // The lease runs out, and the alert is sent again.
                    let error = error_with_causes(&error);
                    daemon.tell(&Happening::Trouble { of: "deliveries of alerts", error });
                }
                lock(&busy).remove(&delivery.destination);
                daemon.wake().notify_waiters();
            });
        }
        Ok(daemon.options.slow_beat())
    }
}

fn lock(busy: &Mutex<BTreeSet<String>>) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn attempt(daemon: &Daemon, delivery: &Delivery) -> Result<(), DaemonError> {
    let rule = daemon.pipeline.alert(&delivery.alert.rule);
    let destination = rule.and_then(|rule| rule.destination(&delivery.destination)).cloned();
    let sent = match destination {
        None => Err("the definitions have no such destination any more".to_owned()),
        Some(destination) => {
            let sending = send(&destination, delivery, &*daemon.environment);
            let sent = tokio::time::timeout(LONGEST, sending).await;
            sent.unwrap_or_else(|_| Err(format!("no answer within {LONGEST:?}")))
        }
    };
    let now = daemon.options.clock.now();
    let outcome = match sent {
        Ok(()) => AttemptOutcome::Delivered,
        Err(error) => match retries().pause(delivery.attempts + 1, 0.0) {
            Some(pause) => AttemptOutcome::Retry { at: now + pause, error },
            None => AttemptOutcome::Dead { error },
        },
    };
    if let AttemptOutcome::Retry { error, .. } | AttemptOutcome::Dead { error } = &outcome {
        let (destination, error) = (delivery.destination.clone(), error.clone());
        daemon.tell(&Happening::Undelivered { destination, error });
    }
    daemon.store.end_delivery(delivery.id, outcome, now).await?;
    Ok(())
}
