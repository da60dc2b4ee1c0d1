//! Renames: in one transaction, rows get the number of the new name, and texts within JSON are written again.
//!
//! Numbers keep their meaning, since the same one may be an asset, a step and a partition, and since processes remember them. An asset's events are
//! found by their index; names of steps, and what names the asset in its body, by reading the log once.

use std::collections::HashSet;

use async_trait::async_trait;
use millwork_core::automation::{renamed_key, watch_key};
use millwork_core::event::{
    AssetRenamed, EventBody, EventKind, FORMAT, KindSet, NewEvent, PartitionsRenamed, Renaming,
};
use millwork_core::run::{RunRequest, StepKey};
use millwork_core::{AssetKey, AssetPartition, Instigator, PartitionKey};
use sqlx::{AssertSqlSafe, Row as _};

use super::dictionary::WrittenName;
use super::events::is_one_of;
use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::rename_store::renamed_state;
use crate::{PendingWork, RenameStore, StorageError};

/// The number of rows with JSON that are read at once.
const ROWS_AT_ONCE: i64 = 1_000;

/// Whether anything is stored of the asset with a number.
const HAS_HISTORY: &str = "(EXISTS (SELECT 1 FROM events WHERE events.asset = names.id) \
     OR EXISTS (SELECT 1 FROM versions WHERE versions.asset = names.id) \
     OR EXISTS (SELECT 1 FROM aliases WHERE aliases.asset = names.id))";

#[async_trait]
impl RenameStore for SqliteStore {
    async fn rename(&self, renamed: NewEvent) -> Result<Option<u64>, StorageError> {
        match Renaming::of(&renamed.body) {
            Some(renaming) => self.writer.write(Rename { renamed, renaming }).await,
            None => Ok(None),
        }
    }

    async fn known_assets(&self, assets: &[AssetKey]) -> Result<Vec<AssetKey>, StorageError> {
        let text = format!(
            "SELECT wanted.value ->> 0 FROM json_each(?) AS wanted WHERE EXISTS (SELECT 1 FROM names WHERE names.name = wanted.value ->> 0 \
             AND {HAS_HISTORY}) OR EXISTS (SELECT 1 FROM automation WHERE asset IN (wanted.value ->> 0, wanted.value ->> 1)) OR EXISTS \
             (SELECT 1 FROM schedules WHERE name IN (wanted.value ->> 2, wanted.value ->> 3))"
        );
        let names = |asset: &AssetKey| {
            let watch = watch_key(asset);
            let [condition, watched] =
                [asset, &watch].map(|key| Instigator::Automation(Some(key.clone())).stored().into_owned());
            (asset.clone(), watch, condition, watched)
        };
        let wanted: Vec<_> = assets.iter().map(names).collect();
        let wanted = serde_json::to_string(&wanted).expect("keys are strings");
        let query = sqlx::query(AssertSqlSafe(text)).bind(wanted);
        let rows = self.reader.rows("look for assets", query).await?;
        let key = |row: &sqlx::sqlite::SqliteRow| {
            row.try_get::<&str, _>(0).map(AssetKey::from).map_err(failure::unreadable("names"))
        };
        rows.iter().map(key).collect()
    }
}

/// Carries out a rename.
#[derive(Debug)]
struct Rename {
    renamed: NewEvent,
    renaming: Renaming,
}

#[async_trait]
impl Change for Rename {
    type Outcome = Option<u64>;
    const ACTION: &'static str = "rename";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Option<u64>, ChangeError> {
        transaction.flush().await?;
        let mut event = self.renamed.clone();
        if let EventBody::AssetRenamed(renamed) = &event.body {
            if !self.asset(transaction, renamed).await? {
                return Ok(None);
            }
        } else if let EventBody::PartitionsRenamed(renamed) = &mut event.body {
            renamed.keys = known_keys(transaction, renamed).await?;
            if renamed.keys.is_empty() {
                return Ok(None);
            }
            rename_partitions(transaction, renamed).await?;
        }
        self.bodies(transaction).await?;
        self.requests(transaction).await?;
        let sequence = transaction.push_new(event).await?;
        Ok(Some(sequence.unsigned_abs()))
    }
}

