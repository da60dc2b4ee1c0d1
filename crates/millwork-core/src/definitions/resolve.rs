//! Turns definitions into a graph, and collects all errors on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::batches::{batch_problems, key_problems, of_one_partition};
use super::renames::check_renames;
use super::{DefinitionError, DefinitionErrors, Definitions, Job, Pipeline, RequestError};
use crate::asset::{AssetDefinition, AssetKey, CheckDefinition, Computation, GateDefinition};
use crate::automation::Automation;
use crate::graph::{AssetGraph, Selection, closest, order};
use crate::param::{Input, KeyUse, Requirements};
use crate::partition::PartitionsDefinition;
use crate::partition::mapping::MappedAsset;
use crate::problem::Problem;
use crate::run::{RunRequest, RunSpec, RunTag, RunTarget};
use crate::schedule::Misfire;
use crate::sensor::SensorSource;
use crate::version::{AliasName, ReadAs};

pub(super) fn resolve(definitions: Definitions) -> Result<Pipeline, DefinitionErrors> {
    let Definitions {
        assets,
        checks,
        gates,
        jobs,
        watches,
        schedules,
        sensors,
        alerts,
        resources,
        io_managers,
        pools,
        policies,
        source_folder,
        config,
        mut errors,
    } = definitions;
    let producers = producers(&assets);
    names(&assets, &checks, &gates, &jobs, &mut errors);
    check_renames(&assets, &mut errors);
    let steps = Steps { assets: &assets, producers: &producers };
    for asset in &assets {
        steps.check_definition(asset, &mut errors);
        check_freshness(asset, &mut errors);
        if let Some(name) = asset.io_manager.as_ref().filter(|name| !io_managers.contains_key(*name)) {
            let dependent = asset.step.to_string();
            errors.push(DefinitionError::MissingIoManager { dependent, name: name.clone() });
        }
    }
    for check in &checks {
        steps.check_check(check, &mut errors);
    }
    for gate in &gates {
        steps.check_gate(gate, &mut errors);
    }
    let limits = pool_problems(&pools).chain(policies.problems());
    errors.extend(limits.map(|problem| DefinitionError::InvalidLimit { problem }));
    let computations =
        assets.iter().filter_map(|asset| Some((asset.step.as_str(), asset.computation.as_ref()?)));
    let check_computations = checks.iter().map(|check| (check.name.as_str(), &check.computation));
    let gate_computations = gates.iter().map(|gate| (gate.name.as_str(), &gate.computation));
    for (dependent, computation) in computations.chain(check_computations).chain(gate_computations) {
        for taken in &computation.pools {
            let of = pools.get(&taken.pool).copied().unwrap_or(1);
            if taken.slots == 0 || taken.slots > of {
                let (dependent, pool, slots) = (dependent.to_owned(), taken.pool.clone(), taken.slots);
                errors.push(DefinitionError::PoolTooSmall { dependent, pool, slots, of });
            }
        }
        for resource in &computation.requirements.resources {
            if !resources.contains(resource.type_id) {
                let type_name = resource.type_name.to_owned();
                errors.push(DefinitionError::MissingResource { dependent: dependent.into(), type_name });
            }
        }
    }
    if !errors.is_empty() {
        errors.extend(order(&assets, &checks, &gates).err().map(DefinitionError::from));
        return Err(DefinitionErrors(errors));
    }
    let mut graph =
        AssetGraph::new(assets, checks, gates).map_err(|cycle| DefinitionErrors(vec![cycle.into()]))?;
    graph.configure(&config);
    let pipeline = Pipeline {
        graph: Arc::new(graph),
        jobs,
        watches,
        schedules,
        sensors,
        alerts,
        resources: Arc::new(resources),
        io_managers,
        pools,
        policies,
        source_folder,
    };
    if let Err(invalid) = pipeline.check_config_so_far(&config) {
        // What runs lay over it would be refused for the same reasons.
        let problems = RequestError::from(invalid).problems().into_iter();
        errors.extend(problems.map(|problem| DefinitionError::InvalidConfig { problem }));
        return Err(DefinitionErrors(errors));
    }
    check_jobs(&pipeline, &mut errors);
    check_schedules(&pipeline, &mut errors);
    check_sensors(&pipeline, &mut errors);
    check_conditions(&pipeline, &mut errors);
    check_watches(&pipeline, &mut errors);
    check_alerts(&pipeline, &mut errors);
    if errors.is_empty() { Ok(pipeline) } else { Err(DefinitionErrors(errors)) }
}

