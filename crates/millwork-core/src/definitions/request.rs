//! Resolves and checks requests for runs against a pipeline.
//!
//! [`RunSpec::resolve`] is the one way from a run as it is written to a request as it is stored. The command line, the API, the pages,
//! schedules and sensors all go through it, so a job, a selection, a partition, a configuration or a tag that is refused at one door is
//! refused at every other, with the same words. A stored request is checked again when it is executed ([`RunRequest::check`]): the
//! definitions may have changed since.

use std::borrow::Cow;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{Job, Pipeline};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetSet, Selection, SelectionError, closest};
use crate::param::{ConfigErrors, merge_config};
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
    pub fn resolve(self, pipeline: &Pipeline) -> Result<RunRequest, RequestError> {
        let Self { target, partition, config, tags, stale_only, origin, key: _ } = self;
        RunTag::check_all(&tags)?;
        let mut resolved =
            RunRequest { config: Value::Object(Map::new()), partition, stale_only, ..RunRequest::default() };
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
        resolved.check(pipeline)?;
        stored_json(&resolved).map_err(|reason| SelectionError::Unstorable { reason: reason.to_string() })?;
        Ok(resolved)
    }
}

impl RunRequest {
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

    /// Whether the run can be executed: its assets exist and have the partition, and the configuration fits. Of a run
    /// with `stale_only`, it isn't known yet which steps are run, so only the entries that there are have to fit.
    ///
    /// # Errors
    ///
    /// Why it can't.
    pub fn check(&self, pipeline: &Pipeline) -> Result<(), RequestError> {
        let graph = pipeline.graph();
        let steps = Plan::steps_of(graph, &self.selected(graph)?, self.partition.as_ref())?;
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
