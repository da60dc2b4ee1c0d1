//! Which steps read the histories of which assets, and what is made of which in shadow: edges that order nothing, and may lead back.

use std::collections::BTreeSet;

use super::{AssetGraph, AssetIndex, StepIndex};

/// That a step reads the history of an asset: an edge that doesn't order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEdge {
    /// The asset whose history is read.
    pub asset: AssetIndex,
    /// Whether the asset is made, at the end of whatever way, from what the step makes, or by the step itself. Then its new versions
    /// follow from those of the reader, and neither make it stale nor are updates for its conditions: each would make the other for ever.
    pub is_circular: bool,
}

impl AssetGraph {
    /// The assets whose histories the step reads that makes an asset.
    pub fn histories(&self, asset: AssetIndex) -> &[HistoryEdge] {
        self.assets()[asset].step.map_or(&[], |step| &self.steps()[step].histories)
    }

    /// The assets of which the step that makes an asset reads what versions in shadow have made.
    pub fn shadows(&self, asset: AssetIndex) -> impl Iterator<Item = AssetIndex> + '_ {
        let step = self.assets()[asset].step.map(|step| self.steps()[step].computation());
        let read = step.into_iter().flat_map(|computation| &computation.requirements.shadows);
        read.filter_map(|input| self.index(input.asset.as_str()))
    }

    /// The assets that are made from what versions in shadow have made of an asset.
    pub fn shadow_readers(&self, asset: AssetIndex) -> impl Iterator<Item = AssetIndex> + '_ {
        let reads = move |reader: &AssetIndex| self.shadows(*reader).any(|read| read == asset);
        self.assets().indices().filter(reads)
    }

    /// Whether a way leads from what a step makes to an asset, by edges of any kind.
    pub(super) fn leads_to(&self, step: StepIndex, asset: AssetIndex) -> bool {
        let mut seen: BTreeSet<AssetIndex> = self.outputs(step).iter().copied().collect();
        let mut open: Vec<AssetIndex> = seen.iter().copied().collect();
        while let Some(made) = open.pop() {
            let node = &self.assets()[made];
            let together = node.step.into_iter().flat_map(|step| self.outputs(step));
            let below = node.downstream.iter().chain(&node.history_readers).chain(together);
            open.extend(below.copied().filter(|below| seen.insert(*below)));
        }
        seen.contains(&asset)
    }
}
