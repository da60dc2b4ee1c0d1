//! Which assets are models: those whose versions have a life of their own.
//!
//! An asset is one if it has a gate, if something reads it by an alias, or if it has an alias in the store, which a person may have
//! given it. The first two are known from the graph.

use std::collections::BTreeSet;

use super::{AssetGraph, AssetIndex};
use crate::asset::{AssetKey, GateDefinition};
use crate::version::{AliasName, ReadAs};

impl AssetGraph {
    /// The models, in the order of the graph. `aliased` are the assets that have an alias.
    pub fn models(&self, aliased: &BTreeSet<AssetKey>) -> Vec<AssetIndex> {
        let read = self.read_by_alias();
        let is_model = |asset: &AssetIndex| {
            let node = &self.assets()[*asset];
            node.gate.is_some() || read.contains(&node.spec.key) || aliased.contains(&node.spec.key)
        };
        self.assets().indices().filter(is_model).collect()
    }

    /// The alias that points at the version of an asset in use: the one that its gate moves, or `champion`.
    pub fn alias_in_use(&self, asset: AssetIndex) -> AliasName {
        self.gate(asset).map_or_else(AliasName::champion, |gate| gate.alias.clone())
    }

    /// The models whose versions make an asset in shadow where their gates ask for outcomes.
    pub fn shadow_models(&self, asset: AssetIndex) -> impl Iterator<Item = AssetIndex> {
        let key = self.key(asset);
        let names = move |gate: &GateDefinition| gate.shadow.as_ref() == Some(key);
        self.assets().indices().filter(move |model| self.gate(*model).is_some_and(names))
    }

    /// The assets that something reads by an alias, or whose alias something follows.
    fn read_by_alias(&self) -> BTreeSet<&AssetKey> {
        let inputs = self.steps().iter().flat_map(|step| &step.computation().requirements.inputs);
        let followed = inputs.filter_map(|input| match &input.read_as {
            ReadAs::Latest | ReadAs::History { .. } | ReadAs::InputOfChallenger { .. } => None,
            ReadAs::Alias(_) => Some(&input.asset),
            ReadAs::InputOf { model, .. } => Some(model),
        });
        followed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::AssetDefinition;
    use crate::definitions::Definitions;
    use crate::param::{Champion, FromStep as _};

    enum Read {}
    impl crate::value::Asset for Read {
        const KEY: &'static str = "read";
        type Value = u8;
    }

    #[test]
    fn what_is_read_by_an_alias_or_has_one_is_a_model() {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        let reader = asset("reader")
            .policy(|computation| Champion::<Read>::requirements(&mut computation.requirements));
        let definitions =
            Definitions::new().asset(asset("read")).asset(asset("aliased")).asset(asset("plain"));
        let pipeline = definitions.asset(reader).resolve().unwrap();
        let graph = pipeline.graph();
        let keys = |aliased: &[&str]| -> Vec<String> {
            let aliased = aliased.iter().map(|key| AssetKey::from(*key)).collect();
            graph.models(&aliased).into_iter().map(|asset| graph.key(asset).to_string()).collect()
        };
        assert_eq!(keys(&[]), ["read"]);
        assert_eq!(keys(&["aliased", "gone"]), ["read", "aliased"]);
        let read = graph.index("read").unwrap();
        assert_eq!(graph.alias_in_use(read), AliasName::champion());
    }
}
