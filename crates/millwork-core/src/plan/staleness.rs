//! Which assets are out of date, and because of what.
//!
//! An asset is compared with what its last verdict recorded: the version of the code, and the versions of the upstream
//! data that it was made from. A verdict is usually a materialization, but an asset that decided to keep its value, or
//! to produce none, has looked at code and data just as well.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use crate::asset::{AssetKey, CodeVersion, DataVersion};
use crate::event::{Event, EventBody, InputVersion, Provenance};
use crate::graph::{AssetGraph, AssetIndex};
use crate::partition::{AssetPartition, PartitionKey};
use crate::plan::{Plan, PlannedStep};

/// Whether an asset's value is what running its function now would be based on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "causes", rename_all = "snake_case")]
pub enum Staleness {
    /// It is.
    Fresh,
    /// There is no value, and none was declined.
    Missing,
    /// It isn't.
    Stale(Vec<Cause>),
}

/// Why an asset is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Its function has changed.
    Code {
        /// The version it was made with.
        from: CodeVersion,
        /// The version there is.
        to: CodeVersion,
    },
    /// Another system has reported the value, so nobody here knows what it was made from.
    Reported,
    /// An upstream asset has another value.
    Data {
        /// The upstream asset.
        asset: AssetKey,
        /// Its partition.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
        /// The version it was made from; nothing if the asset was no input then.
        from: Option<DataVersion>,
        /// The version there is; nothing if the asset is no input any more.
        to: Option<DataVersion>,
    },
    /// An upstream asset is itself stale or missing.
    Upstream {
        /// The upstream asset.
        asset: AssetKey,
        /// Its partition.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |version: &DataVersion| version.as_str().chars().take(8).collect::<String>();
        match self {
            Self::Code { .. } => f.write_str("its code has changed since it was materialized"),
            Self::Reported => f.write_str("another system reported its value, and what from isn't known"),
            Self::Data { asset, from: Some(from), to: Some(to), .. } => {
                write!(f, "`{asset}` has new data ({} → {})", short(from), short(to))
            }
            Self::Data { asset, from: None, to: Some(_), .. } => {
                write!(f, "`{asset}` has data for the first time")
            }
            Self::Data { asset, from: Some(_), to: None, .. } => {
                write!(f, "`{asset}` is no longer what it is made from")
            }
            Self::Data { asset, from: None, to: None, .. } => {
                write!(f, "`{asset}` is newly what it is made from")
            }
            Self::Upstream { asset, partition: None } => write!(f, "`{asset}` is itself not fresh"),
            Self::Upstream { asset, partition: Some(partition) } => {
                write!(f, "`{asset}` ({partition}) is itself not fresh")
            }
        }
    }
}

/// The last verdict about an asset or one of its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatestEvaluation {
    /// The version of the value it has; nothing if it has none.
    pub data_version: Option<DataVersion>,
    /// What the last verdict was made from; nothing if there was none.
    pub provenance: Option<Provenance>,
}

impl LatestEvaluation {
    /// Takes in a later verdict. One that keeps the value, or declines to make one, leaves the value that there is; one that can't be
    /// read leaves nothing to compare with.
    pub fn apply(&mut self, verdict: &Event) {
        self.provenance = verdict.body.provenance().cloned();
        if let EventBody::Materialized(materialization) = &verdict.body {
            self.data_version = Some(materialization.data_version.clone());
        } else if verdict.body.is_materialization() {
            self.data_version = None;
        }
    }
}

/// The last verdicts by asset and partition.
pub type LatestEvaluations = HashMap<AssetPartition, LatestEvaluation>;

/// The staleness of everything that a plan would make.
#[derive(Debug)]
pub struct StalenessReport {
    by_output: HashMap<AssetPartition<AssetIndex>, Staleness>,
}

