//! What comes out when the steps of a run are executed again, compared with what the run has made.
//!
//! The comparison is by data version: two values are the same if their stored forms are. A step whose code has changed says so by its
//! code version, also if its values are the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::asset::{CodeVersion, DataVersion};
use crate::event::{Event, EventBody};
use crate::id::{RunId, StepKey};
use crate::partition::{AssetPartition, StepPartition};

/// A run's steps, executed again on the same inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Reproduction {
    /// The run that was reproduced.
    pub run: RunId,
    /// The outputs of its steps, by key and partition.
    pub assets: Vec<ReproducedAsset>,
    /// The steps whose code is another one than that of the run, by key.
    pub changed_steps: Vec<ChangedStep>,
    /// The parts of the [environment](crate::event::Environment::differences) that differ from the last one that the run has recorded.
    pub environment: Vec<&'static str>,
}

/// The outcome of a reproduction as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReproductionVerdict {
    /// The same code has made the same values.
    Identical,
    /// The same code has made other values.
    Different,
    /// The code of a step is another one.
    OtherCode,
}

/// An output of a step: what the run has made of it, and what the reproduction has.
#[derive(Clone, Debug, PartialEq)]
pub struct ReproducedAsset {
    /// The asset and its partition.
    pub asset: AssetPartition,
    /// What the run has made.
    pub was: Made,
    /// What the reproduction has made.
    pub is: Made,
    /// The inputs that differ as well, by which the difference may come.
    pub follows: Vec<AssetPartition>,
}

/// What a step has made of an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// A new value.
    Value(DataVersion),
    /// The value that there was has been kept.
    Kept,
    /// No value, by decision of the function.
    Nothing,
    /// The step hasn't succeeded, for this reason.
    Failed(String),
}

/// A step whose code has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedStep {
    /// The key of the step.
    pub step: StepKey,
    /// The version of its code in the run.
    pub was: CodeVersion,
    /// The version of its code now.
    pub is: CodeVersion,
}

impl ReproducedAsset {
    /// Whether the reproduction has made the same.
    pub fn is_identical(&self) -> bool {
        self.was == self.is
    }
}

impl Made {
    /// What an event records; `None` if it is no decision about an output.
    pub fn of_event(event: &Event) -> Option<Self> {
        if let EventBody::Materialized(made) = &event.body {
            return Some(Self::Value(made.data_version.clone()));
        }
        event.body.provenance()?;
        Some(if let EventBody::Kept { .. } = event.body { Self::Kept } else { Self::Nothing })
    }
}

impl Reproduction {
    /// Compares the decisions about outputs in a run with those in its reproduction. `ends` has the reason why a step of the
    /// reproduction hasn't succeeded, and `code_version` the present version of a step's code.
    pub fn compare(
        run: RunId,
        original: &[Event],
        reproduced: &[Event],
        ends: &BTreeMap<StepPartition, String>,
        code_version: impl Fn(&StepKey) -> Option<CodeVersion>,
    ) -> Self {
        let remade: BTreeMap<AssetPartition, Made> = reproduced
            .iter()
            .filter_map(|event| Some((event.asset_partition()?, Made::of_event(event)?)))
            .collect();
        let mut assets = BTreeMap::new();
        let mut changed = BTreeMap::new();
        for event in original {
            let (Some(asset), Some(was)) = (event.asset_partition(), Made::of_event(event)) else { continue };
            let is = remade.get(&asset).cloned().unwrap_or_else(|| {
                let end = event.step_partition().and_then(|step| ends.get(&step));
                Made::Failed(end.cloned().unwrap_or_else(|| "its step makes it no more".to_owned()))
            });
            assets.insert(asset.clone(), ReproducedAsset { asset, was, is, follows: Vec::new() });
            if let Some(step) = &event.step
                && let Some(was) = event.body.provenance().map(|provenance| &provenance.code_version)
                && let Some(is) = code_version(step).filter(|is| is != was)
            {
                changed.insert(step.clone(), ChangedStep { step: step.clone(), was: was.clone(), is });
            }
        }
        let differing: BTreeSet<AssetPartition> =
            assets.values().filter(|asset| !asset.is_identical()).map(|asset| asset.asset.clone()).collect();
        for event in original {
            let Some(reproduced) = event.asset_partition().and_then(|asset| assets.get_mut(&asset)) else {
                continue;
            };
            if let Some(provenance) = event.body.provenance().filter(|_| !reproduced.is_identical()) {
                let inputs = provenance.inputs.iter().map(|input| &input.upstream);
                reproduced.follows = inputs.filter(|input| differing.contains(input)).cloned().collect();
            }
        }
        let (assets, changed_steps) = (assets.into_values().collect(), changed.into_values().collect());
        Self { run, assets, changed_steps, environment: Vec::new() }
    }

