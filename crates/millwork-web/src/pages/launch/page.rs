//! The launch page: a selection or job, its plan, and the form for the configuration.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::automation::job_key;
use millwork_core::graph::{AssetSet, Selection, StepKind};
use millwork_core::partition::KeySpace;
use millwork_core::plan::Plan;
use millwork_core::run::{RunRequest, RunSpec, RunTag};
use millwork_core::{KeyMoment, Pipeline, Problem, StandingConfig};
use serde::Deserialize;
use serde_json::Value;

use super::super::form::OwnForm;
use super::super::forms::{created, leads};
use super::super::message::{page_error, rendered};
use super::field::{Field, Kind, fields, text};
use super::filled::{Filled, name};
use crate::api::selection_or_job;
use crate::asset_status::StatusSnapshot;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of steps of the plan, and of partitions, that are listed.
const LISTED: usize = 200;

#[derive(Template)]
#[template(path = "launch.html")]
struct LaunchPage {
    wanted: LaunchQuery,
    jobs: Vec<String>,
    /// The condition of the job in a word, and the address that explains it; `None` if the job has none.
    condition: Option<(String, String)>,
    partitions: Vec<String>,
    problem: Option<String>,
    plan: Vec<Planned>,
    steps: usize,
    forms: Vec<Form>,
    json: String,
    json_problem: Option<String>,
    tags: String,
    tags_problem: Option<String>,
}

/// A step of the plan.
struct Planned {
    name: String,
    state: &'static str,
    /// `check` or `gate`; empty for a step that makes assets.
    kind: &'static str,
    inputs: Vec<String>,
}

/// The configuration of a step.
struct Form {
    step: String,
    inputs: Vec<Input>,
}

struct Input {
    id: String,
    label: String,
    field: Field,
    options: Vec<String>,
    text: String,
    problem: Option<String>,
}

impl LaunchPage {
    fn current(&self) -> &'static str {
        "Launch"
    }
}

/// The parameters of the page: the requested run.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct LaunchQuery {
    selection: String,
    job: String,
    partition: String,
    stale_only: bool,
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Query(wanted): Query<LaunchQuery>,
) -> Response {
    let filled = Filled::new(tags_of_job(&state, &wanted.job));
    match page(&state, wanted, &filled, None).await {
        Ok(page) => rendered(StatusCode::OK, &page),
        Err(error) => page_error(&error),
    }
}

/// Requests the run, or shows the form again with its errors.
pub(in super::super) async fn submit(
    State(state): State<AppState>,
    OwnForm(form): OwnForm<Vec<(String, String)>>,
) -> Response {
    let filled = Filled::new(form);
    let stale_only = match filled.text("stale_only") {
        "" | "false" => false,
        "true" => true,
        other => {
            let problem = Problem::new(format!("`stale_only` can't be `{other}`"));
            return page_error(&ApiError::invalid(problem.with_hint("true or false")));
        }
    };
    let wanted = LaunchQuery {
        selection: filled.text("selection").to_owned(),
        job: filled.text("job").to_owned(),
        partition: filled.text("partition").to_owned(),
        stale_only,
    };
    let refused = |error: ApiError| (error.status(), error.sentences());
    let moment = match state.moment().await {
        Ok(moment) => moment,
        Err(error) => return page_error(&error.into()),
    };
    let plan = selected(&state, &wanted).and_then(|selected| planned(&state, &wanted, &selected, &moment));
    let (status, problem) = match plan {
        Ok(plan) => {
            let meant = filled.meant(&config_fields(&state, &plan));
            let run = wanted.run(&state.pipeline).config(Value::Object(meant.config)).tags(meant.tags);
            match run.resolve(&state.pipeline, &moment) {
                _ if !meant.problems.is_empty() => {
                    (StatusCode::UNPROCESSABLE_ENTITY, "Some fields are invalid.".to_owned())
                }
                Ok(run) => match created(&state, run).await {
                    Ok(run) => return leads(Ok(format!("/runs/{run}"))),
                    Err(error) => refused(error),
                },
                Err(error) => refused(error.into()),
            }
        }
        Err(error) => refused(error),
    };
    match page(&state, wanted, &filled, Some(problem)).await {
        Ok(page) => rendered(status, &page),
        Err(error) => page_error(&error),
    }
}

