//! Renames in memory: everything that names the old name is changed one by one.

use std::collections::BTreeSet;

use millwork_core::automation::{renamed_key, watch_key};
use millwork_core::event::{EventBody, NewEvent, PartitionsRenamed, Renaming};
use millwork_core::{AssetKey, AssetPartition, Instigator, PartitionKey};

use super::state::State;
use crate::rename_store::renamed_state;
use crate::{PendingWork, StorageError};

impl State {
    pub(super) fn rename(&mut self, mut renamed: NewEvent) -> Result<Option<u64>, StorageError> {
        if let EventBody::PartitionsRenamed(keys) = &mut renamed.body {
            keys.keys = self.known_keys(keys)?;
        }
        let Some(renaming) = Renaming::of(&renamed.body) else { return Ok(None) };
        match &renaming {
            Renaming::Asset { from, to, .. } => {
                let has_from = self.knows(from);
                if self.has_history(to) {
                    let taken = || StorageError::NameTaken { from: from.to_string(), to: to.to_string() };
                    let is_done = !self.has_history(from) || self.was_renamed(from, to);
                    return if is_done { Ok(None) } else { Err(taken()) };
                }
                if !has_from {
                    return Ok(None);
                }
            }
            Renaming::Partitions { keys, .. } if keys.is_empty() => return Ok(None),
            Renaming::Partitions { .. } => {}
        }
        self.carry_out(&renaming);
        self.push(renamed).map(Some)
    }

    /// Whether anything is stored of an asset.
    pub(super) fn knows(&self, asset: &AssetKey) -> bool {
        let watch = watch_key(asset);
        let is_switched =
            |key: &AssetKey| self.instigators.contains_key(&Instigator::Automation(Some(key.clone())));
        self.has_history(asset)
            || [asset, &watch].into_iter().any(|key| self.automation.contains_key(key) || is_switched(key))
    }

    fn has_history(&self, asset: &AssetKey) -> bool {
        self.events.iter().any(|stored| stored.event.asset.as_ref() == Some(asset))
            || self.versions.keys().any(|(of, _)| of.asset == *asset)
            || self.aliases.keys().any(|(of, _)| of.asset == *asset)
    }

    fn was_renamed(&self, from: &AssetKey, to: &AssetKey) -> bool {
        let of_asset = self.events.iter().filter(|stored| stored.event.asset.as_ref() == Some(to));
        let mut renames = of_asset.map(|stored| &stored.event.body);
        renames.any(|body| matches!(body, EventBody::AssetRenamed(renamed) if renamed.from == *from))
    }

    fn known_keys(
        &self,
        PartitionsRenamed { assets, keys, .. }: &PartitionsRenamed,
    ) -> Result<Vec<(PartitionKey, PartitionKey)>, StorageError> {
        let of_assets =
            |of: &AssetPartition| assets.contains(&of.asset).then(|| of.partition.clone()).flatten();
        let events = self.events.iter().filter_map(|stored| of_assets(&stored.event.asset_partition()?));
        let versions = self.versions.keys().filter_map(|(of, _)| of_assets(of));
        let known: BTreeSet<PartitionKey> = events.chain(versions).collect();
        let renamed: Vec<_> = keys.iter().filter(|(from, _)| known.contains(from)).cloned().collect();
        match renamed.iter().find(|(_, to)| known.contains(to)) {
            None => Ok(renamed),
            Some((from, to)) => {
                let of = |key: &PartitionKey| {
                    let asset = assets.first().cloned().unwrap_or_else(|| "".into());
                    AssetPartition::new(asset, Some(key.clone())).to_string()
                };
                Err(StorageError::NameTaken { from: of(from), to: of(to) })
            }
        }
    }

    fn carry_out(&mut self, renaming: &Renaming) {
        for stored in &mut self.events {
            let event = &mut stored.event;
            if let Some(mut of) = event.asset_partition()
                && renaming.asset_partition(&mut of)
            {
                (event.asset, event.partition) = (Some(of.asset), of.partition);
            }
            if let Some(step) = &mut event.step {
                renaming.step(step, &mut event.partition);
            }
            renaming.body(&mut event.body);
        }
        let renamed = |mut of: AssetPartition| {
            renaming.asset_partition(&mut of);
            of
        };
        let versions = std::mem::take(&mut self.versions);
        self.versions =
            versions.into_iter().map(|((of, version), at)| ((renamed(of), version), at)).collect();
        let aliases = std::mem::take(&mut self.aliases);
        self.aliases = aliases.into_iter().map(|((of, alias), to)| ((renamed(of), alias), to)).collect();
        for run in &mut self.runs {
            run.request.rename(renaming);
        }
        let rows = std::mem::take(&mut self.automation);
        self.automation = rows.into_iter().map(|(key, state)| remembered(key, state, renaming)).collect();
        let new = |instigator: Instigator| match &instigator {
            Instigator::Automation(Some(key)) => renamed_key(key, renaming)
                .map_or_else(|| instigator.clone(), |key| Instigator::Automation(Some(key))),
            Instigator::Automation(None)
            | Instigator::Schedule(_)
            | Instigator::Sensor(_)
            | Instigator::Alerts
            | Instigator::AlertTests
            | Instigator::Approvals
            | Instigator::Shadow
            | Instigator::Retries
            | Instigator::Traces => instigator,
        };
        let instigators = std::mem::take(&mut self.instigators);
        self.instigators =
            instigators.into_iter().map(|(instigator, state)| (new(instigator), state)).collect();
        for (_, tick) in &mut self.ticks {
            tick.instigator = new(tick.instigator.clone());
        }
        for pending in &mut self.pending {
            pending.instigator = new(pending.instigator.clone());
            if let PendingWork::Run { run, .. } = &mut pending.work {
                run.rename(renaming);
            }
        }
    }
}

/// A row of automation by the new name.
fn remembered(key: AssetKey, state: String, renaming: &Renaming) -> (AssetKey, String) {
    let state = renamed_state(&state, renaming).unwrap_or(state);
    (renamed_key(&key, renaming).unwrap_or(key), state)
}
