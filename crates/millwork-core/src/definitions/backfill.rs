//! Backfills of a pipeline: as they are asked for, the plan that follows, and the requests of their runs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Pipeline, RequestError};
use crate::asset::AssetKey;
use crate::asset_status::{AssetStatuses, PartitionSets};
use crate::backfill::{
    self, BackfillAsset, BackfillInput, BackfillOptions, BackfillPolicy, BackfillRequest, BackfillRun,
    LeftOut, LeftOutReason, PlannedAsset, RunOutcome,
};
use crate::graph::{AssetGraph, AssetSet, StepIndex, StepKind};
use crate::id::BackfillId;
use crate::param::Absent;
use crate::partition::{AssetPartition, KeyMoment, KeySet, KeySpace, StepPartition};
use crate::plan::{Plan, PlanError};
use crate::problem::Problem;
use crate::run::{RunRequest, RunSpec, RunState, RunStatus, RunTag, StepKey, StepState, StepStatus};
use crate::version::{AliasName, ReadAs};

/// A backfill as it is asked for: what is made, of which partitions, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct BackfillSpec {
    /// What its runs make, with configuration and tags. It names no partitions, and its `stale_only` isn't asked.
    pub run: RunSpec,
    /// The partitions of one of the assets, as text; those of the others follow from them.
    pub partitions: String,
    /// The asset whose partitions are named; `None` where only one can be meant.
    pub of: Option<AssetKey>,
    /// How they are made.
    pub options: BackfillOptions,
}

/// A backfill that can be started.
#[derive(Clone, Debug)]
pub struct PlannedBackfill {
    /// The request of its runs, with all assets and without partitions.
    pub request: RunRequest,
    /// What they make.
    pub plan: backfill::Plan,
}

impl BackfillSpec {
    /// A backfill of some partitions with the default options.
    pub fn new(run: RunSpec, partitions: impl Into<String>) -> Self {
        Self { run, partitions: partitions.into(), of: None, options: BackfillOptions::default() }
    }

    /// The plan for the assets as they are at a moment, with the aliases that there are.
    ///
    /// # Errors
    ///
    /// When runs of it would be refused; the selected assets have no partitions, or it isn't clear whose are meant; they can't be read; or
    /// there is nothing to make.
    pub fn resolve(
        self,
        pipeline: &Pipeline,
        moment: &KeyMoment,
        statuses: &AssetStatuses,
        aliases: &[(AssetPartition, AliasName)],
    ) -> Result<PlannedBackfill, RequestError> {
        let refused = |problem| RequestError::Partitions { problem };
        let graph = pipeline.graph();
        let request = self.run.template(pipeline)?.queued();
        let selected = request.selected(graph)?;
        let steps = SelectedSteps::new(graph, &selected)?;
        let known = Known { moment, statuses, aliases };
        let assets: Vec<BackfillAsset> =
            steps.steps.iter().map(|step| steps.asset(*step, &known, self.options)).collect();
        let anchor = anchor(graph, &assets, self.of.as_ref())?;
        let space = &assets[anchor].space;
        let keys = space.set_or_key(&self.partitions).map_err(refused)?;
        let asked = BackfillRequest { anchor: assets[anchor].name.clone(), keys, options: self.options };
        let plan = backfill::plan(&assets, &asked).map_err(refused)?;
        Ok(PlannedBackfill { request, plan })
    }
}

