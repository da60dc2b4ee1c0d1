//! Staleness: which assets are out of date, and the causes.
//!
//! Each output of a plan is compared with its latest evaluation: the last event with a decision about it. That is usually a
//! materialization, but an asset that decided to keep its value, or to produce none, has evaluated code and data just as well; if
//! only values counted, an optional asset that declined would be stale for ever. An evaluation records its [`Provenance`]: the
//! version of the code, the version of each input's data, and the configuration of the step. An output is [stale](Staleness::Stale) where
//!
//! - the version of its code isn't the recorded one: a hash of the function's tokens, or the version that it was given by hand;
//! - the step's standing configuration, that of the definitions over the defaults of its types, isn't the one of then. What a run overrides
//!   by its job, its schedule or `--set` is compared on neither side, and makes nothing stale: a value that was made with an override is
//!   fresh as long as the standing configuration stays. Evaluations of versions that recorded none have nothing to compare;
//! - an input's data has another version than the one recorded, or the inputs aren't the same any more;
//! - an input that the plan makes is itself stale or missing: it will probably be another one;
//! - an alias that it follows points at another version; what is made of that asset meanwhile is no cause;
//! - an asset whose history it reads has a newer version than the newest one that it read, unless that asset is made from it: each would
//!   make the other stale for ever;
//! - its value was reported from outside, so what it was made from isn't known.
//!
//! It is [missing](Staleness::Missing) where there is no evaluation to compare with. Outputs are compared in the order of the plan, so that
//! an input's staleness is known before that of its dependents. Data is compared by version and not by time: an upstream asset that
//! was made again with the same result leaves everything below it fresh, and no clock decides anything.
//!
//! What this promises: two processes with the same definitions and the same log come to the same answer, since it is a function of both;
//! and an output that is fresh was made by code, from data, and over a standing configuration of the versions that there are.
//!
//! What it doesn't promise:
//!
//! - **That the function would give the same value.** A code version sees one function: not those that it calls, not the versions of its
//!   dependencies, not the compiler. After such a change give the asset another version, or run it without `--stale`.
//! - **That resources and the environment are the same.** They aren't part of the provenance, nor is the value of a secret, of which a
//!   configuration has the name. What a function fetches from outside changes without being noticed; that is what schedules and freshness
//!   policies are for.
//! - **That stale values would change.** An input that is stale is reason enough. A run of stale steps evaluates them again when the inputs
//!   are there, and skips those that turn out to be unchanged.
//! - **That a value is still there.** Only the log is read. A deleted stored object is noticed when it is loaded.
//! - **That a check has passed.** A failed check makes nothing stale.
//!
//! [`Plan::stale_part`] is what a run of stale steps is left with. It also leaves out what can't be made, because the last word of an
//! upstream asset was that it has no value.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::asset::{AssetKey, CodeVersion, DataVersion};
use crate::event::{AliasMoved, Event, EventBody, InputVersion, Provenance};
use crate::graph::{AssetGraph, AssetIndex, StepIndex, StepNode};
use crate::param::{Absent, ConfigChange, RecordedConfig};
use crate::partition::{AssetPartition, PartitionKey, StepPartition};
use crate::plan::{Plan, PlanIndex, PlannedInput, PlannedStep};
use crate::run::{RunState, StepStatus};
use crate::version::{AliasName, ReadAs, VersionNumber};

/// The maximum number of changes of the configuration that a cause names.
const SHOWN_CHANGES: usize = 8;

/// Whether an asset's value is what running its function now would be based on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "causes", rename_all = "snake_case")]
pub enum Staleness {
    /// Code, standing configuration and inputs are unchanged since it was made.
    Fresh,
    /// There is no value, and none was declined.
    Missing,
    /// Code, standing configuration or inputs have changed since it was made.
    Stale(Vec<Cause>),
}