impl LaunchQuery {
    /// The requested run. The form is filled with the configuration and tags of a job, so what it submits replaces them: what was
    /// removed in the form stays removed.
    fn run(&self, pipeline: &Pipeline) -> RunSpec {
        let mut run = match pipeline.job(&self.job) {
            Some(job) => RunSpec::of(&*job.selection).origin(RunTag::Job, &*job.name),
            None => RunSpec::of(&*self.selection),
        };
        run.stale_only = self.stale_only;
        run.of_partitions(&self.partition)
    }
}

/// The tags and the configuration of a job.
fn tags_of_job(state: &AppState, job: &str) -> Vec<(String, String)> {
    let Some(job) = state.pipeline.job(job) else { return Vec::new() };
    let tags: Vec<String> = job.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let has_config = job.config.as_object().is_some_and(|config| !config.is_empty());
    let json = if has_config {
        serde_json::to_string_pretty(&job.config).unwrap_or_default()
    } else {
        String::new()
    };
    vec![("tags".to_owned(), tags.join("\n")), ("json".to_owned(), json)]
}

/// The selected assets.
fn selected(state: &AppState, wanted: &LaunchQuery) -> Result<AssetSet, ApiError> {
    let graph = state.pipeline.graph();
    let selection = match (wanted.selection.trim(), wanted.job.as_str()) {
        (_, "") => &wanted.selection,
        ("", job) => &state.pipeline.find_job(job)?.selection,
        _ => return Err(selection_or_job()),
    };
    let selected = Selection::parse(selection).and_then(|selection| selection.select(graph));
    selected.map_err(|error| ApiError::invalid(&error))
}

/// The plan of the selected assets, at a moment.
fn planned(
    state: &AppState,
    wanted: &LaunchQuery,
    selected: &AssetSet,
    moment: &KeyMoment,
) -> Result<Plan, ApiError> {
    let graph = state.pipeline.graph();
    let assets = selected.iter().map(|asset| graph.key(*asset).clone());
    let request = RunRequest::of_assets(assets);
    let partitions = match wanted.partition.trim() {
        "" => Vec::new(),
        written => request.find_partitions(written, &state.pipeline, moment)?,
    };
    Plan::new(graph, selected, &partitions, moment).map_err(|error| ApiError::invalid(&error))
}

/// The forms of the steps of a plan that take a configuration.
fn config_fields(state: &AppState, plan: &Plan) -> Vec<(String, Vec<Field>)> {
    let graph = state.pipeline.graph();
    let mut steps: Vec<(String, Vec<Field>)> = Vec::new();
    for planned in &plan.steps {
        let step = &graph.steps()[planned.step];
        let schemas = &step.computation().requirements.config;
        if !schemas.is_empty() && !steps.iter().any(|(known, _)| known == step.key.as_str()) {
            let of_step = schemas.iter().flat_map(|schema| fields(&schema.json()));
            let standing = step.config.as_ref().map(StandingConfig::effective);
            let of_step = of_step.map(|field| match standing {
                Some(standing) => field.standing(standing),
                None => field,
            });
            steps.push((step.key.to_string(), of_step.collect()));
        }
    }
    steps
}

