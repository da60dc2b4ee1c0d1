//! Alert rules: their triggers, their assets and runs, and the destinations of their alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::Destination;
use crate::asset::Severity;
use crate::automation::model_measured_by;
use crate::condition::percent;
use crate::freshness::Freshness;
use crate::graph::{AssetGraph, Selection};
use crate::problem::Problem;
use crate::run::RunStatus;
use crate::stored::Number;

/// An alert rule: what fires it, for which assets and runs, and where its alerts go.
///
/// ```
/// use std::time::Duration;
///
/// use millwork_core::alert::{AlertRule, Destination, Secret, Trigger};
///
/// let rule = AlertRule::new("model")
///     .when(Trigger::RunFailed)
///     .when(Trigger::metric_below("r_squared", 0.3))
///     .assets("group:model")
///     .cooldown(Duration::from_secs(3600))
///     .to(Destination::slack(Secret::env("SLACK_WEBHOOK")));
/// assert_eq!(rule.destinations[0].to_string(), "slack $SLACK_WEBHOOK");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRule {
    /// Its name, unique among the pipeline's rules.
    pub name: String,
    /// The purpose of the rule, in Markdown; may be empty.
    pub description: String,
    /// What fires it: any of these.
    pub triggers: Vec<Trigger>,
    /// The assets it is for, in the selection syntax; without one, all.
    pub selection: Option<String>,
    /// The tags that a run must have; only what happens in such a run counts.
    pub tags: BTreeMap<String, String>,
    /// The pause after an alert, during which nothing more is sent about the same subject.
    pub cooldown: Duration,
    /// Where its alerts go: all of these.
    pub destinations: Vec<Destination>,
}

impl AlertRule {
    /// A rule without triggers and destinations.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            triggers: Vec::new(),
            selection: None,
            tags: BTreeMap::new(),
            cooldown: Duration::ZERO,
            destinations: Vec::new(),
        }
    }

    /// The rule with a description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The rule with one more trigger.
    #[must_use]
    pub fn when(mut self, trigger: Trigger) -> Self {
        self.triggers.push(trigger);
        self
    }

    /// The rule for what happens to these assets, in the selection syntax, and in runs that make one of them.
    #[must_use]
    pub fn assets(mut self, selection: impl Into<String>) -> Self {
        self.selection = Some(selection.into());
        self
    }

    /// The rule for runs with this tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// The rule with a pause after each alert, during which nothing more is sent about the same subject. What was held
    /// back is counted in the next alert; a state that lasts is alerted when the pause is over.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// The rule with one more destination.
    #[must_use]
    pub fn to(mut self, destination: Destination) -> Self {
        self.destinations.push(destination);
        self
    }

    /// The destination of this [name in the store](Destination::stored_name).
    pub fn destination(&self, name: &str) -> Option<&Destination> {
        self.destinations.iter().find(|destination| destination.stored_name() == name)
    }

    /// Everything that is wrong with it.
    pub(crate) fn problems(&self, graph: &AssetGraph) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.triggers.is_empty() {
            problems.push(Problem::new("it has no trigger").with_hint("`.when(Trigger::RunFailed)`"));
        }
        if self.destinations.is_empty() {
            problems.push(Problem::new("it has no destination").with_hint("`.to(Destination::…)`"));
        }
        let names: BTreeSet<String> = self.destinations.iter().map(Destination::stored_name).collect();
        if names.len() < self.destinations.len() {
            problems.push(Problem::new("it names a destination twice"));
        }
        problems.extend(self.destinations.iter().filter_map(Destination::problem));
        for trigger in &self.triggers {
            problems.extend(trigger.problem());
            if let Trigger::MetricWorseThanAtPromotion { metric, .. } = trigger
                && !graph.assets().indices().any(|asset| model_measured_by(graph, asset, metric).is_some())
            {
                let problem = Problem::new(format!("no asset measures a model upstream by {metric}"));
                let hint =
                    format!("`#[asset(metric = \"{metric}\" lower)]`, or `higher`, on the asset that does");
                problems.push(problem.with_hint(hint));
            }
            if self.selection.is_some() && !trigger.has_assets() {
                let problem = Problem::new(format!("`{trigger}` is about no asset"));
                problems.push(problem.with_hint("a rule of its own without `.assets`"));
            }
            if !self.tags.is_empty() && !trigger.has_tags() {
                let problem = Problem::new(format!("`{trigger}` is about no run"));
                problems.push(problem.with_hint("a rule of its own without `.tag`"));
            }
        }
        if let Some(selection) = &self.selection {
            let selected = Selection::parse(selection).and_then(|selection| selection.select(graph));
            problems
                .extend(selected.err().map(|error| Problem::from(&error).within("its selection is invalid")));
        }
        problems
    }
}