/// The definition that makes each asset; of two, the first.
fn producers(assets: &[AssetDefinition]) -> HashMap<AssetKey, usize> {
    let mut producers = HashMap::new();
    for (index, definition) in assets.iter().enumerate() {
        for output in &definition.outputs {
            producers.entry(output.key.clone()).or_insert(index);
        }
    }
    producers
}

/// Names that are invalid or stand twice.
fn names(
    assets: &[AssetDefinition],
    checks: &[CheckDefinition],
    gates: &[GateDefinition],
    jobs: &[Job],
    errors: &mut Vec<DefinitionError>,
) {
    let mut defined_by: BTreeMap<&AssetKey, &str> = BTreeMap::new();
    let mut steps = HashSet::new();
    for definition in assets {
        let mut twice = false;
        for output in &definition.outputs {
            let asset = output.key.clone();
            if let Some(problem) = asset.problem() {
                errors.push(DefinitionError::InvalidKey { asset: asset.clone(), problem });
            }
            let second = definition.step.as_str();
            if let Some(first) = defined_by.insert(&output.key, second) {
                twice = true;
                let (first, second) = (first.to_owned(), second.to_owned());
                errors.push(DefinitionError::DuplicateAsset { asset, first, second });
            }
        }
        if !steps.insert(&definition.step) && !twice {
            errors.push(DefinitionError::DuplicateStep { step: definition.step.to_string() });
        }
    }
    let mut seen = HashSet::new();
    for check in checks {
        if !seen.insert((&check.asset, &check.name)) {
            let (asset, check) = (check.asset.clone(), check.name.clone());
            errors.push(DefinitionError::DuplicateCheck { asset, check });
        }
    }
    let mut gated: BTreeMap<&AssetKey, &str> = BTreeMap::new();
    for gate in gates {
        if seen.contains(&(&gate.asset, &gate.name)) {
            let (asset, check) = (gate.asset.clone(), gate.name.clone());
            errors.push(DefinitionError::DuplicateCheck { asset, check });
        }
        if let Some(first) = gated.insert(&gate.asset, &gate.name) {
            let (first, second) = (first.to_owned(), gate.name.clone());
            errors.push(DefinitionError::DuplicateGate { asset: gate.asset.clone(), first, second });
        }
    }
    let mut seen = HashSet::new();
    for job in jobs.iter().filter(|job| !seen.insert(&job.name)) {
        errors.push(DefinitionError::DuplicateJob { job: job.name.clone() });
    }
}

struct Steps<'a> {
    assets: &'a [AssetDefinition],
    producers: &'a HashMap<AssetKey, usize>,
}

