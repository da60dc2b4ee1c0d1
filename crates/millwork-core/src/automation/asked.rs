//! What conditions ask for of before their first evaluation, so that it can be read from the log.

use std::collections::BTreeSet;

use super::numbers::{AtPromotion, Numbers, WantedNumbers};
use super::{Automation, AutomationState};
use crate::asset::AssetKey;
use crate::condition::{MetricComparison, Operand, Operator};
use crate::graph::{AssetIndex, AssetSet};
use crate::version::AliasName;

/// The alias that names the version of a model in use.
#[derive(Clone, Copy, Debug)]
pub struct ComparedAlias<'a> {
    /// The key of the model.
    pub model: &'a AssetKey,
    /// The name of the alias.
    pub name: &'a AliasName,
    /// The [key](super::alias_key) under which conditions see it.
    pub key: &'a AssetKey,
}

impl Automation {
    /// The assets that conditions name, and the models whose version in use they ask for.
    pub fn named(&self) -> BTreeSet<&AssetKey> {
        let named =
            self.watched_by.keys().map(|asset| self.aliased.get(asset).map_or(asset, |(model, _)| model));
        named.map(|asset| &self.keys[*asset]).collect()
    }

    /// The assets whose numbers conditions ask for and of which the state has none.
    pub fn unknown_numbers(&self, state: &AutomationState) -> Vec<&AssetKey> {
        let lacks = |(asset, wanted): &(&AssetIndex, &WantedNumbers)| {
            state.asset(&self.keys[**asset]).is_none_or(|row| wanted.are_missing(&row.facts.numbers))
        };
        self.wanted.iter().filter(lacks).map(|(asset, _)| &self.keys[*asset]).collect()
    }

    /// The promotions that numbers are compared with and of which the state lacks some: the asset with the numbers, and the model's alias.
    pub fn unknown_promotions(&self, state: &AutomationState) -> Vec<(&AssetKey, ComparedAlias<'_>)> {
        let mut unknown = Vec::new();
        for (asset, wanted) in &self.wanted {
            let facts = state.asset(&self.keys[*asset]).map(|row| &row.facts);
            for (alias, comparisons) in &wanted.at_promotion {
                let key = &self.keys[*alias];
                let known = facts.and_then(|facts| facts.at_promotion.get(key));
                if known.is_none_or(|known| known.lacks(comparisons)) {
                    unknown.push((&self.keys[*asset], self.compared_alias(*alias)));
                }
            }
        }
        unknown
    }

    /// The aliases of which conditions ask when the version in use was made.
    pub fn aged(&self) -> impl Iterator<Item = ComparedAlias<'_>> {
        let parts = self.conditions.values().flat_map(|prepared| {
            let named = prepared.named.of_nodes.iter();
            named.filter(|(node, _)| {
                matches!(prepared.nodes.operator(**node), Operator::Operand(Operand::OlderThan { .. }))
            })
        });
        let aliases: AssetSet = parts.filter_map(|(_, named)| named.alias).collect();
        aliases.into_iter().map(|alias| self.compared_alias(alias))
    }

    fn compared_alias(&self, alias: AssetIndex) -> ComparedAlias<'_> {
        let (model, name) = &self.aliased[&alias];
        ComparedAlias { model: &self.keys[*model], name, key: &self.keys[alias] }
    }

    /// Takes the numbers of a materialization into those at a promotion. Returns whether those of the next one are asked for as well.
    pub fn take_at_promotion(
        &self,
        asset: &AssetKey,
        alias: &AssetKey,
        numbers: &Numbers,
        at_promotion: &mut AtPromotion,
    ) -> bool {
        let wanted = self.index.get(asset).and_then(|asset| self.wanted.get(asset));
        let alias = self.index.get(alias);
        let comparisons = wanted.zip(alias).and_then(|(wanted, alias)| wanted.at_promotion.get(alias));
        comparisons.is_some_and(|comparisons| {
            at_promotion.take(comparisons, numbers);
            at_promotion.lacks(comparisons) || AtPromotion::wants_newest(comparisons)
        })
    }

    /// Takes the numbers of a materialization of before a promotion into those of the version that was in use then; the newest
    /// materialization comes first. Returns whether some that are asked for are still lacking.
    pub fn take_before_promotion(
        &self,
        asset: &AssetKey,
        alias: &AssetKey,
        numbers: &Numbers,
        before: &mut AtPromotion,
    ) -> bool {
        let wanted = self.index.get(asset).and_then(|asset| self.wanted.get(asset));
        let alias = self.index.get(alias);
        let comparisons = wanted.zip(alias).and_then(|(wanted, alias)| wanted.at_promotion.get(alias));
        let comparisons = comparisons.into_iter().flatten().filter(|comparison| comparison.is_with_before());
        let comparisons: Vec<MetricComparison> = comparisons.cloned().collect();
        before.take(&comparisons, numbers);
        comparisons.iter().any(|comparison| !before.numbers.contains_key(&comparison.number_at_promotion()))
    }

    /// Whether a comparison of an asset asks for what was before the promotion of a model.
    pub fn wants_before_promotion(&self, asset: &AssetKey, alias: &AssetKey) -> bool {
        let (none, mut before) = (Numbers::new(), AtPromotion::default());
        self.take_before_promotion(asset, alias, &none, &mut before)
    }
}
