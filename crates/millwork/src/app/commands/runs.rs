//! `runs`: listing, showing, retrying and canceling runs.

use clap::{Args, Subcommand};
use millwork_api::{EnvironmentView, EventView, RunDetails, RunStanding, RunView, parse_tag, run_status};
use millwork_core::Problem;
use millwork_core::event::{Event, EventBody};
use millwork_core::run::{FailureClass, RunState, RunStatus, StepKey, StepStatus};
use millwork_core::{Clock as _, StepPartition, SystemClock};
use millwork_engine::EngineOptions;
use millwork_storage::{RunQuery, RunRecord, waiting_runs};

use super::materialize::{self, Execution};
use super::reproduce;
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::printable::indented;
use crate::app::session::{Opened, Session, block_on};
use crate::app::style::style;
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Runs {
    /// List runs, newest first
    #[command(arg(json_flag()))]
    List {
        /// Only runs with this status
        #[arg(long)]
        status: Option<String>,
        /// Only runs with this tag
        #[arg(long, value_name = "KEY=VALUE")]
        tag: Option<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
    /// Show a run and its steps
    Show(Run),
    /// Print a run's log
    Logs {
        #[command(flatten)]
        run: Run,
        /// Only lines of this step
        #[arg(long)]
        step: Option<String>,
        /// Every event, not only log lines and errors
        #[arg(long)]
        all: bool,
    },
    /// Resume a run that failed, was canceled or was lost: finished steps are not run again
    #[command(after_help = "Examples:\n  runs retry last\n  runs retry 3f9c2a --from-scratch")]
    Retry {
        #[command(flatten)]
        run: Run,
        /// Start a new run of all steps instead
        #[arg(long)]
        from_scratch: bool,
    },
    /// Execute the steps of a run again on the same inputs, without touching what is current, and compare the data versions
    #[command(after_help = REPRODUCE)]
    Reproduce(Run),
    /// Ask a run to stop
    Cancel(Run),
    /// Execute a queued run in this process, as a daemon does in a child process
    #[command(hide = true)]
    Execute {
        /// The run's id
        run: String,
    },
}

const REPRODUCE: &str = "\
Exit codes:
  0    identical: the same code has made the same values
  1    something differs, or the code of a step is another one now

Examples:
  runs reproduce last
  runs reproduce 3f9c2a --json";

#[derive(Debug, Args)]
#[command(arg(json_flag()))]
pub(super) struct Run {
    /// The run: its id, the beginning or end of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
}

pub(super) fn run(session: &Session, runs: Runs) -> Result<Exit, Failure> {
    block_on(async {
        let (opened, json) = (session.home().await?, session.wants_json());
        match runs {
            Runs::List { status, tag, limit } => {
                list(&opened, status.as_deref(), tag.as_deref(), limit, json).await
            }
            Runs::Show(run) => show(&opened, &run, json).await,
            Runs::Logs { run, step, all } => logs(&opened, &run, step.as_deref(), all, json).await,
            Runs::Retry { run, from_scratch } => retry(session, &opened, &run, from_scratch).await,
            Runs::Reproduce(run) => {
                let run = opened.run(&run.run).await?.id;
                reproduce::reproduce(session, &opened, run).await
            }
            Runs::Cancel(run) => cancel(&opened, &run, json).await,
            Runs::Execute { run } => execute(session, &opened, &run).await,
        }
    })
}

/// Executes a queued run without output: it is the process that a daemon starts.
async fn execute(session: &Session, opened: &Opened, run: &str) -> Result<Exit, Failure> {
    let run = opened.run(run).await?.id;
    let options = EngineOptions { end_descendants: true, ..EngineOptions::default() };
    let engine = session.engine(opened, options)?;
    materialize::execute_silently(opened, &engine, run).await
}

async fn list(
    opened: &Opened,
    status: Option<&str>,
    tag: Option<&str>,
    limit: u32,
    json: bool,
) -> Result<Exit, Failure> {
    let statuses = match status {
        Some(name) => vec![run_status(name)?],
        None => Vec::new(),
    };
    let tag = tag.map(parse_tag).transpose()?;
    let is_filtered = !statuses.is_empty() || tag.is_some() || limit == 0;
    let query = RunQuery { statuses, tag, limit: Some(limit), ..RunQuery::default() };
    let runs = opened.store.runs(query).await?;
    if json {
        print_json(&runs.iter().map(RunView::from).collect::<Vec<_>>())?;
    } else if runs.is_empty() && is_filtered {
        outln!("No run matches.");
    } else if runs.is_empty() {
        outln!("No runs yet. `materialize` starts one.");
    } else {
        let heading = ["RUN", "STATUS", "CREATED", "TOOK", "SELECTION", "REASON"];
        out!("{}", table(heading, runs.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

fn row(run: &RunRecord) -> [String; 6] {
    let took = run.started_at.zip(run.finished_at).map(|(from, to)| when::between(from, to));
    [
        run.id.short(),
        colored(run.status),
        when::moment(run.created_at),
        took.unwrap_or_default(),
        match &run.request.partitions_in_words()[..] {
            "" => run.request.selection.clone(),
            partitions => format!("{} ({partitions})", run.request.selection),
        },
        match &run.damage {
            Some(damage) => format!("damaged: {damage}"),
            None => run.reason.clone().unwrap_or_default(),
        },
    ]
}

fn colored(status: RunStatus) -> String {
    let styled = style(status.as_str());
    match status {
        RunStatus::Succeeded => styled.green(),
        RunStatus::Failed | RunStatus::Lost => styled.red(),
        RunStatus::Canceled | RunStatus::Canceling => styled.yellow(),
        RunStatus::Queued | RunStatus::Running => styled.cyan(),
    }
    .to_string()
}

async fn show(opened: &Opened, run: &Run, json: bool) -> Result<Exit, Failure> {
    let record = opened.run(&run.run).await?;
    let events = opened.events(record.id).await?;
    let state = RunState::of_stored(&events);
    let damage = record.damage.as_ref().or(state.damage.as_ref());
    let waits = waits(opened, &record).await?;
    if json {
        print_json(&RunDetails::new(&record, &events, waits))?;
        return Ok(Exit::Success);
    }
    outln!("Run {} {}", record.id, colored(record.status));
    outln!("  selection  {}", indented(&record.request.selection, 13));
    outln!("  created    {}", when::moment(record.created_at));
    if let Some((from, to)) = record.started_at.zip(record.finished_at) {
        outln!("  took       {}", when::between(from, to));
    }
    if let Some(reason) = &record.reason {
        // The class of a user's error is left out, as it adds nothing to the reason.
        let class = record.class.filter(|class| *class != FailureClass::Error);
        let class = class.map(|class| format!(" ({class})")).unwrap_or_default();
        outln!("  reason     {}", indented(&format!("{reason}{class}"), 13));
    }
    if let Some(damage) = damage {
        outln!("  {}    {}", style("damaged").red(), indented(damage, 13));
    }
    if let Some(waits) = waits {
        outln!("  queue      {}", indented(&waits, 13));
    }
    let partitions = record.request.partitions_in_words();
    if !partitions.is_empty() {
        outln!("  partitions {}", indented(&partitions, 13));
    }
    for (key, value) in &record.request.tags {
        outln!("  tag        {}", indented(&format!("{key}={value}"), 13));
    }
    if record.request.config.as_object().is_some_and(|config| !config.is_empty()) {
        outln!("  config     {}", record.request.config);
    }
    for environment in EnvironmentView::of_events(&events) {
        show_environment(&environment);
    }
    outln!();
    let mut steps: Vec<_> = state.steps.iter().collect();
    steps.sort_by_key(|(_, state)| (state.started_at.is_none(), state.started_at));
    let rows = steps.into_iter().map(|(key, state)| step_row(key, state)).collect();
    out!("{}", table(["STEP", "STATUS", "ATTEMPT", "TOOK", "REASON"], rows));
    Ok(Exit::Success)
}

/// Prints what an execution of the run was made with.
fn show_environment(environment: &EnvironmentView) {
    outln!("  binary     {}", indented(&environment.binary_in_words(), 13));
    outln!("  host       {}", indented(&environment.host_in_words(), 13));
    if let Some(tree) = &environment.working_tree {
        let tree = format!("{} (the working tree at run time)", tree.in_words());
        outln!("  source     {}", indented(&tree, 13));
    }
}

/// Why a requested run hasn't started; `None` if it isn't queued.
async fn waits(opened: &Opened, record: &RunRecord) -> Result<Option<String>, Failure> {
    if record.status != RunStatus::Queued {
        return Ok(None);
    }
    let (limits, launch_error) = (opened.home.queue_limits(), opened.home.launch_error());
    let waiting =
        waiting_runs(&*opened.store, limits.as_ref(), launch_error.as_deref(), SystemClock.now()).await?;
    Ok(millwork_api::waits(record, &waiting))
}

fn step_row(step: &StepPartition, state: &millwork_core::run::StepState) -> [String; 5] {
    let styled = style(state.status.as_str());
    let status = match state.status {
        StepStatus::Succeeded => styled.green(),
        StepStatus::Failed => styled.red(),
        StepStatus::Skipped | StepStatus::Canceled => styled.yellow(),
        StepStatus::Pending | StepStatus::Running | StepStatus::Retrying => styled.cyan(),
    };
    let took = state.started_at.zip(state.finished_at).map(|(from, to)| when::between(from, to));
    let failure = state.failure.as_ref().map(ToString::to_string);
    let attempt = if state.attempt == 0 { String::new() } else { state.attempt.to_string() };
    let reason = state.reason.clone().or(failure).unwrap_or_default();
    [step.to_string(), status.to_string(), attempt, took.unwrap_or_default(), reason]
}

async fn logs(
    opened: &Opened,
    run: &Run,
    step: Option<&str>,
    all: bool,
    json: bool,
) -> Result<Exit, Failure> {
    let record = opened.run(&run.run).await?;
    let events = opened.events(record.id).await?;
    let known = events.iter().any(|event| event.step.as_ref().map(StepKey::as_str) == step);
    if let Some(step) = step.filter(|_| !known) {
        let run = record.id.short();
        let problem = Problem::new(format!("run {run} has no step `{step}`"));
        return Err(Failure::usage(problem.with_hint(format!("`runs show {run}` lists its steps"))));
    }
    let mut none = true;
    for event in &events {
        let of_step = step.is_none_or(|step| event.step.as_ref().is_some_and(|own| own.as_str() == step));
        if of_step && (all || is_log(event)) {
            none = false;
            if json {
                print_json(&EventView::from(event.clone()))?;
            } else {
                outln!("{}", log_line(event));
            }
        }
    }
    if none && !json {
        outln!("The log is empty. `--all` shows every event.");
    }
    Ok(Exit::Success)
}

/// An event as a line of the log: log lines, and failures of steps and checks.
fn is_log(event: &Event) -> bool {
    matches!(
        event.body,
        EventBody::Logged(_)
            | EventBody::StepFailed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::RunFailed { .. }
            | EventBody::RunLost { .. }
            | EventBody::VersionJudged(_)
            | EventBody::AliasMoved(_)
            | EventBody::Unreadable(_)
    )
}

fn log_line(event: &Event) -> String {
    let step = event.step_partition().map_or_else(|| "run".to_owned(), |step| step.to_string());
    let of = event.asset_partition().map(|of| format!("{}: ", of.quoted())).unwrap_or_default();
    let what = match &event.body {
        EventBody::Logged(line) => {
            let fields: String = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{:5} {}: {}{fields}", line.level, line.target, line.message)
        }
        EventBody::StepFailed { failure } => format!("ERROR failed: {failure}"),
        EventBody::StepRetrying { failure, delay_ms } => {
            format!("WARN  attempt {} failed, the next follows in {delay_ms} ms: {failure}", event.attempt)
        }
        EventBody::RunFailed { reason, .. } | EventBody::RunLost { reason, .. } => {
            format!("ERROR {}: {reason}", event.body.name())
        }
        EventBody::VersionJudged(judged) => format!("      {of}{judged}"),
        EventBody::AliasMoved(moved) => format!("      {of}{moved}"),
        EventBody::VersionDecided(decided) => format!("      {of}{decided}"),
        EventBody::VersionsBacktested(tested) => format!("      {of}{tested}"),
        EventBody::PartitionsChanged(changed) => format!("      {changed}"),
        EventBody::AssetRenamed(renamed) => format!("      {renamed}"),
        EventBody::PartitionsRenamed(renamed) => format!("      {renamed}"),
        EventBody::ShadowCalled(called) => {
            let level = if called.outcome.is_bad() { "WARN " } else { "     " };
            format!("{level} {of}{called}")
        }
        EventBody::AliasPinned(pinned) => format!("      {of}{pinned}"),
        EventBody::Unreadable(unreadable) => {
            let kind = unreadable.kind.map(|kind| format!(" `{kind}`")).unwrap_or_default();
            format!("ERROR event {}{kind} can't be read: {}", event.sequence, unreadable.reason)
        }
        body @ (EventBody::RunQueued
        | EventBody::RunStarted { .. }
        | EventBody::RunCanceling
        | EventBody::RunSucceeded
        | EventBody::RunCanceled
        | EventBody::RunRetrying { .. }
        | EventBody::StepStarted
        | EventBody::StepProgressed { .. }
        | EventBody::StepSucceeded { .. }
        | EventBody::StepSkipped { .. }
        | EventBody::StepCanceled
        | EventBody::Materialized(_)
        | EventBody::Kept { .. }
        | EventBody::NotMaterialized { .. }
        | EventBody::Observed { .. }
        | EventBody::CheckEvaluated(_)
        | EventBody::EnvironmentRecorded(_)) => {
            let name = body.name();
            let json = body.to_stored().ok().and_then(|(_, json)| json);
            let asset = event.asset.as_ref().filter(|_| json.is_some());
            let parts = asset.map(ToString::to_string).into_iter().chain(json);
            format!("      {name}{}", parts.map(|part| format!(" {part}")).collect::<String>())
        }
    };
    indented(&format!("{} {step} {what}", when::moment(event.at)), 4)
}

async fn retry(session: &Session, opened: &Opened, run: &Run, from_scratch: bool) -> Result<Exit, Failure> {
    let record = opened.run(&run.run).await?;
    let engine = session.engine(opened, EngineOptions::default())?;
    let request = record.request_again()?;
    let (plan, execution) = if from_scratch {
        // The run is executed in this process, not by a daemon.
        (engine.plan(&request).await?, Execution::Begin(request.retry_of(record.id).unqueued()))
    } else {
        (engine.plan_of(&record).await?, Execution::Resume(record.id))
    };
    let steps = plan.steps.len();
    materialize::execute(opened, &engine, execution, steps, session.wants_json()).await
}

async fn cancel(opened: &Opened, run: &Run, json: bool) -> Result<Exit, Failure> {
    let record = opened.run(&run.run).await?;
    let status = opened.store.request_cancel(record.id, SystemClock.now()).await?;
    if json {
        print_json(&RunStanding { run: record.id, status })?;
    } else if record.status.is_finished() {
        outln!("Run {} is {status} already.", record.id.short());
    } else {
        outln!("Run {} is {status}.", record.id.short());
    }
    Ok(Exit::Success)
}
