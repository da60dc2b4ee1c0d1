//! The policy of a step that fails or takes too long: retries, backoff, timeout.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a failed step is tried again, and after which pause.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How many further attempts follow the first.
    pub max_retries: u32,
    /// The pause before the first retry.
    pub delay: Duration,
    /// How the pause grows.
    pub backoff: Backoff,
    /// Whether each pause is drawn at random from zero to its full length, so that many failed steps don't return
    /// at the same moment.
    pub jitter: bool,
}

/// How the pause between attempts grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Every pause is as long as the first.
    #[default]
    Constant,
    /// The pause doubles each time.
    Exponential,
}

impl Retry {
    /// No pause is longer than this.
    pub const LONGEST_DELAY: Duration = Duration::from_secs(3600);

    /// A policy without retries: one attempt.
    pub fn none() -> Self {
        Self::default()
    }

    /// Retries `max_retries` times, each after the same `delay`.
    pub fn constant(max_retries: u32, delay: Duration) -> Self {
        Self { max_retries, delay, backoff: Backoff::Constant, jitter: false }
    }

    /// Retries `max_retries` times after 1 s, 2 s, 4 s, … with jitter.
    pub fn exponential(max_retries: u32) -> Self {
        Self { max_retries, delay: Duration::from_secs(1), backoff: Backoff::Exponential, jitter: true }
    }

    /// The same policy with another first pause.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same policy with or without jitter.
    #[must_use]
    pub fn jitter(self, jitter: bool) -> Self {
        Self { jitter, ..self }
    }

    /// The pause before retry number `retry` (the first is 1). `draw` is a random number in 0..1, used with jitter.
    /// Returns nothing when the retries are used up.
    pub fn pause(&self, retry: u32, draw: f64) -> Option<Duration> {
        if retry == 0 || retry > self.max_retries {
            return None;
        }
        let factor = match self.backoff {
            Backoff::Constant => 1.0,
            Backoff::Exponential => 2_f64.powi(i32::try_from(retry - 1).unwrap_or(i32::MAX)),
        };
        let longest = Self::LONGEST_DELAY.as_secs_f64();
        let full = (self.delay.as_secs_f64() * factor).min(longest);
        Some(Duration::from_secs_f64(if self.jitter { full * draw.clamp(0.0, 1.0) } else { full }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(retry: &Retry, draw: f64, pauses: &[Option<u64>]) {
        for (index, expected) in pauses.iter().enumerate() {
            let pause = retry.pause(index as u32 + 1, draw);
            assert_eq!(pause, expected.map(Duration::from_millis), "retry {}", index + 1);
        }
    }

    #[test]
    fn pauses() {
        check(&Retry::none(), 0.5, &[None]);
        check(&Retry::constant(2, Duration::from_millis(30)), 0.5, &[Some(30), Some(30), None]);
        check(&Retry::exponential(3), 0.5, &[Some(500), Some(1000), Some(2000), None]);
        check(&Retry::exponential(3).jitter(false), 0.5, &[Some(1000), Some(2000), Some(4000), None]);
        check(&Retry::exponential(100).jitter(false), 0.5, &[Some(1000)]);
        assert_eq!(Retry::exponential(100).jitter(false).pause(90, 0.0), Some(Retry::LONGEST_DELAY));
    }
}