impl Rename {
    /// Moves the rows of an asset; whether there are any.
    async fn asset(
        &self,
        transaction: &mut Transaction<'_>,
        AssetRenamed { from, to, steps }: &AssetRenamed,
    ) -> Result<bool, ChangeError> {
        let (has_from, has_to) = (has_history(transaction, from).await?, has_history(transaction, to).await?);
        if has_to {
            let is_nothing_left = !has_from || was_renamed(transaction, from, to).await?;
            let taken = || StorageError::NameTaken { from: from.to_string(), to: to.to_string() };
            return if is_nothing_left { Ok(false) } else { Err(taken().into()) };
        }
        let remembered = self.remembered(transaction, from, to).await?;
        if !has_from {
            // An asset of which only its switch or its condition is known.
            return Ok(remembered);
        }
        let names = steps.iter().flat_map(|(from, to)| [from.as_str(), to.as_str()]);
        let names: HashSet<WrittenName<'_>> =
            names.chain([from.as_str(), to.as_str()]).map(WrittenName::from).collect();
        transaction.intern(names).await?;
        let [old, new] = [from, to].map(|key| transaction.name(Some(key.as_str())));
        for table in ["events", "latest", "versions", "aliases"] {
            let text = AssertSqlSafe(format!("UPDATE {table} SET asset = ?2 WHERE asset = ?1"));
            sqlx::query(text).bind(old).bind(new).execute(transaction.connection()).await?;
        }
        let number = |step: &StepKey| transaction.name(Some(step.as_str()));
        let pairs: Vec<_> = steps.iter().map(|(from, to)| (number(from), number(to))).collect();
        // A run that has both, which is odd, keeps the success of the old one.
        let text = "UPDATE OR IGNORE events SET step = pairs.value ->> 1 FROM json_each(?) AS pairs WHERE step = pairs.value ->> 0";
        let query = sqlx::query(text).bind(serde_json::to_string(&pairs).expect("numbers are JSON"));
        query.execute(transaction.connection()).await?;
        Ok(true)
    }

    /// Moves what automation remembers, switches, ticks and pending work; whether there was anything of the asset itself.
    async fn remembered(
        &self,
        transaction: &mut Transaction<'_>,
        from: &AssetKey,
        to: &AssetKey,
    ) -> Result<bool, ChangeError> {
        let mut any = false;
        let text = "SELECT asset, state FROM automation WHERE instr(asset, ?1) OR instr(state, ?1)";
        let query = sqlx::query_as(text).bind(from.as_str());
        let rows: Vec<(String, String)> = query.fetch_all(transaction.connection()).await?;
        for (asset, state) in rows {
            let key = AssetKey::from(asset.as_str());
            let renamed = renamed_key(&key, &self.renaming);
            any |= renamed.is_some();
            let state = renamed_state(&state, &self.renaming).unwrap_or(state);
            let text = "DELETE FROM automation WHERE asset = ?1; INSERT OR REPLACE INTO automation (asset, state) VALUES (?2, ?3)";
            let query =
                sqlx::query(text).bind(asset.as_str()).bind(renamed.as_ref().unwrap_or(&key).as_str());
            query.bind(state).execute(transaction.connection()).await?;
        }
        let condition = |key: &AssetKey| Instigator::Automation(Some(key.clone()));
        for (table, column) in [("schedules", "name"), ("ticks", "schedule"), ("pending", "instigator")] {
            for key in [from.clone(), watch_key(from)] {
                let new = renamed_key(&key, &self.renaming).unwrap_or_else(|| to.clone());
                let text =
                    AssertSqlSafe(format!("UPDATE OR REPLACE {table} SET {column} = ?2 WHERE {column} = ?1"));
                let (old, new) = (condition(&key), condition(&new));
                let query = sqlx::query(text).bind(old.stored().into_owned()).bind(new.stored().into_owned());
                any |= query.execute(transaction.connection()).await?.rows_affected() > 0;
            }
        }
        transaction.memo.cursors = None;
        let text = "SELECT id, work FROM pending WHERE instr(work, ?1)";
        let query = sqlx::query_as(text).bind(from.as_str());
        let rows: Vec<(i64, String)> = query.fetch_all(transaction.connection()).await?;
        for (id, work) in rows {
            let Ok(PendingWork::Run { mut run, due }) = serde_json::from_str(&work) else { continue };
            if run.rename(&self.renaming) {
                let work = serde_json::to_string(&PendingWork::Run { run, due })
                    .expect("what is pending has string keys only");
                let query = sqlx::query("UPDATE pending SET work = ?2 WHERE id = ?1").bind(id).bind(work);
                query.execute(transaction.connection()).await?;
            }
        }
        Ok(any)
    }