impl StalenessReport {
    /// Compares everything that `plan` makes with its last verdict. `latest` has to cover the plan's outputs and
    /// inputs.
    pub fn new(graph: &AssetGraph, plan: &Plan, latest: &LatestEvaluations) -> Self {
        let mut report = Self { by_output: HashMap::new() };
        for step in &plan.steps {
            for &output in graph.outputs(step.step) {
                let output = step.at_partition(output);
                let staleness = report.of_output(graph, latest, step, &output);
                report.by_output.insert(output, staleness);
            }
        }
        report
    }

    /// The staleness of one asset or partition; nothing if the plan doesn't make it.
    pub fn get(&self, output: &AssetPartition<AssetIndex>) -> Option<&Staleness> {
        self.by_output.get(output)
    }

    /// Whether the plan makes this and it isn't fresh.
    pub(super) fn is_stale(&self, output: &AssetPartition<AssetIndex>) -> bool {
        self.get(output).is_some_and(|staleness| *staleness != Staleness::Fresh)
    }

    /// Whether a planned step has something to do: an output that isn't fresh, or, for a check, an asset that isn't.
    pub fn needs(&self, graph: &AssetGraph, step: &PlannedStep) -> bool {
        let is_stale = |asset: AssetIndex| self.is_stale(&step.at_partition(asset));
        graph.outputs(step.step).iter().any(|output| is_stale(*output))
            || graph.checked_asset(step.step).is_some_and(is_stale)
    }

    fn of_output(
        &self,
        graph: &AssetGraph,
        latest: &LatestEvaluations,
        step: &PlannedStep,
        output: &AssetPartition<AssetIndex>,
    ) -> Staleness {
        let verdict = latest.get(&output.by_key(graph));
        let Some(provenance) = verdict.and_then(|verdict| verdict.provenance.as_ref()) else {
            return Staleness::Missing;
        };
        let mut causes = Vec::new();
        let code_version = &graph.steps()[step.step].computation().code_version;
        if provenance.is_reported() {
            causes.push(Cause::Reported);
        } else {
            if *code_version != provenance.code_version {
                causes.push(Cause::Code { from: provenance.code_version.clone(), to: code_version.clone() });
            }
            causes.extend(data_causes(&provenance.inputs, &input_versions(graph, latest, step)));
        }
        for input in step.input_partitions().filter(|input| self.is_stale(input)) {
            let AssetPartition { asset, partition } = input.by_key(graph);
            causes.push(Cause::Upstream { asset, partition });
        }
        if causes.is_empty() { Staleness::Fresh } else { Staleness::Stale(causes) }
    }
}

/// The versions of a step's inputs as they are now, in the order of its parameters.
fn input_versions(graph: &AssetGraph, latest: &LatestEvaluations, step: &PlannedStep) -> Vec<InputVersion> {
    let version = |input: AssetPartition<AssetIndex>| {
        let upstream = input.by_key(graph);
        let data_version = latest.get(&upstream).and_then(|verdict| verdict.data_version.clone());
        InputVersion { upstream, data_version }
    };
    step.input_partitions().map(version).collect()
}

fn versions(inputs: &[InputVersion]) -> HashMap<&AssetPartition, &Option<DataVersion>> {
    inputs.iter().map(|input| (&input.upstream, &input.data_version)).collect()
}

fn data_causes(then: &[InputVersion], now: &[InputVersion]) -> Vec<Cause> {
    let cause =
        |input: &InputVersion, from: Option<&Option<DataVersion>>, to: Option<&Option<DataVersion>>| {
            Cause::Data {
                asset: input.upstream.asset.clone(),
                partition: input.upstream.partition.clone(),
                from: from.cloned().flatten(),
                to: to.cloned().flatten(),
            }
        };
    let (before, after) = (versions(then), versions(now));
    let changed = now.iter().filter_map(|input| {
        let from = before.get(&input.upstream).copied();
        (from != Some(&input.data_version)).then(|| cause(input, from, Some(&input.data_version)))
    });
    let removed = then
        .iter()
        .filter(|input| !after.contains_key(&input.upstream))
        .map(|input| cause(input, Some(&input.data_version), None));
    changed.chain(removed).collect()
}
