//! What a call for many partitions returned, matched with the partitions that were asked for.

use std::collections::HashMap;

use super::Produced;
use crate::BoxError;
use crate::param::{Batch, BatchKey, StepContext, text_of_key};
use crate::problem::Problem;

/// What a call for many partitions returned, with the types erased.
#[derive(Debug)]
pub struct BatchResult {
    /// For each key that was asked for, in their order.
    pub of_keys: Vec<BatchedOutcome>,
    /// Keys that were not asked for, as text.
    pub foreign: Vec<String>,
}

/// What a call returned for one of its partitions.
#[derive(Debug)]
pub enum BatchedOutcome {
    /// The outcome for each output of the function, in the order of the outputs.
    Made(Vec<Produced>),
    /// An error.
    Failed(BoxError),
    /// Nothing: the key isn't in the batch.
    Missing,
    /// The key is in the batch more than once.
    Twice,
}

impl BatchResult {
    /// Matches what is in a batch with the keys of the call. `produced` erases the type of what was made for one of them.
    ///
    /// # Errors
    ///
    /// If the call is for one partition only, or a key of it can't be read or told from another one.
    pub fn of<K: BatchKey, T>(
        context: &StepContext,
        batch: Batch<K, T>,
        produced: impl Fn(T) -> Result<Vec<Produced>, BoxError>,
    ) -> Result<Self, BoxError> {
        let keys = context.batch().ok_or("the function returned a batch for one partition")?;
        let mut places: HashMap<K, usize> = HashMap::with_capacity(keys.len());
        for (place, (partition, key)) in keys.iter().enumerate() {
            if let Some(other) = places.insert(K::from_key(key)?, place) {
                let message = format!(
                    "the partitions `{}` and `{partition}` are the same `{}`, so that a batch can't tell them apart",
                    keys[other].0,
                    std::any::type_name::<K>()
                );
                return Err(Problem::new(message).with_hint("use a type that has all of the key").into());
            }
        }
        let mut of_keys: Vec<_> = keys.iter().map(|_| BatchedOutcome::Missing).collect();
        let mut foreign = Vec::new();
        for (key, made) in batch {
            let Some(&place) = places.get(&key) else {
                foreign.push(text_of_key(&key));
                continue;
            };
            of_keys[place] = match of_keys[place] {
                BatchedOutcome::Missing => {
                    produced(made).map_or_else(BatchedOutcome::Failed, BatchedOutcome::Made)
                }
                BatchedOutcome::Made(_) | BatchedOutcome::Failed(_) | BatchedOutcome::Twice => {
                    BatchedOutcome::Twice
                }
            };
        }
        Ok(Self { of_keys, foreign })
    }
}
