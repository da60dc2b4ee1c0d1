//! Versions of assets and aliases: two projections of the events, in tables of their own.
//!
//! A version's row is written in the transaction of its materialization, under a primary key that refuses a number twice; it outlives the
//! event. Of an alias, the table holds every version that it has pointed at, so that retention knows which to keep.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use millwork_core::event::{AliasMoved, Event, EventBody, EventKind, KindSet, NewEvent};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, DataVersion, PartitionKey};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::append::EncodedEvent;
use super::dictionary::WrittenName;
use super::events::is_one_of;
use super::packed_events::{PACKED_EVENT, PACKED_TOGETHER};
use super::writer::{ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::micros::to_micros;
use crate::version_store::{answers, decides_about};
use crate::{Alias, EventLog as _, EventQuery, StorageError, VersionStore};

/// A version that is to be inserted: the numbers of asset and partition, its own, and the sequence number of its event.
pub(super) type VersionRow = (i64, i64, u32, i64);

/// The number of versions that one statement asks for, so that its answer has a bounded size.
const VERSIONS_AT_ONCE: usize = 1_000;

/// The statement that inserts versions, as JSON rows of four numbers.
pub(super) const INSERT: &str = "INSERT INTO versions (asset, partition, version, sequence) \
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?);";

/// The condition by which an event is kept when its run is forgotten: what happened to versions, and the versions of what it happened to.
pub(super) fn is_kept_for_versions() -> String {
    format!(
        "({versions} OR {made} AND EXISTS (SELECT 1 FROM events AS happened WHERE happened.{versions} AND \
         happened.asset = events.asset AND happened.partition = events.partition))",
        versions = is_one_of(KindSet::VERSIONS),
        made = is_one_of(KindSet::of(&[EventKind::Materialized]))
    )
}

#[async_trait]
impl VersionStore for SqliteStore {
    async fn last_versions(
        &self,
        assets: &[AssetKey],
    ) -> Result<Vec<(AssetPartition, VersionNumber)>, StorageError> {
        // The last version of each partition is found from the end of the index; `latest` has the partitions.
        let text = "SELECT wanted.value, partitions.name, partitions.label, (SELECT max(version) FROM versions WHERE versions.asset = \
                    latest.asset AND versions.partition = latest.partition) AS last FROM json_each(?) AS wanted \
                    CROSS JOIN names ON names.name = wanted.value CROSS JOIN latest ON latest.asset = names.id \
                    LEFT JOIN names AS partitions ON partitions.id = latest.partition WHERE last IS NOT NULL";
        let wanted = serde_json::to_string(assets).expect("keys are strings");
        let rows = self.reader.rows("read versions", sqlx::query(text).bind(wanted)).await?;
        rows.iter().map(|row| Ok((asset_partition(row)?, version(row, "last")?))).collect()
    }

    async fn version(
        &self,
        asset: &AssetPartition,
        version: VersionNumber,
    ) -> Result<Option<Event>, StorageError> {
        let text = "SELECT sequence FROM versions WHERE asset = (SELECT id FROM names WHERE name = ?1) AND partition = \
                    ifnull((SELECT id FROM names WHERE name = ?2), iif(?2 IS NULL, 0, -1)) AND version = ?3";
        let query = sqlx::query(text)
            .bind(asset.asset.as_str())
            .bind(asset.partition.as_ref().map(PartitionKey::identity))
            .bind(version.get());
        let rows = self.reader.rows("read a version", query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let sequence = sequence(row, 0)?;
        Ok(self.events(EventQuery::at(sequence)).await?.pop())
    }

    async fn versions(&self, wanted: &[(AssetPartition, VersionNumber)]) -> Result<Vec<Event>, StorageError> {
        let text: Arc<str> = format!(
            "{PACKED_TOGETHER} (SELECT {PACKED_EVENT} FROM events WHERE sequence IN (SELECT versions.sequence FROM \
             json_each(?) AS wanted CROSS JOIN names ON names.name = wanted.value ->> 0 LEFT JOIN names AS partitions \
             ON partitions.name = wanted.value ->> 1 CROSS JOIN versions ON versions.asset = names.id AND \
             versions.partition = iif(wanted.value ->> 1 IS NULL, 0, partitions.id) AND \
             versions.version = wanted.value ->> 2) ORDER BY sequence)"
        )
        .into();
        let mut events = Vec::with_capacity(wanted.len());
        for wanted in wanted.chunks(VERSIONS_AT_ONCE) {
            let row = |(of, version): &'_ (AssetPartition, VersionNumber)| {
                (of.asset.clone(), of.partition.as_ref().map(|key| key.identity().to_owned()), *version)
            };
            let rows: Vec<_> = wanted.iter().map(row).collect();
            let rows = serde_json::to_string(&rows).expect("names and numbers are JSON");
            let query = sqlx::query(AssertSqlSafe(text.clone())).bind(rows);
            events.extend(self.reader.unpacked("read versions", query).await?);
        }
        events.sort_unstable_by_key(|event| event.sequence);
        Ok(events)
    }

    async fn aliases(&self, assets: &[AssetKey]) -> Result<Vec<Alias>, StorageError> {
        let text = "SELECT names.name, partitions.name, partitions.label, aliases.alias, aliases.version, aliases.data_version, \
                    aliases.sequence FROM aliases CROSS JOIN names ON names.id = aliases.asset \
                    LEFT JOIN names AS partitions ON partitions.id = aliases.partition WHERE aliases.left_at IS NULL \
                    AND (json_array_length(?1) = 0 OR names.name IN (SELECT value FROM json_each(?1))) ORDER BY 1, 2, 4";
        let wanted = serde_json::to_string(assets).expect("keys are strings");
        let rows = self.reader.rows("read aliases", sqlx::query(text).bind(wanted)).await?;
        rows.iter().map(alias).collect()
    }

    async fn removed_values(&self, sequences: &[u64]) -> Result<Vec<u64>, StorageError> {
        let text = "SELECT sequence FROM removed_values WHERE sequence IN (SELECT value FROM json_each(?)) ORDER BY 1";
        let wanted = serde_json::to_string(sequences).expect("numbers are JSON");
        let rows = self.reader.rows("read removed values", sqlx::query(text).bind(wanted)).await?;
        rows.iter().map(|row| sequence(row, 0)).collect()
    }
}

fn sequence(row: &SqliteRow, column: usize) -> Result<u64, StorageError> {
    let sequence: i64 = row.try_get(column).map_err(failure::unreadable("a version"))?;
    Ok(sequence.unsigned_abs())
}

fn asset_partition(row: &SqliteRow) -> Result<AssetPartition, StorageError> {
    let asset: &str = row.try_get(0).map_err(failure::unreadable("a version"))?;
    let partition: Option<&str> = row.try_get(1).map_err(failure::unreadable("a version"))?;
    let label: Option<&str> = row.try_get(2).map_err(failure::unreadable("a version"))?;
    let partition = partition.map(|identity| PartitionKey::of_identity(identity, label));
    Ok(AssetPartition::new(asset.into(), partition))
}

fn version(row: &SqliteRow, column: &str) -> Result<VersionNumber, StorageError> {
    let number: i64 = row.try_get(column).map_err(failure::unreadable("a version"))?;
    let number = u32::try_from(number).ok().and_then(VersionNumber::new);
    number.ok_or_else(|| unreadable("a version", "its number isn't one"))
}

fn alias(row: &SqliteRow) -> Result<Alias, StorageError> {
    let name: &str = row.try_get("alias").map_err(failure::unreadable("an alias"))?;
    let data_version: Option<&str> = row.try_get("data_version").map_err(failure::unreadable("an alias"))?;
    let moved: i64 = row.try_get("sequence").map_err(failure::unreadable("an alias"))?;
    Ok(Alias {
        asset: asset_partition(row)?,
        alias: name.parse::<AliasName>().map_err(|problem| unreadable("an alias", &problem.to_string()))?,
        version: version(row, "version")?,
        data_version: data_version.map(DataVersion::from),
        moved: moved.unsigned_abs(),
    })
}

fn unreadable(what: &str, reason: &str) -> StorageError {
    StorageError::Unreadable { what: what.to_owned(), source: reason.into() }
}

/// A move of an alias that a batch of events makes.
#[derive(Debug)]
pub(super) struct Move {
    /// The place of its event in the batch.
    place: usize,
    asset: AssetPartition,
    moved: AliasMoved,
    at: i64,
}

impl Move {
    /// The moves that the events of a batch record.
    pub(super) fn all_of(events: &[NewEvent]) -> Vec<Self> {
        let of = |(place, event): (usize, &NewEvent)| {
            let EventBody::AliasMoved(moved) = &event.body else { return None };
            Some(Self {
                place,
                asset: event.asset_partition()?,
                moved: moved.clone(),
                at: to_micros(event.at),
            })
        };
        events.iter().enumerate().filter_map(of).collect()
    }

    /// Moves the alias. `first` is the sequence number of the first event of the batch, which is appended next.
    pub(super) async fn make(
        &self,
        transaction: &mut Transaction<'_>,
        first: i64,
    ) -> Result<(), ChangeError> {
        let (asset, partition) = numbers(&self.asset, transaction).await?;
        let AliasMoved { alias, to, data_version, .. } = &self.moved;
        let text = "UPDATE aliases SET left_at = ?4 WHERE asset = ?1 AND partition = ?2 AND alias = ?3 AND left_at IS NULL";
        let query = sqlx::query(text).bind(asset).bind(partition).bind(alias.as_str()).bind(self.at);
        query.execute(transaction.connection()).await?;
        if let Some(to) = to {
            let sequence = first + i64::try_from(self.place).unwrap_or(i64::MAX);
            let text = "INSERT INTO aliases (asset, partition, alias, sequence, version, data_version) VALUES (?, ?, ?, ?, ?, ?)";
            let query = sqlx::query(text).bind(asset).bind(partition).bind(alias.as_str()).bind(sequence);
            let query = query.bind(to.get()).bind(data_version.as_ref().map(DataVersion::as_str));
            query.execute(transaction.connection()).await?;
        }
        Ok(())
    }
}

/// Refuses moves of aliases that point elsewhere than where they are moved from, and moves to versions that there are not. What comes before
/// a move in its batch counts.
pub(super) async fn refuse_moves(
    moves: &[Move],
    events: &[Arc<EncodedEvent>],
    transaction: &mut Transaction<'_>,
) -> Result<(), ChangeError> {
    let mut moved_before: HashMap<(&AssetPartition, &AliasName), Option<VersionNumber>> = HashMap::new();
    for Move { place, asset: of, moved: AliasMoved { alias, from, to, .. }, .. } in moves {
        let (asset, partition) = numbers(of, transaction).await?;
        let found = match moved_before.get(&(of, alias)) {
            Some(found) => *found,
            None => {
                let text = "SELECT version FROM aliases WHERE asset = ?1 AND partition = ?2 AND alias = ?3 AND left_at IS NULL";
                let query = sqlx::query_scalar(text).bind(asset).bind(partition).bind(alias.as_str());
                let found: Option<u32> = query.fetch_optional(transaction.connection()).await?;
                found.and_then(VersionNumber::new)
            }
        };
        if found != *from {
            let (asset, alias, expected) = (of.clone(), alias.clone(), *from);
            return Err(StorageError::AliasElsewhere { asset, alias, expected, found }.into());
        }
        if let Some(to) = *to {
            let mut made_before = events[..*place].iter().filter_map(|event| event.version());
            if !made_before.any(|(made, version)| made == *of && version == to)
                && !exists(asset, partition, to, transaction).await?
            {
                return Err(StorageError::UnknownVersion { asset: of.clone(), version: to }.into());
            }
        }
        moved_before.insert((of, alias), *to);
    }
    Ok(())
}

/// A decision of a batch that answers a question about a version, or ends its trial in shadow.
#[derive(Debug)]
pub(super) struct AnswerOf {
    asset: AssetPartition,
    version: VersionNumber,
    /// The sequence number of the verdict that asked.
    question: i64,
    /// Whether an event before it in the batch decides about the same version.
    is_repeated: bool,
}

impl AnswerOf {
    /// The answers that the events of a batch record.
    pub(super) fn all_of(events: &[NewEvent]) -> Vec<Self> {
        let of = |(place, event): (usize, &NewEvent)| {
            let (asset, (version, question)) = (event.asset_partition()?, answers(&event.body)?);
            let is_the_same = |before: &NewEvent| {
                decides_about(&before.body) == Some(version)
                    && before.asset_partition().as_ref() == Some(&asset)
            };
            let is_repeated = events[..place].iter().any(is_the_same);
            Some(Self { asset, version, question: question.cast_signed(), is_repeated })
        };
        events.iter().enumerate().filter_map(of).collect()
    }
}

/// Refuses answers to questions, and ends of trials, that were answered before, or whose version was judged again since.
pub(super) async fn refuse_answered(
    answers: &[AnswerOf],
    transaction: &mut Transaction<'_>,
) -> Result<(), ChangeError> {
    for AnswerOf { asset: of, version, question, is_repeated } in answers {
        let (asset, partition) = numbers(of, transaction).await?;
        let text = format!(
            "SELECT EXISTS (SELECT 1 FROM events WHERE asset = ?1 AND partition = ?2 AND sequence > ?3 AND {} AND json_valid(body) \
             AND body ->> '$.version' = ?4)",
            is_one_of(KindSet::of(&[EventKind::VersionJudged, EventKind::VersionDecided]))
        );
        let query = sqlx::query_scalar(AssertSqlSafe(text)).bind(asset).bind(partition).bind(question);
        // Answers that wait to be inserted count as well.
        let is_decided: bool = query.bind(version.get()).fetch_one(transaction.flush().await?).await?;
        if *is_repeated || is_decided {
            return Err(StorageError::AlreadyDecided { asset: of.clone(), version: *version }.into());
        }
    }
    Ok(())
}

/// Refuses versions whose number is taken, also by an event that waits to be inserted or comes before in the same batch.
pub(super) async fn refuse_taken(
    wanted: impl Iterator<Item = (AssetPartition, VersionNumber)>,
    transaction: &mut Transaction<'_>,
) -> Result<(), ChangeError> {
    let mut seen = HashSet::new();
    for (of, version) in wanted {
        let (asset, partition) = numbers(&of, transaction).await?;
        if !seen.insert((asset, partition, version)) || exists(asset, partition, version, transaction).await?
        {
            return Err(StorageError::VersionTaken { asset: of, version }.into());
        }
    }
    Ok(())
}

/// Whether there is a version, or will be once events that wait are inserted.
async fn exists(
    asset: i64,
    partition: i64,
    version: VersionNumber,
    transaction: &mut Transaction<'_>,
) -> Result<bool, ChangeError> {
    let text = "SELECT EXISTS (SELECT 1 FROM versions WHERE asset = ?1 AND partition = ?2 AND version = ?3)";
    let query = sqlx::query_scalar(text).bind(asset).bind(partition).bind(version.get());
    let is_stored: bool = query.fetch_one(transaction.connection()).await?;
    Ok(is_stored || transaction.will_have(asset, partition, version))
}

/// The numbers of an asset's and a partition's name.
async fn numbers(of: &AssetPartition, transaction: &mut Transaction<'_>) -> Result<(i64, i64), ChangeError> {
    let partition = of.partition.as_ref().map(WrittenName::of_partition);
    transaction.intern([Some(of.asset.as_str().into()), partition].into_iter().flatten().collect()).await?;
    let names =
        (transaction.name(Some(of.asset.as_str())), transaction.name(partition.map(|name| name.text)));
    Ok(names)
}

/// The sequence numbers of the versions that an alias leads to, or has led to since this time or just before.
pub(super) async fn pointed(store: &SqliteStore, since: i64) -> Result<Vec<u64>, StorageError> {
    let text: Arc<str> = "SELECT versions.sequence FROM (SELECT *, row_number() OVER (PARTITION BY asset, partition, alias \
                          ORDER BY sequence DESC) AS place FROM aliases) AS pointed JOIN versions USING (asset, partition, version) \
                          WHERE pointed.left_at IS NULL OR pointed.left_at >= ? OR pointed.place <= 2"
        .into();
    let query = sqlx::query(AssertSqlSafe(text)).bind(since);
    let rows = store.reader.rows("read what aliases point at", query).await?;
    rows.iter().map(|row| sequence(row, 0)).collect()
}