/// Why an asset is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Its function has changed.
    Code {
        /// The version it was made with.
        from: CodeVersion,
        /// The current version.
        to: CodeVersion,
    },
    /// The standing configuration of its step has changed.
    Config {
        /// The fields that have another value, from that of then to that of now; at least one.
        changes: Vec<ConfigChange>,
    },
    /// Another system has reported the value, so its inputs are unknown.
    Reported,
    /// An upstream asset has another value.
    Data {
        /// The key of the upstream asset.
        asset: AssetKey,
        /// The partition of the upstream asset; `None` if it is unpartitioned.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
        /// The version it was made from; `None` if the asset was no input then.
        from: Option<DataVersion>,
        /// The current version; `None` if the asset is no longer an input.
        to: Option<DataVersion>,
    },
    /// An alias that it follows points at another version.
    Alias {
        /// The key of the upstream asset.
        asset: AssetKey,
        /// The partition of the upstream asset; `None` if it is unpartitioned.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
        /// The alias.
        alias: AliasName,
        /// The version it was made from; `None` if there was none, or it didn't follow the alias then.
        from: Option<VersionNumber>,
        /// The version that the alias points at now; `None` if the alias doesn't exist.
        to: Option<VersionNumber>,
    },
    /// An asset whose history it reads has newer versions.
    History {
        /// The key of the asset.
        asset: AssetKey,
        /// The partition of the asset; `None` if it is unpartitioned.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
        /// The newest version that it read; `None` if it read none.
        from: Option<VersionNumber>,
        /// The newest version now.
        to: VersionNumber,
    },
    /// An upstream asset is itself stale or missing.
    Upstream {
        /// The key of the upstream asset.
        asset: AssetKey,
        /// The partition of the upstream asset; `None` if it is unpartitioned.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
    },
}

impl Cause {
    /// The cause in words, for a partition: of inputs, the partition is named where it is another one.
    pub fn in_words(&self, own: Option<&PartitionKey>) -> String {
        let short = |version: &DataVersion| version.as_str().chars().take(8).collect::<String>();
        let partition = self.partition().filter(|partition| Some(*partition) != own);
        let partition = partition.map(|partition| format!(" ({partition})")).unwrap_or_default();
        let of = |asset: &AssetKey| format!("`{asset}`{partition}");
        match self {
            Self::Code { .. } => "its code has changed since it was materialized".to_owned(),
            Self::Config { changes } => {
                let shown: Vec<String> =
                    changes.iter().take(SHOWN_CHANGES).map(ToString::to_string).collect();
                let rest = match changes.len().saturating_sub(SHOWN_CHANGES) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("the standing configuration changed: {}{rest}", shown.join(", "))
            }
            Self::Reported => "another system reported its value, and its inputs are unknown".to_owned(),
            Self::Data { asset, from: Some(from), to: Some(to), .. } => {
                format!("{} has new data ({} → {})", of(asset), short(from), short(to))
            }
            Self::Data { asset, from: None, to: Some(_), .. } => {
                format!("{} has data for the first time", of(asset))
            }
            Self::Data { asset, from: Some(_), to: None, .. } => {
                format!("{} is no longer an input", of(asset))
            }
            Self::Data { asset, from: None, to: None, .. } => format!("{} is a new input", of(asset)),
            Self::Alias { asset, alias, from: Some(from), to: Some(to), .. } => {
                format!("the {alias} of {} is version {to} now, and was {from}", of(asset))
            }
            Self::Alias { asset, alias, from: None, to: Some(to), .. } => {
                format!("the {alias} of {} is version {to} now", of(asset))
            }
            Self::Alias { asset, alias, to: None, .. } => format!("{} has no {alias} any more", of(asset)),
            Self::History { asset, from: Some(from), to, .. } => {
                format!("the history of {} goes on to version {to}, and it was read up to {from}", of(asset))
            }
            Self::History { asset, from: None, to, .. } => {
                format!("the history of {} goes on to version {to}, and none of it was read", of(asset))
            }
            Self::Upstream { asset, .. } => format!("{} is itself not fresh", of(asset)),
        }
    }

