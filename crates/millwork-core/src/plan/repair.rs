//! The runs that make exactly some assets and partitions again.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::PlannedInput;
use super::mapped_step::MappedStep;
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::partition::{AssetPartition, KeyMoment, PartitionKey};
use crate::run::{RunRequest, RunTag};
use crate::version::VersionNumber;

/// The runs that make these assets and partitions again and nothing else, in an order in which each finds what it reads made again. They
/// are given in the order of the graph. What has no partition is made together, and so is what has the same partition, as far as nothing
/// of another run is between. They were made with a version of a model, which the runs are tagged with.
pub fn repair_requests(
    graph: &AssetGraph,
    (model, version): (&AssetPartition, VersionNumber),
    outputs: &[AssetPartition<AssetIndex>],
    moment: &KeyMoment,
) -> Vec<RunRequest> {
    let partition = model.partition.as_ref().map(|key| format!(" of partition {key}")).unwrap_or_default();
    let repaired = format!("{}@{version}{partition}", model.asset);
    // The turn of each output: that of what it is made from, or the next one if that is made in another run.
    let mut turns: HashMap<&AssetPartition<AssetIndex>, usize> = HashMap::new();
    let mut runs: BTreeMap<(usize, Option<&PartitionKey>), Vec<AssetKey>> = BTreeMap::new();
    let mut steps: HashMap<StepIndex, MappedStep<'_>> = HashMap::new();
    for output in outputs {
        let step = graph.assets()[output.asset].step;
        let inputs = step.map(|step| {
            let step = steps.entry(step).or_insert_with(|| MappedStep::new(graph, step, moment));
            step.inputs(output.partition.as_ref())
        });
        let inputs = inputs.iter().flatten().flat_map(PlannedInput::asset_partitions);
        let inputs: HashSet<AssetPartition<AssetIndex>> = inputs.collect();
        let made_from = turns.iter().filter(|(other, _)| inputs.contains(*other));
        let turn = made_from
            .map(|(other, turn)| if other.partition == output.partition { *turn } else { turn + 1 })
            .max()
            .unwrap_or(0);
        turns.insert(output, turn);
        let run = runs.entry((turn, output.partition.as_ref())).or_default();
        run.push(graph.key(output.asset).clone());
    }
    let request = |((_, partition), assets): ((usize, Option<&PartitionKey>), Vec<AssetKey>)| {
        let partitions = partition.cloned().into_iter().collect();
        let run = RunRequest { partitions, ..RunRequest::of_assets(assets) };
        run.tagged(RunTag::Repair, repaired.as_str())
    };
    runs.into_iter().map(request).collect()
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
            let requests = repair_requests(graph, model, outputs, &KeyMoment::default());
            let found: Vec<_> = requests
                .iter()
                .map(|run| (run.selection.as_str(), run.partitions.first().map(PartitionKey::label)))
                .collect();
            assert_eq!(found, expected);
        };
        let daily = AssetPartition::new("daily".into(), Some("mon".into()));
        let requests = repair_requests(
            graph,
            (&daily, VersionNumber::FIRST),
            &[of("scores", None)],
            &KeyMoment::default(),
        );
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
