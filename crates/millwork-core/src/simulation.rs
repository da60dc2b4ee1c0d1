//! What schedules and conditions would request over a span of virtual time.
//!
//! Nothing is stored or run. Each requested run succeeds, its assets one after the other, each after the time that it
//! usually takes, whatever the number of its partitions; a gate promotes every version. Windows open as time passes. So the same decisions are made as by a daemon, in the same order, without waiting.
//!
//! What was recorded in the span is replayed: the numbers, checks and versions of assets that conditions name are what they were, whatever a
//! simulated run would have made. So the condition of a job is tried on the past, and that of a watch: it would have gone back once from each
//! version that came into use behind an older one, as long as it was on. What was recorded after that is replayed all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::advice::one_line_of;
use crate::asset::AssetKey;
use crate::automation::{
    Automation, AutomationState, Change, ChangeKind, ConditionError, Earlier, FailureBackoff,
    KnownOfPartitions, RequestedRun, RunScope, Timetables, Updated, alias_key, explain, has_history_readers,
    history_key, is_alias, job_name, scope, watched_model,
};
use crate::definitions::{BackfillSpec, DueWork, Pipeline, RequestError};
use crate::graph::AssetIndex;
use crate::partition::{AssetPartition, KeyMoment, PartitionKey};
use crate::run::{RunId, RunRequest, RunSpec};
use crate::schedule::{Schedule, ScheduleCursor, ScheduleError, Timetable, due};
use crate::version::VersionNumber;

/// The input of a simulation: a span of virtual time, and the state at its beginning.
pub struct Simulation<'a> {
    /// The pipeline whose automation is simulated.
    pub pipeline: &'a Pipeline,
    /// The beginning of the simulated time.
    pub from: Timestamp,
    /// The end of the simulated time.
    pub to: Timestamp,
    /// The assets and partitions that have a value at the beginning, and the [keys](crate::automation::alias_key) of aliases that exist.
    pub present: &'a [AssetPartition],
    /// The texts of dynamic dimensions, which stay as they are.
    pub moment: &'a KeyMoment,
    /// What was recorded until the end of the span of the assets that conditions [name](Automation::named), in order.
    pub recorded: &'a [Change],
    /// How long it takes to make an asset.
    pub duration: &'a dyn Fn(&AssetKey) -> SignedDuration,
    /// Whether a schedule is on.
    pub schedule_on: &'a dyn Fn(&str) -> bool,
    /// Whether the condition of an asset, or of a job by its key, is on.
    pub condition_on: &'a dyn Fn(&AssetKey) -> bool,
    /// Which runs are wanted; the others are simulated as well.
    pub wanted: &'a dyn Fn(&SimulatedRun) -> bool,
    /// How many of those that are wanted: at this number the simulation ends.
    pub most: usize,
}

/// A run that would have been requested, or a move of a watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SimulatedRun {
    /// The virtual time of the run's request.
    pub at: Timestamp,
    /// The schedule or the conditions that request it.
    pub why: String,
    /// The assets that it materializes.
    pub assets: Vec<AssetKey>,
    /// The partitions that it makes of assets with partitions; none for every one of fixed lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionKey>,
    /// When it would have ended.
    pub until: Timestamp,
    /// Why it can't be requested, if it can't: then nothing is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The model whose alias a watch would have moved back to the version before: then no run is requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goes_back: Option<AssetKey>,
}

impl SimulatedRun {
    /// One that makes nothing.
    fn none(at: Timestamp, why: String) -> Self {
        let (assets, partitions) = (Vec::new(), Vec::new());
        Self { at, why, assets, partitions, until: at, problem: None, goes_back: None }
    }
}

impl std::fmt::Debug for Simulation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

/// The most evaluations at one moment: each may request what the one before made possible.
const MOST_ROUNDS: usize = 100;

/// A schedule that is on, how far it has been evaluated, and when it comes next.
struct Kept<'a> {
    schedule: &'a Schedule,
    timetable: Timetable,
    cursor: ScheduleCursor,
    next: Option<Timestamp>,
}

