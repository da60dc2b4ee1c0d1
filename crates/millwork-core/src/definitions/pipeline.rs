//! A pipeline: definitions that fit together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Job, RunPolicies};
use crate::alert::AlertRule;
use crate::asset::{AssetKey, IoManager};
use crate::automation::{
    Automation, AutomationCondition, ConditionError, FailureBackoff, JobCondition, WatchCondition, job_key,
    job_name, watch_key, watched_model,
};
use crate::graph::AssetGraph;
use crate::instigator::{Instigator, SwitchedCursor};
use crate::param::Resources;
use crate::retention::Retention;
use crate::run::{QueueLimits, RunLimits, RunRetries};
use crate::schedule::Schedule;
use crate::sensor::{Sensor, SensorSource};
use crate::watch::Watch;

/// A pipeline whose definitions fit together: the graph, and what its steps need to run.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub(super) graph: Arc<AssetGraph>,
    pub(super) jobs: Vec<Job>,
    pub(super) watches: Vec<Watch>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) sensors: Vec<Sensor>,
    pub(super) alerts: Vec<AlertRule>,
    pub(super) resources: Arc<Resources>,
    pub(super) io_managers: BTreeMap<String, Arc<dyn IoManager>>,
    pub(super) pools: BTreeMap<String, u32>,
    pub(super) policies: RunPolicies,
    pub(super) source_folder: Option<&'static str>,
}

impl Pipeline {
    /// The graph of its assets.
    pub fn graph(&self) -> &Arc<AssetGraph> {
        &self.graph
    }

    /// All jobs, in the order of their definition.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// The job of that name.
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    /// The jobs that have a condition.
    pub fn job_conditions(&self) -> impl Iterator<Item = JobCondition<'_>> {
        self.jobs.iter().filter(|job| job.automation.is_some()).map(Job::condition)
    }

    /// All watches over models, in the order of their definition.
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }

    /// The watch over a model.
    pub fn watch(&self, model: &str) -> Option<&Watch> {
        self.watches.iter().find(|watch| watch.model.as_str() == model)
    }

    /// The conditions of jobs and of watches, by their keys, in the order of the definitions.
    pub fn other_conditions(&self) -> impl Iterator<Item = (AssetKey, &AutomationCondition)> {
        let jobs = self.job_conditions().filter_map(|job| Some((job_key(job.name), job.condition?)));
        let watches = self.watches.iter();
        jobs.chain(watches.filter_map(|watch| Some((watch_key(&watch.model), watch.condition.as_ref()?))))
    }

    /// The conditions of assets, jobs and watches that are on, by the keys of assets and those [of jobs](crate::automation::job_key) and
    /// [of watches](crate::automation::watch_key).
    ///
    /// # Errors
    ///
    /// If a condition is invalid; a resolved pipeline has none.
    pub fn automation(
        &self,
        is_on: impl Fn(&AssetKey) -> bool,
        backoff: FailureBackoff,
    ) -> Result<Automation, ConditionError> {
        let on = self.graph.assets().iter().filter(|node| is_on(&node.spec.key));
        let conditions = on.filter_map(|node| Some((node.spec.key.clone(), node.spec.automation.clone()?)));
        let jobs = self.job_conditions().map(|job| JobCondition {
            condition: job.condition.filter(|_| is_on(&job_key(job.name))),
            ..job
        });
        let watches = self.watches.iter().filter(|watch| is_on(&watch_key(&watch.model)));
        let watches = watches.filter_map(|watch| {
            Some(WatchCondition { model: &watch.model, condition: watch.condition.as_ref()? })
        });
        let automation = Automation::new(&self.graph, conditions, backoff)?.with_jobs(&self.graph, jobs)?;
        automation.with_watches(&self.graph, watches)
    }

    /// The condition of an asset, or of a job or a watch by its [key](crate::automation::job_key).
    pub fn condition(&self, key: &AssetKey) -> Option<&AutomationCondition> {
        match (job_name(key), watched_model(key)) {
            (Some(job), _) => self.job(job)?.automation.as_ref(),
            (None, Some(model)) => self.watch(model)?.condition.as_ref(),
            (None, None) => self.graph.asset(key.as_str())?.spec.automation.as_ref(),
        }
    }

    /// All schedules, in the order of their definition.
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }

    /// The schedule of that name.
    pub fn schedule(&self, name: &str) -> Option<&Schedule> {
        self.schedules.iter().find(|schedule| schedule.name == name)
    }

    /// All sensors, in the order of their definition.
    pub fn sensors(&self) -> &[Sensor] {
        &self.sensors
    }

    /// The sensor of that name.
    pub fn sensor(&self, name: &str) -> Option<&Sensor> {
        self.sensors.iter().find(|sensor| sensor.name == name)
    }

    /// What a switch does to the cursor of an instigator. That of a sensor with a function that polls is the sensor's own text, its only
    /// record of what it has requested, and is kept. Others are positions in time or in the event log, and are cleared.
    pub fn switched_cursor(&self, instigator: &Instigator) -> SwitchedCursor {
        let source = match instigator {
            Instigator::Sensor(name) => self.sensor(name).map(|sensor| &sensor.source),
            Instigator::Schedule(_)
            | Instigator::Automation(_)
            | Instigator::Alerts
            | Instigator::AlertTests
            | Instigator::Approvals
            | Instigator::Shadow
            | Instigator::Retries
            | Instigator::Traces => None,
        };
        match source {
            Some(SensorSource::Outside(_)) => SwitchedCursor::Kept,
            Some(SensorSource::Events { .. }) | None => SwitchedCursor::Cleared,
        }
    }

    /// All alert rules, in the order of their definition.
    pub fn alerts(&self) -> &[AlertRule] {
        &self.alerts
    }

    /// The alert rule of that name.
    pub fn alert(&self, name: &str) -> Option<&AlertRule> {
        self.alerts.iter().find(|rule| rule.name == name)
    }

    /// The resources that steps take.
    pub fn resources(&self) -> &Arc<Resources> {
        &self.resources
    }

    /// Its named I/O managers.
    pub fn io_managers(&self) -> &BTreeMap<String, Arc<dyn IoManager>> {
        &self.io_managers
    }

    /// How many slots a concurrency pool has.
    pub fn pool_slots(&self, name: &str) -> u32 {
        self.pools.get(name).copied().unwrap_or(1)
    }

    /// The concurrency pools that are given a number of slots, or that a step takes some of.
    pub fn pools(&self) -> BTreeMap<&str, u32> {
        let taken = self.graph.steps().iter().flat_map(|step| &step.computation().pools);
        let names = self.pools.keys().map(String::as_str).chain(taken.map(|taken| taken.pool.as_str()));
        names.map(|name| (name, self.pool_slots(name))).collect()
    }

    /// The folder of the package that the definitions were compiled from; `None` if they weren't collected by `definitions!`.
    pub fn source_folder(&self) -> Option<&'static str> {
        self.source_folder
    }

    /// The limits of queued runs that are in progress at a time.
    pub fn queue(&self) -> QueueLimits {
        self.policies.queue.clone().unwrap_or_default()
    }

    /// Which queued runs are tried again.
    pub fn run_retries(&self) -> RunRetries {
        self.policies.retries.clone().unwrap_or_default()
    }

    /// How long queued runs may take.
    pub fn run_limits(&self) -> RunLimits {
        self.policies.limits.unwrap_or_default()
    }

    /// The retention policy.
    pub fn retention(&self) -> Retention {
        self.policies.retention.unwrap_or_default()
    }
}
