//! A cache of what was made for the last pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Values that are costly to make, by what they depend on. The `N` most recently used ones are kept.
#[derive(Debug)]
pub(super) struct Recent<K, V, const N: usize>(Mutex<VecDeque<(K, Arc<V>)>>);

impl<K, V, const N: usize> Default for Recent<K, V, N> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V, const N: usize> Recent<K, V, N> {
    /// The value of a key, if it is kept.
    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known == key)?;
        let found = kept.remove(place)?;
        let value = found.1.clone();
        kept.push_front(found);
        Some(value)
    }

    /// Keeps a value, in place of the least recently used one.
    pub(super) fn keep(&self, key: K, value: Arc<V>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        kept.push_front((key, value));
        kept.truncate(N);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_recently_used_values_are_kept() {
        let recent = Recent::<u32, u32, 8>::default();
        for key in 0..8 {
            recent.keep(key, Arc::new(key));
        }
        assert_eq!(recent.get(&0).as_deref(), Some(&0), "used, and so the newest");
        recent.keep(99, Arc::new(99));
        let value = |key| recent.get(&key).as_deref().copied();
        assert_eq!([0, 1, 2, 99].map(value), [Some(0), None, Some(2), Some(99)]);
    }
}
