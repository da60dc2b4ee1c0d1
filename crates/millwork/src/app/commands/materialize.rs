//! `materialize`: materializes assets, with progress in the terminal.

use std::num::NonZero;
use std::sync::Arc;

use clap::Args;
use millwork_api::{PlanView, RunOutcomeView, RunStanding, StepView, UpToDate, parse_tags};
use millwork_core::graph::AssetGraph;
use millwork_core::plan::Plan;
use millwork_core::run::{Failure as StepFailure, RunId, RunRequest, RunSpec, RunStatus, RunTag, StepStatus};
use millwork_core::{AssetPartition, Clock as _, PartitionKey, SystemClock};
use millwork_daemon::end_rest_of_group;
use millwork_engine::{
    Cancel, Engine, EngineOptions, ExecuteError, Observer, RunOutcome, ask_descendants_to_end,
    capture_output, end_descendants,
};
use millwork_storage::{CurrentStatuses, StorageError, Store, failures};
use tokio::sync::watch;

use super::config::ConfigArguments;
use super::config::config;
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::out::{out, outln, print_error, print_if_possible, print_json};
use crate::app::printable::indented;
use crate::app::progress::Progress;
use crate::app::session::{Opened, Session, block_on};
use crate::app::signals::{EndSignal, EndSignals};
use crate::app::style::style;
use crate::app::{log, when};

#[derive(Debug, Args)]
#[command(arg(json_flag().help("Print one JSON object")))]
pub(super) struct Materialize {
    /// Assets to materialize
    #[arg(default_value = "*")]
    pub(super) selection: String,
    /// Materialize the assets of a job, with its configuration and tags
    #[arg(long, value_name = "NAME", conflicts_with = "selection")]
    pub(super) job: Option<String>,
    /// Materialize one partition of the assets that have partitions
    #[arg(long, value_name = "KEY")]
    pub(super) partition: Option<String>,
    /// Materialize a set of partitions, such as `2024-01-01..2024-01-31`, `de,fr` or `*`
    #[arg(long, value_name = "SET", conflicts_with = "partition")]
    pub(super) partitions: Option<String>,
    /// Materialize only what is stale or missing
    #[arg(long)]
    pub(super) stale: bool,
    #[command(flatten)]
    pub(super) config: ConfigArguments,
    /// Tag the run
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub(super) tags: Vec<String>,
    /// Maximum number of steps in parallel
    #[arg(long, value_name = "N")]
    pub(super) workers: Option<NonZero<usize>>,
    /// Show the plan without running it
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Enqueue the run for a daemon and print its id
    #[arg(long, conflicts_with_all = ["dry_run", "workers"])]
    pub(super) queue: bool,
}

pub(super) fn run(session: &Session, materialize: &Materialize) -> Result<Exit, Failure> {
    block_on(async {
        let request = request(session, materialize).await?;
        let opened = session.home().await?;
        let engine = session.engine(&opened, options(materialize.workers))?;
        let plan = engine.plan(&request).await?;
        if materialize.dry_run {
            return print_plan(session.pipeline()?.graph(), &plan, session.wants_json());
        }
        if plan.steps.is_empty() {
            return print_nothing_to_do(session, &opened, &request, session.wants_json()).await;
        }
        if materialize.queue {
            return enqueue(&opened, &engine, request, session.wants_json()).await;
        }
        note_tags_of_daemons(&materialize.tags);
        execute(&opened, &engine, Execution::Begin(request), plan.steps.len(), session.wants_json()).await
    })
}

/// Prints which of the given tags have no effect, as no daemon reads them.
fn note_tags_of_daemons(tags: &[String]) {
    let given = |tag: &RunTag| tags.iter().any(|given| given.split('=').next() == Some(tag.key()));
    for tag in RunTag::ALL.into_iter().filter(|tag| tag.is_of_daemons() && given(tag)) {
        let (note, key) = (style("note").yellow(), tag.key());
        print_error(&format!(
            "{note}: the tag `{key}` has no effect on a run that isn't queued\n  hint: `--queue` leaves the run to a daemon\n"
        ));
    }
}

/// Enqueues a run for a daemon.
async fn enqueue(opened: &Opened, engine: &Engine, request: RunRequest, json: bool) -> Result<Exit, Failure> {
    let run = engine.request(request.queued()).await?;
    opened.store.close().await;
    if json {
        print_json(&RunStanding { run, status: RunStatus::Queued })?;
    } else {
        outln!(
            "Run {} is queued: `daemon` launches it, `runs show {}` shows its progress.",
            run.short(),
            run.short()
        );
    }
    Ok(Exit::Success)
}

