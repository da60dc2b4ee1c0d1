//! Finding what is latest of assets.

use std::sync::Arc;

use millwork_core::AssetKey;
use millwork_core::event::Event;
use sqlx::AssertSqlSafe;

use super::Reader;
use super::packed_events::{PACKED_EVENT, PACKED_TOGETHER};
use crate::{LatestAsset, StorageError};

/// How many assets one statement asks for, so that its answer stays in bounds.
const ASSETS_AT_ONCE: usize = 4096;

impl Reader {
    /// What is latest of these assets, in the order of their keys.
    pub(in crate::sqlite) async fn latest(
        &self,
        assets: &[AssetKey],
    ) -> Result<Vec<LatestAsset>, StorageError> {
        // The verdict and the materialization are mostly the same event, and then it is found once.
        let text: Arc<str> = format!(
            "{PACKED_TOGETHER} (SELECT {PACKED_EVENT} FROM json_each(?) AS wanted \
             CROSS JOIN names ON names.name = wanted.value \
             CROSS JOIN latest ON latest.asset = names.id \
             CROSS JOIN events ON events.sequence IN (latest.materialization, latest.verdict))"
        )
        .into();
        let mut events = Vec::with_capacity(assets.len());
        for assets in assets.chunks(ASSETS_AT_ONCE) {
            let wanted = serde_json::to_string(assets).expect("keys are strings");
            let query = sqlx::query(AssertSqlSafe(text.clone())).bind(wanted);
            events.extend(self.unpacked("read what is latest", query).await?);
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
            // The materialization came first, and something else was decided since.
            Some(last) if last.asset == asset && last.partition == partition => last.verdict = event,
            _ => {
                let materialization = event.body.is_materialization().then(|| event.clone());
                latest.push(LatestAsset { asset, partition, materialization, verdict: event });
            }
        }
    }
    latest
}
