//! The assets of a backfill, as they are when it is planned.

use super::{BackfillPolicy, LeftOut};
use crate::id::AssetKey;
use crate::partition::mapping::ResolvedMapping;
use crate::partition::{KeySet, KeySpace};

/// An asset that a backfill may make, as it is when the backfill is planned.
#[derive(Clone, Debug)]
pub struct BackfillAsset {
    /// Its key.
    pub name: AssetKey,
    /// Its keys at the moment of the plan; [`KeySpace::unpartitioned`] for an asset without partitions.
    pub space: KeySpace,
    /// Its inputs among the assets of the backfill.
    pub inputs: Vec<BackfillInput>,
    /// The keys that can't be made because of assets which aren't part of the backfill.
    pub lacking: Vec<LeftOut>,
    /// How many partitions one run may make.
    pub policy: BackfillPolicy,
    /// The keys whose values are up to date. They are skipped unless the request makes them again.
    pub fresh: KeySet,
    /// The keys that have a value, fresh or not. Downstream partitions can take these without the backfill making them; fresh
    /// keys needn't be repeated here.
    pub existing: KeySet,
}

/// An input of an asset.
#[derive(Clone, Debug)]
pub struct BackfillInput {
    /// The position of the upstream asset in the list of assets: before the asset's own.
    pub upstream: usize,
    /// The keys of it that the asset's keys take.
    pub mapping: ResolvedMapping,
}

impl BackfillAsset {
    /// An asset without inputs and values, whose runs make one partition each.
    pub fn new(name: impl Into<AssetKey>, space: KeySpace) -> Self {
        let none = KeySet::empty(space.names().count());
        Self {
            name: name.into(),
            space,
            inputs: Vec::new(),
            lacking: Vec::new(),
            policy: BackfillPolicy::default(),
            fresh: none.clone(),
            existing: none,
        }
    }
}
