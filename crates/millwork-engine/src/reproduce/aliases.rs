//! The versions that are read by an alias, and those that they were made from.

use millwork_core::AssetPartition;
use millwork_core::event::Event;
use millwork_core::graph::AssetGraph;
use millwork_core::plan::{Plan, PlannedInput};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_storage::{Store, input_event};

use super::ReproduceError;
use super::original::OriginalRun;
use super::reads::gone;

/// An alias as the run found it.
#[derive(Debug)]
pub(super) struct FoundAlias {
    pub(super) asset: AssetPartition,
    pub(super) alias: AliasName,
    pub(super) version: VersionNumber,
    /// The materialization that it pointed at, and whether its value is loaded.
    pub(super) event: Event,
    pub(super) loads: bool,
    /// The materializations that this version was made from and that steps read as such.
    pub(super) made_from: Vec<(AssetPartition, Event, bool)>,
}

/// Finds what the aliases that `plan` follows pointed at.
pub(super) async fn find_aliases(
    store: &dyn Store,
    graph: &AssetGraph,
    plan: &Plan,
    original: &OriginalRun,
) -> Result<Vec<FoundAlias>, ReproduceError> {
    let mut found = Vec::new();
    for ((asset, alias), version) in &original.aliases {
        let Some(version) = *version else { continue };
        let event = store.version(asset, version).await?.ok_or_else(|| gone(asset, None))?;
        let by_alias = ReadAs::Alias(alias.clone());
        let loads =
            readings(plan, &by_alias).any(|input| input.loads && graph.key(input.asset) == &asset.asset);
        let through = ReadAs::InputOf { model: asset.asset.clone(), alias: alias.clone() };
        let mut made_from = Vec::new();
        let inputs = event.body.provenance().into_iter().flat_map(|provenance| &provenance.inputs);
        for input in inputs {
            let mut readings =
                readings(plan, &through).filter(|reading| graph.key(reading.asset) == &input.upstream.asset);
            let Some(first) = readings.next() else { continue };
            let loads = first.loads || readings.any(|reading| reading.loads);
            let made = input_event(store, &event, input).await?;
            let made = made.ok_or_else(|| gone(&input.upstream, input.data_version.clone()))?;
            made_from.push((input.upstream.clone(), made, loads));
        }
        let (asset, alias) = (asset.clone(), alias.clone());
        found.push(FoundAlias { asset, alias, version, event, loads, made_from });
    }
    Ok(found)
}

fn readings<'a>(plan: &'a Plan, read_as: &'a ReadAs) -> impl Iterator<Item = &'a PlannedInput> {
    plan.steps.iter().flat_map(|step| &step.inputs).filter(move |input| input.read_as == *read_as)
}
