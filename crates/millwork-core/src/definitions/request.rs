//! Resolves and checks requests for runs against a pipeline.
//!
//! [`RunSpec::resolve`] is the one way from a run as it is written to a request as it is stored. The command line, the API, the pages,
//! schedules and sensors all go through it, so a job, a selection, a partition, a configuration or a tag that is refused at one door is
//! refused at every other, with the same words. A stored request is checked again when it is executed ([`RunRequest::check`]): the
//! definitions may have changed since.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{BackfillSpec, Job, Pipeline};
use crate::asset::AssetKey;
use crate::backfill::BackfillOptions;
use crate::graph::{AssetGraph, AssetIndex, AssetSet, Selection, SelectionError, closest};
use crate::param::{ConfigErrors, merge_config};
use crate::partition::{KeyMoment, KeySet, KeySpace, MOST_OF_A_RUN, PartitionKey};
use crate::plan::{Plan, PlanError};
use crate::problem::{Advice, ErrorClass, Problem};
use crate::run::{RunRequest, RunSpec, RunTag, RunTarget, TagError};
use crate::stored::stored_json;

impl RunSpec {
    /// The request: the assets that are selected, the configuration and tags with those of the job. The caller
    /// executes it; [`RunRequest::queued`] leaves it to a daemon.
    ///
    /// # Errors
    ///
    /// When there is no such job, the selection can't be read or selects nothing that Millwork makes, a selected asset
    /// doesn't have the partition, the configuration doesn't fit the schemas of the steps, a tag is refused, or the
    /// request could not be stored.
    pub fn resolve(self, pipeline: &Pipeline, moment: &KeyMoment) -> Result<RunRequest, RequestError> {
        let (partition, partitions) = (self.partition.clone(), self.partitions.clone());
        let mut resolved = self.template(pipeline)?;
        resolved.partitions = match (partition, partitions) {
            (Some(_), Some(partitions)) => return Err(RequestError::TwicePartitioned { partitions }),
            (Some(partition), None) => vec![resolved.find_partition(&partition, pipeline, moment)?],
            (None, Some(partitions)) => resolved.find_partitions(&partitions, pipeline, moment)?,
            (None, None) => Vec::new(),
        };
        resolved.checked(pipeline, moment)
    }

    /// What is due at a moment: a run, or a backfill where the assets are partitioned differently. One that names no partition of assets which
    /// have more with time makes the latest, or one before by its [`lag`](Self::lag): those of the windows that have just ended.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub fn resolve_due(self, pipeline: &Pipeline, moment: &KeyMoment) -> Result<DueWork, RequestError> {
        let template = self.clone().template(pipeline)?;
        let graph = pipeline.graph();
        let partitioned = template.partitioned(graph)?;
        let is_named = self.partition.is_some() || self.partitions.is_some();
        let growing = partitioned.iter().find(|asset| graph.growing_partitions(**asset).is_some());
        let due = match growing.filter(|_| !is_named) {
            Some(asset) => Some(due_keys(graph, *asset, moment, self.lag)?),
            None => None,
        };
        let run = match &due {
            Some((space, keys)) => {
                RunRequest { partitions: space.partition_keys(keys), ..template }.checked(pipeline, moment)
            }
            None => self.clone().resolve(pipeline, moment),
        };
        let definitions = || partitioned.iter().map(|asset| graph.partitions(*asset));
        let differ = definitions().any(|partitions| Some(partitions) != definitions().next());
        let text = match (run, due, &self.partition, &self.partitions) {
            (Ok(request), ..) => return Ok(DueWork::Run(request)),
            (Err(_), Some((space, keys)), ..) if differ => space.set_text(&keys),
            // One that is named is a set of one, also if its text would be another set.
            (Err(_), None, Some(partition), None) if differ => {
                let of = partitioned.first().map(|asset| graph.key_space(*asset, moment));
                of.map_or_else(String::new, |space| space.text_in_sets(partition))
            }
            (Err(_), None, None, Some(partitions)) if differ => partitions.clone(),
            (Err(error), ..) => return Err(error),
        };
        let of = growing.filter(|_| !is_named).map(|asset| graph.key(*asset).clone());
        let options = BackfillOptions { all: !self.stale_only, ..BackfillOptions::default() };
        let run = Self { partition: None, partitions: None, ..self };
        Ok(DueWork::Backfill(BackfillSpec { run, partitions: text, of, options }))
    }

    /// The request without partitions, which may be other ones each time that it is made.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), but of partitions.
    pub fn template(self, pipeline: &Pipeline) -> Result<RunRequest, RequestError> {
        let Self { target, partition: _, partitions: _, lag: _, config, tags, stale_only, origin, key: _ } =
            self;
        RunTag::check_all(&tags)?;
        let mut resolved =
            RunRequest { config: Value::Object(Map::new()), stale_only, ..RunRequest::default() };
        match target {
            RunTarget::Selection(selection) => resolved.selection = selection,
            RunTarget::Job(name) => {
                let job = pipeline.find_job(&name)?;
                resolved.selection.clone_from(&job.selection);
                merge_config(&mut resolved.config, job.config.clone());
                resolved.tags.clone_from(&job.tags);
                resolved = resolved.tagged(RunTag::Job, name);
            }
        }
        merge_config(&mut resolved.config, config);
        resolved.tags.extend(tags);
        resolved.tags.extend(origin);
        let graph = pipeline.graph();
        let selected = Selection::parse(&resolved.selection)?.select(graph)?;
        resolved.assets = selected.into_iter().map(|asset| graph.key(asset).clone()).collect();
        resolved.check_template(pipeline)?;
        Ok(resolved)
    }
}

