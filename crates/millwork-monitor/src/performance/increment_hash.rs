//! Hashes of what is added, by which it is known again.

use crate::value::number;
use crate::{GroundTruth, Predictions, RowKey, RowValue};

/// The hash of predictions.
pub(super) fn hash_of_predictions<K: RowKey, T: RowValue>(increment: &Predictions<K, T>) -> u64 {
    let mut hash = Hash::of(b"predictions");
    hash.rows(&increment.keys, &increment.values);
    hash.numbers(increment.made_at.iter());
    for model in increment.models() {
        hash.numbers([i64::from(model.version.get())]);
        hash.text(model.role.as_str());
    }
    for (column, texts) in &increment.slices {
        hash.text(column);
        texts.iter().for_each(|text| hash.text(text));
    }
    hash.end()
}

/// The hash of ground truth.
pub(super) fn hash_of_truth<K: RowKey, T: RowValue>(increment: &GroundTruth<K, T>) -> u64 {
    let mut hash = Hash::of(b"ground truth");
    hash.rows(&increment.keys, &increment.values);
    hash.numbers(increment.known_at.iter());
    hash.end()
}

/// A hash that is being computed.
struct Hash {
    hasher: blake3::Hasher,
    pending: Vec<u8>,
}

/// How many bytes are hashed at once.
const PENDING: usize = 1 << 16;

impl Hash {
    fn of(kind: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind);
        Self { hasher, pending: Vec::with_capacity(PENDING + 64) }
    }

    fn rows<K: RowKey, T: RowValue>(&mut self, keys: &[K], values: &[T]) {
        let number = |(key, &value): (&K, &T)| [key.fingerprint() as i64, number(value).to_bits() as i64];
        self.numbers([keys.len() as i64]);
        self.numbers(keys.iter().zip(values).flat_map(number));
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = i64>) {
        for number in numbers {
            self.pending.extend_from_slice(&number.to_le_bytes());
            self.hash_pending();
        }
    }

    fn text(&mut self, text: &str) {
        self.numbers([text.len() as i64]);
        self.pending.extend_from_slice(text.as_bytes());
        self.hash_pending();
    }

    fn hash_pending(&mut self) {
        if self.pending.len() >= PENDING {
            self.hasher.update(&self.pending);
            self.pending.clear();
        }
    }

    fn end(mut self) -> u64 {
        self.hasher.update(&self.pending);
        let mut first = [0; 8];
        first.copy_from_slice(&self.hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(first)
    }
}
