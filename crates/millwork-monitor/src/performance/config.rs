//! The settings of a performance.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::Metric;
use super::window::{WindowLength, Windows};
use crate::MonitorError;

/// The longest time until a window is final.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 3_660);

/// The settings of a [`Performance`](crate::Performance), as the `T` of a step's `Config<T>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PerformanceConfig {
    /// The windows into which predictions are divided by the time at which they were made.
    pub window: WindowLength,
    /// The time zone in which days, weeks and months begin, by its name in the IANA database.
    pub time_zone: String,
    /// How long after its end a window is final, such as `14d` or `36h`.
    pub matures: String,
    /// What is measured. The first is the main number.
    pub metrics: Vec<Metric>,
    /// What the measures are compared with.
    pub baselines: Vec<Baseline>,
    /// The columns of the predictions by which measures are given as well.
    pub slices: Vec<String>,
}

impl Default for PerformanceConfig {
    /// Days in UTC, final after 14 days, with the mean absolute error, compared with the median of the window.
    fn default() -> Self {
        Self {
            window: WindowLength::Day,
            time_zone: "UTC".to_owned(),
            matures: "14d".to_owned(),
            metrics: vec![Metric::MeanAbsoluteError],
            baselines: vec![Baseline::Median],
            slices: Vec::new(),
        }
    }
}

/// A prediction that knows nothing of the row, which a model should be better than.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The median of the window's ground truth, for an even number of rows the mean of the middle two.
    Median,
    /// The mean of the window's ground truth.
    Mean,
    /// The ground truth that was observed last before the window began.
    LastKnown,
}

impl Baseline {
    pub(super) const ALL: [Self; 3] = [Self::Median, Self::Mean, Self::LastKnown];

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Mean => "mean",
            Self::LastKnown => "last known value",
        }
    }
}

/// Settings that were checked.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) config: PerformanceConfig,
    pub(super) windows: Windows,
    /// In microseconds.
    pub(super) matures: i64,
}

impl Settings {
    pub(super) fn of(config: &PerformanceConfig) -> Result<Self, MonitorError> {
        let windows = Windows::new(config.window, &config.time_zone)?;
        let matures = matures(&config.matures)?;
        if config.metrics.is_empty() {
            return Err(MonitorError::Setting { setting: "metrics", problem: "there is none".to_owned() });
        }
        unique("metrics", &config.metrics)?;
        unique("baselines", &config.baselines)?;
        unique("slices", &config.slices)?;
        Ok(Self { config: config.clone(), windows, matures })
    }

    /// Checks that open rows that were kept by other settings can be continued with these.
    pub(super) fn check_continues(&self, before: &PerformanceConfig) -> Result<(), MonitorError> {
        let setting = if self.config.window != before.window {
            "window"
        } else if self.config.time_zone != before.time_zone {
            "time_zone"
        } else if self.config.slices != before.slices {
            "slices"
        } else {
            return Ok(());
        };
        Err(MonitorError::SettingChanged { setting })
    }
}

fn matures(text: &str) -> Result<i64, MonitorError> {
    let invalid = |problem: String| MonitorError::Setting { setting: "matures", problem };
    let span: Span = text
        .parse()
        .map_err(|_| invalid(format!("`{text}` isn't a span from 0 to 3660 days, such as `14d`")))?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let duration = duration.map_err(|_| invalid(format!("`{text}` has units longer than weeks")))?;
    if duration.is_negative() || duration > LONGEST {
        return Err(invalid(format!("`{text}` isn't from 0 to 3660 days")));
    }
    Ok(duration.as_micros() as i64)
}

fn unique<T: PartialEq + Serialize>(setting: &'static str, list: &[T]) -> Result<(), MonitorError> {
    match list.iter().enumerate().find(|(at, entry)| list[..*at].contains(entry)) {
        Some((_, entry)) => {
            Err(MonitorError::Setting { setting, problem: format!("`{}` is there twice", name_of(entry)) })
        }
        None => Ok(()),
    }
}

/// An entry of a list as it is written in the configuration.
fn name_of(entry: &impl Serialize) -> String {
    match serde_json::to_value(entry) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}