/// Executes a run to its end for the daemon that launched this process; a signal to end cancels it.
pub(super) async fn execute_silently(opened: &Opened, engine: &Engine, run: RunId) -> Result<Exit, Failure> {
    log::install()?;
    let cancel = Cancel::default();
    let captured = capture_output().ok();
    let (asked, mut signals) = (cancel.clone(), EndSignals::listen()?);
    let watcher = tokio::spawn(async move {
        loop {
            signals.next().await;
            asked.request();
        }
    });
    let outcome = engine.execute(run, &cancel, Arc::new(|_| {})).await;
    watcher.abort();
    drop(captured);
    opened.store.close().await;
    end_rest_of_group();
    match outcome {
        // Two daemons have launched it, and the other process claimed it first.
        Err(ExecuteError::Store(StorageError::NotClaimable { .. })) => Ok(Exit::Success),
        outcome => Ok(exit(outcome?.status)),
    }
}

fn options(max_parallel_steps: Option<NonZero<usize>>) -> EngineOptions {
    let options = EngineOptions::default();
    let max_parallel_steps = max_parallel_steps.map_or(options.max_parallel_steps, NonZero::get);
    EngineOptions { max_parallel_steps, ..options }
}

async fn request(session: &Session, materialize: &Materialize) -> Result<RunRequest, Failure> {
    let mut run = match &materialize.job {
        Some(job) => RunSpec::of_job(job),
        None => RunSpec::of(&*materialize.selection),
    };
    run.partition = materialize.partition.as_deref().map(Into::into);
    run.partitions.clone_from(&materialize.partitions);
    run.config = config(&materialize.config, session.pipeline()?.graph())?;
    run.tags = parse_tags(materialize.tags.iter().map(String::as_str))?;
    run.stale_only = materialize.stale;
    Ok(run.resolve(session.pipeline()?, &session.moment().await?)?)
}

fn print_plan(graph: &AssetGraph, plan: &Plan, json: bool) -> Result<Exit, Failure> {
    let steps = plan.steps.iter().map(|step| step.by_key(graph));
    if json {
        print_json(&PlanView { plan: steps.map(Into::into).collect() })?;
        return Ok(Exit::Success);
    }
    match plan.steps.len() {
        0 => outln!("No step would run."),
        1 => outln!("1 step would run:"),
        several => outln!("{several} steps would run:"),
    }
    for step in steps {
        outln!("  {}", indented(&step.to_string(), 4));
    }
    Ok(Exit::Success)
}

async fn print_nothing_to_do(
    session: &Session,
    opened: &Opened,
    request: &RunRequest,
    json: bool,
) -> Result<Exit, Failure> {
    let count = request.assets.len();
    if json {
        print_json(&UpToDate::new(count))?;
        return Ok(Exit::Success);
    }
    if request.config.as_object().is_some_and(|config| !config.is_empty()) {
        outln!("note: the configuration isn't used: what a run overrides makes nothing stale");
    }
    let failed = failed(session, opened, request).await?;
    match (&*failed, count) {
        ([], 1) => outln!("Nothing to do for 1 selected: what can be made is up to date."),
        ([], _) => outln!("Nothing to do for {count} selected: all that can be made is up to date."),
        (failed, _) => {
            outln!("Nothing is stale or missing: nothing to do for {count} selected.");
            for asset in failed {
                let asset = indented(&asset.to_string(), 4);
                outln!("  {asset} failed the last time, but has a value of the current code and data");
            }
            outln!("  hint: `materialize` without `--stale` retries what has failed");
        }
    }
    Ok(Exit::Success)
}

/// The selected assets whose last attempt has failed, with their partitions.
async fn failed(session: &Session, opened: &Opened, request: &RunRequest) -> Result<Vec<String>, Failure> {
    // Reading the status of all assets takes as long as finding that they are up to date.
    if failures(&*opened.store).await?.is_empty() {
        return Ok(Vec::new());
    }
    let graph = session.pipeline()?.graph();
    let current = CurrentStatuses::at(&*opened.store, graph, &opened.moment(graph).await?).await?;
    let mut failed = Vec::new();
    for index in request.assets.iter().filter_map(|asset| graph.index(asset.as_str())) {
        let sets = &current.statuses().of(index).partitions;
        let indexes = sets.failed().next(None, usize::MAX);
        let is_asked = |partition: &Option<PartitionKey>| match partition {
            Some(partition) => request.partitions.is_empty() || request.partitions.contains(partition),
            None => request.partitions.is_empty(),
        };
        let partitions = indexes.iter().map(|index| sets.partition_at(index)).filter(is_asked);
        failed
            .extend(partitions.map(|partition| AssetPartition::new(graph.key(index), partition).to_string()));
    }
    Ok(failed)
}

