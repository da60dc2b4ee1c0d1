//! Carries out the renames of assets that definitions ask for.

use jiff::Timestamp;
use millwork_core::event::{AssetRenamed, EventBody, NewEvent};
use millwork_core::{AssetKey, AssetPartition};

use super::{Holder, Home, Liveness};
use crate::StorageError;

impl Home {
    /// Gives assets the histories that they have under their keys of before, each in one transaction with one event, and returns the
    /// renames that were carried out. Those that have happened, and those of keys of which nothing is stored, do nothing. Of several
    /// processes that do this at once, one carries a rename out.
    ///
    /// # Errors
    ///
    /// [`StorageError::NameTaken`] if something is stored under both keys, and [`StorageError::WorksWithOldName`] while another process works
    /// with the definitions of before, which would make the asset again under its old key.
    pub async fn rename_assets(
        &self,
        renames: &[AssetRenamed],
        now: Timestamp,
    ) -> Result<Vec<AssetRenamed>, StorageError> {
        let store = self.store();
        if renames.is_empty() || store.unwritable().is_some() {
            return Ok(Vec::new());
        }
        let keys: Vec<AssetKey> =
            renames.iter().flat_map(|rename| [&rename.from, &rename.to]).cloned().collect();
        let known = store.known_assets(&keys).await?;
        let mut done = Vec::new();
        for rename in renames.iter().filter(|rename| known.contains(&rename.from)) {
            if !known.contains(&rename.to)
                && let Some(pid) = self.other_process().await?
            {
                let (from, to) = (rename.from.clone(), rename.to.clone());
                return Err(StorageError::WorksWithOldName { from, to, pid });
            }
            let of = AssetPartition::new(rename.to.clone(), None);
            let event = NewEvent::of_asset(of, now, EventBody::AssetRenamed(rename.clone()));
            if store.rename(event).await?.is_some() {
                done.push(rename.clone());
            }
        }
        Ok(done)
    }

    /// The process number of another process that launches or executes runs; `None` if none is known to live.
    async fn other_process(&self) -> Result<Option<u32>, StorageError> {
        let is_other = |holder: &Holder| {
            holder.id != self.holder().id
                && matches!(self.is_alive(holder), Liveness::Alive | Liveness::Unknown)
        };
        if let Some(daemon) = self.daemons().into_iter().find(is_other) {
            return Ok(Some(daemon.pid));
        }
        let holders = self.held_runs().await?.into_iter().filter_map(|run| run.holder);
        Ok(holders.into_iter().find(is_other).map(|holder| holder.pid))
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::QueueLimits;
    use millwork_core::event::{Materialization, Provenance, StoredValue, ValueLocation};

    use super::*;
    use crate::{EventQuery, append_version};

    fn rename(from: &str, to: &str) -> AssetRenamed {
        AssetRenamed { from: from.into(), to: to.into(), steps: Vec::new() }
    }

    async fn make(home: &Home, asset: &str) {
        let stored =
            StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
        let made = Materialization {
            version: None,
            data_version: "d".into(),
            provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
            stored,
            metadata: [].into(),
        };
        let of = AssetPartition::new(asset.into(), None);
        let event = NewEvent::of_asset(of, Timestamp::UNIX_EPOCH, EventBody::Materialized(made));
        append_version(&*home.store(), event).await.expect("it is made");
    }

    async fn history(home: &Home, asset: &str) -> usize {
        let query = EventQuery { asset: Some(asset.into()), ..EventQuery::default() };
        home.store().events(query).await.expect("events").len()
    }

    #[tokio::test]
    async fn a_chain_of_renames_is_carried_out_from_wherever_a_home_is() {
        // The key that the asset has in the home, and the renames that happen then.
        for (stored, expected) in
            [("a", vec![rename("a", "c")]), ("b", vec![rename("b", "c")]), ("c", vec![])]
        {
            let folder = tempfile::tempdir().expect("a folder");
            let home = Home::open(folder.path()).await.expect("a home");
            make(&home, stored).await;
            let renames = [rename("b", "c"), rename("a", "c")];
            let now = Timestamp::UNIX_EPOCH;
            assert_eq!(home.rename_assets(&renames, now).await.expect("renames"), expected);
            assert_eq!(history(&home, "c").await, 1 + expected.len());
            assert_eq!(home.rename_assets(&renames, now).await.expect("nothing is left"), []);
        }
    }

    #[tokio::test]
    async fn nothing_is_renamed_while_a_daemon_works_with_the_old_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(folder.path()).await.expect("a home");
        let renames = [rename("old", "new")];
        make(&home, "old").await;
        let other = Home::open(folder.path()).await.expect("a home");
        let announced = other.announce_daemon(&QueueLimits::of(1)).expect("it is announced");
        let refused = home.rename_assets(&renames, Timestamp::UNIX_EPOCH).await.expect_err("a daemon lives");
        assert!(
            matches!(refused, StorageError::WorksWithOldName { pid, .. } if pid == std::process::id()),
            "{refused}"
        );
        assert_eq!(history(&home, "old").await, 1);
        drop((announced, other));
        assert_eq!(
            home.rename_assets(&renames, Timestamp::UNIX_EPOCH).await.expect("it is renamed"),
            renames
        );
        // What has happened holds nothing up.
        let other = Home::open(folder.path()).await.expect("a home");
        let _announced = other.announce_daemon(&QueueLimits::of(1)).expect("it is announced");
        make(&home, "old").await;
        assert_eq!(home.rename_assets(&renames, Timestamp::UNIX_EPOCH).await.expect("nothing to do"), []);
        make(&home, "other").await;
        let taken = home.rename_assets(&[rename("old", "other")], Timestamp::UNIX_EPOCH).await;
        assert!(matches!(taken, Err(StorageError::NameTaken { .. })), "{taken:?}");
    }
}
