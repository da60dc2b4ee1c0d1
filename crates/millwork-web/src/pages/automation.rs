//! What is requested without being asked for, and who is told of what.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millwork_storage::{Delivery, TickOutcome};

use super::message::{page_error, rendered};
use super::words;
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "automation.html")]
struct Automation {
    head: u64,
    switches: Vec<Switch>,
    conditions: Vec<(String, String)>,
    ticks: Vec<(String, String, String)>,
    deliveries: Vec<Delivery>,
}

struct Switch {
    name: String,
    stored: String,
    on: bool,
    when: String,
    next: String,
    what: String,
}

impl Automation {
    fn current(&self) -> &'static str {
        "Automation"
    }
}

pub(super) async fn show(State(state): State<AppState>) -> Response {
    match load(&state).await {
        Ok(automation) => rendered(StatusCode::OK, &automation),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState) -> Result<Automation, ApiError> {
    let (known, now) = (state.store.schedules().await?, state.clock.now());
    let is_on = |stored: &str, default: bool| known.get(stored).and_then(|state| state.on).unwrap_or(default);
    let schedules = state.pipeline.schedules().iter().map(|schedule| {
        let on = is_on(&schedule.name, schedule.default_on);
        let next = schedule.timetable().ok().and_then(|timetable| timetable.after(now).next());
        Switch {
            name: schedule.name.clone(),
            stored: schedule.name.clone(),
            on,
            when: format!("{} ({})", schedule.crons.join("; "), schedule.zone),
            next: next.filter(|_| on).map(|next| next.to_string()).unwrap_or_default(),
            what: schedule.selection.clone(),
        }
    });
    let sensors = state.pipeline.sensors().iter().map(|sensor| Switch {
        name: sensor.name.clone(),
        stored: sensor.stored_name(),
        on: is_on(&sensor.stored_name(), sensor.default_on),
        when: format!("every {}", words::between(now, now + sensor.interval)),
        next: String::new(),
        what: sensor.description.clone(),
    });
    let conditions =
        state.pipeline.graph().assets().iter().filter_map(|asset| {
            Some((asset.spec.key.to_string(), asset.spec.automation.as_ref()?.to_string()))
        });
    let outcome = |outcome| match outcome {
        TickOutcome::Requested { run } => format!("requested run {}", run.short()),
        TickOutcome::Skipped { ticks } => format!("{ticks} missed"),
        TickOutcome::Idle { reason } => reason,
        TickOutcome::Failed { reason } => format!("failed: {reason}"),
    };
    let ticks = state.store.ticks(None, 30).await?;
    Ok(Automation {
        head: state.store.head().await?,
        switches: schedules.chain(sensors).collect(),
        conditions: conditions.collect(),
        ticks: ticks
            .into_iter()
            .map(|tick| (tick.schedule, tick.at.to_string(), outcome(tick.outcome)))
            .collect(),
        deliveries: state.store.deliveries(None, 20).await?,
    })
}
