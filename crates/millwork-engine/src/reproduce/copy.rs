//! Copies materializations, with their values, into the store of a reproduction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use millwork_core::event::{
    AliasChange, AliasMoved, Event, EventBody, Materialization, Mover, NewEvent, StoredValue, ValueLocation,
};
use millwork_core::graph::AssetGraph;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, ValueAddress};
use millwork_storage::{Batch, NewRun, Store};

use super::ReproduceError;
use super::aliases::FoundAlias;
use crate::Values;

/// Copies from a home into the store of a reproduction.
#[derive(Debug)]
pub(super) struct Copies<'a> {
    pub(super) graph: &'a AssetGraph,
    /// The values of the home.
    pub(super) from: &'a Values,
    pub(super) store: Arc<dyn Store>,
    pub(super) values: &'a Values,
    /// The runs whose materializations were copied.
    pub(super) runs: BTreeSet<RunId>,
    /// The last materialization of each asset in the store: its sequence number in the home, and whether its value was copied.
    pub(super) last: BTreeMap<AssetPartition, (u64, bool)>,
    /// The versions that were copied; each number is given once.
    pub(super) numbers: BTreeSet<(AssetPartition, VersionNumber)>,
}

impl Copies<'_> {
    /// Makes an alias point at the version that it pointed at.
    pub(super) async fn copy_alias(&mut self, found: FoundAlias) -> Result<(), ReproduceError> {
        let FoundAlias { asset, alias, version, event, loads, made_from } = found;
        for (asset, event, loads) in made_from {
            self.copy(asset, event, loads).await?;
        }
        let at = event.at;
        let made = if let EventBody::Materialized(made) = &event.body { Some(made) } else { None };
        let data_version = made.map(|made| made.data_version.clone());
        self.copy(asset.clone(), event, loads).await?;
        let body = EventBody::AliasMoved(AliasMoved {
            alias,
            from: None,
            to: Some(version),
            data_version,
            change: AliasChange::Promoted,
            by: Mover::Person("reproduction".to_owned()),
            reason: String::new(),
        });
        let moved = NewEvent::of_asset(asset, at, body);
        self.store.append(Batch { fence: None, events: vec![moved] }).await?;
        Ok(())
    }

    /// Makes a materialization of the home the last one of its asset, with its value if that is loaded.
    pub(super) async fn copy(
        &mut self,
        asset: AssetPartition,
        event: Event,
        loads: bool,
    ) -> Result<(), ReproduceError> {
        let known = self.last.insert(asset.clone(), (event.sequence, loads));
        if known.is_some_and(|(sequence, has_value)| sequence == event.sequence && (has_value || !loads)) {
            return Ok(());
        }
        // A previous value keeps the ID of its run, which steps can see; so the run has to exist.
        if let Some(id) = event.run.filter(|run| self.runs.insert(*run)) {
            let request = RunRequest::default();
            self.store.create_run(NewRun { id, request, at: event.at, lease: None }).await?;
        }
        let (mut body, value) = self.stored(&asset, &event, loads).await?;
        if let EventBody::Materialized(made) = &mut body {
            // What is copied again, as the last one, has no number of its own.
            made.version = made.version.filter(|version| self.numbers.insert((asset.clone(), *version)));
        }
        let Event { sequence: _, run, at, step, asset, partition, attempt, body: _ } = event;
        let event = NewEvent { run, at, step, asset, partition, attempt, body, value: value.map(Arc::new) };
        self.store.append(Batch { fence: None, events: vec![event] }).await?;
        Ok(())
    }

    /// The event's body with the value where the reproduction finds it.
    async fn stored(
        &self,
        asset: &AssetPartition,
        event: &Event,
        loads: bool,
    ) -> Result<(EventBody, Option<Vec<u8>>), ReproduceError> {
        let unusable = |source| ReproduceError::Input { asset: asset.clone(), source: Box::new(source) };
        if !loads && let EventBody::Materialized(made) = &event.body {
            let stored = StoredValue { location: ValueLocation::Elsewhere, ..made.stored.clone() };
            return Ok((EventBody::Materialized(Materialization { stored, ..made.clone() }), None));
        }
        let bytes = self.from.load_bytes(event).await.map_err(unusable)?;
        let EventBody::Materialized(made) = &event.body else { return Ok((event.body.clone(), None)) };
        let node = self.graph.asset(asset.asset.as_str());
        let value_type = node.and_then(|node| node.spec.value_type);
        let address = ValueAddress {
            asset: asset.asset.clone(),
            partition: asset.partition.clone(),
            run: event.run.unwrap_or_else(|| RunId::from_u128(u128::from(event.sequence))),
            attempt: event.attempt,
            extension: value_type.map_or("", |value_type| value_type.extension),
        };
        let (stored, value) = self.values.store(None, address, bytes).await.map_err(unusable)?;
        let stored = StoredValue { hash: made.stored.hash.clone(), ..stored };
        Ok((EventBody::Materialized(Materialization { stored, ..made.clone() }), value))
    }
}