impl Steps<'_> {
    fn check_definition(&self, definition: &AssetDefinition, errors: &mut Vec<DefinitionError>) {
        let dependent = definition.step.as_str();
        for problem in definition.partitions.iter().flat_map(PartitionsDefinition::problems) {
            let problem = problem.clone();
            errors.push(DefinitionError::InvalidPartitions { step: dependent.into(), problem });
        }
        if definition.backfill.is_some() && definition.partitions.is_none() {
            let problem = Problem::new("there is a backfill policy, and no partitions")
                .with_hint("write `partitions = …`, or leave out `backfill`");
            errors.push(DefinitionError::InvalidPartitions { step: dependent.into(), problem });
        }
        if let Some(computation) = &definition.computation {
            self.check_computation(dependent, definition.partitions.as_ref(), computation, errors);
            misplaced_challenger(dependent, computation, errors);
            let is_partitioned = |asset: &AssetKey| {
                let producer = self.producers.get(asset);
                producer.is_some_and(|producer| self.assets[*producer].partitions.is_some())
            };
            let problems = batch_problems(&computation.requirements, is_partitioned);
            errors.extend(invalid_partitions(dependent, problems));
        }
    }

    fn check_gate(&self, gate: &GateDefinition, errors: &mut Vec<DefinitionError>) {
        if gate.computation.requirements.challenger.as_ref() != Some(&gate.asset) {
            let (gate, asset) = (gate.name.clone(), gate.asset.clone());
            errors.push(DefinitionError::GateWithoutChallenger { gate, asset });
            return;
        }
        let Some(&producer) = self.producers.get(&gate.asset) else {
            errors.push(self.unlisted(&gate.name, &gate.asset));
            return;
        };
        if let Err(problem) = gate.alias.as_str().parse::<AliasName>() {
            let (dependent, asset) = (gate.name.clone(), gate.asset.clone());
            errors.push(DefinitionError::InvalidAlias { dependent, asset, problem });
        }
        let partitions = self.assets[producer].partitions.as_ref();
        self.check_computation(&gate.name, partitions, &gate.computation, errors);
        let problem = of_one_partition("a gate", &gate.computation.requirements);
        errors.extend(invalid_partitions(&gate.name, problem));
        if let Some(shadow) = &gate.shadow {
            self.check_shadow(gate, shadow, errors);
        }
    }

    /// What versions make in shadow is made with the version in use, by a function that may be called twice.
    fn check_shadow(&self, gate: &GateDefinition, asset: &AssetKey, errors: &mut Vec<DefinitionError>) {
        let Some(&producer) = self.producers.get(asset) else {
            errors.push(self.unlisted(&gate.name, asset));
            return;
        };
        let (name, model, asset) = (gate.name.clone(), gate.asset.clone(), asset.clone());
        let computation = self.assets[producer].computation.as_ref();
        let read_as = ReadAs::Alias(gate.alias.clone());
        let mut inputs = computation.iter().flat_map(|computation| &computation.requirements.inputs);
        if !inputs.any(|input| input.asset == model && input.read_as == read_as) {
            let alias = gate.alias.clone();
            errors.push(DefinitionError::ShadowWithoutModel { gate: name, model, asset, alias });
        } else if !computation.is_some_and(|computation| computation.shadow_safe) {
            errors.push(DefinitionError::NotShadowSafe { gate: name, model, asset });
        }
    }

    fn check_check(&self, check: &CheckDefinition, errors: &mut Vec<DefinitionError>) {
        let Some(&producer) = self.producers.get(&check.asset) else {
            let hint = self.hint(&check.asset);
            let (check, asset) = (check.name.clone(), check.asset.clone());
            errors.push(DefinitionError::CheckOfUnlistedAsset { check, asset, hint });
            return;
        };
        let partitions = self.assets[producer].partitions.as_ref();
        self.check_computation(&check.name, partitions, &check.computation, errors);
        misplaced_challenger(&check.name, &check.computation, errors);
        let problem = of_one_partition("a check", &check.computation.requirements);
        errors.extend(invalid_partitions(&check.name, problem));
    }

    fn check_computation(
        &self,
        dependent: &str,
        partitions: Option<&PartitionsDefinition>,
        computation: &Computation,
        errors: &mut Vec<DefinitionError>,
    ) {
        let requirements = &computation.requirements;
        let (inputs, histories) = (&requirements.inputs, &requirements.histories);
        let makes_many = requirements.partition.iter().any(|key| key.usage == KeyUse::Returned);
        for input in inputs.iter().chain(histories).chain(&requirements.shadows) {
            match self.producers.get(&input.asset) {
                Some(&producer) => {
                    let upstream = &self.assets[producer];
                    errors.extend(type_error(dependent, input, upstream));
                    let is_history = matches!(input.read_as, ReadAs::History { .. } | ReadAs::Shadow { .. });
                    let own = (dependent, partitions, makes_many && !is_history);
                    errors.extend(mapping_error(own, input, upstream.partitions.as_ref()));
                }
                None => errors.push(self.unlisted(dependent, &input.asset)),
            }
            if let ReadAs::Alias(alias) = &input.read_as {
                self.check_alias(dependent, requirements, &input.asset, alias, errors);
            }
        }
        for asset in requirements.previous.iter().filter(|asset| !self.producers.contains_key(*asset)) {
            errors.push(self.unlisted(dependent, asset));
        }
        errors.extend(invalid_partitions(dependent, key_problems(requirements, partitions)));
    }

    /// What follows an alias of a model has its inputs by the same alias, or not at all.
    fn check_alias(
        &self,
        dependent: &str,
        requirements: &Requirements,
        model: &AssetKey,
        alias: &AliasName,
        errors: &mut Vec<DefinitionError>,
    ) {
        if let Err(problem) = alias.as_str().parse::<AliasName>() {
            let (dependent, asset) = (dependent.to_owned(), model.clone());
            errors.push(DefinitionError::InvalidAlias { dependent, asset, problem });
        }
        let Some(&producer) = self.producers.get(model) else { return };
        let Some(made_by) = &self.assets[producer].computation else { return };
        let is_loaded = |input: &&Input| input.read_as == ReadAs::Latest && input.loads.is_some();
        let of_model: HashSet<&AssetKey> =
            made_by.requirements.inputs.iter().filter(is_loaded).map(|input| &input.asset).collect();
        let both = requirements.inputs.iter().filter(is_loaded);
        for input in both.filter(|input| of_model.contains(&input.asset)) {
            errors.push(DefinitionError::UnpairedInput {
                dependent: dependent.to_owned(),
                asset: input.asset.clone(),
                model: model.clone(),
                alias: alias.clone(),
            });
        }
    }

    fn unlisted(&self, dependent: &str, asset: &AssetKey) -> DefinitionError {
        let (dependent, hint) = (dependent.to_owned(), self.hint(asset));
        DefinitionError::UnlistedAsset { dependent, asset: asset.clone(), hint }
    }

    fn hint(&self, asset: &AssetKey) -> String {
        let mut specs = self.assets.iter().flat_map(|definition| &definition.outputs);
        if let Some(renamed) = specs.find(|spec| spec.renamed_from.contains(asset)) {
            return format!("it is called `{}` now", renamed.key);
        }
        match closest(asset.as_str(), self.producers.keys().map(AssetKey::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("add `{asset}` to `definitions![…]`"),
        }
    }
}

