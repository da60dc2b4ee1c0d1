//! Definitions, their spaces, and what holds of every mapping.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::partition::mapping::{MappedAsset, MappedKeys, Mapping, ResolvedMapping};
use crate::partition::{Dimensions, KeyIndex, KeySet, KeySpace};
use crate::problem::{Advice, Problem};

/// The message, an arrow and the hint.
pub(super) fn said(problem: &Problem) -> String {
    match problem.hint() {
        Some(hint) => format!("{problem} → {hint}"),
        None => problem.to_string(),
    }
}

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The mapping from `b`, which is downstream, to `a`.
pub(super) fn resolve(
    mapping: &Mapping,
    down: &Dimensions,
    up: &Dimensions,
) -> Result<ResolvedMapping, Problem> {
    mapping.resolve(MappedAsset::new("b", Some(down)), MappedAsset::new("a", Some(up)))
}

/// A mapping with both spaces at a moment.
pub(super) struct Mapped {
    pub(super) mapping: ResolvedMapping,
    pub(super) down: KeySpace,
    pub(super) up: KeySpace,
}

impl Mapped {
    pub(super) fn new(
        mapping: impl Into<Mapping>,
        down: impl Into<Dimensions>,
        up: impl Into<Dimensions>,
        now: &str,
    ) -> Self {
        let (down, up) = (down.into(), up.into());
        let mapping =
            resolve(&mapping.into(), &down, &up).unwrap_or_else(|problem| panic!("{}", said(&problem)));
        let now = instant(now);
        Self { mapping, down: down.space(now).unwrap(), up: up.space(now).unwrap() }
    }

    pub(super) fn upstream_of(&self, keys: &KeySet) -> MappedKeys {
        self.mapping.upstream_of(keys, &self.down, &self.up)
    }

    pub(super) fn downstream_of(&self, keys: &KeySet) -> KeySet {
        self.mapping.downstream_of(keys, &self.down, &self.up)
    }

    /// The upstream keys of a text, and the downstream keys among those that lack something, as texts.
    #[track_caller]
    pub(super) fn check_upstream(&self, text: &str, expected: &str, lacking: &str) {
        let mapped = self.upstream_of(&self.down.set(text).unwrap());
        let texts = (self.up.set_text(&mapped.keys), self.down.set_text(&mapped.lacking));
        assert_eq!(texts, (expected.to_owned(), lacking.to_owned()), "{text}");
    }

    #[track_caller]
    pub(super) fn check_downstream(&self, text: &str, expected: &str) {
        let keys = self.downstream_of(&self.up.set(text).unwrap());
        assert_eq!(self.down.set_text(&keys), expected, "{text}");
    }
}

/// Every key of a set.
pub(super) fn keys(set: &KeySet) -> Vec<KeyIndex> {
    set.next(None, usize::MAX)
}

/// Some sets of the keys of a set: all, halves, every third key, a run.
pub(super) fn some_sets(all: &KeySet) -> Vec<KeySet> {
    let listed = keys(all);
    let half = listed.len() / 2;
    let of = |keys: Vec<KeyIndex>| KeySet::of(all.dimensions(), keys);
    vec![
        all.clone(),
        of(listed[..half].to_vec()),
        of(listed[half..].to_vec()),
        of(listed.iter().step_by(3).cloned().collect()),
        of(listed.iter().skip(half / 2).take(5).cloned().collect()),
        of(Vec::new()),
    ]
}

/// That both ways agree key by key, and that sets are mapped as their keys are.
pub(super) fn check_laws(mapped: &Mapped) {
    let (down, up) = (mapped.down.all(), mapped.up.all());
    let single = |set: &KeySet, key: &KeyIndex| KeySet::of(set.dimensions(), [key.clone()]);
    let forward: Vec<(KeyIndex, MappedKeys)> =
        keys(&down).into_iter().map(|key| (key.clone(), mapped.upstream_of(&single(&down, &key)))).collect();
    let backward: Vec<(KeyIndex, KeySet)> =
        keys(&up).into_iter().map(|key| (key.clone(), mapped.downstream_of(&single(&up, &key)))).collect();

    let pairs: BTreeSet<(KeyIndex, KeyIndex)> = forward
        .iter()
        .flat_map(|(own, taken)| keys(&taken.keys).into_iter().map(|key| (own.clone(), key)))
        .collect();
    let reversed: BTreeSet<(KeyIndex, KeyIndex)> = backward
        .iter()
        .flat_map(|(key, taking)| keys(taking).into_iter().map(|own| (own, key.clone())))
        .collect();
    assert_eq!(pairs, reversed, "both ways agree");
    if mapped.mapping.is_single() {
        let is_one = |(key, taken): &(KeyIndex, MappedKeys)| {
            taken.keys.count() == 1 || taken.keys.is_empty() && taken.lacking.contains(key)
        };
        assert!(forward.iter().all(is_one), "a single mapping takes one key");
    }
    for (key, taken) in &forward {
        let missing = mapped.mapping.missing(key, &mapped.down, &mapped.up);
        assert_eq!(missing.is_empty(), taken.lacking.is_empty(), "what {key:?} lacks is named: {missing:?}");
    }

    for set in some_sets(&down) {
        let parts = forward.iter().filter(|(key, _)| set.contains(key));
        let empty = (KeySet::empty(up.dimensions()), KeySet::empty(down.dimensions()));
        let expected = parts.fold(empty, |(taken, lacking), (_, part)| {
            (taken.union(&part.keys), lacking.union(&part.lacking))
        });
        let found = mapped.upstream_of(&set);
        assert_eq!((found.keys, found.lacking), expected);
    }
    for set in some_sets(&up) {
        let parts = backward.iter().filter(|(key, _)| set.contains(key));
        let expected = parts.fold(KeySet::empty(down.dimensions()), |all, (_, part)| all.union(part));
        assert_eq!(mapped.downstream_of(&set), expected);
    }
}
