//! What automation remembers of an asset that has another key.

use super::{AssetFacts, AssetState, Truth};
use crate::asset::AssetKey;
use crate::event::Renaming;

/// The key under which automation knows an asset, an alias or the history of one, or a watch over one, after it was renamed; `None` if it is
/// called as it was.
pub fn renamed_key(key: &AssetKey, renaming: &Renaming) -> Option<AssetKey> {
    let text = key.as_str();
    let asset = super::watched_model(key).unwrap_or(text);
    let before = &text[..text.len() - asset.len()];
    let (asset, behind) = asset.split_at(asset.find('@').unwrap_or(asset.len()));
    let mut asset = AssetKey::from(asset);
    renaming.asset(&mut asset).then(|| format!("{before}{asset}{behind}").into())
}

impl AssetState {
    /// Renames the assets that it names; whether any is called otherwise now.
    pub fn rename(&mut self, renaming: &Renaming) -> bool {
        let rename = |key: &mut AssetKey| match renamed_key(key, renaming) {
            Some(renamed) => {
                *key = renamed;
                true
            }
            None => false,
        };
        let truths = self.memory.iter_mut().flat_map(|memory| &mut memory.truths);
        let any = truths.fold(false, |any, Truth { asset, .. }| any | rename(asset));
        if let Some(memory) = self.memory.as_mut().filter(|_| any) {
            memory.truths.sort_by(|a, b| (a.node, &a.asset).cmp(&(b.node, &b.asset)));
        }
        let AssetFacts { targets, at_promotion, .. } = &mut self.facts;
        let known = targets.len() + at_promotion.len();
        let named = targets.iter().chain(at_promotion.keys());
        if known == 0 || !named.into_iter().any(|key| renamed_key(key, renaming).is_some()) {
            return any;
        }
        let new = |key: AssetKey| renamed_key(&key, renaming).unwrap_or(key);
        *targets = std::mem::take(targets).into_iter().map(new).collect();
        let promotions = std::mem::take(at_promotion).into_iter();
        *at_promotion = promotions.map(|(key, promotion)| (new(key), promotion)).collect();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AssetRenamed, EventBody};

    #[test]
    fn an_asset_has_its_rows_by_its_new_key() {
        let renamed = AssetRenamed { from: "a".into(), to: "z/a".into(), steps: Vec::new() };
        let renaming = Renaming::of(&EventBody::AssetRenamed(renamed)).unwrap();
        for (key, expected) in [
            ("a", Some("z/a")),
            ("watch:a", Some("watch:z/a")),
            ("a@champion", Some("z/a@champion")),
            ("a@*", Some("z/a@*")),
            ("job:a", None),
            ("ab", None),
            ("b@a", None),
        ] {
            assert_eq!(renamed_key(&key.into(), &renaming), expected.map(AssetKey::from), "{key}");
        }
        let mut state = AssetState::default();
        assert!(!state.rename(&renaming));
        state.facts.targets = ["a".into(), "b".into()].into();
        state.facts.at_promotion = [("a@champion".into(), super::super::AtPromotion::default())].into();
        assert!(state.rename(&renaming));
        assert_eq!(state.facts.targets, ["b".into(), "z/a".into()].into());
        assert!(state.facts.at_promotion.contains_key(&AssetKey::from("z/a@champion")));
    }
}
