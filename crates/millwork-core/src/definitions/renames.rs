//! Assets that had another key before.

use std::collections::BTreeMap;

use super::{DefinitionError, Pipeline};
use crate::asset::{AssetDefinition, AssetKey, AssetSpec};
use crate::event::AssetRenamed;
use crate::id::StepKey;
use crate::problem::Problem;

impl Pipeline {
    /// The renames that the definitions ask for, of each asset the newest first. Those that have happened stay among them.
    pub fn renames(&self) -> Vec<AssetRenamed> {
        let graph = self.graph();
        let mut renames = Vec::new();
        for asset in graph.assets() {
            let to = &asset.spec.key;
            let examined = asset.checks.iter().chain(&asset.gate);
            let examined = examined.filter_map(|step| graph.steps()[*step].key.as_str().split_once(':'));
            let is_own = asset.step.is_some_and(|step| graph.steps()[step].key.as_str() == to.as_str());
            let names: Vec<&str> = examined.map(|(_, name)| name).collect();
            for from in &asset.spec.renamed_from {
                let own = is_own.then(|| (from.as_str().into(), to.as_str().into()));
                let steps =
                    names.iter().map(|name| (StepKey::of_check(from, name), StepKey::of_check(to, name)));
                let (from, to, steps) = (from.clone(), to.clone(), own.into_iter().chain(steps).collect());
                renames.push(AssetRenamed { from, to, steps });
            }
        }
        renames
    }
}

/// What is wrong with the keys that assets had before.
pub(super) fn check_renames(assets: &[AssetDefinition], errors: &mut Vec<DefinitionError>) {
    let specs = || assets.iter().flat_map(|definition| &definition.outputs);
    let mut renamed: BTreeMap<&AssetKey, &AssetKey> = BTreeMap::new();
    let is_defined = |key: &AssetKey| specs().any(|spec| spec.key == *key);
    for AssetSpec { key, renamed_from, .. } in specs().filter(|spec| !spec.renamed_from.is_empty()) {
        for from in renamed_from {
            let problem = if from == key {
                Problem::new("it is renamed from itself").with_hint("write the key that it had before")
            } else if let Some(problem) = from.problem() {
                Problem::new(format!("it is renamed from `{from}`, which can't be a key: {problem}"))
                    .with_hint("use letters, digits, `_`, `-`, `.` and `/`")
            } else if is_defined(from) {
                Problem::new(format!("it is renamed from `{from}`, which is still defined"))
                    .with_hint(format!("remove the definition of `{from}`, or leave `renamed_from` out"))
            } else if let Some(other) = renamed.insert(from, key) {
                Problem::new(format!("it is renamed from `{from}`, and so is `{other}`"))
                    .with_hint("a history goes to one asset: leave `renamed_from` out at the other")
            } else {
                continue;
            };
            errors.push(DefinitionError::InvalidRename { asset: key.clone(), problem });
        }
    }
}
