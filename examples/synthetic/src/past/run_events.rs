//! The events of one run, from its start to one of its possible ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use millwork_core::asset::Severity;
use millwork_core::event::{
    CheckEvaluation, EventBody, InputVersion, LogLine, Materialization, NewEvent, Provenance, StoredValue,
    ValueLocation,
};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_core::index::{IndexVec, TypedIndex as _};
use millwork_core::param::LogLevel;
use millwork_core::plan::{Plan, PlanError, PlanIndex, PlannedStep};
use millwork_core::run::{Failure, FailureClass, FailureKind, RunId, RunRequest, RunStatus, RunTag};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{AssetPartition, DataVersion, KeyMoment, PartitionKey};
use millwork_storage::NewRun;

use super::figures::figures;

/// The number of steps that run at once.
const LANES: usize = 8;

/// The stored form of every value.
const VALUE: &[u8] = b"7";

/// Makes up runs of a pipeline, one after the other.
pub(super) struct RunGenerator<'g> {
    graph: &'g AssetGraph,
    random: fastrand::Rng,
    /// The latest version of each asset: its number, and the version of its data.
    versions: HashMap<AssetPartition<AssetIndex>, (VersionNumber, DataVersion)>,
    /// The share of the past that is over: how far metadata has moved.
    elapsed: f64,
}

/// A made-up run.
pub(super) struct PastRun {
    /// The request of the run.
    pub(super) new: NewRun,
    /// When it was started.
    pub(super) started_at: Timestamp,
    /// The events that followed.
    pub(super) events: Vec<NewEvent>,
}

impl PastRun {
    /// The status with which it ended.
    pub(super) fn status(&self) -> Option<RunStatus> {
        self.events.last()?.body.run_status()
    }
}

/// The reasons for which a run doesn't succeed.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The step at this position fails.
    Fails(PlanIndex),
    /// It is asked to stop at this moment.
    Stopped(Timestamp),
    /// Its process dies at this moment.
    Dies(Timestamp),
}

impl Fault {
    fn cut(self) -> Option<Timestamp> {
        match self {
            Self::Stopped(at) | Self::Dies(at) => Some(at),
            Self::None | Self::Fails(_) => None,
        }
    }
}

/// A run whose events are being made up.
struct RunEvents {
    run: RunId,
    events: Vec<NewEvent>,
    /// When each step of the plan was done. `None` for those that never were.
    done: IndexVec<PlanIndex, Option<Timestamp>>,
    /// When each lane is free.
    lanes: [Timestamp; LANES],
}

impl RunEvents {
    fn push(&mut self, at: Timestamp, step: Option<&NewEvent>, body: EventBody) {
        let event = match step {
            Some(step) => NewEvent { at, body, ..step.clone() },
            None => NewEvent::of_run(self.run, at, body),
        };
        self.events.push(event);
    }
}

impl<'g> RunGenerator<'g> {
    pub(super) fn new(graph: &'g AssetGraph) -> Self {
        Self { graph, random: fastrand::Rng::with_seed(20_261_124), versions: HashMap::new(), elapsed: 0.0 }
    }

    /// A run of neighbouring assets in the graph's order.
    pub(super) fn next_run(&mut self, asked_at: Timestamp, assets: usize) -> Result<PastRun, PlanError> {
        self.elapsed = 1.0 - (1.0 - self.elapsed) * 0.999;
        let first = self.random.usize(..=self.graph.assets().len() - assets);
        let selected: AssetSet = self.graph.assets().indices().skip(first).take(assets).collect();
        let partition = selected.iter().find_map(|asset| {
            let keys = self.graph.partitions(*asset)?.keys(&KeyMoment::default());
            Some(keys[self.random.usize(..keys.len())].clone())
        });
        let plan = Plan::new(self.graph, &selected, partition.as_slice(), &KeyMoment::default())?;
        let run = RunId::new(asked_at);
        let started_at = asked_at + self.millis(5, 2_000);
        let takes = plan.steps.map(|_| self.millis(40, 4_000));
        let fault = self.fault(started_at, &takes);
        let (events, done) = (Vec::new(), plan.steps.map(|_| None));
        let mut run_events = RunEvents { run, events, done, lanes: [started_at; LANES] };
        for (position, step) in plan.steps.iter_enumerated() {
            self.step(&mut run_events, (position, step), takes[position], fault);
        }
        // Parallel steps reported their events one after the other.
        run_events.events.sort_by_key(|event| event.at);
        self.end(&mut run_events, fault, started_at);
        let request = self.request(&selected, partition);
        let new = NewRun { id: run, request, at: asked_at, lease: None };
        Ok(PastRun { new, started_at, events: run_events.events })
    }