    /// The partition of the upstream asset that it is about.
    fn partition(&self) -> Option<&PartitionKey> {
        match self {
            Self::Code { .. } | Self::Config { .. } | Self::Reported => None,
            Self::Data { partition, .. }
            | Self::Alias { partition, .. }
            | Self::History { partition, .. }
            | Self::Upstream { partition, .. } => partition.as_ref(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(None))
    }
}

/// The latest evaluation of an asset or one of its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatestEvaluation {
    /// The version of its value; `None` if it has no value.
    pub data_version: Option<DataVersion>,
    /// The number of its newest version; `None` if there is none, or it has no number.
    pub version: Option<VersionNumber>,
    /// What that evaluation was made from; `None` if there was no evaluation.
    pub provenance: Option<Provenance>,
    /// The versions that its aliases point at.
    pub aliases: BTreeMap<AliasName, AliasedVersion>,
}

/// The version that an alias points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasedVersion {
    /// Its number.
    pub version: VersionNumber,
    /// The version of its data; `None` if it is unknown.
    pub data_version: Option<DataVersion>,
}

impl LatestEvaluation {
    /// Takes in a later event. One that keeps the value, or declines to make one, leaves the value that there is; one that can't be
    /// read leaves nothing to compare with.
    pub fn apply(&mut self, event: &Event) {
        self.provenance = event.body.provenance().cloned();
        if let EventBody::Materialized(materialization) = &event.body {
            self.data_version = Some(materialization.data_version.clone());
            self.version = materialization.version.or(self.version);
        } else if event.body.is_materialization() {
            self.data_version = None;
        }
    }

    /// Takes in a later move of an alias.
    pub fn move_alias(&mut self, moved: &AliasMoved) {
        match moved.to {
            Some(version) => {
                let data_version = moved.data_version.clone();
                self.aliases.insert(moved.alias.clone(), AliasedVersion { version, data_version });
            }
            None => drop(self.aliases.remove(&moved.alias)),
        }
    }
}

/// The latest evaluations by asset and partition.
pub type LatestEvaluations = HashMap<AssetPartition, LatestEvaluation>;

/// Where the latest evaluations are found.
pub trait Evaluations {
    /// The latest evaluation of an asset or a partition; `None` if there was none, and no alias of it was moved.
    fn latest(&self, asset: &AssetPartition) -> Option<&LatestEvaluation>;
}

impl Evaluations for LatestEvaluations {
    fn latest(&self, asset: &AssetPartition) -> Option<&LatestEvaluation> {
        self.get(asset)
    }
}

/// The staleness of everything that a plan would make.
#[derive(Debug)]
pub struct StalenessReport {
    by_output: HashMap<AssetPartition<AssetIndex>, Staleness>,
}

impl StalenessReport {
    /// Compares everything that `plan` makes with its latest evaluation. `latest` has to cover the plan's outputs and
    /// inputs.
    pub fn new(graph: &AssetGraph, plan: &Plan, latest: &LatestEvaluations) -> Self {
        let mut report = Self { by_output: HashMap::new() };
        let mut configs = ComparedConfigs::default();
        for step in &plan.steps {
            for &output in graph.outputs(step.step) {
                let output = step.at_partition(output);
                let staleness = report.of_output(graph, latest, step, &output, &mut configs);
                report.by_output.insert(output, staleness);
            }
        }
        report
    }

    /// The staleness of one asset or partition; `None` if the plan doesn't make it.
    pub fn get(&self, output: &AssetPartition<AssetIndex>) -> Option<&Staleness> {
        self.by_output.get(output)
    }

    /// Whether the plan makes this and it isn't fresh.
    fn is_stale(&self, output: &AssetPartition<AssetIndex>) -> bool {
        self.get(output).is_some_and(|staleness| *staleness != Staleness::Fresh)
    }

    /// Whether a planned step has something to do: an output that isn't fresh, or, for a check or a gate, an asset that isn't.
    pub fn needs(&self, graph: &AssetGraph, step: &PlannedStep) -> bool {
        let is_stale = |asset: AssetIndex| self.is_stale(&step.at_partition(asset));
        graph.outputs(step.step).iter().any(|output| is_stale(*output))
            || graph.examined_asset(step.step).is_some_and(is_stale)
    }

