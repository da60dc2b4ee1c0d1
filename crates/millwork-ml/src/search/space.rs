//! The search space.

use millwork_boost::random::SplitMix64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::search::SearchError;

/// The parameters that are searched, each with its values or its range.
///
/// A parameter is named as in JSON; one within another by a path, such as `counts.min_df`.
///
/// ```
/// use millwork_ml::search::Space;
///
/// let space = Space::new().choices("max_depth", [3, 6]).log_uniform("eta", 0.03, 0.3);
/// assert_eq!(space.len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Space {
    pub(super) dimensions: Vec<(String, Distribution)>,
}

/// The values of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// One of these, each as likely.
    Choices(Vec<Value>),
    /// Any number from the first to the second, each as likely.
    Uniform(f64, f64),
    /// Any number from the first to the second, which are above 0, each order of magnitude as likely.
    LogUniform(f64, f64),
    /// A whole number from the first to the second, both included, each as likely.
    Integer(i64, i64),
}

impl Space {
    /// A search space without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a parameter that is one of `values`.
    #[must_use]
    pub fn choices<T: Into<Value>>(self, parameter: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.with(parameter, Distribution::Choices(values.into_iter().map(Into::into).collect()))
    }

    /// With a parameter that is any number of a range.
    #[must_use]
    pub fn uniform(self, parameter: &str, from: f64, to: f64) -> Self {
        self.with(parameter, Distribution::Uniform(from, to))
    }

    /// With a parameter that is any number of a range, each order of magnitude as likely: for rates and penalties.
    #[must_use]
    pub fn log_uniform(self, parameter: &str, from: f64, to: f64) -> Self {
        self.with(parameter, Distribution::LogUniform(from, to))
    }

    /// With a parameter that is a whole number of a range, both ends included.
    #[must_use]
    pub fn integer(self, parameter: &str, from: i64, to: i64) -> Self {
        self.with(parameter, Distribution::Integer(from, to))
    }

    /// With a parameter and its distribution.
    #[must_use]
    pub fn with(mut self, parameter: &str, distribution: Distribution) -> Self {
        self.dimensions.push((parameter.to_owned(), distribution));
        self
    }

    /// How many parameters are searched.
    pub fn len(&self) -> usize {
        self.dimensions.len()
    }

    /// Whether no parameter is searched.
    pub fn is_empty(&self) -> bool {
        self.dimensions.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), SearchError> {
        for (place, (parameter, distribution)) in self.dimensions.iter().enumerate() {
            let twice = self.dimensions[..place].iter().any(|(other, _)| other == parameter);
            let reason = if twice { Some("it is there twice") } else { distribution.problem() };
            if let Some(reason) = reason {
                let (parameter, reason) = (parameter.clone(), reason.to_owned());
                return Err(SearchError::Distribution { parameter, reason });
            }
        }
        Ok(())
    }
}

impl Distribution {
    fn problem(&self) -> Option<&'static str> {
        let ordered = |from: f64, to: f64| from.is_finite() && to.is_finite() && from <= to;
        match *self {
            Self::Choices(ref values) if values.is_empty() => Some("it has no values"),
            Self::Uniform(from, to) if !ordered(from, to) => Some("its range does not ascend"),
            Self::LogUniform(from, to) if !(ordered(from, to) && from > 0.0) => {
                Some("its range does not ascend from above 0")
            }
            Self::Integer(from, to) if from > to => Some("its range does not ascend"),
            Self::Choices(_) | Self::Uniform(..) | Self::LogUniform(..) | Self::Integer(..) => None,
        }
    }

    /// A value at random.
    pub(super) fn draw(&self, random: &mut SplitMix64) -> Value {
        match *self {
            Self::Choices(ref values) => {
                let place = (random.unit() * values.len() as f64) as usize;
                values[place.min(values.len() - 1)].clone()
            }
            Self::Uniform(from, to) => (from + random.unit() * (to - from)).into(),
            Self::LogUniform(from, to) => {
                (from.ln() + random.unit() * (to.ln() - from.ln())).exp().clamp(from, to).into()
            }
            Self::Integer(from, to) => {
                let numbers = to.abs_diff(from) as f64 + 1.0;
                from.saturating_add_unsigned((random.unit() * numbers) as u64).min(to).into()
            }
        }
    }
}
