//! Sets of keys and their spaces as JSON: runs of indexes, never lists of keys.
//!
//! `{"dimensions":2,"products":[[[[0,30],41],[0]]]}` is the set of the indexes 0 to 30 and 41 of the first dimension with index 0 of
//! the second. A space is stored as it was at its moment, so that a set of it can be read after its definition has changed.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key_set::KeySet;
use super::{Axis, IndexSet, KeySpace, Texts, TimeWindows};
use crate::problem::Problem;

/// The runs of a set of indexes, from low to high.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StoredRuns(Vec<StoredRun>);

/// One run.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredRun {
    /// A single index.
    One(i64),
    /// The first and the last index.
    Ends(i64, i64),
}

/// A set of keys.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredKeySet {
    /// The number of dimensions.
    dimensions: usize,
    /// Disjoint products, each with the indexes of every dimension.
    products: Vec<Vec<IndexSet>>,
}

/// A space with its moment.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSpace {
    now: Timestamp,
    dimensions: Vec<StoredDimension>,
}

/// A dimension of a space.
#[derive(Serialize, Deserialize)]
struct StoredDimension {
    name: String,
    values: StoredValues,
}

/// The values of a dimension.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredValues {
    /// Windows by their definition.
    Windows(Box<TimeWindows>),
    /// Texts.
    Texts {
        /// All that are or were there, in the order of their indexes.
        all: Vec<Arc<str>>,
        /// The indexes of those that are there.
        present: IndexSet,
    },
}

impl From<IndexSet> for StoredRuns {
    fn from(set: IndexSet) -> Self {
        let stored = |run: RangeInclusive<i64>| {
            if run.start() == run.end() {
                StoredRun::One(*run.start())
            } else {
                StoredRun::Ends(*run.start(), *run.end())
            }
        };
        Self(set.runs().map(stored).collect())
    }
}

impl TryFrom<StoredRuns> for IndexSet {
    type Error = Problem;

    fn try_from(stored: StoredRuns) -> Result<Self, Problem> {
        let run = |run: &StoredRun| match run {
            StoredRun::One(index) => *index..=*index,
            StoredRun::Ends(first, last) => *first..=*last,
        };
        let runs: Vec<RangeInclusive<i64>> = stored.0.iter().map(run).collect();
        let in_order = runs.windows(2).all(|pair| pair[0].end() < pair[1].start());
        if !in_order || runs.iter().any(RangeInclusive::is_empty) {
            return Err(Problem::new("the runs of a set of indexes aren't in order"));
        }
        Ok(Self::from_sorted_runs(runs))
    }
}

impl From<KeySet> for StoredKeySet {
    fn from(set: KeySet) -> Self {
        Self { dimensions: set.dimensions(), products: set.products() }
    }
}

impl TryFrom<StoredKeySet> for KeySet {
    type Error = Problem;

    fn try_from(stored: StoredKeySet) -> Result<Self, Problem> {
        let StoredKeySet { dimensions, products } = stored;
        if products.iter().any(|product| product.len() != dimensions) {
            return Err(Problem::new(format!("a product of a set of keys hasn't {dimensions} dimensions")));
        }
        let mut sets: Vec<Self> = products.into_iter().map(Self::product).collect();
        // Pairs of pairs: each key is gone through a few times only.
        while sets.len() > 1 {
            sets = sets
                .chunks(2)
                .map(|pair| match pair {
                    [one, other] => one.union(other),
                    [one, ..] => one.clone(),
                    [] => Self::empty(dimensions),
                })
                .collect();
        }
        Ok(sets.pop().unwrap_or_else(|| Self::empty(dimensions)))
    }
}

impl From<KeySpace> for StoredSpace {
    fn from(space: KeySpace) -> Self {
        let dimensions = space.dimensions.iter().map(|dimension| StoredDimension {
            name: dimension.name.clone(),
            values: match &dimension.axis {
                Axis::Windows(calendar) => StoredValues::Windows(Box::new(calendar.definition().clone())),
                Axis::Texts(texts) => StoredValues::Texts {
                    all: texts.known_texts().to_vec(),
                    present: texts.present().clone(),
                },
            },
        });
        Self { now: space.now, dimensions: dimensions.collect() }
    }
}

impl TryFrom<StoredSpace> for KeySpace {
    type Error = Problem;

    fn try_from(stored: StoredSpace) -> Result<Self, Problem> {
        let axis = |dimension: StoredDimension| {
            let axis = match dimension.values {
                StoredValues::Windows(windows) => Axis::Windows(windows.check()?),
                StoredValues::Texts { all, present } => Axis::Texts(Texts::stored(all, present)),
            };
            Ok((dimension.name, axis))
        };
        let axes: Vec<(String, Axis)> =
            stored.dimensions.into_iter().map(axis).collect::<Result<_, Problem>>()?;
        Ok(Self::new(axes, stored.now))
    }
}

#[cfg(test)]
mod tests {
    use crate::partition::{IndexSet, KeySet, KeySpace, daily, fixed};

    #[test]
    fn sets_are_stored_as_runs() {
        let set = KeySet::product([IndexSet::from(0..=30), IndexSet::from(2..=2)])
            .union(&KeySet::of(2, [vec![41, 2]]));
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"{"dimensions":2,"products":[[[[0,30],41],[2]]]}"#);
        assert_eq!(serde_json::from_str::<KeySet>(&json).unwrap(), set);
        let empty = serde_json::to_string(&KeySet::empty(1)).unwrap();
        assert_eq!(serde_json::from_str::<KeySet>(&empty).unwrap(), KeySet::empty(1));
    }

    #[test]
    fn malformed_sets_are_refused() {
        for json in ["[[3,1]]", "[4,2]", "[[0,5],5]"] {
            let error = serde_json::from_str::<IndexSet>(json).unwrap_err().to_string();
            assert!(error.contains("aren't in order"), "{error}");
        }
        let json = r#"{"dimensions":2,"products":[[[1]]]}"#;
        assert!(serde_json::from_str::<KeySet>(json).is_err());
    }

    #[test]
    fn spaces_read_the_same_keys_again() {
        let dimensions =
            daily("Europe/Berlin").from("2024-01-01").except(["2024-01-02"]).by(fixed(["a", "b"]));
        let mut space = dimensions.space("2024-01-04T12:00:00Z".parse().unwrap()).unwrap();
        space.texts_mut("fixed").unwrap().remove("a");
        let again: KeySpace = serde_json::from_str(&serde_json::to_string(&space).unwrap()).unwrap();
        assert!(again.is_like(&space));
        assert_eq!(again.all(), space.all());
        assert_eq!(again.set_text(&again.all()), "2024-01-01..2024-01-03|b");
    }
}
