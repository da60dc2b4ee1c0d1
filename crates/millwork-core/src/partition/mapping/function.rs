//! Functions of authors from downstream keys to upstream ones.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::resolved::MappedKeys;
use crate::partition::{Key, KeyIndex, KeySet, KeySpace};
use crate::problem::Problem;

type Call = dyn Fn(&Key) -> Vec<Key> + Send + Sync;

/// A function from a downstream key to upstream ones, with its inverse if one is given.
///
/// It must be pure: equal keys for equal keys, whenever it is called. Without an inverse, what an upstream key changes is found by
/// calling the function with every downstream key.
#[derive(Clone)]
pub struct KeyFunction {
    upstream: Arc<Call>,
    downstream: Option<Arc<Call>>,
    pub(super) is_single: bool,
}

impl fmt::Debug for KeyFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_inverse = self.downstream.is_some();
        f.debug_struct("KeyFunction")
            .field("is_single", &self.is_single)
            .field("has_inverse", &has_inverse)
            .finish_non_exhaustive()
    }
}

/// A mapping by a function: the upstream keys that a downstream one takes.
///
/// For a whole mapping, keys have a value for each dimension. For one [dimension](super::dimension), they have one value.
///
/// ```
/// use millwork_core::partition::mapping::{MappedAsset, Mapping, function};
/// use millwork_core::partition::{Dimensions, Key, fixed};
///
/// // A trip takes the vehicle that is the first part of its name.
/// let vehicle = |trip: &Key| trip.text().split('-').next().map(|vehicle| Key::texts([vehicle]));
/// let mapping = Mapping::from(function(vehicle).inverse(|vehicle: &Key| {
///     let vehicle = vehicle.text();
///     (1..=3).map(move |number| Key::texts([format!("{vehicle}-{number}")])).collect::<Vec<_>>()
/// }));
///
/// let trips = Dimensions::from(fixed(["bus-1", "bus-2", "tram-1"]).named("trip"));
/// let vehicles = Dimensions::from(fixed(["bus", "tram"]).named("vehicle"));
/// let mapping = mapping
///     .resolve(MappedAsset::new("delays", Some(&trips)), MappedAsset::new("positions", Some(&vehicles)))?;
///
/// let now = "2024-01-01T00:00:00Z".parse().unwrap();
/// let (trips, vehicles) = (trips.space(now)?, vehicles.space(now)?);
/// let changed = mapping.downstream_of(&vehicles.set("bus")?, &trips, &vehicles);
/// assert_eq!(trips.set_text(&changed), "bus-1,bus-2");
/// # Ok::<(), millwork_core::Problem>(())
/// ```
pub fn function<K: IntoIterator<Item = Key>>(
    upstream: impl Fn(&Key) -> K + Send + Sync + 'static,
) -> KeyFunction {
    let upstream: Arc<Call> = Arc::new(move |key: &Key| upstream(key).into_iter().collect::<Vec<_>>());
    KeyFunction { upstream, downstream: None, is_single: false }
}

/// A mapping by a function to exactly one upstream key, so that its value can be taken by reference.
pub fn single_function(upstream: impl Fn(&Key) -> Key + Send + Sync + 'static) -> KeyFunction {
    let upstream: Arc<Call> = Arc::new(move |key: &Key| vec![upstream(key)]);
    KeyFunction { upstream, downstream: None, is_single: true }
}

impl KeyFunction {
    /// The function with its inverse: the downstream keys that take an upstream one. It may name keys that there aren't.
    #[must_use]
    pub fn inverse<K: IntoIterator<Item = Key>>(
        self,
        downstream: impl Fn(&Key) -> K + Send + Sync + 'static,
    ) -> Self {
        let downstream: Arc<Call> =
            Arc::new(move |key: &Key| downstream(key).into_iter().collect::<Vec<_>>());
        Self { downstream: Some(downstream), ..self }
    }

    pub(super) fn has_inverse(&self) -> bool {
        self.downstream.is_some()
    }

    pub(super) fn upstream_of_key(&self, key: &Key) -> Vec<Key> {
        (self.upstream)(key)
    }

    /// The downstream keys of an upstream one; `None` without an inverse.
    pub(super) fn downstream_of_key(&self, key: &Key) -> Option<Vec<Key>> {
        self.downstream.as_ref().map(|downstream| downstream(key))
    }

