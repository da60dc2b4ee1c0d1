//! `automation`: conditions, their explanations, ticks and switches, and simulation.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use millwork_api::{
    AutomationEntryView, AutomationView, ExplainedAsset, SimulatedRunView, condition_off, find_asset,
    find_condition, watches_not_on,
};
use millwork_core::automation::{
    AssetState, AutomationEntry, FailureBackoff, alias_key, entries, explain_in,
};
use millwork_core::instigator::ConditionOff;
use millwork_core::run::RunRequest;
use millwork_core::simulation::{SimulatedRun, Simulation};
use millwork_core::watch::Unwatched;
use millwork_core::{AssetKey, AssetPartition, Clock as _, Instigator, Problem, SystemClock};
use millwork_storage::{each_latest, model_history, recorded_changes, ticks_and_moves, typical_durations};

use super::schedules::print_ticks;
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Opened, Session, block_on};
use crate::app::table::table;
use crate::app::when;
use crate::app::when::read_moment;

#[derive(Debug, Subcommand)]
pub(super) enum Automation {
    /// List the assets, jobs and watches that have a condition
    #[command(arg(json_flag()))]
    List,
    /// Explain why an asset or a job was or wasn't requested, or what a watch found
    #[command(arg(json_flag()))]
    Explain {
        /// Key of the asset, job:NAME or watch:MODEL
        key: String,
    },
    /// Switch automation on, for all assets, jobs and watches or one
    On {
        /// Key of the asset, job:NAME or watch:MODEL; all if absent
        key: Option<String>,
    },
    /// Switch automation off, for all assets, jobs and watches or one
    Off {
        /// Key of the asset, job:NAME or watch:MODEL; all if absent
        key: Option<String>,
    },
    /// List the runs that automation has requested and the moves of watches, newest first
    #[command(arg(json_flag()))]
    Ticks {
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
    /// Print the runs that schedules and conditions would request in a span of time, and where watches would go back, without running them
    #[command(
        after_help = "Example:\n  automation simulate --from 2026-05-01T00:00:00Z --to 2026-05-02T00:00:00Z --all"
    )]
    #[command(arg(json_flag()))]
    Simulate {
        #[command(flatten)]
        span: Span,
        /// Also simulate what is switched off
        #[arg(long)]
        all: bool,
        /// Only the runs that materialize this asset, or the moves of the watch over it
        #[arg(long, value_name = "KEY")]
        asset: Option<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<usize>, default_value_t = LIMIT)]
        limit: usize,
    },
}

/// What is shown of simulated runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// The key of an asset that they are to materialize, or of the model that is to go back; any if absent.
    pub(super) asset: Option<&'a str>,
    /// How many.
    pub(super) limit: usize,
}

impl Shown<'_> {
    pub(super) const ALL: Self = Self { asset: None, limit: LIMIT };
}

/// How many simulated runs are shown unless a limit is given.
const LIMIT: usize = 1000;

/// A span of time.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Span {
    /// Start of the span, as in 2026-05-01 (in the local time zone) or 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = read_moment)]
    pub(super) from: Timestamp,
    /// End of the span
    #[arg(long, value_name = "TIME", value_parser = read_moment)]
    pub(super) to: Timestamp,
}

pub(super) fn run(session: &Session, automation: Automation) -> Result<Exit, Failure> {
    match automation {
        Automation::List => list(session, session.wants_json()),
        Automation::Explain { key } => why(session, &key, session.wants_json()),
        Automation::On { key } => switch(session, key.as_deref(), true),
        Automation::Off { key } => switch(session, key.as_deref(), false),
        Automation::Ticks { limit } => ticks(session, limit, session.wants_json()),
        Automation::Simulate { span, all, asset, limit } => {
            simulate(session, span, all, Shown { asset: asset.as_deref(), limit }, session.wants_json())
        }
    }
}

async fn states(
    opened: &Opened,
    asset: Option<&AssetKey>,
) -> Result<BTreeMap<AssetKey, AssetState>, Failure> {
    let rows = opened.store.automation_rows(asset).await?;
    let state =
        |row: millwork_storage::AutomationRow| Some((row.asset, serde_json::from_str(&row.state?).ok()?));
    Ok(rows.into_iter().filter_map(state).collect())
}

