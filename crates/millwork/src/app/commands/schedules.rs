//! `schedules`: listing schedules, their switches and ticks.

use std::borrow::Cow;

use clap::Subcommand;
use millwork_api::{ScheduleView, TickView, find_schedule};
use millwork_core::schedule::Schedule;
use millwork_core::{Clock as _, Instigator, SystemClock};
use millwork_storage::{Tick, TickOutcome};

use super::pending::Pending;
use super::pending::{self, Kind, state_word};
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Schedules {
    /// List the schedules
    #[command(arg(json_flag()))]
    List,
    /// Switch a schedule on
    On {
        /// Name of the schedule
        name: String,
    },
    /// Switch a schedule off
    Off {
        /// Name of the schedule
        name: String,
    },
    /// Show the next ticks of a schedule
    #[command(arg(json_flag()))]
    Next {
        /// Name of the schedule
        name: String,
        /// Number of ticks, at most 10000
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=10_000))]
        count: u16,
    },
    /// Pending requests: list, retry or drop them
    #[command(subcommand)]
    Pending(Pending),
    /// List ticks, newest first
    #[command(arg(json_flag()))]
    Ticks {
        /// Only ticks of this schedule
        name: Option<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
}

pub(super) fn run(session: &Session, schedules: Schedules) -> Result<Exit, Failure> {
    match schedules {
        Schedules::List => list(session, session.wants_json()),
        Schedules::On { name } => switch(session, &name, true),
        Schedules::Off { name } => switch(session, &name, false),
        Schedules::Next { name, count } => next(session, &name, count, session.wants_json()),
        Schedules::Pending(command) => pending::run(session, Kind::Schedules, command),
        Schedules::Ticks { name, limit } => ticks(session, name.as_deref(), limit, session.wants_json()),
    }
}

fn list(session: &Session, json: bool) -> Result<Exit, Failure> {
    let schedules = session.pipeline()?.schedules();
    let states = block_on(async { session.home().await?.instigators().await })?;
    let now = SystemClock.now();
    let view = |schedule: &Schedule| ScheduleView::new(schedule, states.get(&schedule.instigator()), now);
    let schedules: Vec<ScheduleView> = schedules.iter().map(view).collect();
    if json {
        print_json(&schedules)?;
    } else if schedules.is_empty() {
        outln!("No schedule is defined. `Definitions::schedule` adds one.");
    } else {
        let heading = ["SCHEDULE", "STATE", "CRON", "ZONE", "NEXT", "SELECTION"];
        out!("{}", table(heading, schedules.iter().map(row).collect()));
        for schedule in schedules {
            if let Some(until) = schedule.evaluated_ahead_until {
                let (name, until) = (&schedule.schedule, when::moment(until));
                outln!(
                    "The clock was ahead once: `{name}` was evaluated until {until}. Ticks until then that were requested are not requested again."
                );
            }
        }
    }
    Ok(Exit::Success)
}

fn row(schedule: &ScheduleView) -> [String; 6] {
    [
        schedule.schedule.clone(),
        state_word(schedule.on, schedule.stuck_since),
        schedule.crons.join("; "),
        schedule.zone.clone(),
        schedule.next.map(when::moment).unwrap_or_default(),
        schedule.target(),
    ]
}

fn next_tick(schedule: &Schedule) -> Option<jiff::Timestamp> {
    schedule.timetable().ok()?.next(SystemClock.now())
}

fn switch(session: &Session, name: &str, on: bool) -> Result<Exit, Failure> {
    let schedule = find_schedule(session.pipeline()?, name)?;
    session.switch(&schedule.instigator(), on)?;
    let next = next_tick(schedule).map(when::moment).unwrap_or_default();
    if on {
        outln!("Schedule `{name}` is on; its next tick is {next}, if a daemon runs then.");
    } else {
        outln!("Schedule `{name}` is off.");
    }
    Ok(Exit::Success)
}

fn next(session: &Session, name: &str, count: u16, json: bool) -> Result<Exit, Failure> {
    let timetable = find_schedule(session.pipeline()?, name)?
        .timetable()
        .map_err(|error| Failure::usage(error.to_string()))?;
    let ticks: Vec<jiff::Timestamp> = timetable.after(SystemClock.now()).take(count.into()).collect();
    if json {
        print_json(&ticks)?;
    } else {
        ticks.into_iter().for_each(|tick| outln!("{}", when::moment(tick)));
    }
    Ok(Exit::Success)
}

fn ticks(session: &Session, name: Option<&str>, limit: u32, json: bool) -> Result<Exit, Failure> {
    let all = session.pipeline()?.schedules();
    let wanted: Vec<Instigator> = match name {
        Some(name) => vec![find_schedule(session.pipeline()?, name)?.instigator()],
        None => all.iter().map(Schedule::instigator).collect(),
    };
    let ticks = block_on(async {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        Ok(session.home().await?.store.ticks(&wanted, limit).await?)
    })?;
    print_ticks(
        ticks,
        json,
        "No ticks yet. `schedules on NAME` switches a schedule on, `daemon` evaluates it.",
    )
}

/// Prints ticks, or the text `none` if the list is empty.
pub(super) fn print_ticks(ticks: Vec<Tick>, json: bool, none: &str) -> Result<Exit, Failure> {
    if json {
        print_json(&ticks.into_iter().map(TickView::from).collect::<Vec<_>>())?;
    } else if ticks.is_empty() {
        outln!("{none}");
    } else {
        out!("{}", table(["TICK OF", "DUE", "EVALUATED", "OUTCOME"], ticks.iter().map(tick_row).collect()));
    }
    Ok(Exit::Success)
}

fn tick_row(tick: &Tick) -> [String; 4] {
    let outcome = match &tick.outcome {
        TickOutcome::Requested { run } => format!("run {}", run.short()),
        TickOutcome::Backfill { backfill } => format!("backfill {backfill}"),
        TickOutcome::Skipped { ticks } => format!("{ticks} missed"),
        TickOutcome::Idle { reason } => format!("no run: {reason}"),
        TickOutcome::Cooldown { subject, reason, .. }
        | TickOutcome::BudgetSpent { subject, reason, .. }
        | TickOutcome::RolledBack { subject, reason } => {
            format!("{subject}: {reason}")
        }
        TickOutcome::Failed { reason } => format!("failed: {reason}"),
    };
    [name(&tick.instigator).into_owned(), when::moment(tick.due), when::moment(tick.at), outcome]
}

/// The name of a tick's instigator, as its commands take it.
fn name(instigator: &Instigator) -> Cow<'_, str> {
    match instigator {
        Instigator::Schedule(name) | Instigator::Sensor(name) => name.as_str().into(),
        Instigator::Automation(_)
        | Instigator::Alerts
        | Instigator::AlertTests
        | Instigator::Approvals
        | Instigator::Shadow
        | Instigator::Retries
        | Instigator::Traces => instigator.to_string().into(),
    }
}
