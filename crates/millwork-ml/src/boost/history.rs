//! The history of a training: the metrics, round by round.

use serde::{Deserialize, Deserializer, Serialize};

use crate::boost::EvalMetric;

/// The learning curves of a training: each metric on each evaluation set, one value per round.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    series: Vec<Series>,
}

/// The learning curve of one metric on one evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The name of the evaluation set.
    pub set: String,
    /// What was measured: the name of an [`EvalMetric`](crate::boost::EvalMetric).
    pub metric: String,
    /// Its value after each round; NaN where it is not defined, which is null at rest.
    #[serde(deserialize_with = "numbers_or_null")]
    pub values: Vec<f64>,
}

/// One value of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score<'a> {
    /// The name of the evaluation set.
    pub set: &'a str,
    /// What was measured: the name of an [`EvalMetric`](crate::boost::EvalMetric).
    pub metric: &'a str,
    /// The value of the metric.
    pub value: f64,
}

impl History {
    /// Empty curves for each metric on each set, set by set.
    pub(super) fn new<'a>(sets: impl Iterator<Item = &'a str>, metrics: &[String]) -> Self {
        let curve = |set: &str, metric: &String| Series {
            set: set.to_owned(),
            metric: metric.clone(),
            values: Vec::new(),
        };
        let series = sets.flat_map(|set| metrics.iter().map(move |metric| curve(set, metric))).collect();
        Self { series }
    }

    /// Adds a round: one value per curve, in their order.
    pub(super) fn push(&mut self, values: &[f64]) {
        for (series, &value) in self.series.iter_mut().zip(values) {
            series.values.push(value);
        }
    }

    /// The values of the last round.
    pub(super) fn last(&self) -> Vec<Score<'_>> {
        self.series.iter().filter_map(Series::last).collect()
    }

    /// The curve of a metric on a set, one value per round, or `None` if it was not measured.
    pub fn get(&self, set: &str, metric: EvalMetric) -> Option<&[f64]> {
        let metric = metric.to_string();
        let found = self.series.iter().find(|series| series.set == set && series.metric == metric);
        found.map(|series| series.values.as_slice())
    }

    /// All curves, in the order of the evaluation sets and within a set of the metrics.
    pub fn series(&self) -> &[Series] {
        &self.series
    }
}

/// JSON has no NaN: a number that is not finite was written as null.
fn numbers_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

impl Series {
    fn last(&self) -> Option<Score<'_>> {
        let value = *self.values.last()?;
        Some(Score { set: &self.set, metric: &self.metric, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_defined_comes_back_as_not_defined() {
        let mut history = History::new(["test"].into_iter(), &["auc".to_owned()]);
        [f64::NAN, 0.5].iter().for_each(|&value| history.push(&[value]));
        let json = serde_json::to_string(&history).expect("JSON");
        assert_eq!(json, r#"[{"set":"test","metric":"auc","values":[null,0.5]}]"#);
        let read: History = serde_json::from_str(&json).expect("what was written");
        let curve = read.get("test", EvalMetric::Auc).expect("a curve");
        assert!(curve[0].is_nan() && curve[1] == 0.5, "{curve:?}");
    }
}
