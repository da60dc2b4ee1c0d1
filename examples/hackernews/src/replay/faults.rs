//! Answers that fail on purpose, to test how a client handles them.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::dice::Dice;

/// Decides which requests fail, and how: with the same seed, the n-th request always has the same outcome.
#[derive(Debug)]
pub(super) struct Faults {
    rate: f64,
    seed: u64,
    requests: AtomicU64,
}

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Status 503.
    Unavailable,
    /// Status 429, which asks to wait a second.
    TooManyRequests,
    /// Status 200 with a body that isn't JSON.
    Garbage,
    /// The connection is closed in the middle of the answer.
    Dropped,
}

impl Faults {
    pub(super) fn new(rate: f64, seed: u64) -> Self {
        Self { rate, seed, requests: AtomicU64::new(0) }
    }

    /// The fault of the next request; `None` for a proper answer.
    pub(super) fn next(&self) -> Option<Fault> {
        if self.rate <= 0.0 {
            return None;
        }
        let mut dice = Dice::new(self.seed, self.requests.fetch_add(1, Ordering::Relaxed));
        let all = [Fault::Unavailable, Fault::TooManyRequests, Fault::Garbage, Fault::Dropped];
        dice.chance(self.rate).then(|| *dice.pick(&all))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response()
            }
            Self::Garbage => "<html>something went wrong</html>".into_response(),
            Self::Dropped => {
                let broken = stream::iter([Err::<&str, _>(io::Error::other("dropped on purpose"))]);
                Body::from_stream(broken).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(rate: f64, seed: u64) -> Vec<Option<Fault>> {
        let faults = Faults::new(rate, seed);
        (0..2_000).map(|_| faults.next()).collect()
    }

    fn check_share(rate: f64, expected: std::ops::RangeInclusive<usize>) {
        let failed = draw(rate, 5).into_iter().flatten().count();
        assert!(expected.contains(&failed), "{rate}: {failed}");
    }

    #[test]
    fn the_rate_is_the_share_that_fails() {
        check_share(0.0, 0..=0);
        check_share(0.1, 160..=240);
        check_share(1.0, 2_000..=2_000);
    }

    #[test]
    fn every_fault_occurs_and_the_seed_repeats_them() {
        for fault in [Fault::Unavailable, Fault::TooManyRequests, Fault::Garbage, Fault::Dropped] {
            assert!(draw(0.1, 5).contains(&Some(fault)), "{fault:?}");
        }
        assert_eq!(draw(0.1, 5), draw(0.1, 5));
        assert_ne!(draw(0.1, 5), draw(0.1, 6));
    }
}
