//! The driver ticks loops: each ticks, pauses, and ticks again, until the daemon stops.
//!
//! A tick that fails is counted and reported, and repeated after a pause of its own, which an activation ends as any other. Loops don't
//! wait for each other: each is a Tokio task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use millwork_core::Clock;
use millwork_core::advice::one_line_of;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::activation::{Activation, Activations};
use crate::daemon_loop::DaemonLoop;
use crate::event::{DaemonEvent, Observer};
use crate::metrics::DaemonMetrics;

/// The pause of a loop after a tick that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What driving a loop needs.
#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) activations: Activations,
    pub(crate) metrics: DaemonMetrics,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    /// Becomes true when the daemon stops.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Driver {
    /// Lets a loop store its initial cursor, and retries until it has.
    pub(crate) async fn begin<L: DaemonLoop>(&self, work: &mut L) {
        let mut stop = self.stop.clone();
        while !*stop.borrow() {
            let Err(error) = work.begin().await else { return };
            (self.observer)(&DaemonEvent::LoopFailed { of: L::NAME, error: one_line_of(&error) });
            tokio::select! {
                () = sleep(AFTER_FAILURE) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Ticks a loop until the daemon stops.
    pub(crate) async fn drive<L: DaemonLoop>(mut self, mut work: L) {
        let woken = self.activations.subscribe(L::WOKEN_BY);
        while !*self.stop.borrow() {
            let began = Instant::now();
            let ticked = work.tick().await;
            let failure = ticked.as_ref().err().map(|error| one_line_of(error));
            self.metrics.ticked(L::NAME, began.elapsed(), failure.clone(), self.clock.now());
            if let Some(error) = failure {
                (self.observer)(&DaemonEvent::LoopFailed { of: L::NAME, error });
            }
            let pause = ticked.map_or(AFTER_FAILURE, |next| next.pause(work.poll_interval()));
            tokio::select! {
                () = sleep(pause) => {}
                () = woken.notified() => {}
                changed = self.stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Forwards notifications from outside of the daemon: the store was written to.
    pub(crate) async fn listen(mut self, outside: Arc<Notify>) {
        while !*self.stop.borrow() {
            // Listens again before it forwards, so that no notification is lost in between.
            let notified = outside.notified();
            self.activations.send(Activation::StoreWritten);
            tokio::select! {
                () = notified => {}
                changed = self.stop.changed() => if changed.is_err() { return },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use millwork_core::SystemClock;
    use tokio::task::JoinSet;

    use super::*;
    use crate::daemon_loop::NextTick;
    use crate::error::DaemonError;
    use crate::loop_name::LoopName;

    /// Counts its ticks, and pauses long.
    struct Counting(Arc<AtomicUsize>);

    impl DaemonLoop for Counting {
        const NAME: LoopName = LoopName::RunQueue;
        const WOKEN_BY: &'static [Activation] = &[Activation::StoreWritten];

        fn poll_interval(&self) -> Duration {
            Duration::from_secs(3600)
        }

        async fn tick(&mut self) -> Result<NextTick, DaemonError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(NextTick::Poll)
        }
    }

    /// Fails, and subscribes to no activation.
    struct Failing;

    impl DaemonLoop for Failing {
        const NAME: LoopName = LoopName::Retention;
        const WOKEN_BY: &'static [Activation] = &[];

        fn poll_interval(&self) -> Duration {
            Duration::from_secs(3600)
        }

        async fn tick(&mut self) -> Result<NextTick, DaemonError> {
            Err(DaemonError::TooManyCalls)
        }
    }

    #[tokio::test]
    async fn what_is_new_in_the_store_wakes_the_loops_that_it_concerns() {
        let (stop, stopped) = watch::channel(false);
        let driver = Driver {
            activations: Activations::default(),
            metrics: DaemonMetrics::default(),
            clock: Arc::new(SystemClock),
            observer: Arc::new(|_| {}),
            stop: stopped,
        };
        let (ticks, outside) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let mut loops = JoinSet::new();
        loops.spawn(driver.clone().listen(outside.clone()));
        loops.spawn(driver.clone().drive(Failing));
        loops.spawn(driver.clone().drive(Counting(ticks.clone())));
        while ticks.load(Ordering::SeqCst) < 20 {
            outside.notify_waiters();
            tokio::task::yield_now().await;
        }
        stop.send(true).expect("loops that listen");
        loops.join_all().await;
        let metrics = driver.metrics.loops();
        assert_eq!((metrics[&LoopName::Retention].ticks, metrics[&LoopName::Retention].failures), (1, 1));
        assert_eq!(metrics[&LoopName::RunQueue].failures, 0);
    }

    #[test]
    fn no_pause_is_longer_than_the_poll_interval() {
        let second = Duration::from_secs(1);
        for (next, pause) in [
            (NextTick::Poll, second),
            (NextTick::Within(Duration::ZERO), Duration::ZERO),
            (NextTick::Within(second * 9), second),
        ] {
            assert_eq!(next.pause(second), pause, "{next:?}");
        }
    }
}
