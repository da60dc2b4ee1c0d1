//! Automation: the assets with conditions, the outcomes of evaluations, and their explanations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::automation::{AutomationEntry, Explanation, Held, Hold, Outcome, Part, watch_key};
use millwork_core::index::TypedIndex as _;
use millwork_core::instigator::ConditionOff;
use millwork_core::model::ModelHistory;
use millwork_core::simulation::SimulatedRun;
use millwork_core::watch::Unwatched;
use millwork_core::{AssetKey, AssetPartition, AutomationCondition, Pipeline};
use millwork_storage::{StorageError, Store};
use serde::Serialize;
use utoipa::ToSchema;

/// The state of automation: its switch, and the assets that have a condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AutomationView {
    /// Whether automation as a whole is on.
    pub on: bool,
    /// The assets that have a condition, in the order of the graph, and behind them the jobs that have one, and the watches.
    pub assets: Vec<AutomationEntryView>,
}

/// An asset or job that has an automation condition, with the outcome of its last evaluation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AutomationEntryView {
    /// The asset's key; of a job, `job:` and its name; of a watch, `watch:` and its model.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Whether its condition is on.
    pub on: bool,
    /// The condition as text.
    pub condition: String,
    /// The outcome of the last evaluation; `null` if there was none.
    #[schema(required)]
    pub outcome: Option<OutcomeView>,
    /// When the last evaluation took place; `null` if there was none.
    #[schema(required)]
    pub evaluated_at: Option<Timestamp>,
    /// When the asset was last requested by its condition; `null` if it never was.
    #[schema(required)]
    pub requested_at: Option<Timestamp>,
    /// The number of its runs that have failed since it was last materialized.
    pub failures: u32,
    /// Why a watch isn't on whatever its condition says; absent if it is on, and for what isn't a watch.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub not_on: Option<String>,
}

/// The outcome of an evaluation.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeView {
    /// The condition holds, and the asset was requested. Of a watch: the condition holds.
    Requested,
    /// The condition doesn't hold.
    NotDue,
    /// The condition holds, and a run that materializes the asset was requested after it began to.
    Underway,
    /// The condition holds, but the asset isn't requested because its runs have failed.
    Held(HoldView),
    /// The condition holds, but the last run was requested a short time ago.
    Cooldown {
        /// When the next run may be requested.
        until: Timestamp,
    },
    /// The condition holds, but its budget of runs is spent.
    BudgetSpent {
        /// The number of runs that were requested within the budget's span.
        runs: u32,
        /// When the next run may be requested.
        until: Timestamp,
    },
}

/// The pause in requests for an asset whose runs fail.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct HoldView {
    /// The number of failed runs.
    pub failures: u32,
    /// When the pause ends; `null` if it lasts until the asset is materialized or its code changes.
    #[schema(required)]
    pub until: Option<Timestamp>,
}

/// The explanation of why an asset was or wasn't requested.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedAsset {
    /// The asset's key.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The condition as text.
    #[schema(required)]
    pub condition: Option<String>,
    /// Which switch keeps it from being evaluated; absent if none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub not_on: Option<String>,
    /// The last evaluation as a tree; `null` if there was none.
    #[schema(required)]
    pub explanation: Option<ExplanationView>,
    /// The last evaluation as text; `null` if there was none.
    #[schema(required)]
    pub text: Option<String>,
}

/// An evaluation of an asset's condition, part by part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationView {
    /// The asset's key.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// When the condition was evaluated.
    pub evaluated_at: Timestamp,
    /// When the asset was last requested by its condition; `null` if it never was.
    #[schema(required)]
    pub requested_at: Option<Timestamp>,
    /// The outcome of the evaluation.
    pub outcome: OutcomeView,
    /// The outcome as text, with the part of the condition that decided it.
    pub verdict: String,
    /// The root of the tree: the condition as a whole.
    pub condition: PartView,
}

/// A part of a condition, as an evaluation found it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartView {
    /// The part's name, as it is written in the text of the condition.
    pub name: String,
    /// Whether the part holds.
    pub holds: bool,
    /// What was measured for the part, as text; absent for a part that compares no numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub measured: Option<String>,
    /// The assets for which the part holds; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub truths: Vec<TruthView>,
    /// The parts that it is composed of; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, no_recursion)]
    pub parts: Vec<PartView>,
}

/// An asset for which a part of a condition holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TruthView {
    /// The position of the part in the tree in preorder: a part comes before those that it is composed of.
    pub node: usize,
    /// The asset's key.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The time of the evaluation at which the part began to hold.
    pub since: Timestamp,
    /// For which of its partitions, as text, a few of many; absent for an asset without.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub partitions: Option<String>,
}

