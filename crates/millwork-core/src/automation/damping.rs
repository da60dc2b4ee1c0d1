//! How an asset whose runs keep failing is held back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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
    /// Whether an asset that has failed `failures` times in a row, last at `failed_at`, is held back at `now`.
    pub fn hold(&self, failures: u32, failed_at: Timestamp, now: Timestamp) -> Option<Hold> {
        if failures <= self.free {
            return None;
        }
        if failures >= self.budget {
            return Some(Hold { failures, until: None });
        }
        let doublings = (failures - self.free - 1).min(30);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest);
        let until = failed_at.saturating_add(pause).unwrap_or(Timestamp::MAX);
        (now < until).then_some(Hold { failures, until: Some(until) })
    }
}