    fn millis(&mut self, least: i64, most: i64) -> SignedDuration {
        SignedDuration::from_millis(self.random.i64(least..most))
    }

    fn fault(&mut self, started_at: Timestamp, takes: &IndexVec<PlanIndex, SignedDuration>) -> Fault {
        let whole: SignedDuration = takes.iter().copied().sum();
        let somewhere = started_at + whole / (LANES as i32) * self.random.i32(1..8) / 10;
        match self.random.u8(..100) {
            0..8 => Fault::Fails(PlanIndex::at(self.random.usize(..takes.len()))),
            8..10 => Fault::Stopped(somewhere),
            10 => Fault::Dies(somewhere),
            _ => Fault::None,
        }
    }

    fn request(&mut self, selected: &AssetSet, partition: Option<PartitionKey>) -> RunRequest {
        let graph = self.graph;
        let assets: Vec<_> = selected.iter().map(|asset| graph.key(*asset).clone()).collect();
        let group =
            graph.assets()[*selected.first().expect("a run is of one asset at least")].spec.group.clone();
        let group = group.unwrap_or_default();
        let selection = match assets.as_slice() {
            [asset] => asset.to_string(),
            few if few.len() < 4 => few.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
            _ if assets.len() == graph.assets().len() => "*".to_owned(),
            _ => format!("group:{group}"),
        };
        let partitions = partition.into_iter().collect();
        let tags = BTreeMap::from([("team".to_owned(), group.clone())]);
        let request = RunRequest { selection, assets, partitions, tags, ..RunRequest::default() };
        match self.random.u8(..4) {
            0 => request.tagged(RunTag::Schedule, format!("{group}_monthly")),
            1 => request.tagged(RunTag::Sensor, format!("{group}_uploads")),
            _ => request,
        }
    }

    /// One step: skipped, canceled, failed, or done after an attempt or two.
    fn step(
        &mut self,
        run_events: &mut RunEvents,
        (position, step): (PlanIndex, &PlannedStep),
        takes: SignedDuration,
        fault: Fault,
    ) {
        let key = self.graph.steps()[step.step].key.clone();
        let event_of = |attempt| NewEvent {
            step: Some(key.clone()),
            partition: step.partition.clone(),
            attempt,
            ..NewEvent::of_run(run_events.run, Timestamp::UNIX_EPOCH, EventBody::StepStarted)
        };
        let (mut of_step, skipped) = (event_of(1), event_of(0));
        let lane = (0..LANES).min_by_key(|lane| run_events.lanes[*lane]).expect("there are lanes");
        let mut begins = run_events.lanes[lane];
        for upstream in &step.upstream {
            match run_events.done[*upstream] {
                Some(done) => begins = begins.max(done),
                None if fault.cut().is_some() => return,
                None => {
                    let name = &self.graph.steps()[step.step].key;
                    let reason = format!("what `{name}` is made from was not made");
                    return run_events.push(begins, Some(&skipped), EventBody::StepSkipped { reason });
                }
            }
        }
        if fault.cut().is_some_and(|cut| begins >= cut) {
            return;
        }
        let ends = begins + takes;
        run_events.lanes[lane] = ends;
        run_events.push(begins, Some(&of_step), EventBody::StepStarted);
        if let Some(cut) = fault.cut().filter(|cut| ends > *cut) {
            if let Fault::Stopped(_) = fault {
                run_events.push(cut, Some(&of_step), EventBody::StepCanceled);
            }
            return;
        }
        if self.random.u8(..40) == 0 {
            let failure = Failure::new(FailureKind::Error, "connection reset by peer");
            let (failed, again) = (begins + takes / 4, begins + takes / 2);
            run_events.push(failed, Some(&of_step), EventBody::StepRetrying { failure, delay_ms: 20 });
            of_step.attempt = 2;
            run_events.push(again, Some(&of_step), EventBody::StepStarted);
        }
        self.log(run_events, &of_step, begins + takes / 2, ends);
        if fault == Fault::Fails(position) {
            let chain = ["failed to fit", "the matrix has no rows"].map(str::to_owned).into();
            let failure = Failure { kind: FailureKind::Error, chain, hint: None, location: None };
            return run_events.push(ends, Some(&of_step), EventBody::StepFailed { failure });
        }
        self.verdicts(run_events, &of_step, step, ends);
        let micros = u64::try_from(takes.as_micros()).unwrap_or_default();
        run_events.push(ends, Some(&of_step), EventBody::StepSucceeded { micros });
        run_events.done[position] = Some(ends);
    }