    /// Whether a gate of the plan may move an alias that a step follows, since there will be a new version to judge. If it doesn't, the
    /// step turns out to be unchanged.
    fn may_follow(&self, graph: &AssetGraph, plan: &Plan, step: &PlannedStep) -> bool {
        step.after.iter().any(|gate| {
            let gate = &plan.steps[*gate];
            graph.examined_asset(gate.step).is_some_and(|model| self.is_stale(&gate.at_partition(model)))
        })
    }

    fn of_output(
        &self,
        graph: &AssetGraph,
        latest: &LatestEvaluations,
        step: &PlannedStep,
        output: &AssetPartition<AssetIndex>,
        configs: &mut ComparedConfigs,
    ) -> Staleness {
        let evaluation = latest.get(&output.by_key(graph));
        let Some(provenance) = evaluation.and_then(|evaluation| evaluation.provenance.as_ref()) else {
            return Staleness::Missing;
        };
        let mut causes = own_causes(graph, latest, step, provenance, configs);
        let latest_inputs = step.inputs.iter().filter(|input| input.read_as == ReadAs::Latest);
        let partitions = latest_inputs.flat_map(|input| {
            let tolerated = input.tolerates_missing.then_some(&Staleness::Missing);
            input
                .asset_partitions()
                .filter(move |partition| self.is_stale(partition) && self.get(partition) != tolerated)
        });
        for input in partitions {
            let AssetPartition { asset, partition } = input.by_key(graph);
            causes.push(Cause::Upstream { asset, partition });
        }
        if causes.is_empty() { Staleness::Fresh } else { Staleness::Stale(causes) }
    }
}

/// Why an output is stale by what it was made from itself, whatever the staleness of its inputs.
pub(crate) fn own_causes(
    graph: &AssetGraph,
    latest: &impl Evaluations,
    step: &PlannedStep,
    provenance: &Provenance,
    configs: &mut ComparedConfigs,
) -> Vec<Cause> {
    if provenance.is_reported() {
        return vec![Cause::Reported];
    }
    let mut causes = Vec::new();
    let node = &graph.steps()[step.step];
    let code_version = &node.computation().code_version;
    if *code_version != provenance.code_version {
        causes.push(Cause::Code { from: provenance.code_version.clone(), to: code_version.clone() });
    }
    let changes = configs.changes(step.step, provenance, node);
    if !changes.is_empty() {
        causes.push(Cause::Config { changes: changes.to_vec() });
    }
    causes.extend(causes_of_data(graph, latest, step, provenance));
    causes
}

/// Whether an output would be stale by what it was made from itself, whatever the version of the code.
pub(crate) fn differs_beyond_code(
    graph: &AssetGraph,
    latest: &impl Evaluations,
    step: &PlannedStep,
    provenance: &Provenance,
    configs: &mut ComparedConfigs,
) -> bool {
    provenance.is_reported()
        || !configs.changes(step.step, provenance, &graph.steps()[step.step]).is_empty()
        || !causes_of_data(graph, latest, step, provenance).is_empty()
}

fn causes_of_data(
    graph: &AssetGraph,
    latest: &impl Evaluations,
    step: &PlannedStep,
    provenance: &Provenance,
) -> Vec<Cause> {
    let mut causes = data_causes(&provenance.inputs, &input_versions(graph, latest, step));
    causes.extend(news_of_histories(graph, latest, step, provenance));
    causes
}

/// The configurations that were compared so far: the partitions of an asset were mostly made with one, which is in memory once.
#[derive(Default)]
pub(crate) struct ComparedConfigs {
    changes: HashMap<(StepIndex, *const RecordedConfig), Vec<ConfigChange>>,
}

impl ComparedConfigs {
    /// What has changed of a step's standing configuration since an evaluation.
    fn changes(&mut self, step: StepIndex, provenance: &Provenance, node: &StepNode) -> &[ConfigChange] {
        let Some(config) = &provenance.config else { return &[] };
        self.changes
            .entry((step, Arc::as_ptr(config)))
            .or_insert_with(|| provenance.config_changes(node.config.as_ref()))
    }
}

