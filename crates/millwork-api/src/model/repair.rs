//! The runs of a repair: they make again what is made with a version now.

use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::param::Absent;
use millwork_core::plan::repair_requests;
use millwork_core::run::RunRequest;
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{AssetPartition, KeyMoment};
use millwork_storage::{Store, made_with, model_history};

use super::VersionError;

/// The runs that make again what is made with a version now, in the order in which they have to be executed.
///
/// # Errors
///
/// If one of their steps follows an alias of the model that points at no version, by which it would be skipped, or if the store can't be
/// read.
pub async fn plan_repair(
    store: &dyn Store,
    graph: &AssetGraph,
    of: &AssetPartition,
    version: VersionNumber,
    moment: &KeyMoment,
) -> Result<Vec<RunRequest>, VersionError> {
    let outputs = made_with(store, graph, of, version, moment).await?;
    let history = model_history(store, of).await?;
    let mut followed = outputs.iter().flat_map(|output| followed(graph, output.asset, of));
    if let Some(alias) = followed.find(|alias| history.at(alias).is_none()) {
        return Err(VersionError::NothingInUse { of: of.clone(), alias: alias.clone() });
    }
    Ok(repair_requests(graph, (of, version), &outputs, moment))
}

/// The aliases of a model without which an asset isn't made.
fn followed<'g>(
    graph: &'g AssetGraph,
    asset: AssetIndex,
    of: &AssetPartition,
) -> impl Iterator<Item = &'g AliasName> {
    let computation = graph.definition(asset).and_then(|definition| definition.computation.as_ref());
    let inputs = computation.into_iter().flat_map(|computation| &computation.requirements.inputs);
    let is_needed =
        |input: &&millwork_core::param::Input| input.absent == Absent::SkipsTheStep && !input.gathers;
    inputs.filter(is_needed).filter_map(|input| match &input.read_as {
        ReadAs::Alias(alias) if input.asset == of.asset => Some(alias),
        ReadAs::InputOf { model, alias } if *model == of.asset => Some(alias),
        ReadAs::Latest
        | ReadAs::Alias(_)
        | ReadAs::InputOf { .. }
        | ReadAs::InputOfChallenger { .. }
        | ReadAs::History { .. }
        | ReadAs::Shadow { .. } => None,
    })
}
