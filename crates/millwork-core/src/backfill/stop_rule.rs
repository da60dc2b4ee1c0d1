//! The failures after which a backfill stops.

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The failures after which a backfill starts nothing new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// It goes on whatever fails.
    #[default]
    Never,
    /// It stops when more than a share of the finished partitions failed or were lost.
    Share {
        /// The share, from 0 to 1: 0.2 stops at more than one in five.
        share: f64,
        /// The number of partitions that must have finished before.
        finished: u64,
    },
}

impl StopRule {
    /// The number of partitions that must have finished before a share of them counts, unless another one is given.
    const FINISHED: u64 = 10;

    /// Stops when more than a share of the finished partitions failed or were lost, once ten have finished.
    pub fn at_share(share: f64) -> Self {
        Self::Share { share, finished: Self::FINISHED }
    }

    /// Why it can't be kept; `None` if it can.
    pub(super) fn problem(self) -> Option<Problem> {
        match self {
            Self::Never => None,
            Self::Share { share, finished: _ } if (0.0..=1.0).contains(&share) => None,
            Self::Share { share, finished: _ } => Some(
                Problem::new(format!("the share of failures is {share}, and must be between 0 and 1"))
                    .with_hint("write a share such as `0.2` for one in five"),
            ),
        }
    }

    /// Whether `failed` of `finished` partitions are too many.
    pub(super) fn is_exceeded(self, failed: u64, finished: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Share { share, finished: least } => {
                finished >= least && failed as f64 > share * finished as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StopRule;

    #[test]
    fn more_than_the_share_is_too_many() {
        let rule = StopRule::Share { share: 0.2, finished: 5 };
        let exceeded = |failed, finished| rule.is_exceeded(failed, finished);
        assert_eq!(
            [(4, 4), (1, 5), (2, 5), (2, 10), (3, 10)].map(|(f, n)| exceeded(f, n)),
            [false, false, true, false, true]
        );
        assert!(StopRule::Share { share: 0.0, finished: 0 }.is_exceeded(1, 1_000_000));
        assert!(!StopRule::Never.is_exceeded(5, 5));
        assert!(StopRule::Share { share: f64::NAN, finished: 0 }.problem().is_some());
    }
}
