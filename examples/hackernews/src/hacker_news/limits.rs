//! The limits of the client: connections, attempts, waits, and the share of items that may fail.

use std::time::Duration;

use super::error::RequestError;

/// The client's limits. The defaults suit both the real site and a server on the same machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Requests in flight at once, each on a connection of its own.
    pub connections: usize,
    /// Attempts for one item, the first included.
    pub attempts: u32,
    /// The time limit of one attempt.
    pub timeout: Duration,
    /// The wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// The longest wait between two attempts. An item is given up when the server asks for a longer one.
    pub longest_wait: Duration,
    /// The share of a window's items, 0 to 1, that may fail after all attempts.
    pub failure_share: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            attempts: 5,
            timeout: Duration::from_secs(10),
            backoff: Duration::from_millis(100),
            longest_wait: Duration::from_secs(30),
            failure_share: 0.01,
        }
    }
}

impl Limits {
    /// The limits of the first request, which finds out soon whether the server is reachable.
    pub(crate) fn of_first_request(&self) -> Self {
        Self {
            attempts: self.attempts.min(3),
            timeout: self.timeout.min(Duration::from_secs(3)),
            ..self.clone()
        }
    }

    /// Whether `failed` of `requested` items exceed the share that may fail.
    pub(crate) fn exceeded_by(&self, failed: usize, requested: usize) -> bool {
        failed as f64 > self.failure_share * requested as f64
    }

    /// The wait before the next attempt, or `None` if there is none.
    ///
    /// `jitter`, from 0 to 1, spreads the waits over the upper half of the exponential backoff. A server's
    /// `Retry-After` is a lower bound.
    pub(crate) fn wait_after(&self, attempt: u32, error: &RequestError, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts || !error.may_pass() {
            return None;
        }
        let doubled = self.backoff.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let backoff = doubled.min(self.longest_wait).mul_f64(0.5 + jitter / 2.0);
        let wait = backoff.max(error.retry_after().unwrap_or_default());
        (wait <= self.longest_wait).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn status(code: u16, retry_after: Option<u64>) -> RequestError {
        let status = StatusCode::from_u16(code).unwrap();
        RequestError::Status { status, retry_after: retry_after.map(Duration::from_secs) }
    }

    fn check(attempt: u32, error: &RequestError, jitter: f64, expected_milliseconds: Option<u64>) {
        let wait = Limits::default().wait_after(attempt, error, jitter);
        assert_eq!(wait, expected_milliseconds.map(Duration::from_millis), "attempt {attempt}, {error}");
    }

    #[test]
    fn waits_double_within_their_jitter() {
        let busy = status(503, None);
        check(1, &busy, 1.0, Some(100));
        check(1, &busy, 0.0, Some(50));
        check(2, &busy, 1.0, Some(200));
        check(4, &busy, 1.0, Some(800));
        check(5, &busy, 1.0, None);
    }

    #[test]
    fn retry_after_is_a_lower_bound_up_to_the_longest_wait() {
        check(1, &status(429, Some(0)), 1.0, Some(100));
        check(1, &status(429, Some(7)), 1.0, Some(7_000));
        check(1, &status(503, Some(30)), 1.0, Some(30_000));
        check(1, &status(429, Some(31)), 1.0, None);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        check(1, &status(500, None), 1.0, Some(100));
        check(1, &status(408, None), 1.0, Some(100));
        check(1, &RequestError::TimedOut { after: Duration::ZERO }, 1.0, Some(100));
        check(1, &status(404, None), 1.0, None);
        check(1, &status(401, None), 1.0, None);
        check(1, &status(301, None), 1.0, None);
    }

    #[test]
    fn a_huge_attempt_count_does_not_overflow() {
        let patient = Limits { attempts: u32::MAX, ..Limits::default() };
        assert_eq!(patient.wait_after(4_000, &status(503, None), 1.0), Some(Duration::from_secs(30)));
    }

    #[test]
    fn the_share_is_exclusive() {
        let limits = Limits::default();
        assert!(!limits.exceeded_by(0, 0));
        assert!(!limits.exceeded_by(10, 1_000));
        assert!(limits.exceeded_by(11, 1_000));
        assert!(limits.exceeded_by(1, 10));
    }
}