struct SimulationState<'a> {
    simulation: &'a Simulation<'a>,
    automation: Automation,
    timetables: Timetables,
    state: AutomationState,
    schedules: Vec<Kept<'a>>,
    /// The scheduled changes, by time.
    ahead: BTreeMap<Timestamp, Vec<Change>>,
    /// The assets and aliases of which something was recorded in the span.
    recorded: BTreeSet<&'a AssetKey>,
    /// The time of the last record of any of them: what is recorded of none until then didn't happen to it.
    recorded_until: Timestamp,
    /// The wanted ones so far.
    runs: Vec<SimulatedRun>,
    /// The number of runs that were requested.
    requested: u128,
    /// The versions that watches would have gone back from, by the aliases of the models.
    left: BTreeSet<(AssetKey, VersionNumber)>,
}

impl Simulation<'_> {
    /// The wanted runs that would have been requested, in order.
    ///
    /// # Errors
    ///
    /// If a condition or schedule is invalid; a resolved pipeline has none.
    pub fn runs(&self) -> Result<Vec<SimulatedRun>, ConditionError> {
        let mut state = self.begin()?;
        let mut now = self.from;
        while now <= self.to {
            state.tick(now);
            if state.runs.len() >= self.most {
                state.runs.truncate(self.most);
                break;
            }
            let Some(next) = state.next(now) else { break };
            now = next;
        }
        Ok(state.runs)
    }

    fn resolved(&self, run: RunSpec, at: Timestamp) -> Result<RunRequest, String> {
        let moment = self.moment.moved_to(at);
        let due = run.resolve_due(self.pipeline, &moment);
        let request = due.and_then(|due| match due {
            DueWork::Run(request) => Ok(request),
            DueWork::Backfill(backfill) => self.as_one_run(backfill, &moment),
        });
        request.map_err(|error| one_line_of(&error))
    }

    /// A backfill as one run of the partitions that it names.
    fn as_one_run(&self, backfill: BackfillSpec, moment: &KeyMoment) -> Result<RunRequest, RequestError> {
        let graph = self.pipeline.graph();
        let mut request = backfill.run.template(self.pipeline)?;
        let of = backfill.of.and_then(|of| graph.index(of.as_str()));
        let named = match of {
            Some(of) => vec![of],
            None => request.selected(graph)?.into_iter().collect(),
        };
        let keys = |asset: &AssetIndex| {
            let space = graph.partitions(*asset)?.space(moment);
            let keys = space.set_or_key(&backfill.partitions).ok()?;
            Some(space.partition_keys(&keys))
        };
        request.partitions = named.iter().find_map(keys).unwrap_or_default();
        Ok(request)
    }

    /// The partitions that a request makes of an asset: those that it has, and of one that is partitioned differently the latest.
    fn partitions_of(
        &self,
        request: &RunRequest,
        asset: AssetIndex,
        moment: &KeyMoment,
    ) -> Vec<Option<PartitionKey>> {
        let graph = self.pipeline.graph();
        let Some(all) = graph.partitions(asset) else { return vec![None] };
        if request.partitions.is_empty() {
            return all.keys(moment).into_iter().map(Some).collect();
        }
        let space = all.space(moment);
        let named: Vec<_> = request.partitions.iter().filter(|key| space.has(key)).cloned().collect();
        let partitions = if named.is_empty() { space.partition_keys(&space.latest()) } else { named };
        partitions.into_iter().map(Some).collect()
    }

    fn begin(&self) -> Result<SimulationState<'_>, ConditionError> {
        let automation = self.pipeline.automation(self.condition_on, FailureBackoff::default())?;
        let on = self.pipeline.schedules().iter().filter(|schedule| (self.schedule_on)(&schedule.name));
        let schedules = on.map(|schedule| {
            let timetable = schedule.timetable()?;
            let cursor = due(&timetable, schedule.misfire, None, self.from).cursor;
            let next = timetable.next(self.from);
            Ok(Kept { schedule, timetable, cursor, next })
        });
        let present = |present: &AssetPartition| Change {
            asset: present.asset.clone(),
            partition: present.partition.clone(),
            at: self.from,
            run: None,
            kind: updated(Arc::default()),
        };
        let in_span = || self.recorded.iter().filter(|change| (self.from..=self.to).contains(&change.at));
        let recorded: BTreeSet<&AssetKey> = in_span().map(|change| &change.asset).collect();
        let recorded_until = in_span().map(|change| change.at).max().unwrap_or(self.from);
        let known: BTreeSet<&AssetKey> = self.recorded.iter().map(|change| &change.asset).collect();
        let present = self.present.iter().filter(|present| !known.contains(&present.asset)).map(present);
        let mut ahead: BTreeMap<Timestamp, Vec<Change>> = [(self.from, present.collect())].into();
        for change in self.recorded.iter().filter(|change| change.at <= self.to) {
            ahead.entry(change.at.max(self.from)).or_default().push(change.clone());
        }
        let mut state = AutomationState::default();
        let moment = self.moment.clone();
        state.set_known(KnownOfPartitions { moment, ..KnownOfPartitions::default() });
        Ok(SimulationState {
            simulation: self,
            timetables: Timetables::of(&automation),
            state,
            schedules: schedules.collect::<Result<_, ScheduleError>>()?,
            ahead,
            recorded,
            recorded_until,
            runs: Vec::new(),
            requested: 0,
            left: BTreeSet::new(),
            automation,
        })
    }
}

