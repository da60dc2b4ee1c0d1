//! The page of schedules, sensors, conditions, their ticks, and alerts.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use millwork_api::{AlertRuleView, PendingView, ScheduleView, SensorView};
use millwork_core::automation::{AutomationEntry, entries, job_name, watched_model};
use millwork_core::watch::Unwatched;
use millwork_core::{AlertRule, AssetKey, Instigator, Pipeline, Schedule, Sensor};
use millwork_storage::{
    Delivery, DeliveryState, InstigatorState, Pending, PendingState, Tick, TickOutcome, ticks_and_moves,
};
use serde::Deserialize;

use super::super::format;
use super::super::message::{page_error, rendered};
use crate::api::automation_states;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of ticks, and of deliveries, that are listed.
const TICKS: u32 = 50;
const DELIVERIES: u32 = 30;
const PENDING: u32 = 50;
/// The maximum number of conditions that are listed; others are on the pages of their assets.
const CONDITIONS: usize = 60;
/// The number of next ticks that are shown of each schedule.
const NEXT: usize = 3;

#[derive(Template)]
#[template(path = "automation.html")]
struct AutomationPage {
    head: u64,
    switches: Vec<Switch>,
    /// The stored name of the switch of all conditions.
    automation: String,
    automation_on: bool,
    conditions: Vec<Condition>,
    all_conditions: usize,
    of: String,
    names: Vec<String>,
    pending: Vec<PendingRow>,
    ticks: Vec<TickRow>,
    rules: Vec<Rule>,
    deliveries: Vec<DeliveryRow>,
}

struct Switch {
    name: String,
    stored: String,
    kind: &'static str,
    description: String,
    on: bool,
    /// Since when its function has been running past its time limit; empty if it isn't stuck.
    stuck_since: String,
    when: String,
    next: Vec<String>,
    what: String,
}

struct Condition {
    /// The page of the asset, or where the job is launched.
    href: String,
    key: String,
    stored: String,
    on: bool,
    title: String,
    outcome: String,
    evaluated_at: String,
    requested_at: String,
}

struct PendingRow {
    id: u64,
    of: String,
    what: String,
    asked_at: String,
    attempts: u32,
    /// When it is tried again; `None` if it was given up.
    next_at: Option<String>,
    reason: String,
}

struct TickRow {
    of: String,
    due: String,
    at: String,
    took: String,
    state: &'static str,
    run: Option<(String, String)>,
    /// The number of the backfill that was requested.
    backfill: Option<String>,
    outcome: String,
}

struct Rule {
    name: String,
    description: String,
    when: String,
    to: String,
}

struct DeliveryRow {
    id: u64,
    title: String,
    text: String,
    destination: String,
    state: &'static str,
    can_be_retried: bool,
    can_be_dropped: bool,
    attempts: u32,
    at: String,
    error: String,
}

impl AutomationPage {
    fn current(&self) -> &'static str {
        "Automation"
    }
}

/// The parameters of the page: the instigator whose ticks are shown; empty for all.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AutomationQuery {
    of: String,
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Query(wanted): Query<AutomationQuery>,
) -> Response {
    match load(&state, wanted.of).await {
        Ok(automation) => rendered(StatusCode::OK, &automation),
        Err(error) => page_error(&error),
    }
}

/// Whether the pipeline defines this instigator, and it can be switched.
pub(in super::super) fn is_switch(pipeline: &Pipeline, instigator: &Instigator) -> bool {
    match instigator {
        Instigator::Schedule(name) => pipeline.schedule(name).is_some(),
        Instigator::Sensor(name) => pipeline.sensor(name).is_some(),
        Instigator::Automation(None) => true,
        Instigator::Automation(Some(key)) => pipeline.condition(key).is_some(),
        Instigator::Alerts
        | Instigator::AlertTests
        | Instigator::Approvals
        | Instigator::Shadow
        | Instigator::Retries
        | Instigator::Traces => false,
    }
}

async fn load(state: &AppState, of: String) -> Result<AutomationPage, ApiError> {
    let (head, now) = (state.store.head().await?, state.clock.now());
    let known = state.instigators().await?;
    let switched = |instigator: &Instigator| known.get(instigator).and_then(|state| state.on);
    let pipeline = &state.pipeline;
    let schedules = pipeline.schedules().iter().map(|one| schedule(one, known.get(&one.instigator()), now));
    let sensors = pipeline.sensors().iter().map(|one| sensor(one, known.get(&one.instigator())));
    let switches: Vec<Switch> = schedules.chain(sensors).collect();
    let states = automation_states(state, None).await?;
    let conditions = entries(pipeline.graph(), pipeline.other_conditions(), &states, switched);
    let not_on = state.watches_not_on().await?;
    let automation = Instigator::Automation(None);
    let mut names: Vec<String> = switches.iter().map(|switch| switch.stored.clone()).collect();
    names.extend((!conditions.is_empty()).then(|| automation.stored().into_owned()));
    let wanted = Some(Instigator::from_stored(&of)).filter(|_| !of.is_empty());
    let ticks = ticks_and_moves(&*state.store, wanted.as_slice(), TICKS).await?;
    Ok(AutomationPage {
        head,
        switches,
        automation_on: switched(&automation).unwrap_or(true),
        automation: automation.stored().into_owned(),
        all_conditions: conditions.len(),
        conditions: conditions.into_iter().take(CONDITIONS).map(|entry| condition(entry, &not_on)).collect(),
        of,
        names,
        pending: state.store.pending(&[], PENDING).await?.into_iter().map(pending).collect(),
        ticks: ticks.into_iter().map(tick).collect(),
        rules: pipeline.alerts().iter().map(rule).collect(),
        deliveries: state.store.deliveries(None, DELIVERIES).await?.into_iter().map(delivery).collect(),
    })
}

