//! The facts that a condition can ask about one asset.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::AutomationCondition;
use super::metric::{MetricComparison, in_words};
use crate::id::AssetKey;

/// A fact about one asset. Its JSON is part of the condition's identity, and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operand {
    /// It has no value.
    Missing,
    /// A run is making it, or is going to.
    InProgress,
    /// Its last run failed.
    ExecutionFailed,
    /// It was materialized since the last evaluation.
    NewlyUpdated,
    /// The last evaluation requested it.
    NewlyRequested,
    /// This evaluation requests it.
    WillBeRequested,
    /// The run that materialized it last was to make the asset that has the condition, too.
    ExecutedWithRootTarget,
    /// The run that materialized it last had this tag.
    ExecutedWithTag {
        /// The key of the tag.
        tag: String,
        /// The value that the tag must have.
        value: String,
    },
    /// Its code has changed since the last evaluation.
    CodeVersionChanged,
    /// It was materialized since the last evaluation, with other data than before.
    DataVersionChanged,
    /// The condition is evaluated for the first time.
    InitialEvaluation,
    /// A tick of the schedule has passed since the last evaluation.
    CronTickPassed {
        /// The line of cron.
        cron: String,
        /// The IANA time zone.
        zone: String,
    },
    /// The check's last result was a pass.
    CheckPassed(String),
    /// The check's last result was a failure.
    CheckFailed(String),
    /// The last result of any check was a failure.
    AnyCheckFailed,
    /// The last result of each blocking check was a pass.
    BlockingChecksPassed,
    /// A number of a named asset compares so.
    Metric(MetricComparison),
    /// The newest value of a named asset is older than this; of a model, the version in use.
    OlderThan {
        /// The asset.
        asset: AssetKey,
        /// The age.
        age: Duration,
    },
    /// A question of the gate of a named model waits for an answer.
    VerdictPending(AssetKey),
    /// A question about a model waits for an answer, which the subject of the condition makes.
    OwnVerdictPending,
    /// It is a partition of the latest window, or of one that starts within the lookback before the end of that.
    InLatestTimeWindow {
        /// How far back; without one, only the latest.
        #[serde(skip_serializing_if = "Option::is_none")]
        lookback: Option<Duration>,
    },
    /// An unfinished backfill is going to make it.
    BackfillInProgress,
}

