//! Which of two values of a metric is better.

use serde::{Deserialize, Serialize};

/// Which of two values of a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The higher one, as of R² or accuracy.
    Higher,
    /// The lower one, as of an error or a loss.
    Lower,
}

/// A change of a metric for the better or for the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricChange {
    /// The later value is better.
    Better,
    /// The later value is worse.
    Worse,
}

impl Better {
    /// The direction in words: `higher is better`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Higher => "higher is better",
            Self::Lower => "lower is better",
        }
    }

    /// The direction as an arrow: up where higher values are better.
    pub fn arrow(self) -> char {
        match self {
            Self::Higher => '↑',
            Self::Lower => '↓',
        }
    }

    /// Whether a value is better or worse than the one before; `None` if they are equal or one is not a number.
    pub fn compare(self, before: f64, after: f64) -> Option<MetricChange> {
        let order = after.partial_cmp(&before).filter(|order| order.is_ne())?;
        let is_better = match self {
            Self::Higher => order.is_gt(),
            Self::Lower => order.is_lt(),
        };
        Some(if is_better { MetricChange::Better } else { MetricChange::Worse })
    }
}

impl MetricChange {
    /// The change in one word: `better` or `worse`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_judged_by_the_direction() {
        for (better, before, after, expected) in [
            (Better::Higher, 0.1, 0.2, Some("better")),
            (Better::Higher, 0.2, 0.1, Some("worse")),
            (Better::Lower, 0.1, 0.2, Some("worse")),
            (Better::Lower, 0.2, -0.1, Some("better")),
            (Better::Lower, 0.2, 0.2, None),
            (Better::Lower, 0.2, f64::NAN, None),
            (Better::Higher, 0.2, f64::INFINITY, Some("better")),
        ] {
            let found = better.compare(before, after).map(MetricChange::as_str);
            assert_eq!(found, expected, "{before} to {after}, {}", better.in_words());
        }
    }
}
