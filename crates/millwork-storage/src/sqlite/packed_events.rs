//! The format in which SQLite returns events: many as one text.
//!
//! sqlx copies every column of every row and passes every row from one thread to another, which costs more than
//! finding and decoding an event. So a query's events are put together by SQLite: fields are separated by U+001F, events
//! by U+001E. Neither can be in a field, because all of them are numbers but the body, and JSON escapes both.
//!
//! A row that can't be read costs only itself: it becomes an event that is marked as unreadable. Rows are parsed as bytes, as a damaged
//! body needn't be text, and may hold a separator.

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, EventKind, FORMAT, UnreadableEvent};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite};

use super::dictionary::Meanings;
use super::failure::unreadable;
use super::reader::Reader;
use super::rows;
use crate::StorageError;

const BETWEEN_FIELDS: u8 = 0x1f;
const BETWEEN_EVENTS: u8 = 0x1e;

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
    attempt: i64,
    format: i64,
    body: &'p [u8],
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
        let packed: Option<&[u8]> = row.try_get(0).map_err(unreadable("events"))?;
        let Some(packed) = packed else { return Ok(Vec::new()) };

        // Anything that isn't an event is the rest of a damaged body, which a separator has cut.
        let numbered: Vec<_> =
            packed.split(|byte| *byte == BETWEEN_EVENTS).filter_map(NumberedEvent::unpack).collect();
        self.learn_names(numbered.iter().flat_map(NumberedEvent::names)).await?;
        self.learn_runs(numbered.iter().filter_map(|event| event.run)).await?;
        let known = self.dictionary.known();
        Ok(numbered.into_iter().map(|event| event.decode(&known)).collect())
    }
}

impl<'p> NumberedEvent<'p> {
    fn unpack(packed: &'p [u8]) -> Option<Self> {
        let mut fields = packed.splitn(10, |byte| *byte == BETWEEN_FIELDS);
        Some(Self {
            sequence: number(fields.next()?)?,
            run: optional(fields.next()?)?,
            at: number(fields.next()?)?,
            kind: number(fields.next()?)?,
            step: optional(fields.next()?)?,
            asset: optional(fields.next()?)?,
            partition: optional(fields.next()?)?.filter(|number| *number != 0),
            attempt: number(fields.next()?)?,
            format: number(fields.next()?)?,
            body: fields.next()?,
        })
    }

    /// The numbers of the names in it.
    fn names(&self) -> impl Iterator<Item = i64> + use<> {
        [self.step, self.asset, self.partition].into_iter().flatten()
    }

    fn decode(self, known: &Meanings) -> Event {
        let mut wrong = None;
        let names = [self.step, self.asset, self.partition];
        let [step, asset, partition] = names.map(|number| {
            let number = number?;
            let name = known.names.get(&number);
            if name.is_none() {
                wrong = Some(format!("unknown name {number}"));
            }
            name
        });
        let run = self.run.and_then(|number| {
            let run = known.runs.get(&number).copied();
            if run.is_none() {
                wrong = Some(format!("unknown run {number}"));
            }
            run
        });
        let at = rows::moment(self.at).unwrap_or_else(|error| {
            wrong = Some(rows::reason_of(&error));
            Timestamp::UNIX_EPOCH
        });
        let attempt = u32::try_from(self.attempt).unwrap_or_else(|error| {
            wrong = Some(format!("its attempt {} is invalid: {error}", self.attempt));
            0
        });
        let body = match wrong {
            None => self.body(),
            Some(reason) => Err(reason),
        };
        let unreadable = |reason| {
            let kind = self.known_kind();
            EventBody::Unreadable(UnreadableEvent { kind, reason })
        };
        Event {
            sequence: self.sequence.unsigned_abs(),
            run,
            at,
            step: step.map(|name| name.step.clone()),
            asset: asset.map(|name| name.asset.clone()),
            partition: partition.map(|name| name.partition.clone()),
            attempt,
            body: body.unwrap_or_else(unreadable),
        }
    }

    fn known_kind(&self) -> Option<EventKind> {
        EventKind::from_number(u8::try_from(self.kind).ok()?)
    }

    fn body(&self) -> Result<EventBody, String> {
        if self.format > i64::from(FORMAT) {
            let (format, known) = (self.format, FORMAT);
            return Err(format!(
                "a later version of Millwork wrote it: its format is {format}, known is up to {known}"
            ));
        }
        let kind = self.known_kind().ok_or_else(|| format!("unknown kind {} of events", self.kind))?;
        let body = std::str::from_utf8(self.body).map_err(|error| error.to_string())?;
        let body = Some(body).filter(|body| !body.is_empty());
        EventBody::from_stored(kind, body).map_err(|error| error.to_string())
    }
}

fn number(field: &[u8]) -> Option<i64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// A number that may be null; `None` if the column has anything else.
fn optional(field: &[u8]) -> Option<Option<i64>> {
    if field.is_empty() { Some(None) } else { number(field).map(Some) }
}