fn schedule(schedule: &Schedule, state: Option<&InstigatorState>, now: Timestamp) -> Switch {
    let view = ScheduleView::new(schedule, state, now);
    let timetable = schedule.timetable().ok().filter(|_| view.on);
    let next = timetable.iter().flat_map(|timetable| timetable.after(now).take(NEXT));
    Switch {
        stored: schedule.instigator().stored().into_owned(),
        kind: "schedule",
        on: view.on,
        stuck_since: moment(view.stuck_since),
        when: format!("{} ({})", view.crons.join("; "), view.zone),
        next: next.map(|at| at.to_string()).collect(),
        what: view.target(),
        name: view.schedule,
        description: view.description,
    }
}

fn sensor(sensor: &Sensor, state: Option<&InstigatorState>) -> Switch {
    let view = SensorView::new(sensor, state);
    Switch {
        name: view.sensor,
        stored: sensor.instigator().stored().into_owned(),
        kind: "sensor",
        description: view.description,
        on: view.on,
        stuck_since: moment(view.stuck_since),
        when: format!("every {}", format::span(sensor.interval)),
        next: Vec::new(),
        what: String::new(),
    }
}

fn moment(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn pending(pending: Pending) -> PendingRow {
    let next_at = match pending.state {
        PendingState::Waiting => Some(pending.next_at.to_string()),
        PendingState::GivenUp => None,
    };
    let view = PendingView::from(pending);
    PendingRow {
        id: view.id,
        of: view.instigator.stored().into_owned(),
        what: view.work.in_words(|at| at.to_string()),
        asked_at: view.created_at.to_string(),
        attempts: view.attempts,
        next_at,
        reason: view.reason,
    }
}

fn condition(entry: AutomationEntry, not_on: &BTreeMap<AssetKey, Unwatched>) -> Condition {
    let outcome = entry.outcome_in_words(not_on.get(&entry.asset), |at| at.to_string());
    Condition {
        href: subject_href(&entry.asset),
        key: entry.asset.to_string(),
        stored: Instigator::Automation(Some(entry.asset.clone())).stored().into_owned(),
        on: entry.on,
        title: entry.condition,
        outcome,
        evaluated_at: moment(entry.evaluated_at),
        requested_at: moment(entry.requested_at),
    }
}

/// The page of an asset with a condition; of a job, where it is launched; of a watch, its model's.
pub(super) fn subject_href(key: &AssetKey) -> String {
    match (job_name(key), watched_model(key)) {
        (Some(job), _) => {
            let query = serde_urlencoded::to_string([("job", job)]).unwrap_or_default();
            format!("/launch?{query}")
        }
        (None, Some(model)) => format!("/models/{model}"),
        (None, None) => format!("/assets/{key}"),
    }
}

fn tick(tick: Tick) -> TickRow {
    let backfill =
        if let TickOutcome::Backfill { backfill } = tick.outcome { Some(backfill.to_string()) } else { None };
    let (state, run, outcome) = match tick.outcome {
        TickOutcome::Requested { run } => ("succeeded", Some((run.to_string(), run.short())), String::new()),
        TickOutcome::Backfill { .. } => ("succeeded", None, String::new()),
        TickOutcome::Skipped { ticks } => {
            ("skipped", None, format!("{} missed", format::counted(ticks, "tick", "ticks")))
        }
        TickOutcome::Idle { reason } => ("skipped", None, reason),
        // The reason says which of them it is, and until when.
        TickOutcome::Cooldown { subject, reason, .. } | TickOutcome::BudgetSpent { subject, reason, .. } => {
            ("skipped", None, format!("{subject}: {reason}"))
        }
        TickOutcome::RolledBack { subject, reason } => ("succeeded", None, format!("{subject}: {reason}")),
        TickOutcome::Failed { reason } => ("failed", None, reason),
    };
    let took = tick.micros.map(|micros| format::span(std::time::Duration::from_micros(micros)));
    TickRow {
        of: tick.instigator.stored().into_owned(),
        due: tick.due.to_string(),
        at: tick.at.to_string(),
        took: took.unwrap_or_default(),
        state,
        run,
        backfill,
        outcome,
    }
}

fn rule(rule: &AlertRule) -> Rule {
    let AlertRuleView { rule, description, when, destinations, .. } = rule.into();
    Rule { name: rule, description, when: when.join(", "), to: destinations.join(", ") }
}

fn delivery(delivery: Delivery) -> DeliveryRow {
    let is_open = match delivery.state {
        DeliveryState::Pending | DeliveryState::Dead => true,
        DeliveryState::Delivered | DeliveryState::Dropped => false,
    };
    DeliveryRow {
        id: delivery.id,
        title: delivery.alert.title,
        text: delivery.alert.text,
        destination: delivery.destination,
        state: delivery.state.as_str(),
        can_be_retried: is_open || delivery.state == DeliveryState::Dropped,
        can_be_dropped: is_open,
        attempts: delivery.attempts,
        at: delivery.created_at.to_string(),
        error: delivery.error.unwrap_or_default(),
    }
}