impl RunRequest {
    /// The request of a run of a backfill, from that of all its runs. What has become fresh meanwhile isn't made, unless it is to be.
    #[must_use]
    pub fn of_backfill(
        &self,
        graph: &AssetGraph,
        plan: &backfill::Plan,
        run: &BackfillRun,
        id: BackfillId,
    ) -> Self {
        let made: Vec<&AssetKey> =
            plan.run_assets(run.stage, &run.keys).into_iter().map(|(asset, _)| &asset.name).collect();
        // A planned asset stands for all that its step makes.
        let step = |asset: &AssetKey| graph.step_of_past(asset.as_str());
        let is_made = |asset: &&AssetKey| {
            made.contains(asset) || made.iter().any(|made| step(made).is_some() && step(made) == step(asset))
        };
        let mut assets: Vec<&AssetKey> = self.assets.iter().filter(is_made).collect();
        if assets.is_empty() {
            // They are gone from the definitions: the run fails and says so.
            assets.clone_from(&made);
        }
        let now =
            |asset: &AssetKey| graph.index_of_past(asset.as_str()).map(|asset| graph.key(asset).clone());
        let assets: Vec<AssetKey> =
            assets.into_iter().map(|asset| now(asset).unwrap_or_else(|| asset.clone())).collect();
        let space = plan.stage_space(run.stage);
        let partitions = space.map(|space| space.partition_keys(&run.keys)).unwrap_or_default();
        Self {
            config: self.config_of(graph, &assets),
            partitions: partitions.into_iter().filter(|key| !key.label().is_empty()).collect(),
            stale_only: !plan.request().options.all,
            ..Self { assets, ..self.clone() }
        }
        .tagged(RunTag::Backfill, id.to_string())
    }

    /// The entries of the configuration that are about steps of some assets.
    fn config_of(&self, graph: &AssetGraph, assets: &[AssetKey]) -> Value {
        let Value::Object(all) = &self.config else { return self.config.clone() };
        let indexes: AssetSet = assets.iter().filter_map(|asset| graph.index(asset.as_str())).collect();
        let steps = Plan::steps_of(graph, &indexes).unwrap_or_default();
        let is_of = |name: &str| steps.iter().any(|step| graph.steps()[*step].key.as_str() == name);
        let entries = all.iter().filter(|(name, _)| is_of(name));
        Value::Object(entries.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
    }
}

/// What became of the partitions of a run of a backfill that has ended, by its events.
///
/// All were made by a run that succeeded, also what its functions declined to make. Of another run a partition was made if all steps that
/// were to make it succeeded, or had nothing to do, and the checks and the gate of what was made have come to an end. A step that the run has
/// left out had nothing to do for the keys of its asset that are `fresh`: what has become so before the run started isn't made.
pub fn run_outcome(
    graph: &AssetGraph,
    plan: &backfill::Plan,
    run: &BackfillRun,
    state: &RunState,
    fresh: impl Fn(&PlannedAsset) -> KeySet,
) -> RunOutcome {
    let ended = match state.status {
        Some(RunStatus::Succeeded) => return RunOutcome::made(run.keys.clone()),
        Some(RunStatus::Canceled) => RunOutcome::all_canceled(run),
        Some(RunStatus::Failed) => RunOutcome::all_failed(run),
        Some(RunStatus::Lost | RunStatus::Queued | RunStatus::Running | RunStatus::Canceling) | None => {
            RunOutcome::all_lost(run)
        }
    };
    let (mut unmade, mut failed) = (Vec::new(), Vec::new());
    for (asset, keys) in plan.run_assets(run.stage, &run.keys) {
        let step = graph.step_of_past(asset.name.as_str());
        let examining = step.map(|step| examining(graph, step)).unwrap_or_default();
        let step = step.map_or_else(|| asset.name.as_str().into(), |step| graph.steps()[step].key.clone());
        let (space, fresh) = (plan.space(asset), fresh(asset));
        for index in keys.next(None, usize::MAX) {
            let partition = space.partition_key_at(&index).filter(|key| !key.label().is_empty());
            let has_ended = |step: &&StepKey| {
                let step = state.steps.get(&StepPartition::new((*step).clone(), partition.clone()));
                step.is_some_and(|step| {
                    [StepStatus::Succeeded, StepStatus::Failed, StepStatus::Skipped].contains(&step.status)
                })
            };
            let is_examined = examining.iter().all(has_ended);
            let step = state.steps.get(&StepPartition::new(step.clone(), partition));
            let set = match step.map(|step| step.status) {
                Some(StepStatus::Succeeded) if is_examined => continue,
                _ if step.is_some_and(StepState::is_unchanged) => continue,
                None if fresh.contains(&index) => continue,
                Some(StepStatus::Failed) => &mut failed,
                _ => &mut unmade,
            };
            set.push(index);
        }
    }
    let [unmade, failed] = [unmade, failed].map(|keys| KeySet::of(run.keys.dimensions(), keys));
    let of = |set: &KeySet| set.intersection(&unmade).difference(&failed);
    RunOutcome {
        succeeded: run.keys.difference(&unmade).difference(&failed),
        canceled: of(&ended.canceled),
        lost: of(&ended.lost),
    }
}

/// What is known of assets when a backfill is planned.
struct Known<'a> {
    moment: &'a KeyMoment,
    statuses: &'a AssetStatuses,
    aliases: &'a [(AssetPartition, AliasName)],
}