/// The state of automation as a whole after a switch.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AutomationSwitch {
    /// Whether automation is on.
    pub on: bool,
}

/// The state of an asset's condition after a switch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetSwitch {
    /// The asset's key.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Whether the condition is on.
    pub on: bool,
}

/// A run that schedules or conditions would have requested in a simulated span of time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SimulatedRunView {
    /// When the run would have started.
    pub at: Timestamp,
    /// The schedule or condition that would have requested it, as text.
    pub why: String,
    /// The assets that it would have materialized.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partitions that it would have made; absent for none, and for every one of fixed lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<String>,
    /// When the run would have finished.
    pub until: Timestamp,
    /// Why the run can't be requested; absent if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The model whose alias a watch would have moved back to the version before, instead of requesting a run; absent for runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Option<String>)]
    pub goes_back: Option<AssetKey>,
}

impl ExplainedAsset {
    /// The condition of an asset with its last evaluation, `None` if it was never evaluated, and the switch that is off.
    pub fn new(
        asset: AssetKey,
        condition: &AutomationCondition,
        explanation: Option<Explanation>,
        off: Option<ConditionOff>,
    ) -> Self {
        let text = explanation.as_ref().map(ToString::to_string);
        let condition = Some(condition.to_string());
        let not_on = off.map(|off| off.to_string());
        Self { asset, condition, not_on, explanation: explanation.map(Into::into), text }
    }
}

impl AutomationEntryView {
    /// What has a condition, with why it isn't on if it is one of the watches that [aren't](watches_not_on).
    pub fn new(entry: AutomationEntry, not_on: &BTreeMap<AssetKey, Unwatched>) -> Self {
        let not_on = not_on.get(&entry.asset).map(ToString::to_string);
        let AutomationEntry { asset, on, condition, outcome, evaluated_at, requested_at, failures } = entry;
        let outcome = outcome.map(Into::into);
        Self { asset, on, condition, outcome, evaluated_at, requested_at, failures, not_on }
    }
}

/// The switch that keeps the condition of an asset, job or watch from being evaluated; `None` if none does.
///
/// # Errors
///
/// Those of the store.
pub async fn condition_off(store: &dyn Store, key: &AssetKey) -> Result<Option<ConditionOff>, StorageError> {
    let switches = store.states().await?;
    Ok(ConditionOff::of(key, |instigator| switches.get(instigator).and_then(|state| state.on)))
}

/// The watches that aren't on at `now`, by their [keys](watch_key), and why. `history` has the histories of their models, `None` where nothing
/// has happened.
pub fn watches_not_on<'h>(
    pipeline: &Pipeline,
    history: impl Fn(&AssetPartition) -> Option<&'h ModelHistory>,
    now: Timestamp,
) -> BTreeMap<AssetKey, Unwatched> {
    let graph = pipeline.graph();
    let not_on = pipeline.watches().iter().filter_map(|watch| {
        let in_use = graph.alias_in_use(graph.index(watch.model.as_str())?);
        let why = match history(&AssetPartition::new(watch.model.clone(), None)) {
            Some(history) => history.watched(&in_use, watch.within, now).err()?,
            None => Unwatched::NoneInUse,
        };
        Some((watch_key(&watch.model), why))
    });
    not_on.collect()
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Requested => Self::Requested,
            Outcome::NotDue => Self::NotDue,
            Outcome::Underway => Self::Underway,
            Outcome::Held(Hold { failures, until }) => Self::Held(HoldView { failures, until }),
            Outcome::Cooldown { until } => Self::Cooldown { until },
            Outcome::BudgetSpent { runs, until } => Self::BudgetSpent { runs, until },
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
        let Part { name, holds, measured, truths, parts } = part;
        let truth = |Held { node, asset, since, partitions }| TruthView {
            node: node.position(),
            asset,
            since,
            partitions,
        };
        let truths = truths.into_iter().map(truth).collect();
        Self { name, holds, measured, truths, parts: parts.into_iter().map(Into::into).collect() }
    }
}

impl From<SimulatedRun> for SimulatedRunView {
    fn from(run: SimulatedRun) -> Self {
        let SimulatedRun { at, why, assets, partitions, until, problem, goes_back } = run;
        let partitions = partitions.iter().map(|key| key.label().to_owned()).collect();
        Self { at, why, assets, partitions, until, problem, goes_back }
    }
}