/// The work that is executed in this process.
pub(super) enum Execution {
    /// A new run.
    Begin(RunRequest),
    /// A run that failed, was canceled or was lost, which is resumed.
    Resume(RunId),
}

/// Executes a run to its end, with progress; a signal to end cancels it. The store is closed, and the outcome is printed.
pub(super) async fn execute(
    opened: &Opened,
    engine: &Engine,
    execution: Execution,
    steps: usize,
    json: bool,
) -> Result<Exit, Failure> {
    let executed = execute_one(opened, engine, execution, steps, json).await?;
    opened.store.close().await;
    let (outcome, asked) = match executed {
        Executed { outcome: Ok(outcome), asked } => (outcome, asked),
        // It was canceled before it began.
        Executed {
            outcome: Err(ExecuteError::Store(StorageError::NotClaimable { status: RunStatus::Canceled, .. })),
            asked: Some(signal),
        } => return Ok(signal.exit()),
        Executed { outcome: Err(error), .. } => return Err(error.into()),
    };
    let result = if json { format!("{}\n", outcome_json(&outcome)?) } else { summary(&outcome) };
    if asked == Some(EndSignal::HangUp) {
        // Its terminal was closed, which the exit code reports.
        print_if_possible(&result);
    } else {
        out!("{result}");
    }
    Ok(exit_of(outcome.status, asked))
}

/// A run that was executed here.
pub(super) struct Executed {
    /// Its outcome; an error if it couldn't be executed.
    pub(super) outcome: Result<RunOutcome, ExecuteError>,
    /// The signal to end that came meanwhile; `None` if there was none.
    pub(super) asked: Option<EndSignal>,
}

/// The exit code of a run that ended with a status, also because a signal asked for its end.
pub(super) fn exit_of(status: RunStatus, asked: Option<EndSignal>) -> Exit {
    match (status, asked) {
        (RunStatus::Canceled, Some(signal)) => signal.exit(),
        (status, _) => exit(status),
    }
}

/// Executes a run to its end, with progress; a signal to end cancels it.
pub(super) async fn execute_one(
    opened: &Opened,
    engine: &Engine,
    execution: Execution,
    steps: usize,
    json: bool,
) -> Result<Executed, Failure> {
    log::install()?;
    // The signal is handled before the run is recorded, so the log has either the run's end or no run.
    let (cancel, signals) = (Cancel::default(), EndSignals::listen()?);
    let (run, resumes) = match execution {
        Execution::Begin(request) => (engine.request(request).await?, false),
        Execution::Resume(run) => (run, true),
    };
    let (progress, captured) = Progress::start(steps, capture_output().ok(), json);
    let progress = Arc::new(progress);
    let (first, asked) = watch::channel(None);
    let watcher = tokio::spawn(cancel_when_asked(
        signals,
        first,
        opened.store.clone(),
        run,
        cancel.clone(),
        progress.clone(),
    ));
    let shown = progress.clone();
    let observer: Observer = Arc::new(move |observation| shown.show(&observation));
    let outcome = match resumes {
        false => engine.execute(run, &cancel, observer).await,
        true => engine.resume(run, &cancel, observer).await,
    };
    watcher.abort();
    progress.finish();
    // The capture of standard output ends here, so that the summary is printed.
    drop(captured);
    let asked = *asked.borrow();
    if asked.is_some() && outcome.as_ref().is_ok_and(|outcome| outcome.status == RunStatus::Canceled) {
        end_descendants();
    }
    Ok(Executed { outcome, asked })
}

/// Cancels a run when this process is asked to end, and ends it at once on a second signal. Its child processes get Ctrl-C from the
/// terminal; other signals are passed on to them here.
async fn cancel_when_asked(
    mut signals: EndSignals,
    first: watch::Sender<Option<EndSignal>>,
    store: Arc<dyn Store>,
    run: RunId,
    cancel: Cancel,
    progress: Arc<Progress>,
) {
    let signal = signals.next().await;
    first.send_replace(Some(signal));
    cancel.request();
    if signal != EndSignal::Interrupt {
        ask_descendants_to_end();
    }
    let again = if signal == EndSignal::Interrupt { "Ctrl-C again" } else { "a second signal" };
    progress.line(&format!("canceling: running steps are asked to stop; {again} ends them at once"));
    // A cancellation that can't be recorded now is recorded with the run's end.
    let _ = store.request_cancel(run, SystemClock.now()).await;
    loop {
        signals.next().await;
        cancel.request();
    }
}

