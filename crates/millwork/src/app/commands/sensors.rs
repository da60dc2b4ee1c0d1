//! `sensors`: listing sensors, their switches, previews and ticks.

use std::time::Duration;

use clap::Subcommand;
use millwork_api::{PreviewedRun, SensorPreview, SensorView, find_sensor};
use millwork_core::run::RunSpec;
use millwork_core::sensor::{Sensor, SensorContext};
use millwork_core::{Advice as _, Clock as _, Instigator, SystemClock};
use millwork_daemon::{preview_sensor, sensor_cursor};

use super::pending::Pending;
use super::pending::{self, Kind, state_word};
use super::schedules::print_ticks;
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::printable::indented;
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Sensors {
    /// List the sensors
    #[command(arg(json_flag()))]
    List,
    /// Switch a sensor on
    On {
        /// Name of the sensor
        name: String,
    },
    /// Switch a sensor off
    Off {
        /// Name of the sensor
        name: String,
    },
    /// Pending requests: list, retry or drop them
    #[command(subcommand)]
    Pending(Pending),
    /// List ticks, newest first
    #[command(arg(json_flag()))]
    Ticks {
        /// Only ticks of this sensor
        name: Option<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
    /// Evaluate a polling sensor and show the runs it would request, without recording anything
    #[command(arg(json_flag()))]
    Preview {
        /// Name of the sensor
        name: String,
        /// Cursor to start from, instead of the stored one
        #[arg(long)]
        cursor: Option<String>,
    },
}

pub(super) fn run(session: &Session, sensors: Sensors) -> Result<Exit, Failure> {
    match sensors {
        Sensors::List => list(session, session.wants_json()),
        Sensors::On { name } => switch(session, &name, true),
        Sensors::Off { name } => switch(session, &name, false),
        Sensors::Pending(command) => pending::run(session, Kind::Sensors, command),
        Sensors::Ticks { name, limit } => ticks(session, name.as_deref(), limit, session.wants_json()),
        Sensors::Preview { name, cursor } => preview(session, &name, cursor, session.wants_json()),
    }
}

fn list(session: &Session, json: bool) -> Result<Exit, Failure> {
    let sensors = session.pipeline()?.sensors();
    let states = block_on(async { session.home().await?.instigators().await })?;
    let view = |sensor: &Sensor| SensorView::new(sensor, states.get(&sensor.instigator()));
    let sensors: Vec<SensorView> = sensors.iter().map(view).collect();
    if json {
        print_json(&sensors)?;
    } else if sensors.is_empty() {
        outln!("No sensor is defined. `Definitions::sensor` adds one.");
    } else {
        let heading = ["SENSOR", "STATE", "EVERY", "WATCHES", "DESCRIPTION"];
        out!("{}", table(heading, sensors.into_iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

fn row(sensor: SensorView) -> [String; 5] {
    let SensorView { sensor, description, on, stuck_since, interval_seconds, watches } = sensor;
    let every = when::duration(Duration::from_secs_f64(interval_seconds));
    [sensor, state_word(on, stuck_since), every, watches, description]
}

fn switch(session: &Session, name: &str, on: bool) -> Result<Exit, Failure> {
    let instigator = find_sensor(session.pipeline()?, name)?.instigator();
    session.switch(&instigator, on)?;
    outln!("Sensor `{name}` is {}.", if on { "on; a daemon evaluates it" } else { "off" });
    Ok(Exit::Success)
}

fn ticks(session: &Session, name: Option<&str>, limit: u32, json: bool) -> Result<Exit, Failure> {
    let all = session.pipeline()?.sensors();
    let wanted: Vec<Instigator> = match name {
        Some(name) => vec![find_sensor(session.pipeline()?, name)?.instigator()],
        None => all.iter().map(Sensor::instigator).collect(),
    };
    let ticks = block_on(async {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        Ok(session.home().await?.store.ticks(&wanted, limit).await?)
    })?;
    print_ticks(ticks, json, "No ticks yet. `sensors on NAME` switches a sensor on, `daemon` evaluates it.")
}

fn preview(session: &Session, name: &str, cursor: Option<String>, json: bool) -> Result<Exit, Failure> {
    let sensor = find_sensor(session.pipeline()?, name)?;
    let outcome = block_on(async {
        let state = session.home().await?.store.state(&sensor.instigator()).await?;
        let resources = session.pipeline()?.resources().clone();
        let context = SensorContext::new(cursor.or(sensor_cursor(&state)), SystemClock.now(), resources);
        Ok(preview_sensor(sensor, context).await?)
    })?;
    let pipeline = session.pipeline()?;
    let moment = block_on(session.moment())?;
    let problem =
        |run: &RunSpec| run.clone().resolve_due(pipeline, &moment).err().map(|error| error.one_line());
    let runs: Vec<(&RunSpec, Option<String>)> = outcome.runs.iter().map(|run| (run, problem(run))).collect();
    let exit = if runs.iter().all(|(_, problem)| problem.is_none()) { Exit::Success } else { Exit::Failed };
    if json {
        let runs = runs.into_iter().map(|(run, problem)| PreviewedRun::new(run, problem)).collect();
        print_json(&SensorPreview { runs, cursor: outcome.cursor, skipped: outcome.skipped })?;
        return Ok(exit);
    }
    for (run, problem) in &runs {
        let key =
            run.key.as_ref().map(|key| format!(" with the key `{}`", indented(key, 2))).unwrap_or_default();
        match problem {
            None => outln!("It would request a run of `{}`{key}.", run.target),
            Some(problem) => {
                outln!(
                    "It would ask for a run of `{}`{key}, which can't be requested: {problem}",
                    run.target
                );
            }
        }
    }
    if runs.is_empty() {
        let reason = outcome.skipped.unwrap_or_else(|| "no reason given".to_owned());
        outln!("It would request no run: {}.", indented(&reason, 2));
    }
    if let Some(cursor) = outcome.cursor {
        outln!("Its cursor would be `{}`.", indented(&cursor, 2));
    }
    Ok(exit)
}
