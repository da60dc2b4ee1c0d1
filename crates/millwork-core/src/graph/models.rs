//! Which assets are models: those whose versions have a life of their own. And which assets may measure what a model predicted.
//!
//! An asset is one if it has a gate, if something reads it by an alias, or if it has an alias in the store, which a person may have
//! given it. The first two are known from the graph.
//!
//! What measures predictions descends from what made them, which reads the model by an alias. So the models of a measure are those that are
//! first read by an alias on the way up from it, also through histories; no name has to say so.

use std::collections::{BTreeSet, VecDeque};

use super::{AssetGraph, AssetIndex, Edge};
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

    /// The models whose predictions an asset may be about: on each way upstream, the first one that is read by an alias.
    pub fn predicted_by(&self, asset: AssetIndex) -> BTreeSet<AssetIndex> {
        let (mut models, mut seen) = (BTreeSet::new(), BTreeSet::from([asset]));
        let mut open = vec![asset];
        while let Some(asset) = open.pop() {
            let histories = self.histories(asset).iter().map(|history| history.asset);
            open.extend(histories.filter(|read| seen.insert(*read)));
            for &upstream in &self.assets()[asset].upstream {
                if self.reads_by_alias(asset, upstream) {
                    models.insert(upstream);
                } else if self.edge(asset, upstream) == Edge::Latest && seen.insert(upstream) {
                    open.push(upstream);
                }
            }
        }
        models
    }

    /// The assets that may measure what a model predicted, the nearest first, at most `limit`: what is made from it, on ways on which no
    /// further asset is read by an alias. [`predicted_by`](Self::predicted_by) says of each whether it is about this model.
    pub fn may_measure(&self, model: AssetIndex, limit: usize) -> Vec<AssetIndex> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::from([model]));
        let mut open = VecDeque::from([model]);
        while let Some(asset) = open.pop_front() {
            let node = &self.assets()[asset];
            let made_from = node
                .downstream
                .iter()
                .filter(|downstream| asset == model || self.edge(**downstream, asset) == Edge::Latest);
            for &downstream in made_from.chain(&node.history_readers) {
                if seen.insert(downstream) {
                    if found.len() == limit {
                        return found;
                    }
                    found.push(downstream);
                    open.push_back(downstream);
                }
            }
        }
        found
    }

    /// Whether an asset reads another one by an alias, at least as one of several ways.
    fn reads_by_alias(&self, asset: AssetIndex, upstream: AssetIndex) -> bool {
        let Some(step) = self.assets()[asset].step else { return false };
        let inputs = &self.steps()[step].computation().requirements.inputs;
        let key = self.key(upstream);
        inputs.iter().any(|input| input.asset == *key && matches!(input.read_as, ReadAs::Alias(_)))
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
            ReadAs::Latest
            | ReadAs::History { .. }
            | ReadAs::Shadow { .. }
            | ReadAs::InputOfChallenger { .. } => None,
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

    enum Other {}
    impl crate::value::Asset for Other {
        const KEY: &'static str = "other";
        type Value = u8;
    }

    /// Two models, of which the other one is fitted to what the first predicted. Each has predictions and a performance.
    #[test]
    fn a_measure_is_about_the_model_that_is_read_by_an_alias_above_it() {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
        let definitions = Definitions::new()
            .asset(asset("read").blocking(|_| Ok(0_u8)))
            .asset(asset("truth").blocking(|_| Ok(0_u8)))
            .asset(
                asset("read_predictions")
                    .policy(|computation| Champion::<Read>::requirements(&mut computation.requirements))
                    .blocking(|_| Ok(0_u8)),
            )
            .asset(
                asset("read_performance")
                    .after("truth")
                    .policy(|computation| computation.requirements.history::<u8>("read_predictions"))
                    .blocking(|_| Ok(0_u8)),
            )
            .asset(asset("other").after("read_predictions").blocking(|_| Ok(0_u8)))
            .asset(
                asset("other_predictions")
                    .policy(|computation| Champion::<Other>::requirements(&mut computation.requirements))
                    .blocking(|_| Ok(0_u8)),
            )
            .asset(
                asset("other_performance").after("other_predictions").after("truth").blocking(|_| Ok(0_u8)),
            );
        let pipeline = definitions.resolve().unwrap();
        let graph = pipeline.graph();
        let index = |key: &str| graph.index(key).unwrap();
        let keys = |found: Vec<AssetIndex>| -> Vec<String> {
            found.into_iter().map(|asset| graph.key(asset).to_string()).collect()
        };
        for (asset, expected) in [
            ("read_performance", &["read"][..]),
            ("other_performance", &["other"]),
            ("other", &["read"]),
            ("truth", &[]),
        ] {
            assert_eq!(keys(graph.predicted_by(index(asset)).into_iter().collect()), expected, "{asset}");
        }
        let measuring = keys(graph.may_measure(index("read"), 10));
        assert!(measuring.contains(&"read_performance".to_owned()), "{measuring:?}");
        assert!(!measuring.contains(&"other_performance".to_owned()), "{measuring:?}");
        assert_eq!(keys(graph.may_measure(index("other"), 1)), ["other_predictions"]);
    }
}
