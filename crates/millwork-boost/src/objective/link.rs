//! Links from margins to predictions, and from intercepts to margins.

/// XGBoost's smallest distance from 0 that counts (`kRtEps`).
pub(super) const EPSILON: f32 = 1e-6;

/// The function from a margin to a prediction, value by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// The prediction is the margin.
    Identity,
    /// The prediction is `exp(margin)`, above 0.
    Exponential,
    /// The prediction is `1 / (1 + exp(-margin))`, from 0 to 1.
    Logistic,
    /// The prediction is 1 for margins above 0, else 0; an intercept is a margin.
    Step,
}

impl Link {
    /// The link of an objective by XGBoost's name, also of those that only its own library trains; `None` if it is not known.
    pub(crate) fn of(objective: &str) -> Option<Self> {
        Some(match objective {
            "reg:logistic" | "binary:logistic" => Self::Logistic,
            "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
                Self::Exponential
            }
            "binary:hinge" => Self::Step,
            "reg:squarederror"
            | "reg:linear"
            | "reg:squaredlogerror"
            | "reg:pseudohubererror"
            | "reg:absoluteerror"
            | "reg:quantileerror"
            | "reg:expectileerror"
            | "binary:logitraw"
            | "multi:softmax"
            | "multi:softprob"
            | "rank:pairwise"
            | "rank:ndcg"
            | "rank:map" => Self::Identity,
            _ => return None,
        })
    }

    /// The intercept whose margin is 0.
    pub(crate) fn neutral(self) -> f32 {
        match self {
            Self::Identity | Self::Step => 0.0,
            Self::Exponential => 1.0,
            Self::Logistic => 0.5,
        }
    }

    /// The prediction of a margin.
    pub(crate) fn prediction(self, margin: f32) -> f32 {
        match self {
            Self::Identity => margin,
            Self::Exponential => margin.exp(),
            Self::Logistic => sigmoid(margin),
            Self::Step => f32::from(margin > 0.0),
        }
    }

    /// The margin of an intercept. Probabilities are kept a millionth away from 0 and 1.
    pub(crate) fn margin(self, prediction: f32) -> f32 {
        match self {
            Self::Identity | Self::Step => prediction,
            Self::Exponential => prediction.ln(),
            Self::Logistic => {
                let inside = prediction.clamp(EPSILON, 1.0 - EPSILON);
                -(1.0 / inside - 1.0).ln()
            }
        }
    }
}

/// The logistic function `1 / (1 + exp(-x))`, which doesn't overflow (XGBoost's `Sigmoid`).
pub(super) fn sigmoid(x: f32) -> f32 {
    let opposite = if -x > 88.7 { 88.7 } else { -x };
    1.0 / (opposite.exp() + 1.0 + 1e-16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: Link, margin: f32, prediction: f32) {
        assert_eq!(link.prediction(margin), prediction, "{link:?} of {margin}");
    }

    #[test]
    fn margins_become_predictions() {
        check(Link::Identity, -3.0, -3.0);
        check(Link::Exponential, 0.0, 1.0);
        check(Link::Logistic, 0.0, 0.5);
        check(Link::Logistic, 1000.0, 1.0);
        assert!(Link::Logistic.prediction(-1000.0) < 1e-38);
        check(Link::Step, 0.0, 0.0);
        check(Link::Step, 0.1, 1.0);
    }

    #[test]
    fn every_objective_has_a_link_with_a_neutral_intercept() {
        for objective in
            ["reg:squarederror", "binary:logistic", "count:poisson", "binary:hinge", "survival:aft"]
        {
            let link = Link::of(objective).expect(objective);
            assert_eq!(link.margin(link.neutral()), 0.0, "{objective}");
        }
        assert_eq!(Link::of("multi:softproj"), None);
    }

    #[test]
    fn intercepts_become_margins() {
        assert_eq!(Link::Exponential.margin(0.0), f32::NEG_INFINITY);
        assert_eq!(Link::Logistic.margin(0.5), 0.0);
        assert!((Link::Logistic.margin(0.0) + 13.815_51).abs() < 1e-4);
        assert!(Link::Logistic.margin(1.0).is_finite());
    }
}