impl Known<'_> {
    /// The keys of an asset that an alias points at a version of.
    fn aliased(&self, asset: &AssetKey, alias: &AliasName, space: &KeySpace) -> KeySet {
        let of = self.aliases.iter().filter(|(of, name)| of.asset == *asset && name == alias);
        let index =
            |of: &AssetPartition| of.partition.as_ref().map_or(Some(vec![0]), |key| space.index_of(key));
        KeySet::of(space.names().count(), of.filter_map(|(of, _)| index(of)))
    }
}

/// The checks and gates of what a step makes.
fn examining(graph: &AssetGraph, step: StepIndex) -> Vec<&StepKey> {
    let nodes = graph.outputs(step).iter().map(|asset| &graph.assets()[*asset]);
    let steps = nodes.flat_map(|node| node.checks.iter().chain(&node.gate));
    steps.map(|step| &graph.steps()[*step].key).collect()
}

/// The steps that make the selected assets, upstream first. A step is planned as the first asset that it makes.
struct SelectedSteps<'a> {
    graph: &'a AssetGraph,
    steps: Vec<StepIndex>,
    places: BTreeMap<StepIndex, usize>,
}

impl<'a> SelectedSteps<'a> {
    fn new(graph: &'a AssetGraph, selected: &AssetSet) -> Result<Self, PlanError> {
        let is_of_assets = |step: &StepIndex| matches!(graph.steps()[*step].kind, StepKind::Assets { .. });
        let mut steps: Vec<StepIndex> =
            Plan::steps_of(graph, selected)?.into_iter().filter(is_of_assets).collect();
        steps.sort_unstable();
        let places = steps.iter().enumerate().map(|(place, step)| (*step, place)).collect();
        Ok(Self { graph, steps, places })
    }

