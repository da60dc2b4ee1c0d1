//! The past ticks of schedules and sensors.

use jiff::Timestamp;
use millwork_core::run::RunId;
use millwork_core::schedule::ScheduleCursor;
use millwork_core::{Instigator, Pipeline};
use millwork_storage::{Commit, StorageError, Store, Tick, TickOutcome};

/// The number of ticks of each schedule and sensor.
const TICKS: usize = 200;

/// Writes ticks whose outcomes are that they requested these runs, failed, or had nothing to do.
pub(super) async fn write(
    store: &dyn Store,
    pipeline: &Pipeline,
    runs: &[(RunId, Timestamp)],
) -> Result<(), StorageError> {
    let Some((_, last)) = runs.last() else { return Ok(()) };
    for (index, schedule) in pipeline.schedules().iter().enumerate() {
        // A cursor that names no timetable: the next evaluation of the schedule starts over.
        let cursor = ScheduleCursor { until: *last, timetable: String::new(), ahead_until: None };
        let cursor = serde_json::to_string(&cursor).unwrap_or_default();
        record(store, schedule.instigator(), cursor, index, runs).await?;
    }
    for (index, sensor) in pipeline.sensors().iter().enumerate() {
        record(store, sensor.instigator(), "{\"number\":0}".to_owned(), index, runs).await?;
    }
    Ok(())
}

async fn record(
    store: &dyn Store,
    instigator: Instigator,
    cursor: String,
    index: usize,
    runs: &[(RunId, Timestamp)],
) -> Result<(), StorageError> {
    let ticks = ticks(&instigator, index, runs);
    store.commit(Commit { ticks, ..Commit::new(instigator, None, cursor) }).await?;
    Ok(())
}

fn ticks(instigator: &Instigator, index: usize, runs: &[(RunId, Timestamp)]) -> Vec<Tick> {
    let step = (runs.len() / TICKS).max(1);
    let chosen = runs.iter().enumerate().skip(index % step).step_by(step);
    let tick = |(number, (run, at)): (usize, &(RunId, Timestamp))| {
        let outcome = match (number / step) % 12 {
            3 => {
                TickOutcome::Failed { reason: "the address can't be reached: connection refused".to_owned() }
            }
            5 | 9 => TickOutcome::Idle { reason: "no new file".to_owned() },
            _ => TickOutcome::Requested { run: *run },
        };
        Tick {
            instigator: instigator.clone(),
            due: *at,
            at: *at,
            micros: Some(900 + number as u64 % 700),
            outcome,
        }
    };
    chosen.map(tick).collect()
}