    pub(super) fn upstream_of(&self, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> MappedKeys {
        let (mut taken, mut lacking) = (Vec::new(), Vec::new());
        let there = to.all();
        for index in keys.next(None, usize::MAX) {
            let needed = self.needed(&index, from, to, &there);
            if needed.contains(&None) {
                lacking.push(index);
            }
            taken.extend(needed.into_iter().flatten());
        }
        MappedKeys {
            keys: KeySet::of(to.dimensions.len(), taken),
            lacking: KeySet::of(from.dimensions.len(), lacking),
        }
    }

    pub(super) fn downstream_of(&self, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> KeySet {
        let keys = keys.intersection(&to.all());
        let Some(downstream) = &self.downstream else {
            return FunctionIndex::new(self, from, to).downstream_of(&keys);
        };
        let taking = keys.next(None, usize::MAX).into_iter().filter_map(|index| to.key_at(&index));
        let found = taking.flat_map(|key| downstream(&key)).filter_map(|key| from.index(&key));
        KeySet::of(from.dimensions.len(), found).intersection(&from.all())
    }

    /// The upstream keys that a downstream one needs, `None` for each that there isn't.
    fn needed(&self, index: &[i64], from: &KeySpace, to: &KeySpace, there: &KeySet) -> Vec<Option<KeyIndex>> {
        let Some(key) = from.key_at(index) else { return vec![None] };
        let index = |key: &Key| to.index(key).filter(|index| there.contains(index));
        self.upstream_of_key(&key).iter().map(index).collect()
    }

    /// Why the inverse isn't one: a key among the first ones from which it doesn't lead back. `None` if it does, or none is given.
    pub(super) fn inverse_problem(&self, from: &KeySpace, to: &KeySpace) -> Option<Problem> {
        const LOOKED_AT: usize = 1_000;
        let downstream = self.downstream.as_ref()?;
        let hint = "let both functions name the same pairs of keys, or leave out the inverse";
        let problem = |message: String| Some(Problem::new(message).with_hint(hint));
        for key in from.all().next(None, LOOKED_AT).iter().filter_map(|index| from.key_at(index)) {
            let taken = self.upstream_of_key(&key);
            let lost = taken.iter().find(|taken| !downstream(taken).contains(&key));
            if let Some(taken) = lost {
                return problem(format!(
                    "the function of `{key}` has `{taken}`, and the inverse of `{taken}` lacks `{key}`"
                ));
            }
        }
        for key in to.all().next(None, LOOKED_AT).iter().filter_map(|index| to.key_at(index)) {
            let mut taking = downstream(&key).into_iter().filter(|taking| from.index(taking).is_some());
            if let Some(taking) = taking.find(|taking| !self.upstream_of_key(taking).contains(&key)) {
                return problem(format!(
                    "the inverse of `{key}` has `{taking}`, and the function of `{taking}` lacks `{key}`"
                ));
            }
        }
        None
    }
}

/// The downstream keys that take each upstream key, found by calling a function with every downstream key.
#[derive(Clone, Debug)]
pub struct FunctionIndex {
    taking: BTreeMap<KeyIndex, Vec<KeyIndex>>,
    dimensions: usize,
}

impl FunctionIndex {
    pub(super) fn new(function: &KeyFunction, from: &KeySpace, to: &KeySpace) -> Self {
        let mut taking: BTreeMap<KeyIndex, Vec<KeyIndex>> = BTreeMap::new();
        let there = to.all();
        for index in from.all().next(None, usize::MAX) {
            for taken in function.needed(&index, from, to, &there).into_iter().flatten() {
                taking.entry(taken).or_default().push(index.clone());
            }
        }
        Self { taking, dimensions: from.dimensions.len() }
    }

    /// The downstream keys that take some of a set of upstream keys, as both were when the index was made.
    pub fn downstream_of(&self, keys: &KeySet) -> KeySet {
        let taking: Vec<KeyIndex> = if keys.count() < self.taking.len() as u64 {
            let found = keys.next(None, usize::MAX).into_iter().filter_map(|key| self.taking.get(&key));
            found.flatten().cloned().collect()
        } else {
            let found = self.taking.iter().filter(|(key, _)| keys.contains(key));
            found.flat_map(|(_, taking)| taking).cloned().collect()
        };
        KeySet::of(self.dimensions, taking)
    }
}