    fn asset(&self, step: StepIndex, known: &Known<'_>, options: BackfillOptions) -> BackfillAsset {
        let (graph, Known { moment, statuses, aliases: _ }) = (self.graph, known);
        let space = KeySpace::clone(&graph.step_key_space(step, moment));
        let of_outputs = |keys: fn(&PartitionSets) -> KeySet| {
            let sets = graph.outputs(step).iter().map(|asset| keys(&statuses.of(*asset).partitions));
            sets.reduce(|all, set| all.intersection(&set))
                .unwrap_or_else(|| KeySet::empty(space.names().count()))
        };
        let (fresh, existing) = (of_outputs(PartitionSets::fresh), of_outputs(existing));
        let node = &graph.steps()[step];
        let (mut inputs, mut lacking) = (Vec::new(), Vec::new());
        for (input, mapping) in node.computation().requirements.inputs.iter().zip(&node.mappings.inputs) {
            let Some(upstream) = graph.index(input.asset.as_str()) else { continue };
            let maker = graph.assets()[upstream].step;
            if let Some(place) = maker.and_then(|maker| self.places.get(&maker)) {
                let mapping = match input.absent {
                    Absent::SkipsTheStep => mapping.clone(),
                    Absent::IsNone => mapping.clone().tolerant(),
                };
                inputs.push(BackfillInput { upstream: *place, mapping });
                continue;
            }
            if maker.is_none() || mapping.tolerates_missing() || input.absent == Absent::IsNone {
                continue;
            }
            let upstream_space = graph.key_space(upstream, moment);
            let (existing, without) = match &input.read_as {
                ReadAs::Latest => {
                    (statuses.of(upstream).partitions.existing().clone(), LeftOutReason::NotMade)
                }
                ReadAs::Alias(alias) => {
                    (known.aliased(&input.asset, alias, &upstream_space), LeftOutReason::NotInUse)
                }
                ReadAs::InputOf { .. }
                | ReadAs::InputOfChallenger { .. }
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. } => continue,
            };
            let no_value = upstream_space.all().difference(&existing);
            let reasons = [
                (
                    LeftOutReason::NoSuchKey,
                    mapping.upstream_of(&space.all(), &space, &upstream_space).lacking,
                ),
                (without, mapping.downstream_of(&no_value, &space, &upstream_space)),
            ];
            let upstream = graph.key(upstream);
            let lacks = reasons.into_iter().filter(|(_, keys)| !keys.is_empty());
            lacking.extend(lacks.map(|(reason, keys)| LeftOut { upstream: upstream.clone(), reason, keys }));
        }
        let outputs = graph.outputs(step);
        let name =
            outputs.first().map_or_else(|| node.key.as_str().into(), |asset| graph.key(*asset).clone());
        let policy = match (&node.kind, options.partitions_per_run) {
            (StepKind::Assets { definition, .. }, _) if definition.backfill.is_some() => definition.backfill,
            (_, most) => most.map(|most| BackfillPolicy::multi_run(most.get())),
        };
        let policy = policy.unwrap_or_default();
        BackfillAsset { name, space, inputs, lacking, policy, fresh, existing }
    }
}

fn existing(partitions: &PartitionSets) -> KeySet {
    partitions.existing().clone()
}

/// The asset whose partitions a backfill names: the one given, or the first of those that take no other partitioned one of the backfill, if
/// they all have the same partitions.
fn anchor(
    graph: &AssetGraph,
    assets: &[BackfillAsset],
    given: Option<&AssetKey>,
) -> Result<usize, RequestError> {
    let refused = |problem| Err(RequestError::Partitions { problem });
    let is_partitioned = |asset: &BackfillAsset| {
        graph.index(asset.name.as_str()).is_some_and(|asset| graph.partitions(asset).is_some())
    };
    let partitioned: Vec<usize> = (0..assets.len()).filter(|place| is_partitioned(&assets[*place])).collect();
    if let Some(given) = given {
        let step = |key: &AssetKey| graph.index(key.as_str()).and_then(|asset| graph.assets()[asset].step);
        let place = partitioned.iter().find(|place| step(&assets[**place].name) == step(given));
        let Some(place) = place.filter(|_| step(given).is_some()) else {
            let problem = Problem::new(format!("`{given}` isn't a partitioned asset of the backfill"));
            return refused(problem.with_hint(format!("name one of {}", named(assets, &partitioned))));
        };
        return Ok(*place);
    }
    let takes_none = |place: &usize| {
        let inputs = &assets[*place].inputs;
        inputs.iter().all(|input| !partitioned.contains(&input.upstream))
    };
    let first: Vec<usize> = partitioned.iter().copied().filter(takes_none).collect();
    let Some(anchor) = first.first() else {
        let problem = Problem::new("no selected asset has partitions");
        return refused(
            problem.with_hint("a run makes them, as `materialize` does; a backfill is for partitions"),
        );
    };
    if first.iter().all(|place| assets[*place].space.is_like(&assets[*anchor].space)) {
        return Ok(*anchor);
    }
    let problem = Problem::new(format!("{} are partitioned differently", named(assets, &first)));
    refused(problem.with_hint("name the asset of which the partitions are, as with `--of`"))
}

/// The names of some assets, a few of many.
fn named(assets: &[BackfillAsset], places: &[usize]) -> String {
    let names = places.iter().take(5).map(|place| format!("`{}`", assets[*place].name));
    let more = if places.len() > 5 { " and others" } else { "" };
    format!("{}{more}", names.collect::<Vec<_>>().join(", "))
}
