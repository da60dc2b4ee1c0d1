//! What schedules and conditions would request over a span of virtual time.
//!
//! Nothing is stored or run. Each requested run succeeds, its assets one after the other, each after the time that it
//! usually takes; a gate promotes every version. So the same decisions are made as by a daemon, in the same order, without waiting.
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
    Automation, AutomationState, Change, ChangeKind, ConditionError, FailureBackoff, Numbers, RunScope,
    Timetables, alias_key, explain, has_history_readers, history_key, job_name, scope, watched_model,
};
use crate::definitions::Pipeline;
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
    /// The assets that have a value at the beginning, and the [keys](crate::automation::alias_key) of aliases that exist.
    pub present: &'a [AssetKey],
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
    /// When it would have ended.
    pub until: Timestamp,
    /// Why it can't be requested, if it can't: then nothing is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The model whose alias a watch would have moved back to the version before: then no run is requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goes_back: Option<AssetKey>,
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

    fn begin(&self) -> Result<SimulationState<'_>, ConditionError> {
        let automation = self.pipeline.automation(self.condition_on, FailureBackoff::default())?;
        let on = self.pipeline.schedules().iter().filter(|schedule| (self.schedule_on)(&schedule.name));
        let schedules = on.map(|schedule| {
            let timetable = schedule.timetable()?;
            let cursor = due(&timetable, schedule.misfire, None, self.from).cursor;
            let next = timetable.next(self.from);
            Ok(Kept { schedule, timetable, cursor, next })
        });
        let present = |asset: &AssetKey| Change {
            asset: asset.clone(),
            partition: None,
            at: self.from,
            run: None,
            kind: updated(Arc::default()),
        };
        let in_span = self.recorded.iter().filter(|change| (self.from..=self.to).contains(&change.at));
        let recorded: BTreeSet<&AssetKey> = in_span.map(|change| &change.asset).collect();
        let known: BTreeSet<&AssetKey> = self.recorded.iter().map(|change| &change.asset).collect();
        let present = self.present.iter().filter(|asset| !known.contains(asset)).map(present);
        let mut ahead: BTreeMap<Timestamp, Vec<Change>> = [(self.from, present.collect())].into();
        for change in self.recorded.iter().filter(|change| change.at <= self.to) {
            ahead.entry(change.at.max(self.from)).or_default().push(change.clone());
        }
        Ok(SimulationState {
            simulation: self,
            timetables: Timetables::of(&automation),
            state: AutomationState::default(),
            schedules: schedules.collect::<Result<_, ScheduleError>>()?,
            ahead,
            recorded,
            runs: Vec::new(),
            requested: 0,
            left: BTreeSet::new(),
            automation,
        })
    }
}

