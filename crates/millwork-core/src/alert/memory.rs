//! What was told before, so that nothing is told twice.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::CLOCK_TOLERANCE;

/// What was told before. It is stored with the alerts that follow from it, in one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertMemory(pub BTreeMap<String, Known>);

/// What is known of one subject of a rule: a run's origin, an asset, a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Since when it is in trouble; nothing if it isn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When something was last told about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// How bad it was then, while that has not been taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_level: Option<u8>,
    /// How many alerts were held back since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held_back: u32,
}

impl Known {
    /// Whether nothing is told yet, because something was told shortly before. What happens in several processes is read a
    /// little out of order; but an alert that was sent well after `at` was sent by a clock that was ahead, and holds
    /// nothing back.
    pub(super) fn is_cooling(&self, cooldown: Duration, at: Timestamp) -> bool {
        let cooldown = SignedDuration::try_from(cooldown).unwrap_or(SignedDuration::MAX);
        let is_within = |since: SignedDuration| -CLOCK_TOLERANCE.min(cooldown) < since && since < cooldown;
        self.told_at.is_some_and(|told| is_within(at.duration_since(told)))
    }
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
