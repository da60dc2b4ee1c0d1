//! The latest events of each asset and partition: a projection of the events, in a table of its own.
//!
//! The table holds two sequence numbers of each asset and partition, of its last materialization and of its last verdict. They are mostly
//! the same event.

use std::collections::BTreeSet;
use std::sync::Arc;

use millwork_core::event::{Event, EventKind, KindSet};
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use sqlx::{AssertSqlSafe, Row as _};

use super::events::is_one_of;
use super::failure::unreadable;
use super::packed_events::{PACKED_EVENT, PACKED_TOGETHER};
use super::reader::Reader;
use super::writer::Transaction;
use crate::{LatestAsset, LatestOrder, StorageError};

/// The number of assets that one statement asks for, so that its answer has a bounded size.
const ASSETS_AT_ONCE: usize = 4096;

impl Reader {
    /// The latest events of these assets, in the order of their keys, of at most `most` partitions of each.
    pub(super) async fn latest_of_few(
        &self,
        assets: &[AssetKey],
        most: u32,
    ) -> Result<Vec<LatestAsset>, StorageError> {
        // The verdict and the materialization are mostly the same event, and then it is found once. The first partition that is left out is found in the index, which small assets have little of.
        let text: Arc<str> = format!(
            "{PACKED_TOGETHER} (SELECT {PACKED_EVENT} FROM json_each(?1) AS wanted \
             CROSS JOIN names ON names.name = wanted.value \
             CROSS JOIN latest ON latest.asset = names.id AND latest.partition < ifnull((SELECT beyond.partition FROM latest AS beyond \
             WHERE beyond.asset = names.id ORDER BY beyond.partition LIMIT 1 OFFSET ?2), {}) \
             CROSS JOIN events ON events.sequence IN (latest.materialization, latest.verdict))",
            i64::MAX
        )
        .into();
        let mut events = Vec::with_capacity(assets.len());
        for assets in assets.chunks(ASSETS_AT_ONCE) {
            let wanted = serde_json::to_string(assets).expect("keys are strings");
            let query = sqlx::query(AssertSqlSafe(text.clone())).bind(wanted).bind(i64::from(most));
            events.extend(self.unpacked("read the latest events", query).await?);
        }
        Ok(fold(events))
    }

    /// The latest events of some partitions of an asset.
    pub(super) async fn latest_page(
        &self,
        asset: &AssetKey,
        order: LatestOrder,
        skip: u64,
        most: u32,
    ) -> Result<Vec<LatestAsset>, StorageError> {
        let order = match order {
            LatestOrder::Any => "partition",
            LatestOrder::NewestFirst => "verdict DESC",
        };
        let text = AssertSqlSafe(format!(
            "{PACKED_TOGETHER} (SELECT {PACKED_EVENT} FROM (SELECT materialization, verdict FROM latest \
             WHERE asset = (SELECT id FROM names WHERE name = ?1) ORDER BY {order} LIMIT ?2 OFFSET ?3) AS latest \
             CROSS JOIN events ON events.sequence IN (latest.materialization, latest.verdict))"
        ));
        let query = sqlx::query(text)
            .bind(asset.as_str().to_owned())
            .bind(i64::from(most))
            .bind(i64::try_from(skip).unwrap_or(i64::MAX));
        Ok(fold(self.unpacked("read the latest events", query).await?))
    }

    /// The partitions of an asset that have a verdict; `None` for the asset without one.
    pub(super) async fn partitions_made(
        &self,
        asset: &AssetKey,
    ) -> Result<Vec<Option<PartitionKey>>, StorageError> {
        // As one text, like events: there can be a million.
        let text = "SELECT json_group_array(json_array(partitions.name, partitions.label)) FROM names CROSS JOIN latest ON \
                    latest.asset = names.id LEFT JOIN names AS partitions ON partitions.id = latest.partition WHERE names.name = ?";
        let query = sqlx::query(text).bind(asset.as_str().to_owned());
        let rows = self.rows("read the partitions that were made", query).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let json: &str = row.try_get(0).map_err(unreadable("names"))?;
        let found: Vec<(Option<String>, Option<String>)> =
            serde_json::from_str(json).map_err(unreadable("names"))?;
        let key = |(identity, label): (Option<String>, Option<String>)| {
            identity.map(|identity| PartitionKey::of_identity(&identity, label.as_deref()))
        };
        Ok(found.into_iter().map(key).collect())
    }