/// What a schedule or a sensor asks for.
#[derive(Clone, Debug)]
pub enum DueWork {
    /// A run.
    Run(RunRequest),
    /// A backfill: the assets are partitioned differently, so that one run can't make them.
    Backfill(BackfillSpec),
}

/// The keys of an asset that are due at a moment, with all that there are.
fn due_keys(
    graph: &AssetGraph,
    asset: AssetIndex,
    moment: &KeyMoment,
    lag: u32,
) -> Result<(Arc<KeySpace>, KeySet), RequestError> {
    let space = graph.key_space(asset, moment);
    let keys = space.latest_but(lag);
    if keys.is_empty() {
        let than = if lag == 0 { String::new() } else { format!(" that {lag} others come after") };
        let problem = Problem::new(format!("`{}` has no partition so far{than}", graph.key(asset)));
        return Err(RequestError::Partitions { problem });
    }
    Ok((space, keys))
}

impl RunRequest {
    /// The request, which can be executed and stored.
    fn checked(self, pipeline: &Pipeline, moment: &KeyMoment) -> Result<Self, RequestError> {
        self.check(pipeline, moment)?;
        stored_json(&self).map_err(|reason| SelectionError::Unstorable { reason: reason.to_string() })?;
        Ok(self)
    }

    /// The key of the partition that a text means, of the first selected asset that has it.
    fn find_partition(
        &self,
        partition: &PartitionKey,
        pipeline: &Pipeline,
        moment: &KeyMoment,
    ) -> Result<PartitionKey, RequestError> {
        let graph = pipeline.graph();
        let mut first = None;
        for asset in self.partitioned(graph)? {
            match graph.find_partition(asset, Some(partition), moment) {
                Ok(found) => return Ok(found.unwrap_or_else(|| partition.clone())),
                Err(error) => first = first.or(Some(error)),
            }
            let is_text = partition.values().is_none();
            if is_text && graph.key_space(asset, moment).set(partition.label()).is_ok() {
                let problem = Problem::new(format!("`{partition}` is a set of partitions, not one"));
                let hint = "name a set as `partitions`, which is `--partitions` on the command line";
                return Err(RequestError::Partitions { problem: problem.with_hint(hint) });
            }
        }
        Err(first.map_or(PlanError::NothingPartitioned, PlanError::Partition).into())
    }