impl SimulationState<'_> {
    fn tick(&mut self, now: Timestamp) {
        let pipeline = self.simulation.pipeline;
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
                        requests.extend(runs.into_iter().map(|run| (why.clone(), resolved(run, pipeline))));
                    }
                    Err(error) => requests.push((why.clone(), Err(one_line_of(error.as_ref())))),
                }
            }
        }
        for (why, request) in requests {
            self.request(now, why, request);
        }
        for _ in 0..MOST_ROUNDS {
            let changes = self.ahead.remove(&now).unwrap_or_default();
            let evaluation = self.automation.evaluate(&mut self.state, &changes, now, &self.timetables);
            let requests_none = evaluation.runs.is_empty() && evaluation.jobs.is_empty();
            let is_over = requests_none && !self.ahead.contains_key(&now);
            for assets in evaluation.runs {
                let why = assets.iter().filter_map(|key| self.why(key)).collect::<Vec<_>>().join("; ");
                self.request(now, why, Ok(RunRequest { assets, ..RunRequest::default() }));
            }
            for watch in &evaluation.watches {
                self.go_back(now, watch);
            }
            for job in evaluation.jobs {
                let why = self.why(&job).unwrap_or_default();
                let run = RunSpec::of_job(job_name(&job).unwrap_or_default());
                self.request(now, why, resolved(run, self.simulation.pipeline));
            }
            if is_over {
                break;
            }
        }
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
        let (assets, goes_back) = (Vec::new(), Some(watch.model.clone()));
        self.add(SimulatedRun { at: now, why, assets, until: now, problem: None, goes_back });
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
                let (assets, problem) = (Vec::new(), Some(problem));
                return self.add(SimulatedRun { at: now, why, assets, until: now, problem, goes_back: None });
            }
        };
        let graph = self.simulation.pipeline.graph();
        self.requested += 1;
        let run = Some(RunId::from_u128(self.requested));
        let by: Arc<RunScope> = Arc::new(scope(graph, &request));
        let mut add = |at: Timestamp, asset: &AssetKey, kind| {
            let change = Change { asset: asset.clone(), partition: None, at, run, kind };
            self.ahead.entry(at).or_default().push(change);
        };
        let mut until = now;
        by.targets.iter().for_each(|asset| add(now, asset, ChangeKind::Started));
        let made = graph.assets().iter_enumerated().filter(|(_, node)| by.targets.contains(&node.spec.key));
        for (index, node) in made {
            let asset = &node.spec.key;
            until = until.saturating_add((self.simulation.duration)(asset)).unwrap_or(Timestamp::MAX);
            if self.recorded.contains(asset) {
                add(until, asset, ChangeKind::Ended);
            } else {
                add(until, asset, updated(by.clone()));
                if has_history_readers(graph, asset) {
                    let by = Arc::new(RunScope { targets: BTreeSet::new(), tags: by.tags.clone() });
                    add(until, &history_key(asset), updated(by));
                }
            }
            let alias = graph.gate(index).map(|gate| alias_key(asset, &gate.alias));
            // The versions of a model that is replayed come into use as they did.
            let is_replayed =
                |alias: &AssetKey| self.recorded.contains(asset) || self.recorded.contains(alias);
            if let Some(alias) = alias.filter(|alias| !is_replayed(alias)) {
                add(until, &alias, updated(by.clone()));
            }
        }
        if let Some((job, kind)) = by.updated_job() {
            add(until, job, ChangeKind::Ended);
            add(until, job, kind);
        }
        let (assets, problem, goes_back) = (request.assets, None, None);
        self.add(SimulatedRun { at: now, why, assets, until, problem, goes_back });
    }

    /// The next moment at which something happens or is due.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let ticks = self.schedules.iter().filter_map(|kept| kept.next);
        let happens = self.ahead.keys().next().copied();
        let again = self.state.again_at().filter(|again| *again > now);
        ticks.chain(self.timetables.next(now)).chain(happens).chain(again).min()
    }
}

fn resolved(run: RunSpec, pipeline: &Pipeline) -> Result<RunRequest, String> {
    run.resolve(pipeline).map_err(|error| one_line_of(&error))
}

