//! A set of row keys, by their hashes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::features::{RowKey, RowKeys};

/// A set of row keys, of which it holds 64 bits of each one's hash.
///
/// In JSON it is a text: the hashes in ascending order as little-endian bytes, in base64.
///
/// ```
/// use millwork_ml::features::{RowKey, RowKeys};
/// use millwork_ml::held_out::KeySet;
///
/// let set = KeySet::of(&RowKeys::new(["b", "a", "b"]));
/// assert_eq!(set.len(), 2);
/// assert!(set.contains(&RowKey::from("a")) && !set.contains(&RowKey::from("c")));
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct KeySet {
    /// In strictly ascending order.
    hashes: Vec<u64>,
}

impl KeySet {
    pub(super) const NONE: Self = Self { hashes: Vec::new() };

    /// The different keys of rows.
    pub fn of(keys: &RowKeys) -> Self {
        Self::of_hashes(keys.digests().collect())
    }

    fn of_hashes(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.shrink_to_fit();
        Self { hashes }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether a key is in the set; true for another key with a probability of the number of keys in 2⁶⁴.
    pub fn contains(&self, key: &RowKey) -> bool {
        self.contains_hash(key.digest())
    }

    pub(super) fn contains_hash(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }

    /// The keys of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::of_hashes(self.hashes.iter().chain(&other.hashes).copied().collect())
    }

    /// The keys of this set that are not in the other one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let hashes = self.hashes.iter().copied().filter(|&hash| !other.contains_hash(hash));
        Self { hashes: hashes.collect() }
    }

    /// The stored form.
    pub(super) fn to_text(&self) -> String {
        let bytes: Vec<u8> = self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        STANDARD.encode(bytes)
    }

    /// Reads the stored form, or returns its problem.
    pub(super) fn from_text(text: &str) -> Result<Self, &'static str> {
        let bytes = STANDARD.decode(text).map_err(|_| "it is not base64")?;
        let (hashes, []) = bytes.as_chunks::<8>() else {
            return Err("its length is not a multiple of 8 bytes");
        };
        let hashes: Vec<u64> = hashes.iter().copied().map(u64::from_le_bytes).collect();
        match hashes.is_sorted_by(|left, right| left < right) {
            true => Ok(Self { hashes }),
            false => Err("its hashes are not in strictly ascending order"),
        }
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Serialize for KeySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for KeySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text)
            .map_err(|problem| serde::de::Error::custom(format!("the set of keys is damaged: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(keys: &[i64]) -> KeySet {
        KeySet::of(&RowKeys::new(keys.iter().copied()))
    }

    proptest! {
        #[test]
        fn sets_are_those_of_the_keys(
            left in prop::collection::vec(0..20_i64, 0..15),
            right in prop::collection::vec(0..20_i64, 0..15),
        ) {
            let (of_left, of_right): (BTreeSet<i64>, BTreeSet<i64>) =
                (left.iter().copied().collect(), right.iter().copied().collect());
            let check = |found: KeySet, expected: Vec<i64>| {
                prop_assert_eq!(found.len(), expected.len());
                prop_assert!(expected.iter().all(|&key| found.contains(&key.into())));
                prop_assert_eq!(KeySet::from_text(&found.to_text()), Ok(found));
                Ok(())
            };
            let (left, right) = (set(&left), set(&right));
            check(left.clone(), of_left.iter().copied().collect())?;
            check(left.union(&right), of_left.union(&of_right).copied().collect())?;
            check(left.difference(&right), of_left.difference(&of_right).copied().collect())?;
        }
    }

    #[test]
    fn damaged_sets_are_errors() {
        let check = |text: &str, problem: &str| {
            assert_eq!(KeySet::from_text(text), Err(problem), "{text}");
            let error = serde_json::from_str::<KeySet>(&format!("\"{text}\"")).expect_err(problem);
            assert!(error.to_string().contains(problem), "{error}");
        };
        check("?", "it is not base64");
        check("AAAA", "its length is not a multiple of 8 bytes");
        let twice = STANDARD.encode([[1_u8; 8], [1; 8]].concat());
        check(&twice, "its hashes are not in strictly ascending order");
    }
}