fn exit(status: RunStatus) -> Exit {
    match status {
        RunStatus::Succeeded => Exit::Success,
        RunStatus::Canceled => Exit::Canceled,
        RunStatus::Queued
        | RunStatus::Running
        | RunStatus::Canceling
        | RunStatus::Failed
        | RunStatus::Lost => Exit::Failed,
    }
}

/// The summary at the end: the failures, and the number of steps by status.
pub(super) fn summary(outcome: &RunOutcome) -> String {
    let count = |status| outcome.count(status);
    let mut parts = vec![format!("{} succeeded", count(StepStatus::Succeeded))];
    for (status, word) in
        [(StepStatus::Failed, "failed"), (StepStatus::Skipped, "skipped"), (StepStatus::Canceled, "canceled")]
    {
        if count(status) > 0 {
            parts.push(format!("{} {word}", count(status)));
        }
    }
    let status = match outcome.status {
        RunStatus::Succeeded => style("succeeded").green(),
        RunStatus::Canceled => style("canceled").yellow(),
        RunStatus::Queued
        | RunStatus::Running
        | RunStatus::Canceling
        | RunStatus::Failed
        | RunStatus::Lost => style("failed").red(),
    };
    let mut text = String::new();
    for (step, state) in &outcome.state.steps {
        if let (StepStatus::Failed, Some(failure)) = (state.status, &state.failure) {
            text.push_str(&format!("{} {step}\n", style("✗").red()));
            failure_lines(failure).for_each(|line| text.push_str(&format!("    {}\n", indented(&line, 4))));
        }
    }
    let took = when::duration(outcome.duration);
    text.push_str(&format!("Run {} {status}: {} in {took}\n", outcome.run.short(), parts.join(", ")));
    // The reason of a run with failed steps is theirs.
    if let Some(reason) = outcome.state.reason.as_ref().filter(|_| count(StepStatus::Failed) == 0) {
        text.push_str(&format!("  {}\n", indented(reason, 2)));
    }
    if outcome.status != RunStatus::Succeeded {
        text.push_str(&format!("  hint: `runs retry {}` goes on where it stopped\n", outcome.run.short()));
    }
    text
}

/// The lines about a step that failed.
fn failure_lines(failure: &StepFailure) -> impl Iterator<Item = String> {
    let causes = failure.chain.iter().enumerate();
    let causes = causes.map(|(depth, text)| format!("{}{text}", if depth == 0 { "" } else { "caused by: " }));
    let hint = failure.hint.iter().map(|hint| format!("hint: {hint}"));
    causes.chain(hint).chain(failure.location.iter().map(|location| format!("at {location}")))
}

fn outcome_json(outcome: &RunOutcome) -> Result<String, Failure> {
    serde_json::to_string(&outcome_view(outcome)).map_err(Failure::failed)
}

/// The outcome of a run as JSON shows it.
pub(super) fn outcome_view(outcome: &RunOutcome) -> RunOutcomeView {
    let steps = outcome.state.steps.iter().map(|(step, state)| StepView::new(step, state));
    RunOutcomeView {
        run: outcome.run,
        status: outcome.status,
        reason: outcome.state.reason.clone(),
        hint: (outcome.status != RunStatus::Succeeded)
            .then(|| format!("`runs retry {}` goes on where it stopped", outcome.run.short())),
        seconds: outcome.duration.as_secs_f64(),
        peak_memory_bytes: peak_memory(),
        steps: steps.collect(),
    }
}

/// The peak memory of this process, in bytes; `None` if the system doesn't report it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use millwork_core::run::RunState;

    use super::*;

    #[test]
    fn a_failure_that_is_not_that_of_a_step_has_its_reason_in_the_summary() {
        let state = RunState { reason: Some("it took longer than 1s".to_owned()), ..RunState::default() };
        let run = RunId::from_u128(1);
        let outcome = RunOutcome { run, status: RunStatus::Failed, state, duration: Duration::from_secs(1) };
        let summary = summary(&outcome);
        assert!(summary.contains("\n  it took longer than 1s\n  hint: "), "{summary}");
    }
}
