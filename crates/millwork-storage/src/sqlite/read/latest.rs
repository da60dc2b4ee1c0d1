//! Finding what is latest of assets.

use std::collections::BTreeMap;

use millwork_core::AssetKey;
use millwork_core::event::{Event, EventBody};

use super::Reader;
use super::event_rows::EVENT_COLUMNS;
use crate::sqlite::failure;
use crate::{LatestAsset, StorageError};

impl Reader {
    /// What is latest of these assets, in the order of their keys.
    pub(in crate::sqlite) async fn latest(
        &self,
        assets: &[AssetKey],
    ) -> Result<Vec<LatestAsset>, StorageError> {
        // The verdict and the materialization are mostly the same event, and then there is one row for both.
        let text = format!(
            "SELECT {EVENT_COLUMNS} FROM json_each(?) AS wanted \
             CROSS JOIN names ON names.name = wanted.value \
             CROSS JOIN latest ON latest.asset = names.id \
             CROSS JOIN events ON events.sequence IN (latest.materialization, latest.verdict)"
        );
        let wanted = serde_json::to_string(assets).expect("keys are strings");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(wanted).fetch_all(&self.pool).await;
        let events =
            self.decode(&rows.map_err(|error| failure::database("read what is latest", error))?).await?;
        Ok(fold(events))
    }
}

/// Puts together the one or two events of each asset and partition.
fn fold(events: Vec<Event>) -> Vec<LatestAsset> {
    let mut latest: BTreeMap<_, LatestAsset> = BTreeMap::new();
    for event in events {
        let Some(asset) = event.asset.clone() else { continue };
        let partition = event.partition.clone();
        let materialization = matches!(event.body, EventBody::Materialized(_)).then(|| event.clone());
        match latest.get_mut(&(asset.clone(), partition.clone())) {
            Some(found) => {
                found.materialization = found.materialization.take().or(materialization);
                if event.sequence > found.verdict.sequence {
                    found.verdict = event;
                }
            }
            None => {
                let found = LatestAsset {
                    asset: asset.clone(),
                    partition: partition.clone(),
                    materialization,
                    verdict: event,
                };
                latest.insert((asset, partition), found);
            }
        }
    }
    latest.into_values().collect()
}
