//! A plan: what is made of which asset, in which stages, and what isn't.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dependency::Dependency;
use super::{BackfillRequest, RunSize};
use crate::id::AssetKey;
use crate::partition::{KeySet, KeySpace};
use crate::problem::Problem;

/// What a backfill makes. It doesn't change while the backfill goes on, nor when definitions do.
///
/// As JSON it has the version of its format, the request, key spaces with the dimensions as they were, and sets as runs of indexes. JSON of
/// another version, or one that contradicts itself, isn't read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "PlanParts")]
pub struct Plan {
    #[serde(flatten)]
    pub(super) parts: PlanParts,
}

/// The parts of a plan, before they are known to fit together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PlanParts {
    pub(super) version: FormatVersion,
    pub(super) request: BackfillRequest,
    /// Different key spaces, to which assets refer.
    pub(super) spaces: Vec<KeySpace>,
    /// The assets in topological order.
    pub(super) assets: Vec<PlannedAsset>,
    /// The stages in topological order.
    pub(super) stages: Vec<Stage>,
    /// What partitions of one stage take of another.
    pub(super) dependencies: Vec<Dependency>,
}

/// An asset of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedAsset {
    /// Its key.
    pub name: AssetKey,
    /// The keys to make.
    pub make: KeySet,
    /// The keys that are skipped because they are fresh.
    pub fresh: KeySet,
    /// The keys that can't be made, by the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The stage whose runs make it; `None` if nothing is to be made.
    pub stage: Option<StageIndex>,
    /// The position of its key space.
    pub(super) space: usize,
}

/// Keys that aren't made because they lack upstream keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The upstream asset.
    pub upstream: AssetKey,
    /// What is wrong with its keys.
    pub reason: LeftOutReason,
    /// The keys that are left out.
    pub keys: KeySet,
}

/// What is wrong with an upstream key that a partition needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// There is no such key: it is before the first window, hasn't ended, is excluded, or is no text of the asset.
    NoSuchKey,
    /// It has no value, and the backfill doesn't make it.
    NotMade,
    /// No version of it is in use, and the backfill doesn't make it.
    NotInUse,
}

/// Assets that are partitioned alike and made together: each run makes its partitions of all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The positions of its assets in the plan, upstream first.
    pub assets: Vec<usize>,
    /// The keys to make of any of its assets.
    pub keys: KeySet,
    /// How many of them a run makes.
    pub run_size: RunSize,
}

/// The position of a stage in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageIndex(usize);

impl StageIndex {
    /// The stage at a position; the first is 0.
    pub fn at(position: usize) -> Self {
        Self(position)
    }

    /// The position of the stage.
    pub fn position(self) -> usize {
        self.0
    }
}

impl Plan {
    /// What was asked for.
    pub fn request(&self) -> &BackfillRequest {
        &self.parts.request
    }

    /// All assets, also those of which nothing is made, upstream first.
    pub fn assets(&self) -> &[PlannedAsset] {
        &self.parts.assets
    }

    /// The stages, upstream first.
    pub fn stages(&self) -> &[Stage] {
        &self.parts.stages
    }

    /// The stage at an index; `None` if there is none.
    pub fn stage(&self, index: StageIndex) -> Option<&Stage> {
        self.stages().get(index.position())
    }

    /// The key space of an asset as it was when the backfill was planned. It reads all sets of the asset and its stage, also when the
    /// definition has changed since; [`KeySpace::carried`] turns them into those of the changed one.
    pub fn space(&self, asset: &PlannedAsset) -> &KeySpace {
        &self.parts.spaces[asset.space]
    }

    /// The key space of a stage, which all its assets have; `None` if there is no such stage.
    pub fn stage_space(&self, index: StageIndex) -> Option<&KeySpace> {
        let first = self.stage(index)?.assets.first()?;
        Some(self.space(&self.assets()[*first]))
    }