    /// The keys of the partitions that a text means, one or a set of them, of the first selected asset that has them.
    ///
    /// # Errors
    ///
    /// When the text is no set of partitions, when there are none in it, or too many, or when no selected asset has partitions.
    pub fn find_partitions(
        &self,
        text: &str,
        pipeline: &Pipeline,
        moment: &KeyMoment,
    ) -> Result<Vec<PartitionKey>, RequestError> {
        let graph = pipeline.graph();
        let mut first = None;
        for asset in self.partitioned(graph)? {
            let space = graph.key_space(asset, moment);
            let keys =
                space.set_or_key(text).and_then(|keys| match space.too_many(&keys, MOST_OF_A_RUN) {
                    Some(problem) => Err(problem
                        .with_hint("name fewer, or start a backfill, which makes them in several runs")),
                    None => Ok(keys),
                });
            match keys {
                Ok(keys) => return Ok(space.partition_keys(&keys)),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        Err(match first {
            Some(problem) => RequestError::Partitions { problem },
            None => PlanError::NothingPartitioned.into(),
        })
    }

    /// The selected assets that have partitions and are made here.
    fn partitioned(&self, graph: &AssetGraph) -> Result<Vec<AssetIndex>, RequestError> {
        let made =
            |asset: &AssetIndex| graph.assets()[*asset].step.is_some() && graph.partitions(*asset).is_some();
        Ok(self.selected(graph)?.into_iter().filter(made).collect())
    }

    /// The assets in the graph.
    ///
    /// # Errors
    ///
    /// When one is no longer defined.
    pub fn selected(&self, graph: &AssetGraph) -> Result<AssetSet, RequestError> {
        let index = |asset: &AssetKey| {
            let index = graph.index(asset.as_str());
            index.ok_or_else(|| RequestError::AssetIsGone { asset: asset.clone() })
        };
        self.assets.iter().map(index).collect()
    }

    /// Whether the run can be executed at a moment: its assets exist and have the partitions, and the configuration fits. Of a run
    /// with `stale_only`, it isn't known yet which steps are run, so only the entries that there are have to fit.
    ///
    /// # Errors
    ///
    /// Why it can't.
    pub fn check(&self, pipeline: &Pipeline, moment: &KeyMoment) -> Result<(), RequestError> {
        self.check_template(pipeline)?;
        let graph = pipeline.graph();
        Ok(Plan::check(graph, &self.selected(graph)?, &self.partitions, moment)?)
    }

    /// Whether it can be executed with some partitions.
    pub(crate) fn check_template(&self, pipeline: &Pipeline) -> Result<(), RequestError> {
        let graph = pipeline.graph();
        let steps = Plan::steps_of(graph, &self.selected(graph)?)?;
        let has_entry = |step: &str| self.config.get(step).is_some();
        let steps = steps.iter().map(|step| graph.steps()[*step].key.as_str());
        let steps = steps.filter(|step| !self.stale_only || has_entry(step));
        Ok(pipeline.check_config(&self.config, steps)?)
    }
}

/// Why a run can't be requested, or a requested one not be executed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RequestError {
    /// The job doesn't exist.
    #[error("no job is called `{job}`")]
    UnknownJob {
        /// The name of the job.
        job: String,
        /// The name that was meant, or how to find it.
        hint: String,
    },
    /// The selection selects nothing.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// An asset is no longer defined.
    #[error("the run asks for asset `{asset}`, which is not part of the definitions any more")]
    AssetIsGone {
        /// The key of the asset.
        asset: AssetKey,
    },
    /// A set of partitions can't be read, is empty, or has too many.
    #[error("{problem}")]
    Partitions {
        /// What is wrong with it.
        problem: Problem,
    },
    /// One partition and a set of them.
    #[error("a partition was given, and the partitions `{partitions}` as well")]
    TwicePartitioned {
        /// The set.
        partitions: String,
    },
    /// The run can't be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The configuration doesn't fit.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A tag is refused.
    #[error(transparent)]
    Tag(#[from] TagError),
}

impl RequestError {
    /// Everything that is wrong, each on its own.
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Config(ConfigErrors(errors)) => errors.iter().map(Problem::from).collect(),
            Self::UnknownJob { .. }
            | Self::Selection(_)
            | Self::AssetIsGone { .. }
            | Self::Partitions { .. }
            | Self::TwicePartitioned { .. }
            | Self::Plan(_)
            | Self::Tag(_) => vec![Problem::from(self)],
        }
    }
}

impl Advice for RequestError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::UnknownJob { hint, .. } => Some(Cow::Borrowed(hint)),
            Self::AssetIsGone { .. } => Some("start a new run".into()),
            Self::Partitions { problem } => problem.hint(),
            Self::TwicePartitioned { .. } => Some("give one of them".into()),
            Self::Selection(error) => error.hint(),
            Self::Plan(error) => error.hint(),
            Self::Config(errors) => errors.hint(),
            Self::Tag(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl Pipeline {
    /// The job of a name.
    ///
    /// # Errors
    ///
    /// [`RequestError::UnknownJob`] if no job has this name.
    pub fn find_job(&self, name: &str) -> Result<&Job, RequestError> {
        let hint = || match closest(name, self.jobs().iter().map(|job| job.name.as_str())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`list jobs` lists all jobs".to_owned(),
        };
        self.job(name).ok_or_else(|| RequestError::UnknownJob { job: name.to_owned(), hint: hint() })
    }
}