/// The versions of a step's inputs as they are now, in the order of its parameters.
fn input_versions(graph: &AssetGraph, latest: &impl Evaluations, step: &PlannedStep) -> Vec<InputVersion> {
    let version = |input: &PlannedInput, partition: AssetPartition<AssetIndex>| {
        let upstream = partition.by_key(graph);
        let evaluation = latest.latest(&upstream);
        let (data_version, version) = match &input.read_as {
            ReadAs::Latest => (evaluation.and_then(|evaluation| evaluation.data_version.clone()), None),
            ReadAs::Alias(alias) => {
                let aliased = evaluation.and_then(|evaluation| evaluation.aliases.get(alias)).cloned();
                aliased.map_or((None, None), |aliased| (aliased.data_version, Some(aliased.version)))
            }
            ReadAs::InputOf { .. }
            | ReadAs::InputOfChallenger { .. }
            | ReadAs::History { .. }
            | ReadAs::Shadow { .. } => (None, None),
        };
        InputVersion { upstream, data_version, version, read_as: input.read_as.clone() }
    };
    let inputs = step.inputs.iter().flat_map(|input| {
        let versions = input.asset_partitions().map(move |partition| version(input, partition));
        versions.filter(|version| version.data_version.is_some() || !input.tolerates_missing)
    });
    inputs.collect()
}

/// The inputs by what is read. What an alias leads to beyond its own asset changes with the alias, which is an input as well; histories are
/// compared by [`news_of_histories`], and what is made in shadow makes nothing stale.
fn by_reading(inputs: &[InputVersion]) -> HashMap<(&AssetPartition, &ReadAs), &InputVersion> {
    let is_compared = |input: &&InputVersion| match input.read_as {
        ReadAs::Latest | ReadAs::Alias(_) | ReadAs::InputOfChallenger { .. } => true,
        ReadAs::InputOf { .. } | ReadAs::History { .. } | ReadAs::Shadow { .. } => false,
    };
    let compared = inputs.iter().filter(is_compared);
    compared.map(|input| ((&input.upstream, &input.read_as), input)).collect()
}

fn data_causes(then: &[InputVersion], now: &[InputVersion]) -> Vec<Cause> {
    let (before, after) = (by_reading(then), by_reading(now));
    let changed = now.iter().filter(|input| after.contains_key(&(&input.upstream, &input.read_as)));
    let changed = changed.filter_map(|input| {
        let from = before.get(&(&input.upstream, &input.read_as)).copied();
        let is_same = from.is_some_and(|from| from.data_version == input.data_version);
        (!is_same).then(|| cause(from, Some(input)))
    });
    let removed = then.iter().filter(|input| {
        let reading = (&input.upstream, &input.read_as);
        // A partition without a value that a step does without was no input.
        let was_there = input.data_version.is_some() || input.upstream.partition.is_none();
        was_there && before.contains_key(&reading) && !after.contains_key(&reading)
    });
    changed.chain(removed.map(|input| cause(Some(input), None))).collect()
}

/// That an input isn't what it was; one of the two is there.
fn cause(from: Option<&InputVersion>, to: Option<&InputVersion>) -> Cause {
    let input = from.or(to).expect("an input that was or is there");
    let AssetPartition { asset, partition } = input.upstream.clone();
    let data = |input: Option<&InputVersion>| input.and_then(|input| input.data_version.clone());
    match &input.read_as {
        ReadAs::Alias(alias) if to.is_some() => Cause::Alias {
            asset,
            partition,
            alias: alias.clone(),
            from: from.and_then(|from| from.version),
            to: to.and_then(|to| to.version),
        },
        ReadAs::Alias(_)
        | ReadAs::Latest
        | ReadAs::InputOf { .. }
        | ReadAs::InputOfChallenger { .. }
        | ReadAs::History { .. }
        | ReadAs::Shadow { .. } => Cause::Data { asset, partition, from: data(from), to: data(to) },
    }
}

