//! The materializations of an asset, newest first, also only those that were made with some configuration.
//!
//! The log has no index of configurations, so the materializations are read in pages until enough match.

use millwork_core::event::{Event, EventKind};
use millwork_core::{AssetKey, ConfigFilter, PartitionKey};

use crate::{EventLog, EventQuery, Order, StorageError};

/// The number of materializations that are read at a time where not all match: metadata may hold curves and pictures.
const PAGE: u32 = 200;

/// Which materializations of an asset are wanted.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// Of this asset.
    pub asset: AssetKey,
    /// Of this partition: `Some(None)` for those without one; `None` for all.
    pub partition: Option<Option<PartitionKey>>,
    /// Made with this configuration: all of the fields have to match.
    pub config: Vec<ConfigFilter>,
    /// Before this sequence number.
    pub before: Option<u64>,
    /// The maximum number.
    pub limit: u32,
}

impl HistoryQuery {
    fn events(&self, before: Option<u64>, limit: u32) -> EventQuery {
        EventQuery {
            asset: Some(self.asset.clone()),
            partition: self.partition.clone(),
            kinds: Some(EventKind::Materialized.into()),
            before,
            order: Order::NewestFirst,
            limit: Some(limit),
            ..EventQuery::default()
        }
    }

    fn matches(&self, event: &Event) -> bool {
        let config = event.body.provenance().and_then(|provenance| provenance.config.as_deref());
        self.config.iter().all(|filter| filter.matches(config))
    }
}

/// The materializations that are wanted, newest first. Those that can't be read are among them, unless a configuration is asked for.
///
/// # Errors
///
/// When the store can't be read.
pub async fn history<L: EventLog + ?Sized>(
    log: &L,
    query: &HistoryQuery,
) -> Result<Vec<Event>, StorageError> {
    if query.config.is_empty() {
        return log.events(query.events(query.before, query.limit)).await;
    }
    let (mut found, mut before) = (Vec::new(), query.before);
    while found.len() < query.limit as usize {
        let page = log.events(query.events(before, PAGE)).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.sequence);
        found.extend(page.into_iter().filter(|event| query.matches(event)));
    }
    found.truncate(query.limit as usize);
    Ok(found)
}
