//! How events stand in their rows.

use millwork_core::event::{Event, EventBody, FORMAT};
use millwork_core::run::StepKey;
use millwork_core::{AssetKey, PartitionKey};
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};

use super::Reader;
use crate::StorageError;
use crate::sqlite::failure::unreadable;
use crate::sqlite::{kind, rows};

/// The columns of an event, in the order in which they are read here.
pub(super) const EVENT_COLUMNS: &str = "events.sequence, events.run, events.at, events.kind, events.step, \
                                        events.asset, events.partition, events.attempt, events.format, events.body";

/// An event whose numbers haven't been looked up yet.
struct NumberedEvent<'r> {
    sequence: i64,
    run: Option<i64>,
    at: i64,
    kind: i64,
    step: Option<i64>,
    asset: Option<i64>,
    /// 0 for none.
    partition: i64,
    attempt: u32,
    format: i64,
    body: Option<&'r str>,
}

impl Reader {
    /// The events of rows that begin with [`EVENT_COLUMNS`].
    pub(super) async fn decode(&self, rows: &[SqliteRow]) -> Result<Vec<Event>, StorageError> {
        let numbered: Result<Vec<NumberedEvent<'_>>, Error> = rows.iter().map(numbered_event).collect();
        let numbered = numbered.map_err(unreadable("events"))?;
        let names = numbered.iter().flat_map(|event| {
            let partition = Some(event.partition).filter(|number| *number != 0);
            [event.step, event.asset, partition].into_iter().flatten()
        });
        let names = self.dictionary.names(&self.pool, names).await?;
        let runs = self.dictionary.runs(&self.pool, numbered.iter().filter_map(|event| event.run)).await?;

        let decode = |event: NumberedEvent<'_>| {
            let lacking = || unreadable(format!("event {}", event.sequence))("it names what isn't there");
            let name = |number: i64| names.get(&number).map(|name| &**name).ok_or_else(lacking);
            let run = |number: i64| runs.get(&number).copied().ok_or_else(lacking);
            Ok(Event {
                sequence: event.sequence.unsigned_abs(),
                run: event.run.map(run).transpose()?,
                at: rows::moment(event.at)?,
                step: event.step.map(name).transpose()?.map(StepKey::from),
                asset: event.asset.map(name).transpose()?.map(AssetKey::from),
                partition: Some(event.partition)
                    .filter(|number| *number != 0)
                    .map(name)
                    .transpose()?
                    .map(PartitionKey::from),
                attempt: event.attempt,
                body: body(&event)?,
            })
        };
        numbered.into_iter().map(decode).collect()
    }
}

fn numbered_event(row: &SqliteRow) -> Result<NumberedEvent<'_>, Error> {
    Ok(NumberedEvent {
        sequence: row.try_get(0)?,
        run: row.try_get(1)?,
        at: row.try_get(2)?,
        kind: row.try_get(3)?,
        step: row.try_get(4)?,
        asset: row.try_get(5)?,
        partition: row.try_get(6)?,
        attempt: row.try_get(7)?,
        format: row.try_get(8)?,
        body: row.try_get(9)?,
    })
}

fn body(event: &NumberedEvent<'_>) -> Result<EventBody, StorageError> {
    let what = || format!("event {}", event.sequence);
    if event.format > i64::from(FORMAT) {
        return Err(unreadable(what())(format!("its format is {}, not up to {FORMAT}", event.format)));
    }
    let name = kind::name_of(event.kind);
    let name = name.ok_or_else(|| unreadable(what())(format!("there is no kind {}", event.kind)))?;
    EventBody::from_stored(name, event.body).map_err(unreadable(what()))
}