/// A value, or a version in use, that a simulated run makes.
fn updated(by: Arc<RunScope>) -> ChangeKind {
    ChangeKind::Updated {
        by,
        data_version: None,
        version: None,
        numbers: Numbers::new(),
        measured_until: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{AssetDefinition, Computation, GateDefinition, StepFunction, StepResult, Verdict};
    use crate::automation::AutomationCondition as Condition;
    use crate::definitions::Definitions;
    use crate::param::{Absent, Requirements};
    use crate::version::{AliasName, ReadAs};

    fn simulate(hours: i64) -> Vec<SimulatedRun> {
        simulate_wanted(hours, &|_| true, usize::MAX)
    }

    fn simulate_wanted(hours: i64, wanted: &dyn Fn(&SimulatedRun) -> bool, most: usize) -> Vec<SimulatedRun> {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
        let hourly = Schedule::new("hourly", ["@hourly"], "stories").on_by_default();
        let pipeline = Definitions::new()
            .asset(asset("stories").blocking(|_| Ok(0_u8)))
            .asset(
                asset("model").input::<u8>("stories").automation(Condition::eager()).blocking(|_| Ok(0_u8)),
            )
            .asset(
                asset("predictions")
                    .input::<u8>("model")
                    .automation(Condition::on_every_tick("* * * * *", "UTC"))
                    .blocking(|_| Ok(0_u8)),
            )
            .schedule(hourly)
            .resolve()
            .unwrap();
        let from: Timestamp = "2026-05-01T00:30:00Z".parse().unwrap();
        let simulation = Simulation {
            pipeline: &pipeline,
            from,
            to: from + SignedDuration::from_hours(hours),
            present: &["stories".into(), "model".into()],
            recorded: &[],
            duration: &|_| SignedDuration::from_secs(90),
            schedule_on: &|_| true,
            condition_on: &|_| true,
            wanted,
            most,
        };
        simulation.runs().unwrap()
    }

    #[test]
    fn a_day_passes_at_once() {
        let runs = simulate(24);
        let count = |asset: &str| runs.iter().filter(|run| run.assets.contains(&asset.into())).count();
        assert_eq!((count("stories"), count("model"), count("predictions")), (24, 24, 1_440));
        assert!(runs.is_sorted_by_key(|run| run.at));
    }

    #[test]
    fn the_first_of_those_that_are_wanted_are_those_of_all() {
        let is_of_model = |run: &SimulatedRun| run.assets.contains(&"model".into());
        let mut expected = simulate(24);
        expected.retain(is_of_model);
        expected.truncate(3);
        assert_eq!(simulate_wanted(100_000, &is_of_model, 3), expected);
        assert_eq!(simulate_wanted(1, &|_| false, 3), []);
    }

    /// A model that is trained every hour, and predictions by its champion, which exists from the beginning.
    #[test]
    fn a_gate_promotes_what_is_trained() {
        let gate = {
            let mut requirements =
                Requirements { challenger: Some("model".into()), ..Requirements::default() };
            requirements.input::<u8>("model");
            let judge = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
            GateDefinition::new("better", "model", Computation::new(requirements, judge))
        };
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        let predictions = asset("predictions").automation(Condition::eager()).policy(|computation| {
            let champion = ReadAs::Alias(AliasName::champion());
            computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
        });
        let pipeline = Definitions::new()
            .assets([asset("model"), predictions])
            .gate(gate)
            .schedule(Schedule::new("hourly", ["@hourly"], "model").on_by_default())
            .resolve()
            .unwrap();
        let from: Timestamp = "2026-05-01T00:30:00Z".parse().unwrap();
        let champion = alias_key(&"model".into(), &AliasName::champion());
        let simulation = Simulation {
            pipeline: &pipeline,
            from,
            to: from + SignedDuration::from_hours(1),
            present: &["model".into(), champion, "predictions".into()],
            recorded: &[],
            duration: &|_| SignedDuration::from_secs(90),
            schedule_on: &|_| true,
            condition_on: &|_| true,
            wanted: &|_| true,
            most: usize::MAX,
        };
        let runs: Vec<String> =
            simulation.runs().unwrap().iter().map(|run| format!("{} {}", run.at, run.why)).collect();
        assert_eq!(
            runs,
            [
                "2026-05-01T01:00:00Z schedule `hourly`",
                "2026-05-01T01:01:30Z `predictions` requested: any_deps_updated (`model@champion`)",
            ]
        );
    }

    #[test]
    fn it_says_why() {
        let runs = simulate(1);
        let said: Vec<String> = runs
            .iter()
            .filter(|run| !run.assets.contains(&"predictions".into()))
            .map(|run| format!("{} {} until {}", run.at, run.why, run.until))
            .collect();
        assert_eq!(
            said,
            [
                "2026-05-01T01:00:00Z schedule `hourly` until 2026-05-01T01:01:30Z",
                "2026-05-01T01:01:30Z `model` requested: any_deps_updated (`stories`) until 2026-05-01T01:03:00Z",
            ]
        );
        let why = r#"`predictions` requested: cron_tick_passed("* * * * *", "UTC")"#;
        assert_eq!(runs[0].why, why);
    }

    /// The condition of a job, tried on what was recorded: a live metric that gets worse, and a model whose versions were kept.
    #[test]
    fn the_condition_of_a_job_is_replayed() {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        let day = std::time::Duration::from_secs(24 * 3600);
        let condition =
            Condition::metric("live", "MAE").above(12.0) | Condition::older_than("model", 3 * day);
        let pipeline = Definitions::new()
            .assets([asset("live"), asset("model")])
            .job(crate::definitions::Job::new("train", "model").automation(condition.cooldown(day)))
            .resolve()
            .unwrap();
        let from: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
        let live = |hours: i64, mae: f64| Change {
            asset: "live".into(),
            partition: None,
            at: from + SignedDuration::from_hours(hours),
            run: None,
            kind: ChangeKind::Updated {
                by: Arc::default(),
                data_version: None,
                version: None,
                numbers: [("MAE".to_owned(), crate::stored::Number(mae))].into(),
                measured_until: None,
            },
        };
        let simulation = Simulation {
            pipeline: &pipeline,
            from,
            to: from + SignedDuration::from_hours(100),
            present: &["live".into(), "model".into()],
            recorded: &[live(-1, 11.0), live(1, 13.0), live(2, 14.0), live(30, 11.0), live(200, 99.0)],
            duration: &|_| SignedDuration::from_secs(90),
            schedule_on: &|_| true,
            condition_on: &|_| true,
            wanted: &|_| true,
            most: usize::MAX,
        };
        let runs: Vec<String> = simulation
            .runs()
            .unwrap()
            .iter()
            .map(|run| format!("{} {} {:?}", run.at, run.why, run.assets[0].as_str()))
            .collect();
        assert_eq!(
            runs,
            [
                r#"2026-05-01T01:00:00Z `job:train` requested: MAE 13 of live is above 12 "model""#,
                r#"2026-05-02T01:00:00Z `job:train` requested: MAE 14 of live is above 12 "model""#,
                r#"2026-05-05T01:01:30Z `job:train` requested: model is 3d old, older than 3d "model""#,
            ]
        );
    }

    /// A watch, tried on what was recorded: it goes back once from a version that is worse, and not from the first one, nor after its time.
    #[test]
    fn a_watch_is_replayed() {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        let predictions = asset("predictions").policy(|computation| {
            let champion = ReadAs::Alias(AliasName::champion());
            computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
        });
        let worse = Condition::metric("live", "MAE").above(12.0);
        let watch = crate::watch::Watch::new("model").rollback_if(worse);
        let pipeline = Definitions::new()
            .assets([asset("live"), asset("model"), predictions])
            .watch(watch.within(std::time::Duration::from_secs(10 * 3600)))
            .resolve()
            .unwrap();
        let from: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
        let change = |asset: AssetKey, hours: i64, version: Option<u32>, numbers: Numbers| {
            let version = version.and_then(VersionNumber::new);
            let (by, data_version) = (Arc::default(), None);
            let kind = ChangeKind::Updated { by, data_version, version, numbers, measured_until: None };
            let at = from + SignedDuration::from_hours(hours);
            Change { asset, partition: None, at, run: None, kind }
        };
        let live = |hours, mae: f64| {
            let numbers = [("MAE".to_owned(), crate::stored::Number(mae))].into();
            change("live".into(), hours, None, numbers)
        };
        let alias = || alias_key(&"model".into(), &AliasName::champion());
        let in_use = |hours, version| change(alias(), hours, Some(version), Numbers::new());
        let simulation = Simulation {
            pipeline: &pipeline,
            from,
            to: from + SignedDuration::from_hours(100),
            present: &[],
            recorded: &[
                in_use(1, 1),
                live(2, 13.0),
                in_use(3, 2),
                live(4, 11.0),
                live(5, 14.0),
                live(6, 15.0),
                in_use(7, 1),
                live(8, 16.0),
                in_use(9, 3),
                live(20, 17.0),
            ],
            duration: &|_| SignedDuration::from_secs(90),
            schedule_on: &|_| true,
            condition_on: &|_| true,
            wanted: &|_| true,
            most: usize::MAX,
        };
        let moves = simulation.runs().unwrap();
        let lines: Vec<String> =
            moves.iter().map(|moved| format!("{} {} {:?}", moved.at, moved.why, moved.goes_back)).collect();
        let expected = "2026-05-01T05:00:00Z `watch:model` holds: MAE 14 of live is above 12";
        assert_eq!(lines, [format!("{expected} {:?}", Some(AssetKey::from("model")))]);
    }
}