    /// The assets whose names are looked for in JSON.
    fn named(&self) -> Vec<String> {
        let quoted = |asset: &AssetKey| serde_json::to_string(asset).expect("a key is a string");
        match &self.renaming {
            Renaming::Asset { from, .. } => vec![quoted(from)],
            Renaming::Partitions { assets, .. } => assets.iter().map(quoted).collect(),
        }
    }

    /// Writes the bodies of events again that name it.
    async fn bodies(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let text = format!(
            "SELECT sequence, kind, CAST(body AS BLOB) FROM events WHERE sequence > ?1 AND {} AND body IS NOT NULL AND \
             EXISTS (SELECT 1 FROM json_each(?2) AS named WHERE instr(body, named.value)) ORDER BY sequence LIMIT {ROWS_AT_ONCE}",
            is_one_of(KindSet::ASSET)
        );
        let named = serde_json::to_string(&self.named()).expect("texts are JSON");
        let mut behind = 0;
        loop {
            let query = sqlx::query_as(AssertSqlSafe(text.clone())).bind(behind).bind(&named);
            let rows: Vec<(i64, i64, Vec<u8>)> = query.fetch_all(transaction.connection()).await?;
            let Some((last, ..)) = rows.last() else { return Ok(()) };
            behind = *last;
            // A body that can't be read stays as it is.
            let renamed: Vec<(i64, String)> = rows
                .iter()
                .filter_map(|(sequence, kind, body)| Some((*sequence, self.body(*kind, body)?)))
                .collect();
            let text = format!(
                "UPDATE events SET body = rows.value ->> 1, format = {FORMAT} FROM json_each(?) AS rows WHERE sequence = rows.value ->> 0"
            );
            let rows = serde_json::to_string(&renamed).expect("texts and numbers are JSON");
            sqlx::query(AssertSqlSafe(text)).bind(rows).execute(transaction.connection()).await?;
        }
    }

    /// A body by the new name; `None` if it is the same, or can't be read.
    fn body(&self, kind: i64, body: &[u8]) -> Option<String> {
        let kind = EventKind::from_number(u8::try_from(kind).ok()?)?;
        let mut body = EventBody::from_stored(kind, Some(std::str::from_utf8(body).ok()?)).ok()?;
        if !self.renaming.body(&mut body) {
            return None;
        }
        body.to_stored().ok()?.1
    }

    /// Writes the requests of runs again that name it.
    async fn requests(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let text = format!(
            "SELECT number, request FROM runs WHERE number > ?1 AND EXISTS (SELECT 1 FROM json_each(?2) AS named WHERE \
             instr(request, named.value)) ORDER BY number LIMIT {ROWS_AT_ONCE}"
        );
        let named = serde_json::to_string(&self.named()).expect("texts are JSON");
        let mut behind = 0;
        loop {
            let query = sqlx::query_as(AssertSqlSafe(text.clone())).bind(behind).bind(&named);
            let rows: Vec<(i64, String)> = query.fetch_all(transaction.connection()).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            behind = *last;
            for (number, request) in rows {
                let Ok(mut request) = serde_json::from_str::<RunRequest>(&request) else { continue };
                if request.rename(&self.renaming) {
                    let request = serde_json::to_string(&request).expect("a request has string keys only");
                    let query = sqlx::query("UPDATE runs SET request = ?2 WHERE number = ?1")
                        .bind(number)
                        .bind(request);
                    query.execute(transaction.connection()).await?;
                }
            }
        }
    }
}