impl SimulationState<'_> {
    fn tick(&mut self, now: Timestamp) {
        let mut requests = Vec::new();
        for Kept { schedule, timetable, cursor, next } in &mut self.schedules {
            if next.is_none_or(|next| next > now) {
                continue;
            }
            let found = due(timetable, schedule.misfire, Some(cursor), now);
            (*cursor, *next) = (found.cursor, timetable.next(now));
            let why = format!("schedule `{}`", schedule.name);
            for at in found.ticks {
                match schedule.runs_at(at) {
                    Ok(runs) => {
                        requests.extend(
                            runs.into_iter().map(|run| (why.clone(), self.simulation.resolved(run, at))),
                        );
                    }
                    Err(error) => requests.push((why.clone(), Err(one_line_of(error.as_ref())))),
                }
            }
        }
        for (why, request) in requests {
            self.request(now, why, request);
        }
        for _ in 0..MOST_ROUNDS {
            let changes = self.next_changes(now);
            let evaluation = self.automation.evaluate(&mut self.state, &changes, now, &self.timetables);
            let requests_none = evaluation.runs.is_empty() && evaluation.jobs.is_empty();
            let is_over = requests_none && !self.ahead.contains_key(&now);
            for RequestedRun { assets, partitions } in evaluation.runs {
                let why = assets.iter().filter_map(|key| self.why(key)).collect::<Vec<_>>().join("; ");
                self.request(now, why, Ok(RunRequest { assets, partitions, ..RunRequest::default() }));
            }
            for watch in &evaluation.watches {
                self.go_back(now, watch);
            }
            for job in evaluation.jobs {
                let why = self.why(&job).unwrap_or_default();
                let run = RunSpec::of_job(job_name(&job).unwrap_or_default());
                self.request(now, why, self.simulation.resolved(run, now));
            }
            if is_over {
                break;
            }
        }
    }

    /// The changes of a moment that an evaluation takes in. One at which an alias was moved begins another, as what moved it may have been what
    /// is recorded in front of it.
    fn next_changes(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = self.ahead.remove(&now).unwrap_or_default();
        let is_move = |change: &Change| {
            let is_moved = matches!(change.kind, ChangeKind::Updated(_) | ChangeKind::Wiped);
            is_moved && is_alias(&change.asset) && change.at == now
        };
        let end = changes.iter().skip(1).position(is_move).map_or(changes.len(), |place| place + 1);
        let later = changes.split_off(end);
        if !later.is_empty() {
            self.ahead.insert(now, later);
        }
        changes
    }

    /// What a watch would do whose condition holds, if it is on.
    fn go_back(&mut self, now: Timestamp, key: &AssetKey) -> Option<()> {
        let pipeline = self.simulation.pipeline;
        let watch = pipeline.watch(watched_model(key)?)?;
        let in_use = pipeline.graph().alias_in_use(pipeline.graph().index(watch.model.as_str())?);
        let alias = alias_key(&watch.model, &in_use);
        let facts = &self.state.asset(&alias)?.facts;
        let (version, came_into_use) = (facts.version?, facts.updated_at?);
        let within = SignedDuration::try_from(watch.within).unwrap_or(SignedDuration::MAX);
        let is_over = came_into_use.saturating_add(within).is_ok_and(|until| until <= now);
        // What comes behind a newer version came back, and isn't watched.
        let before = self.simulation.recorded.iter().rev().filter(|change| change.asset == alias);
        let before = before.filter(|change| change.at < came_into_use);
        let before = before.filter_map(|change| change.kind.version()).next()?;
        if is_over || before >= version || !self.left.insert((alias, version)) {
            return None;
        }
        let why = self.why(key)?;
        let goes_back = Some(watch.model.clone());
        self.add(SimulatedRun { goes_back, ..SimulatedRun::none(now, why) });
        Some(())
    }

    fn add(&mut self, run: SimulatedRun) {
        self.runs.extend(Some(run).filter(|run| (self.simulation.wanted)(run)));
    }

    fn why(&self, key: &AssetKey) -> Option<String> {
        let memory = self.state.asset(key)?.memory.as_ref()?;
        let explanation = explain(key, self.automation.condition(key)?, memory)?;
        Some(format!("`{key}` {}", explanation.verdict))
    }

    fn request(&mut self, now: Timestamp, why: String, request: Result<RunRequest, String>) {
        let request = match request {
            Ok(request) => request,
            Err(problem) => {
                let problem = Some(problem);
                return self.add(SimulatedRun { problem, ..SimulatedRun::none(now, why) });
            }
        };
        let graph = self.simulation.pipeline.graph();
        self.requested += 1;
        let run = Some(RunId::from_u128(self.requested));
        let by: Arc<RunScope> = Arc::new(scope(graph, &request));
        let moment = self.simulation.moment.moved_to(now);
        let mut add = |at: Timestamp, asset: &AssetKey, partition: Option<&PartitionKey>, kind| {
            let change = Change { asset: asset.clone(), partition: partition.cloned(), at, run, kind };
            self.ahead.entry(at).or_default().push(change);
        };
        let mut until = now;
        by.targets.iter().for_each(|asset| add(now, asset, None, by.started()));
        let made = graph.assets().iter_enumerated().filter(|(_, node)| by.targets.contains(&node.spec.key));
        for (index, node) in made {
            let asset = &node.spec.key;
            until = until.saturating_add((self.simulation.duration)(asset)).unwrap_or(Timestamp::MAX);
            let is_replayed = |key: &AssetKey| until <= self.recorded_until && self.recorded.contains(key);
            let partitions = self.simulation.partitions_of(&request, index, &moment);
            for partition in partitions.iter().map(Option::as_ref) {
                if is_replayed(asset) {
                    add(until, asset, partition, ChangeKind::Ended);
                } else {
                    add(until, asset, partition, updated(by.clone()));
                    if has_history_readers(graph, asset) {
                        let by = Arc::new(RunScope { tags: by.tags.clone(), ..RunScope::default() });
                        add(until, &history_key(asset), partition, updated(by));
                    }
                }
                let alias = graph.gate(index).map(|gate| alias_key(asset, &gate.alias));
                // The versions of a model that is replayed come into use as they did.
                if let Some(alias) = alias.filter(|alias| !is_replayed(asset) && !is_replayed(alias)) {
                    add(until, &alias, partition, updated(by.clone()));
                    let earlier = Earlier { made_at: Some(until), ..Earlier::default() };
                    add(until, &alias, partition, ChangeKind::Earlier(earlier));
                }
            }
        }
        if let Some((job, kind)) = by.updated_job() {
            add(until, job, None, ChangeKind::Ended);
            add(until, job, None, kind);
        }
        let RunRequest { assets, partitions, .. } = request;
        self.add(SimulatedRun { assets, partitions, until, ..SimulatedRun::none(now, why) });
    }

    /// The next moment at which something happens or is due.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let ticks = self.schedules.iter().filter_map(|kept| kept.next);
        let happens = self.ahead.keys().next().copied();
        let again = self.state.again_at().filter(|again| *again > now);
        ticks.chain(self.timetables.next(now)).chain(happens).chain(again).min()
    }
}

/// A value, or a version in use, that a simulated run makes.
fn updated(by: Arc<RunScope>) -> ChangeKind {
    ChangeKind::Updated(Updated { by, ..Updated::default() })
}

#[cfg(test)]
mod tests;
