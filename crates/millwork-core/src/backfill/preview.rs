//! The counts of a plan, for a preview. Keys aren't listed.

use jiff::SignedDuration;

use super::Plan;
use crate::id::AssetKey;

/// The counts of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The partitions that are made, of all assets.
    pub partitions: u64,
    /// The runs that make them if all are full. Where partitions become ready one by one, and slots are free, there are more;
    /// where some are skipped, fewer.
    pub runs: u64,
    /// The partitions that are skipped because they are fresh.
    pub fresh: u64,
    /// The partitions that are left out because they lack upstream partitions.
    pub left_out: u64,
    /// The counts of each stage, upstream first.
    pub stages: Vec<StagePreview>,
    /// The counts of each asset, upstream first.
    pub assets: Vec<AssetPreview>,
}

/// The counts of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePreview {
    /// The assets that its runs make.
    pub assets: Vec<AssetKey>,
    /// The keys of which at least one asset is made.
    pub keys: u64,
    /// The partitions that are made, of all its assets.
    pub partitions: u64,
    /// The runs that make them if all are full.
    pub runs: u64,
}

/// The counts of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetPreview {
    /// Its key.
    pub name: AssetKey,
    /// The partitions that are made.
    pub make: u64,
    /// The partitions that are skipped because they are fresh.
    pub fresh: u64,
    /// The partitions that are left out because they lack upstream partitions.
    pub left_out: u64,
}

impl Plan {
    /// The counts of the plan; `u64::MAX` also stands for more.
    pub fn preview(&self) -> Preview {
        let assets: Vec<AssetPreview> = self
            .assets()
            .iter()
            .map(|asset| AssetPreview {
                name: asset.name.clone(),
                make: asset.make.count(),
                fresh: asset.fresh.count(),
                left_out: sum(asset.left_out.iter().map(|left_out| left_out.keys.count())),
            })
            .collect();
        let stages = self.stages().iter().map(|stage| {
            let keys = stage.keys.count();
            StagePreview {
                assets: stage.assets.iter().map(|asset| assets[*asset].name.clone()).collect(),
                keys,
                partitions: sum(stage.assets.iter().map(|asset| assets[*asset].make)),
                runs: stage.run_size.runs(keys),
            }
        });
        let stages: Vec<StagePreview> = stages.collect();
        Preview {
            partitions: sum(assets.iter().map(|asset| asset.make)),
            runs: sum(stages.iter().map(|stage| stage.runs)),
            fresh: sum(assets.iter().map(|asset| asset.fresh)),
            left_out: sum(assets.iter().map(|asset| asset.left_out)),
            stages,
            assets,
        }
    }
}

impl Plan {
    /// How long the runs take, by how long a partition of each asset took before, if as many run at a time as may; `None` if nothing is known of
    /// some asset.
    pub fn estimated(
        &self,
        of_partition: impl Fn(&AssetKey) -> Option<SignedDuration>,
    ) -> Option<SignedDuration> {
        let at_a_time = u64::from(self.request().options.runs_at_a_time.get());
        let seconds = self.stages().iter().map(|stage| {
            let assets = stage.assets.iter().map(|asset| &self.assets()[*asset]);
            let all = assets
                .map(|asset| Some(of_partition(&asset.name)?.as_secs_f64() * asset.make.count() as f64));
            let all = all.sum::<Option<f64>>()?;
            let parallel = stage.run_size.runs(stage.keys.count()).clamp(1, at_a_time);
            Some(all / parallel as f64)
        });
        SignedDuration::try_from_secs_f64(seconds.sum::<Option<f64>>()?).ok()
    }
}

fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}