async fn has_history(transaction: &mut Transaction<'_>, asset: &AssetKey) -> Result<bool, sqlx::Error> {
    let text = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM names WHERE name = ? AND {HAS_HISTORY})"));
    sqlx::query_scalar(text).bind(asset.as_str()).fetch_one(transaction.connection()).await
}

/// Whether an asset was called otherwise before, by an event of its own.
async fn was_renamed(
    transaction: &mut Transaction<'_>,
    from: &AssetKey,
    to: &AssetKey,
) -> Result<bool, sqlx::Error> {
    let text = format!(
        "SELECT EXISTS (SELECT 1 FROM events WHERE asset = (SELECT id FROM names WHERE name = ?1) AND {} AND json_valid(body) AND \
         body ->> '$.from' = ?2)",
        is_one_of(EventKind::AssetRenamed.into())
    );
    let query = sqlx::query_scalar(AssertSqlSafe(text)).bind(to.as_str()).bind(from.as_str());
    query.fetch_one(transaction.connection()).await
}

/// The keys of which something is stored, of those that are renamed.
async fn known_keys(
    transaction: &mut Transaction<'_>,
    PartitionsRenamed { assets, keys, .. }: &PartitionsRenamed,
) -> Result<Vec<(PartitionKey, PartitionKey)>, ChangeError> {
    let mut known = HashSet::new();
    // What a run has only begun to make counts as well.
    let text = "SELECT DISTINCT names.name FROM names JOIN (SELECT partition FROM events WHERE asset = \
                (SELECT id FROM names WHERE name = ?1) UNION SELECT partition FROM versions WHERE asset = \
                (SELECT id FROM names WHERE name = ?1)) AS made ON made.partition = names.id";
    for asset in assets {
        let query = sqlx::query_scalar(text).bind(asset.as_str());
        let found: Vec<String> = query.fetch_all(transaction.connection()).await?;
        known.extend(found);
    }
    let mut renamed = Vec::new();
    for (from, to) in keys.iter().filter(|(from, _)| known.contains(from.identity())) {
        if known.contains(to.identity()) {
            let of = |key: &PartitionKey| {
                let asset = assets.first().cloned().unwrap_or_else(|| "".into());
                AssetPartition::new(asset, Some(key.clone())).to_string()
            };
            return Err(StorageError::NameTaken { from: of(from), to: of(to) }.into());
        }
        renamed.push((from.clone(), to.clone()));
    }
    Ok(renamed)
}

/// Moves the rows of keys of partitions.
async fn rename_partitions(
    transaction: &mut Transaction<'_>,
    PartitionsRenamed { assets, steps, keys }: &PartitionsRenamed,
) -> Result<(), ChangeError> {
    let partitions = keys.iter().flat_map(|(from, to)| [from, to]).map(WrittenName::of_partition);
    let names = assets.iter().map(AssetKey::as_str).chain(steps.iter().map(StepKey::as_str));
    let names: HashSet<WrittenName<'_>> = partitions.chain(names.map(WrittenName::from)).collect();
    transaction.intern(names).await?;
    let number = |name: &str| transaction.name(Some(name));
    let pairs: Vec<_> =
        keys.iter().map(|(from, to)| (number(from.identity()), number(to.identity()))).collect();
    let assets: Vec<i64> = assets.iter().map(|asset| number(asset.as_str())).collect();
    let steps: Vec<i64> = steps.iter().map(|step| number(step.as_str())).collect();
    let json = |numbers: &[i64]| serde_json::to_string(numbers).expect("numbers are JSON");
    let pairs = serde_json::to_string(&pairs).expect("numbers are JSON");
    let moved = [
        ("events", "asset", &assets),
        ("latest", "asset", &assets),
        ("versions", "asset", &assets),
        ("aliases", "asset", &assets),
        ("events", "step", &steps),
    ];
    for (table, column, of) in moved {
        let text = format!(
            "UPDATE OR IGNORE {table} SET partition = pairs.value ->> 1 FROM json_each(?1) AS pairs WHERE {table}.{column} IN \
             (SELECT value FROM json_each(?2)) AND {table}.partition = pairs.value ->> 0"
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(&pairs).bind(json(of));
        query.execute(transaction.connection()).await?;
    }
    Ok(())
}
