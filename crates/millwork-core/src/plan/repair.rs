//! The runs that make exactly some assets and partitions again.

use std::collections::{BTreeMap, HashMap};

use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex};
use crate::param::InputMapping;
use crate::partition::{AssetPartition, PartitionKey};
use crate::run::{RunRequest, RunTag};
use crate::version::VersionNumber;

/// The runs that make these assets and partitions again and nothing else, in an order in which each finds what it reads made again. They
/// are given in the order of the graph. What has no partition is made together, and so is what has the same partition, as far as nothing
/// of another run is between. They were made with a version of a model, which the runs are tagged with.
pub fn repair_requests(
    graph: &AssetGraph,
    (model, version): (&AssetPartition, VersionNumber),
    outputs: &[AssetPartition<AssetIndex>],
) -> Vec<RunRequest> {
    let partition = model.partition.as_ref().map(|key| format!(" of partition {key}")).unwrap_or_default();
    let repaired = format!("{}@{version}{partition}", model.asset);
    // The turn of each output: that of what it is made from, or the next one if that is made in another run.
    let mut turns: HashMap<&AssetPartition<AssetIndex>, usize> = HashMap::new();
    let mut runs: BTreeMap<(usize, Option<&PartitionKey>), Vec<AssetKey>> = BTreeMap::new();
    for output in outputs {
        let made_from = turns.iter().filter(|(other, _)| is_made_from(graph, output, other));
        let turn = made_from
            .map(|(other, turn)| if other.partition == output.partition { *turn } else { turn + 1 })
            .max()
            .unwrap_or(0);
        turns.insert(output, turn);
        let run = runs.entry((turn, output.partition.as_ref())).or_default();
        run.push(graph.key(output.asset).clone());
    }
    let request = |((_, partition), assets): ((usize, Option<&PartitionKey>), Vec<AssetKey>)| {
        let run = RunRequest { partition: partition.cloned(), ..RunRequest::of_assets(assets) };
        run.tagged(RunTag::Repair, repaired.as_str())
    };
    runs.into_iter().map(request).collect()
}

/// Whether an output is made from another one: with its partition, from the same one, or from all of them.
fn is_made_from(
    graph: &AssetGraph,
    output: &AssetPartition<AssetIndex>,
    other: &AssetPartition<AssetIndex>,
) -> bool {
    let key = graph.key(other.asset);
    let computation = graph.definition(output.asset).and_then(|definition| definition.computation.as_ref());
    let inputs = computation.into_iter().flat_map(|computation| &computation.requirements.inputs);
    inputs.filter(|input| input.asset == *key).any(|input| match input.mapping {
        InputMapping::AllPartitions => true,
        InputMapping::Identity => other.partition.is_none() || other.partition == output.partition,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::AssetDefinition;
    use crate::definitions::Definitions;
    use crate::partition::PartitionsDefinition;

    #[test]
    fn each_run_finds_made_again_what_it_reads() {
        let asset = |key: &str, inputs: &[&str]| {
            let definition = AssetDefinition::new(key).produces::<u8, _>();
            inputs
                .iter()
                .fold(definition, |definition, input| definition.input::<u8>(input))
                .blocking(|_| Ok(0_u8))
        };
        let days = || PartitionsDefinition::fixed(["mon", "tue"]);
        let pipeline = Definitions::new()
            .asset(asset("model", &[]))
            .asset(asset("scores", &["model"]))
            .asset(asset("by_day", &["model"]).partitions(days()))
            .asset(asset("of_day", &["by_day"]).partitions(days()))
            .resolve()
            .unwrap();
        let graph = pipeline.graph();
        let of = |key: &str, partition: Option<&str>| {
            AssetPartition::new(graph.index(key).unwrap(), partition.map(PartitionKey::from))
        };
        let check = |outputs: &[AssetPartition<AssetIndex>], expected: &[(&str, Option<&str>)]| {
            let model = (&AssetPartition::new("model".into(), None), VersionNumber::FIRST);
            let requests = repair_requests(graph, model, outputs);
            let found: Vec<_> = requests
                .iter()
                .map(|run| (run.selection.as_str(), run.partition.as_ref().map(PartitionKey::as_str)))
                .collect();
            assert_eq!(found, expected);
        };
        let daily = AssetPartition::new("daily".into(), Some("mon".into()));
        let requests = repair_requests(graph, (&daily, VersionNumber::FIRST), &[of("scores", None)]);
        assert_eq!(RunTag::Repair.of(&requests[0].tags), Some("daily@1 of partition mon"));
        check(&[], &[]);
        check(
            &[
                of("scores", None),
                of("by_day", Some("mon")),
                of("by_day", Some("tue")),
                of("of_day", Some("tue")),
            ],
            &[("scores", None), ("by_day", Some("mon")), ("by_day or of_day", Some("tue"))],
        );
        // A model that is itself to be made again comes before the partitions that read it.
        check(
            &[of("model", None), of("scores", None), of("by_day", Some("mon"))],
            &[("model or scores", None), ("by_day", Some("mon"))],
        );
    }
}
