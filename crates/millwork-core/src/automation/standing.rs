//! How a part of a condition stands: it holds, is held back, is unknown or fails. "All of" is the least of its parts, "any of" the greatest.

use jiff::Timestamp;

use super::Outcome;

/// How a part stands, from the least to the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It doesn't hold.
    Fails,
    /// Whether it holds isn't known: a number is missing, or waits for coverage.
    Unknown,
    /// It would hold, but for a cooldown or a budget.
    HeldBack(HeldBack),
    /// It holds since this moment.
    Holds(Timestamp),
}

/// What holds a condition back, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HeldBack {
    /// The budget is spent.
    Budget {
        /// When the next run may be requested.
        until: Timestamp,
        /// The number of runs that were requested within the span.
        runs: u32,
    },
    /// The last run was requested a short time ago.
    Cooldown {
        /// When the next run may be requested.
        until: Timestamp,
    },
}

impl Standing {
    /// Of a fact that is, or isn't.
    pub(super) fn of(moment: Option<Timestamp>) -> Self {
        moment.map_or(Self::Fails, Self::Holds)
    }

    /// Since when it holds.
    pub(super) fn moment(self) -> Option<Timestamp> {
        match self {
            Self::Holds(moment) => Some(moment),
            Self::Fails | Self::Unknown | Self::HeldBack(_) => None,
        }
    }

    /// All of the parts: it holds since the last of them does, or since `empty` if there are none.
    pub(super) fn all(parts: impl Iterator<Item = Self>, empty: Timestamp) -> Self {
        parts.reduce(Self::both).unwrap_or(Self::Holds(empty))
    }

    /// Both parts: it holds since the last of them does.
    pub(super) fn both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Holds(one), Self::Holds(other)) => Self::Holds(one.max(other)),
            (one, other) => one.min(other),
        }
    }

    /// The opposite, which holds now where it does.
    pub(super) fn opposite(self, now: Timestamp) -> Self {
        match self {
            Self::Fails => Self::Holds(now),
            Self::Unknown | Self::HeldBack(_) => Self::Unknown,
            Self::Holds(_) => Self::Fails,
        }
    }
}

impl HeldBack {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Budget { until, runs } => Outcome::BudgetSpent { runs, until },
            Self::Cooldown { until } => Outcome::Cooldown { until },
        }
    }
}
