//! A rename as a function of names: what is stored under the old ones, as it is under the new ones.

use std::collections::{BTreeSet, HashMap};

use super::{
    AssetRenamed, EventBody, Materialization, PartitionsRenamed, Provenance, ShadowCalled, ShadowOutcome,
    VersionJudged, VersionsBacktested,
};
use crate::asset::{AssetKey, Metadata, MetadataValue};
use crate::id::StepKey;
use crate::partition::{AssetPartition, PartitionKey};
use crate::version::ReadAs;

/// A rename of an asset or of keys of partitions.
#[derive(Clone, Debug)]
pub enum Renaming {
    /// An asset has another key.
    Asset {
        /// The old key.
        from: AssetKey,
        /// The new key.
        to: AssetKey,
        /// The new names of steps, by the old ones.
        steps: HashMap<StepKey, StepKey>,
    },
    /// Partitions of some assets have other keys.
    Partitions {
        /// The assets.
        assets: BTreeSet<AssetKey>,
        /// The steps that make or examine them.
        steps: BTreeSet<StepKey>,
        /// The new keys, by the old ones.
        keys: HashMap<PartitionKey, PartitionKey>,
    },
}

impl Renaming {
    /// The rename that an event records; `None` for other events.
    pub fn of(body: &EventBody) -> Option<Self> {
        if let EventBody::AssetRenamed(AssetRenamed { from, to, steps }) = body {
            let (from, to, steps) = (from.clone(), to.clone(), steps.iter().cloned().collect());
            Some(Self::Asset { from, to, steps })
        } else if let EventBody::PartitionsRenamed(PartitionsRenamed { assets, steps, keys }) = body {
            Some(Self::Partitions {
                assets: assets.iter().cloned().collect(),
                steps: steps.iter().cloned().collect(),
                keys: keys.iter().cloned().collect(),
            })
        } else {
            None
        }
    }

    /// Renames an asset; whether it has another key now.
    pub fn asset(&self, asset: &mut AssetKey) -> bool {
        match self {
            Self::Asset { from, to, .. } if asset == from => {
                asset.clone_from(to);
                true
            }
            Self::Asset { .. } | Self::Partitions { .. } => false,
        }
    }

    /// Renames an asset and its partition; whether they are called otherwise now.
    pub fn asset_partition(&self, of: &mut AssetPartition) -> bool {
        match self {
            Self::Asset { .. } => self.asset(&mut of.asset),
            Self::Partitions { assets, keys, .. } => {
                let to = of
                    .partition
                    .as_ref()
                    .filter(|_| assets.contains(&of.asset))
                    .and_then(|key| keys.get(key));
                let Some(to) = to else { return false };
                of.partition = Some(to.clone());
                true
            }
        }
    }

    /// Renames a step and the partition that it makes; whether they are called otherwise now.
    pub fn step(&self, step: &mut StepKey, partition: &mut Option<PartitionKey>) -> bool {
        match self {
            Self::Asset { steps, .. } => {
                let Some(to) = steps.get(step) else { return false };
                step.clone_from(to);
                true
            }
            Self::Partitions { steps, keys, .. } => {
                let to = partition.as_ref().filter(|_| steps.contains(step)).and_then(|key| keys.get(key));
                let Some(to) = to else { return false };
                *partition = Some(to.clone());
                true
            }
        }
    }