    /// The latest events of these assets and partitions, in their order.
    pub(super) async fn latest_of(
        &self,
        partitions: &[AssetPartition],
    ) -> Result<Vec<LatestAsset>, StorageError> {
        let text: Arc<str> = format!(
            "{PACKED_TOGETHER} (SELECT {PACKED_EVENT} FROM json_each(?) AS wanted \
             CROSS JOIN names ON names.name = json_extract(wanted.value, '$[0]') \
             CROSS JOIN latest ON latest.asset = names.id AND latest.partition = \
             iif(json_extract(wanted.value, '$[1]') IS NULL, 0, \
             (SELECT id FROM names WHERE name = json_extract(wanted.value, '$[1]'))) \
             CROSS JOIN events ON events.sequence IN (latest.materialization, latest.verdict))"
        )
        .into();
        let wanted: BTreeSet<(&str, Option<&str>)> = partitions
            .iter()
            .map(|of| (of.asset.as_str(), of.partition.as_ref().map(PartitionKey::identity)))
            .collect();
        let wanted: Vec<(&str, Option<&str>)> = wanted.into_iter().collect();
        let mut events = Vec::with_capacity(wanted.len());
        for wanted in wanted.chunks(ASSETS_AT_ONCE) {
            let wanted = serde_json::to_string(wanted).expect("keys are strings");
            let query = sqlx::query(AssertSqlSafe(text.clone())).bind(wanted);
            events.extend(self.unpacked("read the latest events", query).await?);
        }
        Ok(fold(events))
    }
}

/// Puts together the one or two events of each asset and partition.
fn fold(mut events: Vec<Event>) -> Vec<LatestAsset> {
    events.sort_by_cached_key(|event| (event.asset_partition(), event.sequence));
    let mut latest: Vec<LatestAsset> = Vec::with_capacity(events.len());
    for event in events {
        let Some(asset) = event.asset.clone() else { continue };
        let partition = event.partition.clone();
        match latest.last_mut() {
            // The materialization came first, and another verdict followed.
            Some(last) if last.asset == asset && last.partition == partition => last.verdict = event,
            _ => {
                let materialization = event.body.is_materialization().then(|| event.clone());
                latest.push(LatestAsset { asset, partition, materialization, verdict: event });
            }
        }
    }
    latest
}

/// The statement that makes new verdicts the latest of their assets. It reads the events behind a sequence number, which were just
/// inserted.
pub(super) fn projection() -> String {
    let (latest, is_verdict) = (latest_of_group(), is_verdict());
    format!(
        "INSERT INTO latest (asset, partition, materialization, verdict) \
         SELECT asset, partition, {latest} FROM events WHERE sequence > ? AND {is_verdict} \
         GROUP BY asset, partition \
         ON CONFLICT (asset, partition) DO UPDATE SET \
         materialization = ifnull(excluded.materialization, materialization), verdict = excluded.verdict;"
    )
}

/// Rebuilds the latest events of an asset and partition from the log.
pub(super) async fn make_again(
    transaction: &mut Transaction<'_>,
    asset: i64,
    partition: i64,
) -> Result<(), sqlx::Error> {
    let text = "DELETE FROM latest WHERE asset = ?1 AND partition = ?2";
    sqlx::query(text).bind(asset).bind(partition).execute(transaction.connection()).await?;
    let (latest, is_verdict) = (latest_of_group(), is_verdict());
    let text = AssertSqlSafe(format!(
        "INSERT INTO latest (asset, partition, materialization, verdict) \
         SELECT asset, partition, {latest} FROM events \
         WHERE asset = ?1 AND partition = ?2 AND {is_verdict} GROUP BY asset, partition"
    ));
    sqlx::query(text).bind(asset).bind(partition).execute(transaction.connection()).await?;
    Ok(())
}

/// The query for the numbers `asset:partition` and the names of the assets whose row differs from the events.
pub(super) fn differing() -> String {
    let (latest, is_verdict) = (latest_of_group(), is_verdict());
    format!(
        "WITH made AS (SELECT asset, partition, {latest} FROM events WHERE {is_verdict} GROUP BY asset, partition), \
         every AS (SELECT asset, partition FROM made UNION SELECT asset, partition FROM latest) \
         SELECT CAST(every.asset || ':' || every.partition AS TEXT), ifnull(names.name, every.asset) FROM every \
         LEFT JOIN made USING (asset, partition) LEFT JOIN latest USING (asset, partition) \
         LEFT JOIN names ON names.id = every.asset \
         WHERE made.verdict IS NOT latest.verdict OR made.materialization IS NOT latest.materialization"
    )
}

/// The latest events of an asset and partition, as aggregates over a group of events.
fn latest_of_group() -> String {
    let materialized = EventKind::Materialized.number();
    format!("max(iif(kind = {materialized}, sequence, NULL)) AS materialization, max(sequence) AS verdict")
}

/// The condition by which events are verdicts about assets.
fn is_verdict() -> String {
    format!("{} AND asset IS NOT NULL", is_one_of(KindSet::VERDICTS))
}
