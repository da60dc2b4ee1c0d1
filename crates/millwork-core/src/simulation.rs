//! What schedules and conditions would request over a span of virtual time.
//!
//! Nothing is stored or run. Each requested run succeeds, its assets one after the other, each after the time that it
//! usually takes; a gate promotes every version. So the same decisions are made as by a daemon, in the same order, without waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::advice::one_line_of;
use crate::asset::AssetKey;
use crate::automation::{
    Automation, AutomationState, Change, ChangeKind, ConditionError, FailureBackoff, RunScope, Timetables,
    alias_key, explain, has_history_readers, history_key, scope,
};
use crate::definitions::Pipeline;
use crate::run::{RunId, RunRequest, RunSpec};
use crate::schedule::{Schedule, ScheduleCursor, ScheduleError, Timetable, due};

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
    /// How long it takes to make an asset.
    pub duration: &'a dyn Fn(&AssetKey) -> SignedDuration,
    /// Whether a schedule is on.
    pub schedule_on: &'a dyn Fn(&str) -> bool,
    /// Whether an asset's condition is on.
    pub condition_on: &'a dyn Fn(&AssetKey) -> bool,
}

/// A run that would have been requested.
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
    runs: Vec<SimulatedRun>,
}

impl Simulation<'_> {
    /// The runs that would have been requested, in order.
    ///
    /// # Errors
    ///
    /// If a condition or schedule is invalid; a resolved pipeline has none.
    pub fn runs(&self) -> Result<Vec<SimulatedRun>, ConditionError> {
        let mut state = self.begin()?;
        let mut now = self.from;
        while now <= self.to {
            state.tick(now);
            let Some(next) = state.next(now) else { break };
            now = next;
        }
        Ok(state.runs)
    }

    fn begin(&self) -> Result<SimulationState<'_>, ConditionError> {
        let graph = self.pipeline.graph();
        let on = graph.assets().iter().filter(|node| (self.condition_on)(&node.spec.key));
        let conditions = on.filter_map(|node| Some((node.spec.key.clone(), node.spec.automation.clone()?)));
        let automation = Automation::new(graph, conditions, FailureBackoff::default())?;
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
            kind: ChangeKind::Updated { by: Arc::default(), data_version: None },
        };
        Ok(SimulationState {
            simulation: self,
            timetables: Timetables::of(&automation),
            state: AutomationState::default(),
            schedules: schedules.collect::<Result<_, ScheduleError>>()?,
            ahead: [(self.from, self.present.iter().map(present).collect())].into(),
            runs: Vec::new(),
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
                        requests.extend(runs.into_iter().map(|run| (why.clone(), assets_of(run, pipeline))));
                    }
                    Err(error) => requests.push((why.clone(), Err(one_line_of(error.as_ref())))),
                }
            }
        }
        for (why, assets) in requests {
            match assets {
                Ok(assets) => self.request(now, why, assets),
                Err(problem) => {
                    let (assets, problem) = (Vec::new(), Some(problem));
                    self.runs.push(SimulatedRun { at: now, why, assets, until: now, problem });
                }
            }
        }
        for _ in 0..MOST_ROUNDS {
            let changes = self.ahead.remove(&now).unwrap_or_default();
            let evaluation = self.automation.evaluate(&mut self.state, &changes, now, &self.timetables);
            let is_over = evaluation.runs.is_empty() && !self.ahead.contains_key(&now);
            for assets in evaluation.runs {
                let why = assets.iter().filter_map(|key| self.why(key)).collect::<Vec<_>>().join("; ");
                self.request(now, why, assets);
            }
            if is_over {
                break;
            }
        }
    }

    fn why(&self, key: &AssetKey) -> Option<String> {
        let memory = self.state.asset(key)?.memory.as_ref()?;
        let explanation = explain(key, self.automation.condition(key)?, memory)?;
        Some(format!("`{key}` {}", explanation.verdict))
    }

    fn request(&mut self, now: Timestamp, why: String, assets: Vec<AssetKey>) {
        let graph = self.simulation.pipeline.graph();
        let run = Some(RunId::from_u128(self.runs.len() as u128 + 1));
        let request = RunRequest { assets: assets.clone(), ..RunRequest::default() };
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
            add(until, asset, ChangeKind::Updated { by: by.clone(), data_version: None });
            if has_history_readers(graph, asset) {
                let by = Arc::new(RunScope { targets: BTreeSet::new(), tags: by.tags.clone() });
                add(until, &history_key(asset), ChangeKind::Updated { by, data_version: None });
            }
            if let Some(gate) = graph.gate(index) {
                let updated = ChangeKind::Updated { by: by.clone(), data_version: None };
                add(until, &alias_key(asset, &gate.alias), updated);
            }
        }
        self.runs.push(SimulatedRun { at: now, why, assets, until, problem: None });
    }

    /// The next moment at which something happens or is due.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let ticks = self.schedules.iter().filter_map(|kept| kept.next);
        let happens = self.ahead.keys().next().copied();
        ticks.chain(self.timetables.next(now)).chain(happens).min()
    }
}

fn assets_of(run: RunSpec, pipeline: &Pipeline) -> Result<Vec<AssetKey>, String> {
    run.resolve(pipeline).map(|request| request.assets).map_err(|error| one_line_of(&error))
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
            duration: &|_| SignedDuration::from_secs(90),
            schedule_on: &|_| true,
            condition_on: &|_| true,
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
            duration: &|_| SignedDuration::from_secs(90),
            schedule_on: &|_| true,
            condition_on: &|_| true,
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
}
