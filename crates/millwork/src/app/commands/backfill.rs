//! `backfill`: makes many partitions, of assets that are partitioned differently as well.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use millwork_api::{
    BackfillDetails, BackfillPlanView, BackfillView, PartitionCountsView, PlannedStageView,
    StageProgressView, find_asset, parse_tags,
};
use millwork_core::backfill::{BackfillOptions, BackfillStatus, Operation, RunOrder, StopRule};
use millwork_core::definitions::BackfillSpec;
use millwork_core::id::BackfillId;
use millwork_core::run::{RunSpec, RunTag};
use millwork_core::{AssetKey, Clock as _, SystemClock};
use millwork_storage::{
    BackfillOperationError, BackfillQuery, NewBackfill, backfill_failures, operate_backfill,
    overlapping_backfills, plan_backfill, typical_durations,
};

use super::config::{ConfigArguments, config};
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::printable::{counted, indented};
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

/// The most characters of a set of partitions in a line.
const SHOWN: usize = 60;
/// The most reasons why partitions are left out that are shown.
const REASONS: usize = 10;
/// The most failures that are shown.
const FAILURES: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum Backfills {
    /// Plan a backfill and start it; a daemon launches its runs
    #[command(arg(json_flag()))]
    Create(Box<Create>),
    /// List backfills, newest first
    #[command(arg(json_flag()))]
    List {
        /// Only those that haven't ended
        #[arg(long)]
        open: bool,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
    /// Show what a backfill makes and what has become of it
    #[command(arg(json_flag()))]
    Show {
        /// Number of the backfill
        backfill: BackfillId,
    },
    /// Start no further run, and take back those that haven't begun
    #[command(arg(json_flag()))]
    Pause {
        /// Number of the backfill
        backfill: BackfillId,
    },
    /// Go on with a paused backfill
    #[command(arg(json_flag()))]
    Resume {
        /// Number of the backfill
        backfill: BackfillId,
    },
    /// End a backfill and its runs
    #[command(arg(json_flag()))]
    Cancel {
        /// Number of the backfill
        backfill: BackfillId,
    },
    /// Make again what failed, was lost, or was skipped because of it
    #[command(arg(json_flag()))]
    Retry {
        /// Number of the backfill
        backfill: BackfillId,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Assets to make
    #[arg(required_unless_present = "job")]
    selection: Option<String>,
    /// Make the assets of a job, with its configuration and tags
    #[arg(long, value_name = "NAME", conflicts_with = "selection")]
    job: Option<String>,
    /// Set of partitions of one of the assets, such as `2024-01-01..2024-03-31`; those of the others follow from it
    #[arg(long, value_name = "SET")]
    partitions: String,
    /// The asset whose partitions are named, where several could be meant
    #[arg(long, value_name = "ASSET")]
    of: Option<String>,
    /// Make also what is up to date
    #[arg(long)]
    all: bool,
    /// Which partitions are made first
    #[arg(long, value_enum, default_value_t = Order::Oldest)]
    order: Order,
    /// Maximum number of its runs at the same time
    #[arg(long, value_name = "N", default_value = "4")]
    runs_at_a_time: NonZeroU32,
    /// Maximum number of partitions of a run, where the asset allows several
    #[arg(long, value_name = "N")]
    partitions_per_run: Option<NonZeroU64>,
    /// Start nothing new when more than this share of partitions failed: a number from 0 to 1
    #[arg(long, value_name = "SHARE")]
    stop_at: Option<f64>,
    /// Priority of its runs: larger ones first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    #[command(flatten)]
    config: ConfigArguments,
    /// Tag its runs
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<String>,
    /// Show the plan without starting it
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    /// The oldest first
    Oldest,
    /// The newest first
    Newest,
}

pub(super) fn run(session: &Session, backfills: &Backfills) -> Result<Exit, Failure> {
    block_on(async {
        match backfills {
            Backfills::Create(arguments) => create(session, arguments).await,
            Backfills::List { open, limit } => list(session, *open, *limit).await,
            Backfills::Show { backfill } => show(session, *backfill).await,
            Backfills::Pause { backfill } => operate(session, *backfill, Operation::Pause).await,
            Backfills::Resume { backfill } => operate(session, *backfill, Operation::Resume).await,
            Backfills::Cancel { backfill } => operate(session, *backfill, Operation::Cancel).await,
            Backfills::Retry { backfill } => operate(session, *backfill, Operation::Retry).await,
        }
    })
}

async fn create(session: &Session, arguments: &Create) -> Result<Exit, Failure> {
    let spec = spec(session, arguments)?;
    let (pipeline, opened) = (session.pipeline()?, session.home().await?);
    let (store, now) = (&*opened.store, SystemClock.now());
    let planned = plan_backfill(store, pipeline, spec, now).await??;
    let durations = typical_durations(store, pipeline.graph()).await?;
    let overlapping = overlapping_backfills(store, &planned.plan).await?;
    let plan = BackfillPlanView::new(&planned.plan, &durations).overlapping(overlapping);
    if arguments.dry_run {
        opened.store.close().await;
        if session.wants_json() {
            print_json(&plan)?;
        } else {
            print_plan(&plan);
        }
        return Ok(Exit::Success);
    }
    let new = NewBackfill { request: planned.request, plan: planned.plan, at: now };
    let id = store.create_backfill(new).await?;
    let stored = store.backfill(id).await?;
    opened.store.close().await;
    if session.wants_json() {
        print_json(&stored.map(|stored| BackfillDetails::new(stored, &durations, Vec::new())))?;
        return Ok(Exit::Success);
    }
    print_plan(&plan);
    outln!(
        "Backfill {id} is requested: `daemon` or `serve` launches its runs, `backfill show {id}` shows its progress."
    );
    Ok(Exit::Success)
}

fn spec(session: &Session, arguments: &Create) -> Result<BackfillSpec, Failure> {
    let pipeline = session.pipeline()?;
    let mut run = match (&arguments.job, &arguments.selection) {
        (Some(job), _) => RunSpec::of_job(job),
        (None, selection) => RunSpec::of(selection.as_deref().unwrap_or_default()),
    };
    run.config = config(&arguments.config, pipeline.graph())?;
    run.tags = parse_tags(arguments.tags.iter().map(String::as_str))?;
    if let Some(priority) = arguments.priority {
        run.tags.insert(RunTag::Priority.key().to_owned(), priority.to_string());
    }
    let graph = pipeline.graph();
    let of = arguments.of.as_deref().map(|of| find_asset(graph, of)).transpose()?;
    let options = BackfillOptions {
        all: arguments.all,
        order: match arguments.order {
            Order::Oldest => RunOrder::OldestFirst,
            Order::Newest => RunOrder::NewestFirst,
        },
        runs_at_a_time: arguments.runs_at_a_time,
        partitions_per_run: arguments.partitions_per_run,
        stop: arguments.stop_at.map_or(StopRule::Never, StopRule::at_share),
        ..BackfillOptions::default()
    };
    Ok(BackfillSpec {
        run,
        partitions: arguments.partitions.clone(),
        of: of.map(|of| graph.key(of).clone()),
        options,
    })
}

fn print_plan(plan: &BackfillPlanView) {
    let estimate = plan.estimated_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let duration = estimate.map_or(String::new(), |estimate| format!(", about {}", when::duration(estimate)));
    let (make, runs) = (counted(plan.make, "partition"), counted(plan.runs, "run"));
    outln!("{make} in {runs}{duration}:");
    for stage in &plan.stages {
        let PlannedStageView { assets, partitions, count, runs, partitions_per_run: _ } = stage;
        let of = if partitions.is_empty() { String::new() } else { format!(": {}", shown(partitions)) };
        let (count, each) = (counted(*count, "partition"), if assets.len() > 1 { "each of " } else { "" });
        outln!("  {count} of {each}{} in {}{of}", names(assets), counted(*runs, "run"));
    }
    if plan.fresh > 0 {
        outln!("{} up to date and skipped, unless `--all` is given.", are(plan.fresh));
    }
    for other in &plan.overlapping {
        outln!("note: backfill {other} hasn't ended, and is going to make some of these as well");
    }
    if plan.left_out > 0 {
        outln!("{} left out:", are(plan.left_out));
        for reason in plan.reasons.iter().take(REASONS) {
            outln!("  {}", indented(reason, 4));
        }
        match plan.reasons.len().saturating_sub(REASONS) {
            0 => {}
            more => outln!("  and {more} more reasons"),
        }
    }
}

async fn list(session: &Session, open_only: bool, limit: u32) -> Result<Exit, Failure> {
    let query = BackfillQuery { open_only, before: None, limit: Some(limit) };
    let records = session.home().await?.store.backfills(query).await?;
    let views: Vec<BackfillView> = records.into_iter().map(BackfillView::from).collect();
    if session.wants_json() {
        print_json(&views)?;
    } else if views.is_empty() && open_only {
        outln!("No backfill is open.");
    } else if views.is_empty() {
        outln!("There is no backfill. `backfill create SELECTION --partitions SET` starts one.");
    } else {
        let row = |view: &BackfillView| {
            [
                view.backfill.to_string(),
                view.status.to_string(),
                counts(&view.counts),
                view.selection.clone(),
                when::moment(view.created_at),
            ]
        };
        let heading = ["BACKFILL", "STATUS", "PARTITIONS", "SELECTION", "REQUESTED"];
        out!("{}", table(heading, views.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

async fn show(session: &Session, id: BackfillId) -> Result<Exit, Failure> {
    let (graph, opened) = (session.pipeline()?.graph(), session.home().await?);
    let store = &*opened.store;
    let stored = store.backfill(id).await?.ok_or(BackfillOperationError::Unknown { id })?;
    let failures = backfill_failures(store, graph, &stored, BackfillDetails::FAILURES).await?;
    let details = BackfillDetails::new(stored, &typical_durations(store, graph).await?, failures);
    if session.wants_json() {
        print_json(&details)?;
        return Ok(Exit::Success);
    }
    print_details(&details);
    if details.backfill.status == BackfillStatus::Paused {
        outln!("`backfill resume {id}` goes on with it.");
    }
    if !details.backfill.status.is_ended() && opened.home.queue_limits().is_none() {
        let mut ended = 0;
        for run in &details.running {
            let run = store.run(run.run).await?;
            ended += u64::from(run.is_some_and(|run| run.status.is_finished()));
        }
        let ended = match ended {
            0 => String::new(),
            1 => ", and counts what 1 run has made that has ended".to_owned(),
            more => format!(", and counts what {more} runs have made that have ended"),
        };
        let resumed = if details.backfill.status == BackfillStatus::Paused { " then" } else { "" };
        outln!("No daemon is running: `serve` or `daemon` goes on with it{resumed}{ended}.");
    }
    Ok(Exit::Success)
}

fn print_details(details: &BackfillDetails) {
    let BackfillDetails { backfill, plan, stages, running, failures } = details;
    let requested = when::moment(backfill.created_at);
    outln!("Backfill {} {}, requested {requested}", backfill.backfill, backfill.status);
    outln!("  {} with partitions of `{}`: {}", backfill.selection, plan.of, shown(&plan.partitions));
    for stage in stages {
        outln!("{}: {}", names(&stage.assets), counts(&stage.counts));
        for (name, set) in unmade(stage) {
            outln!("  {name}: {}", shown(set));
        }
    }
    if backfill.status == BackfillStatus::Failed && backfill.counts.waiting > 0 {
        outln!("It has stopped because of its failures; `backfill retry` makes what failed and what waits.");
    }
    for run in running {
        outln!("run {}: {} of {}", run.run.short(), shown(&run.partitions), names(&run.assets));
    }
    for failure in failures.iter().take(FAILURES) {
        let (of, partitions) = failure.subject();
        let partitions = if partitions.is_empty() { String::new() } else { format!(" ({partitions})") };
        let reason = indented(&failure.reason, 2);
        outln!("`{of}`{partitions} failed in run {}: {reason}", failure.run.short());
    }
    if failures.len() > FAILURES {
        outln!(
            "and {} more failures; `--json` has up to {}",
            failures.len() - FAILURES,
            BackfillDetails::FAILURES
        );
    }
}

/// The sets of a stage that people ask about, by name.
fn unmade(stage: &StageProgressView) -> impl Iterator<Item = (&'static str, &str)> {
    let sets = [
        ("failed", &stage.failed),
        ("lost", &stage.lost),
        ("skipped", &stage.skipped),
        ("canceled", &stage.canceled),
    ];
    sets.into_iter().filter(|(_, set)| !set.is_empty()).map(|(name, set)| (name, set.as_str()))
}

async fn operate(session: &Session, id: BackfillId, operation: Operation) -> Result<Exit, Failure> {
    let opened = session.home().await?;
    let stored = operate_backfill(&*opened.store, id, operation, SystemClock.now()).await??;
    opened.store.close().await;
    if session.wants_json() {
        print_json(&BackfillView::from(stored.record))?;
    } else {
        outln!("Backfill {id} is {}: {}", stored.record.status, stored.record.counts);
    }
    Ok(Exit::Success)
}

fn counts(counts: &PartitionCountsView) -> String {
    let PartitionCountsView { waiting, running, succeeded, failed, lost, skipped, canceled } = *counts;
    millwork_core::backfill::PartitionCounts { waiting, running, succeeded, failed, lost, skipped, canceled }
        .to_string()
}

fn names(assets: &[AssetKey]) -> String {
    assets.iter().map(|asset| format!("`{asset}`")).collect::<Vec<_>>().join(", ")
}

fn are(count: u64) -> String {
    if count == 1 { "1 partition is".to_owned() } else { format!("{count} partitions are") }
}

/// The beginning of a set of partitions.
fn shown(set: &str) -> String {
    match set.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &set[..end]),
        None => set.to_owned(),
    }
}