/// The condition that fires an alert.
///
/// Event triggers (runs, failures of assets, changes of a metric) fire on each occurrence. State triggers fire once when the state
/// begins, and are resolved once, by an alert that it is over.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// A run failed or was lost. Fires each time.
    RunFailed,
    /// A run ended in this status. Fires each time.
    Run(RunStatus),
    /// The step of an asset failed for good. Fires each time.
    AssetFailed,
    /// A check of at least this severity failed, also where the run succeeded. Fires when it begins and when it is over.
    CheckFailed(Severity),
    /// An asset is as bad as this by its freshness policy: [`Freshness::Warn`] or [`Freshness::Fail`]. Fires when it begins, when
    /// it gets worse, and when it is over.
    NotFresh(Freshness),
    /// A metric, which is a number in the metadata of an asset, is below a threshold. Fires when it begins and when it is over.
    MetricBelow {
        /// The label of the metric in the asset's metadata.
        metric: String,
        /// The alert fires if the metric is below this value.
        threshold: f64,
    },
    /// A metric is above a threshold. Fires when it begins and when it is over.
    MetricAbove {
        /// The label of the metric in the asset's metadata.
        metric: String,
        /// The alert fires if the metric is above this value.
        threshold: f64,
    },
    /// A metric differs from that of the last materialization by more than a percentage of it. Fires each time.
    MetricChanged {
        /// The label of the metric in the asset's metadata.
        metric: String,
        /// The change that is still tolerated, in per cent.
        percent: f64,
    },
    /// The metric of an asset is worse than that of the first materialization after the version in use of its model came into use. Fires
    /// when it begins and when it is over; another version in use begins anew.
    MetricWorseThanAtPromotion {
        /// The label of the metric, by which the asset says that it is measured.
        metric: String,
        /// The share of the number at promotion by which it may be worse: 0.15 is 15 %.
        share: f64,
    },
    /// The share of predictions that have ground truth, which is the number `coverage`, is below this. Fires when it begins and when it is
    /// over.
    CoverageBelow(f64),
    /// A condition holds, but its budget of runs is spent. Fires each time that it begins to be held back.
    BudgetSpent,
    /// A version of a model came into use: an alias was moved to it, by its gate, an answer, a time limit or by hand. Fires each time.
    Promoted,
    /// A version of a model was not promoted, and stays promotable: by its gate, an answer or a time limit. Fires each time.
    Kept,
    /// A version of a model isn't fit for use: by its gate, an answer, a time limit or by hand. Fires each time.
    Rejected,
    /// The gate of a model asks people whether a version is to be promoted. Fires each time.
    ApprovalAsked,
    /// A trial of a version in shadow is over: by its gate, an answer or a time limit. Fires each time.
    ShadowDecided,
    /// Calls of an asset's function with a version of a model in shadow fail, which their runs don't. Fires when it begins and when it is
    /// over; another version begins anew.
    ShadowFailed,
    /// An alias of a model went back to an earlier version. Fires each time.
    RolledBack,
    /// A schedule, a sensor or an automation could not be evaluated. Fires when it begins and when it is over.
    TickFailed,
    /// One of the daemon's loops fails. Fires when it begins and when it is over.
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

    /// A metric that changes by more than `percent` per cent.
    pub fn metric_changed(metric: impl Into<String>, percent: f64) -> Self {
        Self::MetricChanged { metric: metric.into(), percent }
    }

    /// The metric of an asset that is worse by more than `share` than at the promotion of the version in use.
    pub fn metric_worse_than_at_promotion(metric: impl Into<String>, share: f64) -> Self {
        Self::MetricWorseThanAtPromotion { metric: metric.into(), share }
    }

    /// A coverage below `share`, of 0 to 1.
    pub fn coverage_below(share: f64) -> Self {
        Self::CoverageBelow(share)
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
            | Self::MetricChanged { .. }
            | Self::MetricWorseThanAtPromotion { .. }
            | Self::CoverageBelow(_)
            | Self::Promoted
            | Self::Kept
            | Self::Rejected
            | Self::ApprovalAsked
            | Self::ShadowDecided
            | Self::ShadowFailed
            | Self::RolledBack => true,
            Self::BudgetSpent | Self::TickFailed | Self::DaemonTrouble => false,
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
            | Self::MetricChanged { .. }
            | Self::MetricWorseThanAtPromotion { .. }
            | Self::CoverageBelow(_)
            | Self::Promoted
            | Self::Kept
            | Self::Rejected
            | Self::ApprovalAsked
            | Self::ShadowDecided
            | Self::ShadowFailed => true,
            Self::NotFresh(_)
            | Self::BudgetSpent
            | Self::RolledBack
            | Self::TickFailed
            | Self::DaemonTrouble => false,
        }
    }

    /// Whether it compares a materialization with the one before, which must be read for it.
    pub(crate) fn compares(&self) -> bool {
        match self {
            Self::MetricChanged { .. } => true,
            Self::RunFailed
            | Self::Run(_)
            | Self::AssetFailed
            | Self::CheckFailed(_)
            | Self::NotFresh(_)
            | Self::MetricBelow { .. }
            | Self::MetricAbove { .. }
            | Self::MetricWorseThanAtPromotion { .. }
            | Self::CoverageBelow(_)
            | Self::BudgetSpent
            | Self::Promoted
            | Self::Kept
            | Self::Rejected
            | Self::ApprovalAsked
            | Self::ShadowDecided
            | Self::ShadowFailed
            | Self::RolledBack
            | Self::TickFailed
            | Self::DaemonTrouble => false,
        }
    }

    /// The metric that it compares with the number at a model's promotion; `None` if it compares none.
    pub(super) fn metric_since_promotion(&self) -> Option<&str> {
        if let Self::MetricWorseThanAtPromotion { metric, .. } = self { Some(metric) } else { None }
    }

    /// The reason why it is invalid; `None` if it is valid.
    pub(crate) fn problem(&self) -> Option<Problem> {
        match self {
            Self::Run(status) if !status.is_finished() => {
                let problem = Problem::new(format!("`{status}` is not a final status of runs"));
                Some(problem.with_hint("succeeded, failed, canceled or lost"))
            }
            Self::NotFresh(state @ (Freshness::Pass | Freshness::Unknown)) => {
                let problem = Problem::new(format!("`{state}` is not a state that needs an alert"));
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
                Some(problem.with_hint("a change in either direction counts; 0 means any change"))
            }
            Self::MetricWorseThanAtPromotion { share, .. } if !(0.0..f64::INFINITY).contains(share) => {
                let problem = Problem::new(format!("a metric can't be worse by a share of {share}"));
                Some(problem.with_hint("0 or more: 0.15 is 15 %"))
            }
            Self::CoverageBelow(share) if !(0.0..=1.0).contains(share) => {
                let problem = Problem::new(format!("a coverage is never {share}"));
                Some(problem.with_hint("0 to 1: 0.8 is 80 %"))
            }
            Self::RunFailed
            | Self::Run(_)
            | Self::AssetFailed
            | Self::CheckFailed(_)
            | Self::NotFresh(Freshness::Warn | Freshness::Fail)
            | Self::MetricBelow { .. }
            | Self::MetricAbove { .. }
            | Self::MetricChanged { .. }
            | Self::MetricWorseThanAtPromotion { .. }
            | Self::CoverageBelow(_)
            | Self::BudgetSpent
            | Self::Promoted
            | Self::Kept
            | Self::Rejected
            | Self::ApprovalAsked
            | Self::ShadowDecided
            | Self::ShadowFailed
            | Self::RolledBack
            | Self::TickFailed
            | Self::DaemonTrouble => None,
        }
    }

    /// Its name in the store, under which the state of its alerts is kept. It never changes: under another name, what was
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
            Self::MetricWorseThanAtPromotion { metric, share } => {
                format!("{metric} worse than at promotion by {share}")
            }
            Self::CoverageBelow(share) => format!("coverage below {share}"),
            Self::BudgetSpent => "budget spent".to_owned(),
            Self::Promoted => "promoted".to_owned(),
            Self::Kept => "kept".to_owned(),
            Self::Rejected => "rejected".to_owned(),
            Self::ApprovalAsked => "approval asked".to_owned(),
            Self::ShadowDecided => "shadow decided".to_owned(),
            Self::ShadowFailed => "shadow failed".to_owned(),
            Self::RolledBack => "rolled back".to_owned(),
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
            Self::NotFresh(Freshness::Pass | Freshness::Fail | Freshness::Unknown) => {
                f.write_str("freshness fails")
            }
            Self::MetricBelow { metric, threshold } => write!(f, "{metric} < {threshold}"),
            Self::MetricAbove { metric, threshold } => write!(f, "{metric} > {threshold}"),
            Self::MetricChanged { metric, percent } => write!(f, "{metric} changes by more than {percent} %"),
            Self::MetricWorseThanAtPromotion { metric, share } => {
                write!(f, "{metric} worse than at promotion by more than {}", percent(Number(*share)))
            }
            Self::CoverageBelow(share) => write!(f, "coverage < {share}"),
            Self::BudgetSpent => f.write_str("budget spent"),
            Self::Promoted => f.write_str("promoted"),
            Self::Kept => f.write_str("kept"),
            Self::Rejected => f.write_str("rejected"),
            Self::ApprovalAsked => f.write_str("approval asked"),
            Self::ShadowDecided => f.write_str("shadow decided"),
            Self::ShadowFailed => f.write_str("shadow failed"),
            Self::RolledBack => f.write_str("rolled back"),
            Self::TickFailed => f.write_str("tick failed"),
            Self::DaemonTrouble => f.write_str("daemon trouble"),
        }
    }
}