    /// What a run of some keys of a stage makes: the assets with the keys that are to be made of each, upstream first.
    pub fn run_assets(&self, stage: StageIndex, keys: &KeySet) -> Vec<(&PlannedAsset, KeySet)> {
        let assets = self.stage(stage).into_iter().flat_map(|stage| &stage.assets);
        let made = assets.map(|asset| {
            let asset = &self.assets()[*asset];
            (asset, asset.make.intersection(keys))
        });
        made.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// Why some keys of an asset aren't made, in a sentence with an example.
    pub fn left_out_text(&self, asset: &PlannedAsset, left_out: &LeftOut) -> String {
        let LeftOut { upstream, reason, keys } = left_out;
        let space = self.space(asset);
        let first = keys.page(0, 1).pop().map(|key| KeySet::of(keys.dimensions(), [key]));
        let first = first.map(|first| space.set_text(&first)).unwrap_or_default();
        let which = match keys.count() {
            // An asset without partitions has one key without a text.
            1 if first.is_empty() => format!("`{}` is left out", asset.name),
            1 => format!("`{first}` of `{}` is left out", asset.name),
            count => format!("{count} partitions of `{}` are left out, such as `{first}`", asset.name),
        };
        match reason {
            LeftOutReason::NoSuchKey => {
                format!("{which}: `{upstream}` doesn't have every partition that is taken")
            }
            LeftOutReason::NotMade => {
                format!("{which}: `{upstream}` has partitions without a value that the backfill doesn't make")
            }
            LeftOutReason::NotInUse => {
                format!("{which}: of `{upstream}` there are partitions of which no version is in use")
            }
        }
    }

    pub(super) fn dependencies(&self) -> &[Dependency] {
        &self.parts.dependencies
    }
}

impl TryFrom<PlanParts> for Plan {
    type Error = Problem;

    /// # Errors
    ///
    /// When a part refers to one that there isn't, the sets of a stage aren't those of its assets, or a stage takes from a later one.
    fn try_from(parts: PlanParts) -> Result<Self, Problem> {
        let wrong =
            |what: &str| Err(Problem::new(format!("the plan of the backfill contradicts itself: {what}")));
        let PlanParts { version: _, request: _, spaces, assets, stages, dependencies } = &parts;
        if assets.iter().any(|asset| asset.space >= spaces.len()) {
            return wrong("an asset has no key space");
        }
        for (place, stage) in stages.iter().enumerate() {
            let is_own = |asset: &usize| {
                assets.get(*asset).is_some_and(|asset| asset.stage == Some(StageIndex::at(place)))
            };
            if stage.assets.is_empty() || !stage.assets.iter().all(is_own) {
                return wrong("a stage has other assets");
            }
            let none = KeySet::empty(stage.keys.dimensions());
            let made = stage.assets.iter().fold(none, |all, asset| all.union(&assets[*asset].make));
            if made != stage.keys {
                return wrong("a stage has other keys than its assets");
            }
        }
        let stage_of = |asset: usize| assets.get(asset).and_then(|asset: &PlannedAsset| asset.stage);
        let is_forward = |dependency: &Dependency| {
            let ends = stage_of(dependency.upstream).zip(stage_of(dependency.downstream));
            ends.is_some_and(|(up, down)| up < down && down.position() < stages.len())
        };
        if !dependencies.iter().all(is_forward) {
            return wrong("a stage takes from one that isn't before it");
        }
        Ok(Self { parts })
    }
}

/// The version of a stored format: written as the current one, and read only if it is that one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FormatVersion;

impl FormatVersion {
    const CURRENT: u32 = 1;
}

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(Self::CURRENT)
    }
}

impl<'de> Deserialize<'de> for FormatVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u32::deserialize(deserializer)?;
        if version == Self::CURRENT {
            return Ok(Self);
        }
        let message = format!(
            "a backfill of format {version}; this version of Millwork reads format {}",
            Self::CURRENT
        );
        Err(serde::de::Error::custom(message))
    }
}