fn misplaced_challenger(dependent: &str, computation: &Computation, errors: &mut Vec<DefinitionError>) {
    let asset = computation.requirements.challenger.clone();
    errors.extend(asset.map(|asset| {
        let dependent = dependent.to_owned();
        DefinitionError::MisplacedChallenger { dependent, asset }
    }));
}

fn type_error(dependent: &str, input: &Input, upstream: &AssetDefinition) -> Option<DefinitionError> {
    let (expected_id, expected) = input.loads?;
    let spec = upstream.outputs.iter().find(|output| output.key == input.asset)?;
    let (dependent, asset) = (dependent.to_owned(), input.asset.clone());
    match spec.value_type {
        None => Some(DefinitionError::NotLoadable { dependent, asset }),
        Some(actual) if actual.type_id() != expected_id => Some(DefinitionError::WrongType {
            dependent,
            asset,
            expected: expected.into(),
            actual: actual.type_name().into(),
        }),
        Some(_) => None,
    }
}

/// Why the partitions of an upstream asset can't be mapped to, or can't be taken as the step takes them; `None` if they can. What is wrong with
/// either definition is said of it.
fn mapping_error(
    (dependent, own, is_batch): (&str, Option<&PartitionsDefinition>, bool),
    input: &Input,
    upstream: Option<&PartitionsDefinition>,
) -> Option<DefinitionError> {
    if own.into_iter().chain(upstream).any(|partitions| !partitions.problems().is_empty()) {
        return None;
    }
    let down = MappedAsset::new(dependent, own.map(PartitionsDefinition::dimensions));
    let up = MappedAsset::new(input.asset.as_str(), upstream.map(PartitionsDefinition::dimensions));
    let impossible = |problem: Problem| {
        let (dependent, asset) = (dependent.to_owned(), input.asset.clone());
        Some(DefinitionError::ImpossibleMapping { dependent, asset, problem })
    };
    let asset = &input.asset;
    if input.gathers && upstream.is_none() {
        let problem = Problem::new(format!("`{asset}` has no partitions"));
        return impossible(problem.with_hint(format!("take it by reference: `{asset}: &…`")));
    }
    let mapping = match input.mapping.resolve(down, up) {
        Ok(mapping) => mapping,
        Err(problem) => return impossible(problem),
    };
    if input.loads.is_none() || input.gathers {
        return None;
    }
    if is_batch && own.is_some() && !mapping.is_the_same_for_all() {
        let reason =
            format!("one call of `{dependent}` makes many partitions, and each has a `{asset}` of its own");
        let hint = if input.read_as == ReadAs::Latest {
            format!("take `Partitions<{asset}>`, and those of a key with `{asset}.of(&key)`")
        } else {
            "write a mapping to one that is the same for all, such as `#[input(map = latest())]`, or take `Partition<K>` instead of `PartitionKeys<K>`".to_owned()
        };
        return impossible(Problem::new(reason).with_hint(hint));
    }
    if mapping.is_single() {
        return None;
    }
    let reason = match own {
        None => format!("`{asset}` has partitions and `{dependent}` has none"),
        Some(_) => {
            format!("a partition of `{dependent}` belongs to several of `{asset}` ({})", mapping.words())
        }
    };
    let ends = match input.read_as {
        ReadAs::Latest => {
            let hint = format!("take `Partitions<{asset}>` to gather them");
            return impossible(Problem::new(reason).with_hint(hint));
        }
        ReadAs::History { .. } => "each partition has a history of its own; write a mapping to one of them",
        ReadAs::Shadow { .. } => {
            "of each partition is made in shadow by itself; write a mapping to one of them"
        }
        ReadAs::Alias(_) | ReadAs::InputOf { .. } | ReadAs::InputOfChallenger { .. } => {
            "each partition has a version in use of its own; write a mapping to one of them, such as `#[input(map = latest())]`"
        }
    };
    impossible(Problem::new(reason).with_hint(format!("{ends}, or give both the same partitions")))
}

