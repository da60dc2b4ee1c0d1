//! How an asset whose runs keep failing is held back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::CLOCK_TOLERANCE;

/// How long an asset is held back after failures in a row:
/// `min(first · 2^(failures − free − 1), longest)`, and for good after `budget` failures, until it is updated or its code
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damping {
    /// So many failures have no consequence.
    pub free: u32,
    /// The pause after the first failure that has one.
    pub first: SignedDuration,
    /// The longest pause.
    pub longest: SignedDuration,
    /// After so many failures nothing is requested any more.
    pub budget: u32,
}

impl Default for Damping {
    fn default() -> Self {
        let (first, longest) = (SignedDuration::from_mins(1), SignedDuration::from_hours(6));
        Self { free: 1, first, longest, budget: 50 }
    }
}

/// Why a request that was due isn't made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The failures in a row.
    pub failures: u32,
    /// When it ends; nothing if only an update or other code ends it.
    pub until: Option<Timestamp>,
}

impl Damping {
    /// Whether an asset that has failed `failures` times in a row, last at `failed_at`, is held back at `now`. A failure in the
    /// future was dated by a clock that was ahead, and holds nothing back.
    pub fn hold(&self, failures: u32, failed_at: Timestamp, now: Timestamp) -> Option<Hold> {
        if failures <= self.free {
            return None;
        }
        if failures >= self.budget {
            return Some(Hold { failures, until: None });
        }
        if failed_at.duration_since(now) > CLOCK_TOLERANCE {
            return None;
        }
        let doublings = (failures - self.free - 1).min(30);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest);
        let until = failed_at.saturating_add(pause).unwrap_or(Timestamp::MAX);
        (now < until).then_some(Hold { failures, until: Some(until) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_back() {
        let now = Timestamp::from_second(1_000_000_000).expect("an instant");
        let holds =
            |hours: i64| Damping::default().hold(5, now + SignedDuration::from_hours(hours), now).is_some();
        assert_eq!([-9_000, 0, 1, 9_000].map(holds), [false, true, false, false]);
    }
}
