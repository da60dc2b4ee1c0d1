//! Activations: what one loop has done wakes the loops that are subscribed to it.
//!
//! Loops poll the store in intervals, so that correctness never depends on being woken: another daemon, a run's process or a command may
//! have written something new. An activation only shortens the wait. A loop subscribes to the activations that concern it, so that a commit
//! doesn't make ten loops query the store of which eight find no work. An activation that comes while the loop is at work isn't lost: the
//! loop then skips its pause.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

/// An event that a loop may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// A page, the API or a command has written to the store: a run, a switch, a request to cancel, an event from outside.
    StoreWritten,
    /// The wall clock was set: loops that wait for a time compare it with the clock again.
    ClockSet,
    /// Runs were requested, or queued again.
    RunQueued,
    /// The process or task that was launched for a run has ended, and the run has to be settled.
    LaunchEnded,
    /// A run has ended, and its end is in the log.
    RunEnded,
    /// A time limit, or a gate that judged a version in shadow, has decided about a version, and may have moved an alias.
    VersionDecided,
    /// Ticks were recorded.
    Ticked,
    /// Alerts are to be delivered.
    AlertDecided,
    /// A delivery was attempted: its destination is free for the next one.
    DeliveryAttempted,
    /// A function of a schedule or a sensor has returned: it may be called again.
    FunctionReturned,
}

/// Sends activations to the loops that subscribe to them. Clones share their subscriptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activations(Arc<Mutex<Vec<Subscription>>>);

#[derive(Debug)]
struct Subscription {
    to: &'static [Activation],
    woken: Weak<Notify>,
}

impl Activations {
    /// Subscribes to these activations: the returned handle is notified of each, until it is dropped.
    pub(crate) fn subscribe(&self, to: &'static [Activation]) -> Arc<Notify> {
        let woken = Arc::new(Notify::new());
        let mut subscriptions = self.subscriptions();
        subscriptions.retain(|subscription| subscription.woken.strong_count() > 0);
        subscriptions.push(Subscription { to, woken: Arc::downgrade(&woken) });
        woken
    }

    /// Wakes the loops that are subscribed to an activation.
    pub(crate) fn send(&self, activation: Activation) {
        for subscription in self.subscriptions().iter().filter(|one| one.to.contains(&activation)) {
            if let Some(woken) = subscription.woken.upgrade() {
                woken.notify_one();
            }
        }
    }

    fn subscriptions(&self) -> MutexGuard<'_, Vec<Subscription>> {
        // Every change is one insertion or removal, so a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn an_activation_wakes_who_subscribed_to_it_also_when_it_comes_early() {
        let activations = Activations::default();
        let queue = activations.subscribe(&[Activation::RunQueued, Activation::LaunchEnded]);
        let alerts = activations.subscribe(&[Activation::RunEnded]);
        activations.send(Activation::RunQueued);
        activations.send(Activation::LaunchEnded);
        queue.notified().await;
        for other in [queue, alerts] {
            assert!(timeout(Duration::ZERO, other.notified()).await.is_err(), "once, and no other loop");
        }
    }
}