fn invalid_partitions(
    step: &str,
    problems: impl IntoIterator<Item = Problem>,
) -> impl Iterator<Item = DefinitionError> {
    problems.into_iter().map(move |problem| DefinitionError::InvalidPartitions { step: step.into(), problem })
}

fn pool_problems(pools: &BTreeMap<String, u32>) -> impl Iterator<Item = Problem> {
    pools.iter().filter(|(_, slots)| **slots == 0).map(|(name, _)| {
        Problem::new(format!("the pool `{name}` has no slots, so that no step of it could run"))
            .with_hint("give it at least one")
    })
}

fn check_freshness(definition: &AssetDefinition, errors: &mut Vec<DefinitionError>) {
    let dimensions = definition.partitions.as_ref().map(PartitionsDefinition::dimensions);
    for spec in &definition.outputs {
        let problem = spec.freshness.as_ref().and_then(|policy| policy.check(dimensions).err());
        errors.extend(
            problem.map(|problem| DefinitionError::InvalidFreshness { asset: spec.key.clone(), problem }),
        );
    }
}

fn check_jobs(pipeline: &Pipeline, errors: &mut Vec<DefinitionError>) {
    for job in &pipeline.jobs {
        let wrong = |problem| DefinitionError::InvalidJob { job: job.name.clone(), problem };
        let makes = RunTarget::Selection(job.selection.clone());
        errors.extend(template_problems(pipeline, &makes, &job.config, &job.tags).into_iter().map(wrong));
        let Some(condition) = &job.automation else { continue };
        let makes = Selection::parse(&job.selection).and_then(|selection| selection.select(&pipeline.graph));
        // What is wrong with the selection is said above.
        let Ok(makes) = makes else { continue };
        errors.extend(match Automation::check_job(&pipeline.graph, &makes, condition) {
            Err(error) => vec![wrong(Problem::from(&error))],
            Ok(()) => {
                let requested = RunSpec::of_job(&*job.name).template(pipeline).err();
                let problems = requested.into_iter().flat_map(|error| error.problems());
                let asked = problems.map(|problem| problem.within("its condition can't request it"));
                asked.map(wrong).collect()
            }
        });
    }
}

/// The errors of the parts that runs have in common, each of which may add to the configuration.
fn template_problems(
    pipeline: &Pipeline,
    target: &RunTarget,
    config: &Value,
    tags: &BTreeMap<String, String>,
) -> Vec<Problem> {
    let selected = RunSpec::to(target.clone()).stale_only().template(pipeline).err();
    let config = pipeline.check_config_so_far(config).err().map(RequestError::from);
    let tags = tags.iter().filter_map(|(key, value)| RunTag::check(key, value).err());
    let problems = selected.into_iter().chain(config).flat_map(|error| error.problems());
    problems.chain(tags.map(|error| Problem::from(&error))).collect()
}

fn check_conditions(pipeline: &Pipeline, errors: &mut Vec<DefinitionError>) {
    let graph = &pipeline.graph;
    for (index, node) in graph.assets().iter_enumerated() {
        let Some(condition) = &node.spec.automation else { continue };
        let asset = &node.spec.key;
        let problems = if node.step.is_none() {
            vec![Problem::new("it is an external asset")]
        } else if let Err(error) = Automation::check(graph, index, condition) {
            vec![Problem::from(&error)]
        } else {
            let request = RunRequest::of_assets([asset.clone()]);
            request.check_template(pipeline).err().map_or_else(Vec::new, |error| error.problems())
        };
        let wrong = |problem| DefinitionError::InvalidCondition { asset: asset.clone(), problem };
        errors.extend(problems.into_iter().map(wrong));
    }
}

