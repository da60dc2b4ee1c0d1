//! The join of predictions with what came later, by key.

use super::table::{Table, seek};
use crate::RowKey;

/// The predictions that have ground truth, in the order of their keys.
pub(super) struct Joined {
    pub(super) targets: Vec<f64>,
    pub(super) predictions: Vec<f64>,
    pub(super) tags: Vec<u32>,
}

/// Joins predictions with ground truth.
pub(super) fn join<K: RowKey>(predictions: &Table<K>, truth: &Table<K>) -> Joined {
    let mut joined = Joined { targets: Vec::new(), predictions: Vec::new(), tags: Vec::new() };
    let mut place = 0;
    for (row, key) in predictions.keys.iter().enumerate() {
        place = seek(&truth.keys, place, key);
        if place == truth.len() {
            break;
        }
        if truth.keys[place] == *key {
            joined.targets.push(truth.values[place]);
            joined.predictions.push(predictions.values[row]);
            joined.tags.extend(predictions.tags.get(row));
        }
    }
    joined
}