macro_rules! operands {
    ($($(#[$doc:meta])* $name:ident = $operand:ident;)*) => {
        impl AutomationCondition {
            $($(#[$doc])* pub fn $name() -> Self { Self::operand(Operand::$operand) })*
        }
    };
}

operands! {
    /// The asset has no value.
    missing = Missing;
    /// A run is making the asset, or is going to.
    in_progress = InProgress;
    /// The asset's last run failed. It stays true until a run succeeds: use it with `newly_true`.
    execution_failed = ExecutionFailed;
    /// The asset was materialized since the last evaluation.
    newly_updated = NewlyUpdated;
    /// The last evaluation requested the asset.
    newly_requested = NewlyRequested;
    /// This evaluation requests the asset; of use for upstream assets.
    will_be_requested = WillBeRequested;
    /// The run that materialized the asset last was to make the asset that has the condition, too.
    executed_with_root_target = ExecutedWithRootTarget;
    /// The asset's code has changed since the last evaluation.
    code_version_changed = CodeVersionChanged;
    /// The asset was materialized since the last evaluation, and its data isn't what it was.
    data_version_changed = DataVersionChanged;
    /// The condition is evaluated for the first time.
    initial_evaluation = InitialEvaluation;
    /// The last result of any of the asset's checks was a failure.
    any_check_failed = AnyCheckFailed;
    /// The last result of each of the asset's blocking checks was a pass; true if it has none.
    blocking_checks_passed = BlockingChecksPassed;
    /// An unfinished backfill is going to make the partition.
    backfill_in_progress = BackfillInProgress;
}

impl AutomationCondition {
    /// A tick of the schedule `cron`, in the IANA time zone `zone`, has passed since the last evaluation. False at the
    /// first evaluation.
    pub fn cron_tick_passed(cron: &str, zone: &str) -> Self {
        Self::operand(Operand::CronTickPassed { cron: cron.into(), zone: zone.into() })
    }

    /// The run that materialized the asset last had the tag `tag` with the value `value`.
    pub fn executed_with_tag(tag: &str, value: &str) -> Self {
        Self::operand(Operand::ExecutedWithTag { tag: tag.into(), value: value.into() })
    }

    /// The partition is one of the latest window, or of a window that starts within the lookback before the end of that; true of assets
    /// without windows. A condition without this part requests partitions of the latest window only: with it, those that it holds for.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use millwork_core::AutomationCondition;
    ///
    /// // Days whose upstream is late by up to a week.
    /// let week = Duration::from_secs(7 * 24 * 3600);
    /// let late = AutomationCondition::eager() & AutomationCondition::in_latest_time_window(week);
    /// let latest = AutomationCondition::eager() & AutomationCondition::in_latest_time_window(None);
    /// ```
    pub fn in_latest_time_window(lookback: impl Into<Option<Duration>>) -> Self {
        Self::operand(Operand::InLatestTimeWindow { lookback: lookback.into() })
    }

    /// The check's last result was a pass.
    pub fn check_passed(name: &str) -> Self {
        Self::operand(Operand::CheckPassed(name.into()))
    }

    /// The check's last result was a failure.
    pub fn check_failed(name: &str) -> Self {
        Self::operand(Operand::CheckFailed(name.into()))
    }

    /// The newest value of `asset` is older than this. Of a model it is the version in use, counted from when that version was made. An
    /// asset without a value isn't old.
    pub fn older_than(asset: impl Into<AssetKey>, age: Duration) -> Self {
        Self::operand(Operand::OlderThan { asset: asset.into(), age })
    }

    /// A question of the gate of `model` waits for an answer.
    pub fn verdict_pending(model: impl Into<AssetKey>) -> Self {
        Self::operand(Operand::VerdictPending(model.into()))
    }

    /// The condition holds, and no question waits for an answer about a model that the asset's or job's run makes.
    #[must_use]
    pub fn unless_verdict_pending(self) -> Self {
        self & !Self::operand(Operand::OwnVerdictPending)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::InProgress => "in_progress",
            Self::ExecutionFailed => "execution_failed",
            Self::NewlyUpdated => "newly_updated",
            Self::NewlyRequested => "newly_requested",
            Self::WillBeRequested => "will_be_requested",
            Self::ExecutedWithRootTarget => "executed_with_root_target",
            Self::DataVersionChanged => "data_version_changed",
            Self::BlockingChecksPassed => "blocking_checks_passed",
            Self::CodeVersionChanged => "code_version_changed",
            Self::InitialEvaluation => "initial_evaluation",
            Self::AnyCheckFailed => "any_check_failed",
            Self::CronTickPassed { cron, zone } => return write!(f, "cron_tick_passed({cron:?}, {zone:?})"),
            Self::ExecutedWithTag { tag, value } => {
                return write!(f, "executed_with_tag({tag:?}, {value:?})");
            }
            Self::CheckPassed(check) => return write!(f, "check_passed({check:?})"),
            Self::CheckFailed(check) => return write!(f, "check_failed({check:?})"),
            Self::Metric(comparison) => return comparison.fmt(f),
            Self::OlderThan { asset, age } => {
                return write!(f, "older_than({:?}, {})", asset.as_str(), in_words(*age));
            }
            Self::VerdictPending(model) => return write!(f, "verdict_pending({:?})", model.as_str()),
            Self::OwnVerdictPending => "verdict_pending",
            Self::InLatestTimeWindow { lookback: None } => "in_latest_time_window",
            Self::InLatestTimeWindow { lookback: Some(lookback) } => {
                return write!(f, "in_latest_time_window({})", in_words(*lookback));
            }
            Self::BackfillInProgress => "backfill_in_progress",
        })
    }
}