fn list(session: &Session, json: bool) -> Result<Exit, Failure> {
    let pipeline = session.pipeline()?;
    let (on, entries, not_on) = block_on(async {
        let opened = session.home().await?;
        let switches = opened.store.states().await?;
        let switched = |instigator: &Instigator| switches.get(instigator).and_then(|state| state.on);
        let states = states(&opened, None).await?;
        let entries = entries(pipeline.graph(), pipeline.other_conditions(), &states, switched);
        let mut histories = BTreeMap::new();
        for watch in pipeline.watches() {
            let of = AssetPartition::new(watch.model.clone(), None);
            histories.insert(of.clone(), model_history(&*opened.store, &of).await?);
        }
        let not_on = watches_not_on(pipeline, |of| histories.get(of), SystemClock.now());
        Ok((switched(&Instigator::Automation(None)).unwrap_or(true), entries, not_on))
    })?;
    if json {
        let view = |entry| AutomationEntryView::new(entry, &not_on);
        let assets = entries.into_iter().map(view).collect();
        print_json(&AutomationView { on, assets })?;
    } else if entries.is_empty() {
        outln!(
            "No asset, job or watch has a condition. `#[asset(automation = …)]`, `Job::automation` and `Watch::rollback_if` give it one."
        );
    } else {
        if !on {
            outln!("Automation is off; `automation on` switches it on.");
        }
        let heading = ["ASSET", "STATE", "CONDITION", "OUTCOME", "EVALUATED", "REQUESTED"];
        out!("{}", table(heading, entries.iter().map(|entry| entry_row(entry, &not_on)).collect()));
    }
    Ok(Exit::Success)
}

fn entry_row(entry: &AutomationEntry, not_on: &BTreeMap<AssetKey, Unwatched>) -> [String; 6] {
    let moment = |at: Option<Timestamp>| at.map(when::moment).unwrap_or_default();
    let state = if entry.on { "on" } else { "off" };
    [
        entry.asset.to_string(),
        state.to_owned(),
        entry.condition.clone(),
        entry.outcome_in_words(not_on.get(&entry.asset), when::moment),
        moment(entry.evaluated_at),
        moment(entry.requested_at),
    ]
}

fn why(session: &Session, key: &str, json: bool) -> Result<Exit, Failure> {
    let pipeline = session.pipeline()?;
    let (key, condition) = find_condition(pipeline, key)?;
    let (state, off, moment) = block_on(async {
        let opened = session.home().await?;
        let off = condition_off(&*opened.store, &key).await?;
        let state = states(&opened, Some(&key)).await?.remove(&key);
        Ok((state, off, opened.moment(pipeline.graph()).await?))
    })?;
    let memory = state.and_then(|state| state.memory);
    let explanation =
        memory.and_then(|memory| explain_in(pipeline.graph(), &moment, &key, condition, &memory));
    if let Some(off) = off.filter(|_| !json) {
        outln!("{}", off_in_words(&key, off));
    }
    match explanation {
        explanation if json => print_json(&ExplainedAsset::new(key, condition, explanation, off))?,
        Some(explanation) => out!("{explanation}"),
        None if off.is_some() => outln!("There is no evaluation of it.\n  {condition}"),
        None => outln!("The condition of `{key}` isn't evaluated yet; `daemon` does so.\n  {condition}"),
    }
    Ok(Exit::Success)
}

/// That a condition isn't on, and the command that switches it on.
fn off_in_words(key: &AssetKey, off: ConditionOff) -> String {
    let command = match off {
        ConditionOff::Own => format!("automation on {key}"),
        ConditionOff::Automation => "automation on".to_owned(),
    };
    format!("The condition of `{key}` isn't on: {off}; `{command}` switches it on.")
}

fn switch(session: &Session, key: Option<&str>, on: bool) -> Result<Exit, Failure> {
    let asset = match key {
        Some(key) => Some(find_condition(session.pipeline()?, key)?.0),
        None => None,
    };
    session.switch(&Instigator::Automation(asset), on)?;
    let what = key.map_or_else(|| "Automation".to_owned(), |key| format!("The automation of `{key}`"));
    match on {
        true => outln!("{what} is on; requests that were due meanwhile are not made up for."),
        false => outln!("{what} is off."),
    }
    Ok(Exit::Success)
}

fn ticks(session: &Session, limit: u32, json: bool) -> Result<Exit, Failure> {
    let ticks = block_on(async {
        let opened = session.home().await?;
        Ok(ticks_and_moves(&*opened.store, &[Instigator::Automation(None)], limit).await?)
    })?;
    print_ticks(
        ticks,
        json,
        "Automation has requested no runs yet, and no watch has gone back. `daemon` evaluates conditions.",
    )
}

