//! Automation: which assets have conditions, what became of them, and why.

use jiff::Timestamp;
use millwork_core::automation::{AutomationEntry, Explanation, Hold, Outcome, Part, Truth};
use millwork_core::index::TypedIndex as _;
use millwork_core::simulation::SimulatedRun;
use millwork_core::{AssetKey, AutomationCondition};
use serde::Serialize;
use utoipa::ToSchema;

/// The assets that have a condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AutomationView {
    /// Whether automation as a whole is on.
    pub on: bool,
    /// The assets, in the order of the graph.
    pub assets: Vec<AutomationEntryView>,
}

/// An asset that has a condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AutomationEntryView {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Whether its condition is on.
    pub on: bool,
    /// Its condition, in words.
    pub condition: String,
    /// What the last evaluation came to; `null` if there was none.
    #[schema(required)]
    pub outcome: Option<OutcomeView>,
    /// When that was.
    #[schema(required)]
    pub evaluated_at: Option<Timestamp>,
    /// When it was last requested; `null` if it never was.
    #[schema(required)]
    pub requested_at: Option<Timestamp>,
    /// How many of its runs have failed since it was last made.
    pub failures: u32,
}

/// What an evaluation came to.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeView {
    /// The asset is requested.
    Requested,
    /// Its condition doesn't hold.
    NotDue,
    /// Its condition has held since before the run that makes it was requested.
    Underway,
    /// Its condition holds, but its runs fail.
    Held(HoldView),
}

/// That an asset isn't requested, as its runs fail.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct HoldView {
    /// How many have failed.
    pub failures: u32,
    /// Until when; `null` if until it is made or its code changes.
    #[schema(required)]
    pub until: Option<Timestamp>,
}

/// Why an asset was requested, or wasn't.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedAsset {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Its condition.
    #[schema(required)]
    pub condition: Option<String>,
    /// What the last evaluation found, as a tree; `null` if there was none.
    #[schema(required)]
    pub explanation: Option<ExplanationView>,
    /// The same as text.
    #[schema(required)]
    pub text: Option<String>,
}

/// What an evaluation found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationView {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// When it was evaluated.
    pub evaluated_at: Timestamp,
    /// When it was last requested; `null` if it never was.
    #[schema(required)]
    pub requested_at: Option<Timestamp>,
    /// What the evaluation came to.
    pub outcome: OutcomeView,
    /// The same in words, with what decided it.
    pub verdict: String,
    /// The condition, part by part.
    pub condition: PartView,
}

/// A part of a condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartView {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// For which assets it holds; absent if for none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub truths: Vec<TruthView>,
    /// What it is made of; absent if it has no parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, no_recursion)]
    pub parts: Vec<PartView>,
}

/// That a part of a condition holds for an asset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TruthView {
    /// The position of the part in the tree, counted from above and from the left.
    pub node: usize,
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The evaluation at which it began to hold.
    pub since: Timestamp,
}

/// Automation as a whole, after it was switched.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AutomationSwitch {
    /// Whether it is on now.
    pub on: bool,
}

/// The condition of an asset, after it was switched.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetSwitch {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Whether it is on now.
    pub on: bool,
}

/// A run that schedules or conditions would have requested.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SimulatedRunView {
    /// When it would have begun.
    pub at: Timestamp,
    /// What would have asked for it.
    pub why: String,
    /// What it would have made.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// When it would have ended.
    pub until: Timestamp,
    /// Why it can't be requested; absent if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl ExplainedAsset {
    /// The condition of an asset, and what its last evaluation found; `None` if it was never evaluated.
    pub fn new(asset: AssetKey, condition: &AutomationCondition, explanation: Option<Explanation>) -> Self {
        let text = explanation.as_ref().map(ToString::to_string);
        let condition = Some(condition.to_string());
        Self { asset, condition, explanation: explanation.map(Into::into), text }
    }
}

impl From<AutomationEntry> for AutomationEntryView {
    fn from(entry: AutomationEntry) -> Self {
        let AutomationEntry { asset, on, condition, outcome, evaluated_at, requested_at, failures } = entry;
        Self { asset, on, condition, outcome: outcome.map(Into::into), evaluated_at, requested_at, failures }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Requested => Self::Requested,
            Outcome::NotDue => Self::NotDue,
            Outcome::Underway => Self::Underway,
            Outcome::Held(Hold { failures, until }) => Self::Held(HoldView { failures, until }),
        }
    }
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> Self {
        let Explanation { asset, evaluated_at, requested_at, outcome, verdict, condition } = explanation;
        let (outcome, condition) = (outcome.into(), condition.into());
        Self { asset, evaluated_at, requested_at, outcome, verdict, condition }
    }
}

impl From<Part> for PartView {
    fn from(part: Part) -> Self {
        let Part { name, holds, truths, parts } = part;
        let truth = |Truth { node, asset, since }| TruthView { node: node.position(), asset, since };
        let truths = truths.into_iter().map(truth).collect();
        Self { name, holds, truths, parts: parts.into_iter().map(Into::into).collect() }
    }
}

impl From<SimulatedRun> for SimulatedRunView {
    fn from(run: SimulatedRun) -> Self {
        let SimulatedRun { at, why, assets, until, problem } = run;
        Self { at, why, assets, until, problem }
    }
}
