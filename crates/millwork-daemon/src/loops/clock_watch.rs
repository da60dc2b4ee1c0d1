//! Detects that the wall clock is set: it is compared with the steady clock in intervals.
//!
//! No system reports reliably that its clock was set. But both clocks advance equally fast, so a difference between them that changes by
//! seconds is a jump, or a time in which the machine was suspended.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::Clock;

use crate::activation::{Activation, Activations};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;
use crate::metrics::DaemonMetrics;

/// How often the clocks are compared.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Clocks are adjusted by fractions of a second all the time; from here on it is a jump.
const LEAST: SignedDuration = SignedDuration::from_secs(2);
/// Two readings belong together if they are taken within this time.
const TOGETHER: Duration = Duration::from_millis(100);

/// Compares the wall clock with the steady clock.
pub(crate) struct ClockWatch {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: DaemonMetrics,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    /// The readings of both clocks at the last comparison.
    pub(crate) before: Option<(Timestamp, Duration)>,
}

impl DaemonLoop for ClockWatch {
    const NAME: LoopName = LoopName::ClockWatch;
    // Tests and the soak set their clocks, and notify then.
    const WOKEN_BY: &'static [Activation] = &[Activation::StoreWritten];

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        if let Some((now, steady)) = readings(&*self.clock) {
            let jump = self.before.replace((now, steady)).and_then(|(before, steady_before)| {
                let passed = SignedDuration::try_from(steady.saturating_sub(steady_before)).ok()?;
                Some(now.duration_since(before) - passed)
            });
            if let Some(by) = jump.filter(|by| by.abs() >= LEAST) {
                // The precision of the measurement doesn't belong in the message.
                let by = SignedDuration::from_secs(by.as_secs_f64().round() as i64);
                self.metrics.jumped(now, by, steady);
                (self.observer)(&DaemonEvent::ClockJumped { by });
                self.activations.send(Activation::ClockSet);
            }
        }
        Ok(NextTick::Poll)
    }
}

/// The readings of both clocks at one moment; `None` if this process was held up between the two.
fn readings(clock: &dyn Clock) -> Option<(Timestamp, Duration)> {
    let (first, now, last) = (clock.steady(), clock.now(), clock.steady());
    (last.saturating_sub(first) <= TOGETHER).then_some((now, last))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use millwork_core::{Definitions, TestClock};
    use millwork_storage::Home;

    use super::*;
    use crate::daemon::{Daemon, DaemonOptions};
    use crate::launcher::fake::FakeLauncher;

    #[tokio::test]
    async fn a_jump_in_either_direction_is_noticed_once() {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let (reported, home) =
            (Arc::<Mutex<Vec<String>>>::default(), Home::open(folder.path()).await.expect("a home"));
        let kept = reported.clone();
        let observer = Arc::new(move |event: &DaemonEvent| {
            kept.lock().expect("the list").push(event.to_string());
        });
        let pipeline = Definitions::new().resolve().expect("definitions");
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let launcher = Arc::new(FakeLauncher::default());
        let daemon = Daemon::new(pipeline, home, launcher, observer).options(options);
        let mut watch = daemon.clock_watch();
        for (jump, passed) in [(0, 1), (0, 3_600), (1, 5), (-1, 1), (31_536_000, 1), (0, 1), (-3_600, 1)] {
            clock.jump(SignedDuration::from_secs(jump));
            clock.advance(SignedDuration::from_secs(passed));
            watch.tick().await.expect("a tick");
        }
        let reported = reported.lock().expect("the list").clone();
        assert_eq!(
            reported,
            [
                "the clock was set forward by 8760h, or the machine was suspended; no run is ended or repeated because of it",
                "the clock was set back by 1h; no run is ended or repeated because of it",
            ]
        );
        let jump = daemon.metrics().last_jump().expect("a jump");
        assert_eq!((jump.count, jump.by), (2, SignedDuration::from_hours(-1)));
    }
}