fn check_watches(pipeline: &Pipeline, errors: &mut Vec<DefinitionError>) {
    let graph = &pipeline.graph;
    let models = graph.models(&BTreeSet::new());
    let mut seen = HashSet::new();
    for watch in &pipeline.watches {
        let mut wrong = |problem| {
            errors.push(DefinitionError::InvalidWatch { model: watch.model.clone(), problem });
        };
        if !seen.insert(&watch.model) {
            wrong(
                Problem::new("there are two over it")
                    .with_hint("join their conditions with `|` in one of them"),
            );
        }
        if watch.within.is_zero() {
            wrong(Problem::new("it is on for no time").with_hint("`.within(…)` takes a span above zero"));
        }
        let Some(model) = graph.index(watch.model.as_str()) else {
            let hint = graph.asset_hint(watch.model.as_str());
            wrong(Problem::new("no asset has this key").with_hint(hint));
            continue;
        };
        if !models.contains(&model) {
            wrong(
                Problem::new("it is not a model")
                    .with_hint("a model has a gate, or something reads it as `Champion<…>`"),
            );
        }
        if graph.definition(model).is_some_and(|definition| definition.partitions.is_some()) {
            wrong(
                Problem::new("it has partitions, each of which has a version in use of its own")
                    .with_hint("watch a model without partitions"),
            );
        }
        match &watch.condition {
            None => wrong(
                Problem::new("it has no condition")
                    .with_hint("`.rollback_if(…)` says when the alias goes back"),
            ),
            Some(condition) => {
                if let Err(error) = Automation::check_watch(graph, model, condition) {
                    wrong(Problem::from(&error));
                }
            }
        }
    }
}

fn check_schedules(pipeline: &Pipeline, errors: &mut Vec<DefinitionError>) {
    let mut seen = HashSet::new();
    for schedule in &pipeline.schedules {
        let mut problems = Vec::new();
        if !seen.insert(&schedule.name) {
            problems.push(name_taken());
        }
        problems.extend(schedule.timetable().err().map(|error| Problem::from(&error)));
        if let Misfire::All { limit: 0 } = schedule.misfire {
            let problem = Problem::new("`Misfire::All` has the limit 0");
            problems.push(problem.with_hint("`Misfire::Skip` runs no missed ticks"));
        }
        let of_runs = match schedule.runs {
            // What its function asks for is checked when it has asked.
            Some(_) => template_problems(pipeline, &schedule.target, &schedule.config, &schedule.tags),
            None => {
                let (config, tags) = (schedule.config.clone(), schedule.tags.clone());
                let run = RunSpec::to(schedule.target.clone()).config(config).tags(tags);
                run.template(pipeline).err().map_or_else(Vec::new, |error| error.problems())
            }
        };
        problems.extend(of_runs);
        let wrong = |problem| DefinitionError::InvalidSchedule { schedule: schedule.name.clone(), problem };
        errors.extend(problems.into_iter().map(wrong));
    }
}

fn name_taken() -> Problem {
    Problem::new("another one has its name").with_hint("rename one")
}

fn check_sensors(pipeline: &Pipeline, errors: &mut Vec<DefinitionError>) {
    let mut seen = HashSet::new();
    for sensor in &pipeline.sensors {
        let mut wrong = |problem: Problem| {
            errors.push(DefinitionError::InvalidSensor { sensor: sensor.name.clone(), problem });
        };
        if !seen.insert(&sensor.name) {
            wrong(name_taken());
        }
        if let SensorSource::Events { watched, .. } = &sensor.source
            && let Err(error) = watched.assets(&pipeline.graph)
        {
            wrong(Problem::from(&error).within("its selection is invalid"));
        }
    }
}

fn check_alerts(pipeline: &Pipeline, errors: &mut Vec<DefinitionError>) {
    let mut seen = HashSet::new();
    for rule in &pipeline.alerts {
        let twice = (!seen.insert(&rule.name)).then(name_taken);
        let problems = twice.into_iter().chain(rule.problems(&pipeline.graph));
        errors.extend(
            problems.map(|problem| DefinitionError::InvalidAlert { rule: rule.name.clone(), problem }),
        );
    }
}