    /// Renames what the body of an event names; whether anything is called otherwise now. Renames that are recorded stay as they were.
    pub fn body(&self, body: &mut EventBody) -> bool {
        match body {
            EventBody::Materialized(Materialization { metadata, provenance, .. })
            | EventBody::Kept { metadata, provenance, .. } => {
                self.metadata(metadata) | self.provenance(provenance)
            }
            EventBody::NotMaterialized { provenance } => self.provenance(provenance),
            EventBody::Observed { metadata, .. } => self.metadata(metadata),
            EventBody::CheckEvaluated(evaluated) => self.metadata(&mut evaluated.metadata),
            EventBody::VersionJudged(VersionJudged { shadow, metadata, provenance, .. }) => {
                let trial = shadow.as_mut().is_some_and(|trial| self.asset(&mut trial.asset));
                trial | self.metadata(metadata) | self.provenance(provenance)
            }
            EventBody::VersionsBacktested(VersionsBacktested { versions, provenance, .. }) => {
                let figures = versions
                    .iter_mut()
                    .fold(false, |any, version| any | self.metadata(&mut version.metadata));
                figures | self.provenance(provenance)
            }
            EventBody::ShadowCalled(ShadowCalled { model, outcome, provenance, .. }) => {
                let made = match outcome {
                    ShadowOutcome::Made(made) => self.metadata(&mut made.metadata),
                    ShadowOutcome::Nothing
                    | ShadowOutcome::Failed { .. }
                    | ShadowOutcome::Begun
                    | ShadowOutcome::Stopped
                    | ShadowOutcome::NotCalled => false,
                };
                self.asset(model) | made | self.provenance(provenance)
            }
            EventBody::RunQueued
            | EventBody::RunStarted { .. }
            | EventBody::RunCanceling
            | EventBody::RunSucceeded
            | EventBody::RunFailed { .. }
            | EventBody::RunCanceled
            | EventBody::RunLost { .. }
            | EventBody::RunRetrying { .. }
            | EventBody::StepStarted
            | EventBody::StepProgressed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::StepSucceeded { .. }
            | EventBody::StepFailed { .. }
            | EventBody::StepSkipped { .. }
            | EventBody::StepCanceled
            | EventBody::Logged(_)
            | EventBody::AliasMoved(_)
            | EventBody::VersionDecided(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::AliasPinned(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Unreadable(_) => false,
        }
    }

    fn provenance(&self, provenance: &mut Provenance) -> bool {
        provenance.inputs.iter_mut().fold(false, |any, input| {
            let model = match &mut input.read_as {
                ReadAs::InputOf { model, .. } | ReadAs::InputOfChallenger { model } => self.asset(model),
                ReadAs::Latest | ReadAs::Alias(_) | ReadAs::History { .. } | ReadAs::Shadow { .. } => false,
            };
            any | model | self.asset_partition(&mut input.upstream)
        })
    }

    fn metadata(&self, metadata: &mut Metadata) -> bool {
        metadata.values_mut().fold(false, |any, value| {
            let renamed = if let MetadataValue::Asset(asset) = value {
                self.asset(asset)
            } else if let MetadataValue::LivePerformance(performance) = value {
                performance.model.as_mut().is_some_and(|model| self.asset(model))
            } else {
                false
            };
            any | renamed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::InputVersion;

    fn kept(inputs: &[(&str, Option<&str>)]) -> EventBody {
        let input = |(asset, partition): &(&str, Option<&str>)| InputVersion {
            upstream: AssetPartition::new((*asset).into(), partition.map(PartitionKey::from)),
            data_version: None,
            version: None,
            read_as: ReadAs::Latest,
        };
        let inputs = inputs.iter().map(input).collect();
        EventBody::Kept {
            reason: "b".into(),
            metadata: [("of".to_owned(), MetadataValue::Asset("a".into()))].into(),
            provenance: Provenance { code_version: "a".into(), inputs, config: None },
        }
    }

    #[test]
    fn what_is_named_is_renamed_and_nothing_else() {
        let renamed =
            AssetRenamed { from: "a".into(), to: "z".into(), steps: vec![("a".into(), "z".into())] };
        let renaming = Renaming::of(&EventBody::AssetRenamed(renamed.clone())).unwrap();
        let mut body = kept(&[("a", Some("a")), ("b", Some("a"))]);
        assert!(renaming.body(&mut body));
        let EventBody::Kept { metadata, provenance, .. } = &body else { panic!("{body:?}") };
        assert_eq!(metadata["of"], MetadataValue::Asset("z".into()));
        let upstream: Vec<String> = provenance.inputs.iter().map(|input| input.upstream.quoted()).collect();
        assert_eq!(upstream, ["`z` (partition `a`)", "`b` (partition `a`)"]);
        assert!(!renaming.body(&mut body), "nothing is left to rename");
        assert!(!renaming.body(&mut EventBody::AssetRenamed(renamed)));
        let (mut step, mut partition) = ("a".into(), Some("a".into()));
        assert!(renaming.step(&mut step, &mut partition));
        assert_eq!((step.as_str(), partition), ("z", Some("a".into())));
    }

    #[test]
    fn keys_are_renamed_of_their_assets_only() {
        let renamed = PartitionsRenamed {
            assets: vec!["a".into()],
            steps: vec!["a".into()],
            keys: vec![("uk".into(), "gb".into()), ("x".into(), "y".into())],
        };
        let renaming = Renaming::of(&EventBody::PartitionsRenamed(renamed)).unwrap();
        let mut body = kept(&[("a", Some("uk")), ("b", Some("uk")), ("a", None)]);
        assert!(renaming.body(&mut body));
        let inputs = &body.provenance().unwrap().inputs;
        let upstream: Vec<String> = inputs.iter().map(|input| input.upstream.quoted()).collect();
        assert_eq!(upstream, ["`a` (partition `gb`)", "`b` (partition `uk`)", "`a`"]);
        let (mut step, mut partition) = ("b".into(), Some("uk".into()));
        assert!(!renaming.step(&mut step, &mut partition));
    }
}