async fn page(
    state: &AppState,
    wanted: LaunchQuery,
    filled: &Filled,
    problem: Option<String>,
) -> Result<LaunchPage, ApiError> {
    let graph = state.pipeline.graph();
    let statuses = state.statuses().await?;
    let moment = state.moment().await?;
    let is_empty = wanted.selection.trim().is_empty() && wanted.job.is_empty();
    let (selected, refused) = match selected(state, &wanted) {
        _ if is_empty => (AssetSet::new(), None),
        Ok(selected) => (selected, None),
        Err(error) => (AssetSet::new(), Some(error.sentences())),
    };
    let (plan, refused) = match refused {
        None if !is_empty => match planned(state, &wanted, &selected, &moment) {
            Ok(plan) => (plan, None),
            Err(error) => (Plan::default(), Some(error.sentences())),
        },
        refused => (Plan::default(), refused),
    };
    let steps = config_fields(state, &plan);
    let problems = if problem.is_some() { filled.meant(&steps).problems } else { Default::default() };
    let input = |step: &str, field: &Field| Input {
        id: name(step, field),
        label: field.path.join(" / "),
        options: match &field.kind {
            Kind::Choice(values) => values.iter().map(text).collect(),
            Kind::Flag => vec!["true".to_owned(), "false".to_owned()],
            Kind::Text | Kind::Whole | Kind::Number | Kind::Json => Vec::new(),
        },
        text: filled.text(&name(step, field)).to_owned(),
        problem: problems.get(&name(step, field)).cloned(),
        field: field.clone(),
    };
    let partitioned = selected.iter().find_map(|asset| graph.partitions(*asset));
    let partitions = partitioned.map(|partitions| last_keys(&partitions.space(&moment))).unwrap_or_default();
    let needed = plan_to_show(state, &plan, &statuses, wanted.stale_only);
    let condition = state.pipeline.job(&wanted.job).and_then(|job| {
        let condition = job.automation.as_ref()?;
        Some((condition.title(), format!("/automation/{}", job_key(&job.name))))
    });
    Ok(LaunchPage {
        condition,
        jobs: state.pipeline.jobs().iter().map(|job| job.name.clone()).collect(),
        partitions,
        problem: problem.or(refused),
        steps: needed.len(),
        plan: needed.into_iter().take(LISTED).collect(),
        forms: steps
            .iter()
            .map(|(step, fields)| Form {
                step: step.clone(),
                inputs: fields.iter().map(|field| input(step, field)).collect(),
            })
            .collect(),
        json: filled.text("json").to_owned(),
        json_problem: problems.get("json").cloned(),
        tags: filled.text("tags").to_owned(),
        tags_problem: problems.get("tags").cloned(),
        wanted,
    })
}

/// The last keys as sets write them, the last one first.
fn last_keys(space: &KeySpace) -> Vec<String> {
    let all = space.all();
    let last = all.page(all.count().saturating_sub(LISTED as u64), LISTED);
    let key = |index: &Vec<i64>| space.partition_key_at(index).map(|key| space.text_in_sets(&key));
    last.iter().rev().filter_map(key).collect()
}

/// The steps that would run, by the current status of the assets.
fn plan_to_show(state: &AppState, plan: &Plan, statuses: &StatusSnapshot, stale_only: bool) -> Vec<Planned> {
    let graph = state.pipeline.graph();
    let mut shown = Vec::new();
    for planned in &plan.steps {
        let step = &graph.steps()[planned.step];
        let of = graph.examined_asset(planned.step).or_else(|| graph.outputs(planned.step).first().copied());
        let Some(asset) = of else { continue };
        let health = statuses.of(asset);
        let sets = &health.partitions;
        let index = planned.partition.as_ref().and_then(|partition| sets.index_of(Some(partition)));
        let of_partition =
            index.and_then(|index| Some((sets.status(&index)?, sets.behind().contains(&index))));
        let (status, is_behind) = of_partition.unwrap_or_else(|| (health.status, health.is_behind()));
        if stale_only && !is_behind {
            continue;
        }
        shown.push(Planned {
            name: planned.by_key(graph).to_string(),
            state: status.as_str(),
            kind: match step.kind {
                StepKind::Assets { .. } => "",
                StepKind::Check { .. } => "check",
                StepKind::Gate { .. } => "gate",
            },
            inputs: planned.inputs.iter().map(|input| graph.key(input.asset).to_string()).collect(),
        });
    }
    shown
}