    /// The outcome as a whole.
    pub fn verdict(&self) -> ReproductionVerdict {
        if !self.changed_steps.is_empty() {
            ReproductionVerdict::OtherCode
        } else if self.assets.iter().all(ReproducedAsset::is_identical) {
            ReproductionVerdict::Identical
        } else {
            ReproductionVerdict::Different
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::event::{InputVersion, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
    use crate::version::ReadAs;

    fn made(asset: &str, code: &str, inputs: &[&str], made: &Made) -> Event {
        let input = |input: &&str| InputVersion {
            upstream: AssetPartition::new((*input).into(), None),
            data_version: Some("d".into()),
            version: None,
            read_as: ReadAs::Latest,
        };
        let provenance = Provenance {
            code_version: code.into(),
            inputs: inputs.iter().map(input).collect(),
            config: None,
        };
        let stored =
            StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
        let body = match made {
            Made::Value(version) => EventBody::Materialized(Materialization {
                data_version: version.clone(),
                version: None,
                provenance,
                stored,
                metadata: [].into(),
            }),
            Made::Kept => EventBody::Kept { reason: "as good".into(), metadata: [].into(), provenance },
            Made::Nothing | Made::Failed(_) => EventBody::NotMaterialized { provenance },
        };
        let event = NewEvent::of_run(RunId::from_u128(1), Timestamp::UNIX_EPOCH, body);
        NewEvent { step: Some(asset.into()), asset: Some(asset.into()), ..event }.at_sequence(1)
    }

    fn value(version: &str) -> Made {
        Made::Value(version.into())
    }

    /// `a`, and `b` made from it.
    fn run(code: &str, a: &Made, b: &Made) -> Vec<Event> {
        vec![made("a", code, &[], a), made("b", "c1", &["a"], b)]
    }

    #[track_caller]
    fn check(reproduced: &[Event], verdict: ReproductionVerdict, differing: &[&str]) -> Reproduction {
        let original = run("c1", &value("d1"), &value("d2"));
        let step = StepPartition::new("b".into(), None);
        let ends = BTreeMap::from([(step, "failed: no".to_owned())]);
        let now = |step: &StepKey| {
            let event = reproduced.iter().find(|event| event.step.as_ref() == Some(step))?;
            Some(event.body.provenance()?.code_version.clone())
        };
        let reproduction = Reproduction::compare(RunId::from_u128(1), &original, reproduced, &ends, now);
        assert_eq!(reproduction.verdict(), verdict, "{reproduction:?}");
        let found = reproduction.assets.iter().filter(|asset| !asset.is_identical());
        let found: Vec<String> = found.map(|asset| asset.asset.to_string()).collect();
        assert_eq!(found, differing);
        reproduction
    }

    #[test]
    fn a_run_is_compared_with_its_reproduction() {
        use ReproductionVerdict::{Different, Identical, OtherCode};
        check(&run("c1", &value("d1"), &value("d2")), Identical, &[]);
        let both = check(&run("c1", &value("d3"), &value("d4")), Different, &["a", "b"]);
        let follows: Vec<_> = both.assets.iter().map(|asset| asset.follows.len()).collect();
        assert_eq!(follows, [0, 1]);
        check(&run("c1", &value("d3"), &value("d2")), Different, &["a"]);
        check(&run("c1", &value("d1"), &Made::Kept), Different, &["b"]);
        check(&run("c1", &value("d1"), &Made::Nothing), Different, &["b"]);
        let changed = check(&run("c2", &value("d1"), &value("d2")), OtherCode, &[]);
        assert_eq!(changed.changed_steps.len(), 1);
        let failed = check(&run("c1", &value("d1"), &value("d2"))[..1], Different, &["b"]);
        assert_eq!(failed.assets[1].is, Made::Failed("failed: no".into()));
    }
}
