//! What makes a rule tell.

use std::fmt;

use crate::advice::Problem;
use crate::asset::Severity;
use crate::freshness::Freshness;
use crate::run::RunStatus;

/// What makes a rule tell.
///
/// Some are told each time: runs, failures of assets, changes of a metric. The others are states: they are told once when
/// they begin, and once more when they are over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Trigger {
    /// A run failed or was lost. Told each time.
    RunFailed,
    /// A run ended in this status. Told each time.
    Run(RunStatus),
    /// The step of an asset failed for good. Told each time.
    AssetFailed,
    /// A check failed and is at least so severe, also where the run succeeded. Told when it begins and when it is over.
    CheckFailed(Severity),
    /// An asset is as bad as this by its freshness policy: [`Freshness::Warn`] or [`Freshness::Fail`]. Told when it begins, when
    /// it gets worse, and when it is over.
    NotFresh(Freshness),
    /// A metric, which is a number in the metadata of an asset, is below a threshold. Told when it begins and when it is over.
    MetricBelow {
        /// Its name.
        metric: String,
        /// The threshold.
        threshold: f64,
    },
    /// A metric is above a threshold. Told when it begins and when it is over.
    MetricAbove {
        /// Its name.
        metric: String,
        /// The threshold.
        threshold: f64,
    },
    /// A metric differs from that of the last materialization by more than so many per cent of it. Told each time.
    MetricChanged {
        /// Its name.
        metric: String,
        /// So many.
        percent: f64,
    },
    /// A schedule, a sensor or an automation could not be evaluated. Told when it begins and when it is over.
    TickFailed,
    /// One of the daemon's loops fails. Told when it begins and when it is over.
    DaemonTrouble,
}

impl Trigger {
    /// A metric below a threshold.
    pub fn metric_below(metric: impl Into<String>, threshold: f64) -> Self {
        Self::MetricBelow { metric: metric.into(), threshold }
    }

    /// A metric above a threshold.
    pub fn metric_above(metric: impl Into<String>, threshold: f64) -> Self {
        Self::MetricAbove { metric: metric.into(), threshold }
    }

    /// A metric that changes by more than so many per cent.
    pub fn metric_changed(metric: impl Into<String>, percent: f64) -> Self {
        Self::MetricChanged { metric: metric.into(), percent }
    }

    /// Whether it is about assets, so that a rule can be for some of them.
    pub(crate) fn has_assets(&self) -> bool {
        !matches!(self, Self::TickFailed | Self::DaemonTrouble)
    }

    /// Whether it is about runs, so that a rule can be for those with a tag.
    pub(crate) fn has_tags(&self) -> bool {
        self.has_assets() && !matches!(self, Self::NotFresh(_))
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self) -> Option<Problem> {
        match self {
            Self::Run(status) if !status.is_finished() => {
                let problem = Problem::new(format!("no run ends as `{status}`"));
                Some(problem.with_hint("succeeded, failed, canceled or lost"))
            }
            Self::NotFresh(state @ (Freshness::Pass | Freshness::Unknown)) => {
                let problem = Problem::new(format!("`{state}` is no trouble"));
                Some(problem.with_hint("`Freshness::Warn` or `Freshness::Fail`"))
            }
            Self::MetricBelow { threshold: number, .. }
            | Self::MetricAbove { threshold: number, .. }
            | Self::MetricChanged { percent: number, .. }
                if number.is_nan() =>
            {
                Some(Problem::new("its threshold is not a number"))
            }
            _ => None,
        }
    }
}

/// The trigger in words. They are part of what is stored about it.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunFailed => f.write_str("run failed or lost"),
            Self::Run(status) => write!(f, "run {status}"),
            Self::AssetFailed => f.write_str("asset failed"),
            Self::CheckFailed(Severity::Warn) => f.write_str("check failed"),
            Self::CheckFailed(Severity::Error) => f.write_str("check failed (error)"),
            Self::NotFresh(Freshness::Warn) => f.write_str("freshness warns or fails"),
            Self::NotFresh(_) => f.write_str("freshness fails"),
            Self::MetricBelow { metric, threshold } => write!(f, "{metric} < {threshold}"),
            Self::MetricAbove { metric, threshold } => write!(f, "{metric} > {threshold}"),
            Self::MetricChanged { metric, percent } => write!(f, "{metric} changes by more than {percent} %"),
            Self::TickFailed => f.write_str("tick failed"),
            Self::DaemonTrouble => f.write_str("daemon trouble"),
        }
    }
}