/// Which of the histories that a step reads have newer versions than those that `provenance` was made from. What is made from the step's own
/// outputs is left out.
pub fn news_of_histories(
    graph: &AssetGraph,
    latest: &impl Evaluations,
    step: &PlannedStep,
    provenance: &Provenance,
) -> Vec<Cause> {
    let mut causes = Vec::new();
    let edges = graph.steps()[step.step].histories.iter().zip(&step.histories);
    for (_, read) in edges.filter(|(edge, _)| !edge.is_circular) {
        let read = read.by_key(graph);
        let Some(to) = latest.latest(&read).and_then(|evaluation| evaluation.version) else { continue };
        let from = provenance.newest_read(&read);
        if from.is_none_or(|from| from < to) {
            let AssetPartition { asset, partition } = read;
            causes.push(Cause::History { asset, partition, from, to });
        }
    }
    causes
}

impl Plan {
    /// The part of the plan that is stale or missing, or that the run has been through already. `latest` has to cover the
    /// plan's outputs and inputs.
    #[must_use]
    pub fn stale_part(&self, graph: &AssetGraph, latest: &LatestEvaluations, state: &RunState) -> Self {
        let report = StalenessReport::new(graph, self, latest);
        let is_done = |step: &StepPartition| {
            state.steps.get(step).is_some_and(|step| step.status == StepStatus::Succeeded)
        };
        let lacking = lacking_inputs(graph, self, latest, &report);
        self.filtered(|position, step| {
            // A check belongs to the run that made its asset, and a gate too, also if that was before the run was interrupted.
            let maker =
                graph.examined_asset(step.step).and_then(|asset| graph.maker(&step.at_partition(asset)));
            is_done(&maker.unwrap_or_else(|| step.by_key(graph)))
                || (report.needs(graph, step) || report.may_follow(graph, self, step))
                    && !lacking.contains(&position)
        })
    }

    /// What the plan makes or takes, whose latest evaluations its staleness depends on: assets, or those of their partitions.
    pub fn compared(&self, graph: &AssetGraph) -> Vec<AssetPartition> {
        let mut compared: HashSet<AssetPartition<AssetIndex>> = HashSet::new();
        for step in &self.steps {
            compared.extend(graph.outputs(step.step).iter().map(|output| step.at_partition(*output)));
            compared.extend(step.input_partitions());
            compared.extend(step.histories.iter().cloned());
        }
        compared.iter().map(|of| of.by_key(graph)).collect()
    }
}

/// The steps that can't be made, because the last word of an upstream asset was that it has no value.
fn lacking_inputs(
    graph: &AssetGraph,
    plan: &Plan,
    latest: &LatestEvaluations,
    report: &StalenessReport,
) -> HashSet<PlanIndex> {
    let mut steps = HashSet::new();
    let mut assets: HashSet<AssetPartition<AssetIndex>> = HashSet::new();
    for (position, step) in plan.steps.iter_enumerated() {
        let has_no_value = |input: &PlannedInput, partition: AssetPartition<AssetIndex>| {
            let evaluation = latest.get(&partition.by_key(graph));
            match &input.read_as {
                ReadAs::Latest => {
                    let is_declined = evaluation.is_some_and(|evaluation| evaluation.data_version.is_none());
                    let is_without =
                        assets.contains(&partition) || is_declined && !report.is_stale(&partition);
                    is_without && !input.tolerates_missing
                }
                ReadAs::Alias(alias) => {
                    let exists = evaluation.is_some_and(|evaluation| evaluation.aliases.contains_key(alias));
                    input.absent == Absent::SkipsTheStep && !exists && !report.may_follow(graph, plan, step)
                }
                // It is there if the alias is.
                ReadAs::InputOf { .. }
                | ReadAs::InputOfChallenger { .. }
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. } => false,
            }
        };
        let mut inputs = step.inputs.iter();
        if inputs.any(|input| input.asset_partitions().any(|partition| has_no_value(input, partition))) {
            steps.insert(position);
            assets.extend(graph.outputs(step.step).iter().map(|output| step.at_partition(*output)));
        }
    }
    steps
}