/// Prints the runs that schedules and conditions would request in a span of time.
pub(super) fn simulate(
    session: &Session,
    span: Span,
    all: bool,
    shown: Shown<'_>,
    json: bool,
) -> Result<Exit, Failure> {
    if span.to < span.from {
        let problem =
            Problem::new(format!("the span ends at {}, before it begins at {}", span.to, span.from));
        return Err(Failure::usage(problem.with_hint("`--from` must be the earlier time")));
    }
    let pipeline = session.pipeline()?;
    let asset = shown.asset.map(|key| find_asset(pipeline.graph(), key)).transpose()?;
    let asset = asset.map(|index| &pipeline.graph().assets()[index].spec.key);
    let keys: Vec<AssetKey> = pipeline.graph().assets().iter().map(|node| node.spec.key.clone()).collect();
    let (switches, present, recorded, durations, moment) = block_on(async {
        let opened = session.home().await?;
        let automation = pipeline.automation(|_| true, FailureBackoff::default());
        let automation = automation.map_err(|error| Failure::usage(error.to_string()))?;
        let recorded = recorded_changes(&*opened.store, pipeline.graph(), &automation, span.to).await?;
        let mut present = Vec::new();
        each_latest(&*opened.store, &keys, |latest| {
            let partition = latest.materialization.map(|event| event.partition);
            present.extend(partition.map(|partition| AssetPartition::new(latest.asset, partition)));
        })
        .await?;
        let aliases = opened.store.aliases(&keys).await?;
        let of_alias = |asset: &AssetPartition, alias| {
            AssetPartition::new(alias_key(&asset.asset, alias), asset.partition.clone())
        };
        present.extend(aliases.iter().map(|alias| of_alias(&alias.asset, &alias.alias)));
        let durations = typical_durations(&*opened.store, pipeline.graph()).await?;
        let moment = opened.moment(pipeline.graph()).await?;
        Ok((opened.store.states().await?, present, recorded, durations, moment))
    })?;
    let switched = |instigator: &Instigator| switches.get(instigator).and_then(|state| state.on);
    let simulation = Simulation {
        pipeline,
        from: span.from,
        to: span.to,
        present: &present,
        moment: &moment,
        recorded: &recorded,
        duration: &|key| durations.get(key).copied().unwrap_or(SignedDuration::from_secs(1)),
        schedule_on: &|name| {
            let default_on = pipeline.schedule(name).is_some_and(|schedule| schedule.default_on);
            all || switched(&Instigator::Schedule(name.to_owned())).unwrap_or(default_on)
        },
        condition_on: &|key| all || ConditionOff::of(key, switched).is_none(),
        wanted: &|run| {
            asset.is_none_or(|key| run.assets.contains(key) || run.goes_back.as_ref() == Some(key))
        },
        most: shown.limit.saturating_add(1),
    };
    let mut runs = simulation.runs().map_err(|error| Failure::usage(error.to_string()))?;
    let are_all = runs.len() <= shown.limit;
    runs.truncate(shown.limit);
    if json {
        print_json(&runs.into_iter().map(SimulatedRunView::from).collect::<Vec<_>>())?;
    } else if runs.is_empty() {
        let hint = if all { "" } else { " `--all` also simulates what is switched off." };
        outln!("No run would have been requested.{hint}");
    } else {
        out!("{}", table(["AT", "UNTIL", "ASSETS", "WHY"], runs.iter().map(run_row).collect()));
        if !are_all {
            outln!("The first {}; `--limit` shows more.", runs.len());
        }
    }
    Ok(Exit::Success)
}

fn run_row(run: &SimulatedRun) -> [String; 4] {
    if let Some(problem) = &run.problem {
        return [
            when::moment(run.at),
            String::new(),
            format!("can't be requested: {problem}"),
            run.why.clone(),
        ];
    }
    if let Some(model) = &run.goes_back {
        return [when::moment(run.at), String::new(), format!("{model} goes back"), run.why.clone()];
    }
    let more = run.assets.len().saturating_sub(3);
    let mut assets = run.assets.iter().take(3).map(AssetKey::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        assets += &format!(" and {more} more");
    }
    if !run.partitions.is_empty() {
        let request = RunRequest { partitions: run.partitions.clone(), ..RunRequest::default() };
        assets += &format!(" ({})", request.partitions_in_words());
    }
    [when::moment(run.at), when::moment(run.until), assets, run.why.clone()]
}
