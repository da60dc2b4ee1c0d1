//! How events come out of SQLite: many as one text.
//!
//! sqlx copies every column of every row and passes every row from one thread to another, which costs more than
//! finding and decoding an event. So a query's events are put together by SQLite: fields are separated by U+001F, events
//! by U+001E. Neither can be in a field, because all of them are numbers but the body, and JSON escapes both.

use millwork_core::event::{Event, EventBody, FORMAT};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite};

use super::Reader;
use super::dictionary::Meanings;
use crate::StorageError;
use crate::sqlite::failure::unreadable;
use crate::sqlite::{kind, rows};

const BETWEEN_FIELDS: char = '\u{1f}';
const BETWEEN_EVENTS: char = '\u{1e}';

/// The expression for an event, of the fields that [`NumberedEvent::unpack`] reads.
pub(super) const PACKED_EVENT: &str = "concat(events.sequence, '\u{1f}', events.run, '\u{1f}', events.at, '\u{1f}', \
     events.kind, '\u{1f}', events.step, '\u{1f}', events.asset, '\u{1f}', events.partition, '\u{1f}', \
     events.attempt, '\u{1f}', events.format, '\u{1f}', events.body) AS packed";

/// Goes before a query for [`PACKED_EVENT`] in parentheses.
pub(super) const PACKED_TOGETHER: &str = "SELECT group_concat(packed, '\u{1e}') FROM ";

/// An event whose numbers haven't been looked up yet.
struct NumberedEvent<'p> {
    sequence: i64,
    run: Option<i64>,
    at: i64,
    kind: i64,
    step: Option<i64>,
    asset: Option<i64>,
    partition: Option<i64>,
    attempt: u32,
    format: i64,
    body: Option<&'p str>,
}

impl Reader {
    /// The events that a query for them [packed together](PACKED_TOGETHER) finds.
    pub(super) async fn unpacked(
        &self,
        action: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<Event>, StorageError> {
        let rows = self.rows(action, query).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let packed: Option<&str> = row.try_get(0).map_err(unreadable("events"))?;
        let Some(packed) = packed else { return Ok(Vec::new()) };

        let unpack =
            |event| NumberedEvent::unpack(event).ok_or_else(|| unreadable("an event")("it lacks a field"));
        let numbered: Result<Vec<_>, StorageError> = packed.split(BETWEEN_EVENTS).map(unpack).collect();
        let numbered = numbered?;
        self.learn_names(numbered.iter().flat_map(NumberedEvent::names)).await?;
        self.learn_runs(numbered.iter().filter_map(|event| event.run)).await?;
        let known = self.dictionary.known();
        numbered.into_iter().map(|event| event.decode(&known)).collect()
    }
}

impl<'p> NumberedEvent<'p> {
    fn unpack(packed: &'p str) -> Option<Self> {
        let mut fields = packed.split(BETWEEN_FIELDS);
        Some(Self {
            sequence: fields.next()?.parse().ok()?,
            run: optional(fields.next()?)?,
            at: fields.next()?.parse().ok()?,
            kind: fields.next()?.parse().ok()?,
            step: optional(fields.next()?)?,
            asset: optional(fields.next()?)?,
            partition: optional(fields.next()?)?.filter(|number| *number != 0),
            attempt: fields.next()?.parse().ok()?,
            format: fields.next()?.parse().ok()?,
            body: fields.next().map(|body| Some(body).filter(|body| !body.is_empty()))?,
        })
    }

    /// The numbers of the names in it.
    fn names(&self) -> impl Iterator<Item = i64> + use<> {
        [self.step, self.asset, self.partition].into_iter().flatten()
    }

    fn decode(self, known: &Meanings) -> Result<Event, StorageError> {
        let lacking = || unreadable(format!("event {}", self.sequence))("it names what isn't there");
        let name = |number: i64| known.names.get(&number).ok_or_else(lacking);
        let run = |number: i64| known.runs.get(&number).copied().ok_or_else(lacking);
        Ok(Event {
            sequence: self.sequence.unsigned_abs(),
            run: self.run.map(run).transpose()?,
            at: rows::moment(self.at)?,
            step: self.step.map(name).transpose()?.map(|name| name.step.clone()),
            asset: self.asset.map(name).transpose()?.map(|name| name.asset.clone()),
            partition: self.partition.map(name).transpose()?.map(|name| name.partition.clone()),
            attempt: self.attempt,
            body: self.body()?,
        })
    }

    fn body(&self) -> Result<EventBody, StorageError> {
        let what = || format!("event {}", self.sequence);
        if self.format > i64::from(FORMAT) {
            return Err(unreadable(what())(format!("its format is {}, not up to {FORMAT}", self.format)));
        }
        let name = kind::name_of(self.kind);
        let name = name.ok_or_else(|| unreadable(what())(format!("there is no kind {}", self.kind)))?;
        EventBody::from_stored(name, self.body).map_err(unreadable(what()))
    }
}

/// A number that may be missing; nothing if there is something else.
fn optional(field: &str) -> Option<Option<i64>> {
    if field.is_empty() { Some(None) } else { field.parse().ok().map(Some) }
}
