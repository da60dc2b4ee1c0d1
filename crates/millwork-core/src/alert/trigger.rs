//! What makes a rule tell.

use std::fmt;

use crate::asset::Severity;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::run::RunStatus;

/// What makes a rule tell.
///
/// Some are told each time: runs, failures of assets, changes of a metric. The others are states: they are told once when
/// they begin, and once more when they are over.
#[derive(Clone, Debug, PartialEq)]
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
        match self {
            Self::RunFailed
            | Self::Run(_)
            | Self::AssetFailed
            | Self::CheckFailed(_)
            | Self::NotFresh(_)
            | Self::MetricBelow { .. }
            | Self::MetricAbove { .. }
            | Self::MetricChanged { .. } => true,
            Self::TickFailed | Self::DaemonTrouble => false,
        }
    }

    /// Whether it is about runs, so that a rule can be for those with a tag.
    pub(crate) fn has_tags(&self) -> bool {
        match self {
            Self::RunFailed
            | Self::Run(_)
            | Self::AssetFailed
            | Self::CheckFailed(_)
            | Self::MetricBelow { .. }
            | Self::MetricAbove { .. }
            | Self::MetricChanged { .. } => true,
            Self::NotFresh(_) | Self::TickFailed | Self::DaemonTrouble => false,
        }
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
            Self::MetricChanged { percent, .. } if *percent < 0.0 => {
                let problem = Problem::new(format!("a change of more than {percent} % is any change"));
                Some(problem.with_hint("a change in either direction counts; 0 stands for any"))
            }
            Self::RunFailed
            | Self::Run(_)
            | Self::AssetFailed
            | Self::CheckFailed(_)
            | Self::NotFresh(Freshness::Warn | Freshness::Fail)
            | Self::MetricBelow { .. }
            | Self::MetricAbove { .. }
            | Self::MetricChanged { .. }
            | Self::TickFailed
            | Self::DaemonTrouble => None,
        }
    }

    /// Its name in the store, under which it is remembered what was sent. It never changes: under another name, what was
    /// sent before would be sent again.
    pub fn stored_name(&self) -> String {
        match self {
            Self::RunFailed => "run failed or lost".to_owned(),
            Self::Run(status) => format!("run {}", status.as_str()),
            Self::AssetFailed => "asset failed".to_owned(),
            Self::CheckFailed(Severity::Warn) => "check failed".to_owned(),
            Self::CheckFailed(Severity::Error) => "check failed (error)".to_owned(),
            Self::NotFresh(Freshness::Warn) => "freshness warns or fails".to_owned(),
            Self::NotFresh(Freshness::Pass | Freshness::Fail | Freshness::Unknown) => {
                "freshness fails".to_owned()
            }
            Self::MetricBelow { metric, threshold } => format!("{metric} < {threshold}"),
            Self::MetricAbove { metric, threshold } => format!("{metric} > {threshold}"),
            Self::MetricChanged { metric, percent } => format!("{metric} changes by more than {percent} %"),
            Self::TickFailed => "tick failed".to_owned(),
            Self::DaemonTrouble => "daemon trouble".to_owned(),
        }
    }
}

/// The trigger in words.
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