    /// Log lines of the step, and now and then its progress.
    fn log(&mut self, run_events: &mut RunEvents, of_step: &NewEvent, from: Timestamp, to: Timestamp) {
        let between = |part: i32| from + to.duration_since(from) * part / 8;
        for line in 0..self.random.i32(..6) {
            let (level, message) = match self.random.u8(..30) {
                0 => (LogLevel::Warn, "some rows have no title and are left out".to_owned()),
                1..4 => (LogLevel::Debug, format!("chunk {line} took {} ms", self.random.u8(..))),
                _ => (LogLevel::Info, format!("read {} rows", self.random.u32(..100_000))),
            };
            let (target, fields) = ("pipeline::steps".to_owned(), BTreeMap::new());
            run_events.push(
                between(line),
                Some(of_step),
                EventBody::Logged(LogLine { level, target, message, fields }),
            );
        }
        if self.random.u8(..8) == 0 {
            run_events.push(between(6), Some(of_step), EventBody::StepProgressed { done: 3, of: 4 });
        }
    }

    /// The materialization of the step, or the result of its check.
    fn verdicts(
        &mut self,
        run_events: &mut RunEvents,
        of_step: &NewEvent,
        step: &PlannedStep,
        at: Timestamp,
    ) {
        let (graph, node) = (self.graph, &self.graph.steps()[step.step]);
        if let Some(asset) = graph.checked_asset(step.step) {
            let passed = self.random.u8(..20) > 0;
            let check = node.key.as_str().rsplit_once(':').map_or("", |(_, check)| check).to_owned();
            let description = if passed { "" } else { "fewer rows than last time" }.to_owned();
            let metadata = [("rows".to_owned(), self.random.u32(1_000..2_000).into())].into();
            let (severity, blocking) = (Severity::Warn, false);
            let verdict = CheckEvaluation { check, passed, severity, blocking, description, metadata };
            let of_check = NewEvent { asset: Some(graph.key(asset).clone()), ..of_step.clone() };
            run_events.push(at, Some(&of_check), EventBody::CheckEvaluated(verdict));
        }
        let provenance = Provenance {
            code_version: node.computation().code_version.clone(),
            inputs: self.inputs(step),
            config: None,
        };
        for &asset in graph.outputs(step.step) {
            let key = graph.key(asset);
            let data_version = DataVersion::from(format!("{:032x}", self.random.u128(..)));
            let made = step.at_partition(asset);
            let last = self.versions.get(&made).map(|(version, _)| *version);
            let version = VersionNumber::after(last);
            self.versions.insert(made, (version, data_version.clone()));
            // Data versions differ, although all values are the same.
            let (location, hash) = (ValueLocation::Database, DataVersion::of_content(VALUE));
            let materialization = Materialization {
                version: Some(version),
                data_version,
                provenance: provenance.clone(),
                stored: StoredValue { location, bytes: 1, format: "json".to_owned(), hash: Some(hash) },
                metadata: figures(key.as_str(), self.elapsed, &mut self.random),
            };
            let of_asset = NewEvent {
                asset: Some(key.clone()),
                value: Some(Arc::new(VALUE.to_vec())),
                ..of_step.clone()
            };
            run_events.push(at, Some(&of_asset), EventBody::Materialized(materialization));
        }
    }

    fn inputs(&self, step: &PlannedStep) -> Vec<InputVersion> {
        let version = |input: AssetPartition<AssetIndex>| InputVersion {
            upstream: input.by_key(self.graph),
            data_version: self.versions.get(&input).map(|(_, data_version)| data_version.clone()),
            version: self.versions.get(&input).map(|(version, _)| *version),
            read_as: ReadAs::Latest,
        };
        step.input_partitions().map(version).collect()
    }

    /// The event that ends the run.
    fn end(&mut self, run_events: &mut RunEvents, fault: Fault, started_at: Timestamp) {
        let last = run_events.events.last().map_or(started_at, |event| event.at);
        let (at, body) = match fault {
            Fault::Stopped(cut) => (cut, EventBody::RunCanceled),
            Fault::Dies(cut) => {
                let (reason, class) = ("its process was killed by signal 9".to_owned(), FailureClass::Killed);
                (cut, EventBody::RunLost { reason, class })
            }
            Fault::Fails(_) => (last, EventBody::run_failed("1 step failed: the matrix has no rows")),
            Fault::None => (last, EventBody::RunSucceeded),
        };
        run_events.push(at.max(last), None, body);
    }
}
