//! Removes values that a retention rule doesn't keep.

use std::borrow::Cow;

use jiff::Timestamp;
use millwork_core::advice::{Advice, ErrorClass};
use millwork_core::event::EventBody;
use millwork_core::retention::KeptValues;
use millwork_storage::{RetentionStore, StorageError};
use thiserror::Error;

use super::{ValueError, Values};

/// The number of values that are removed at a time.
const AT_ONCE: u32 = 500;

/// The reason why values could not be removed.
#[derive(Debug, Error)]
pub enum ForgetError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// A value could not be removed.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl Advice for ForgetError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Value(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Home
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgottenValues {
    /// The number of values.
    pub values: u64,
    /// Their size, in bytes.
    pub bytes: u64,
}

/// Removes every value that the rule doesn't keep. A value is removed before that is recorded, so that an interrupted removal is repeated.
pub async fn forget_values(
    store: &dyn RetentionStore,
    values: &Values,
    kept: KeptValues,
    now: Timestamp,
) -> Result<ForgottenValues, ForgetError> {
    let mut forgotten = ForgottenValues::default();
    loop {
        let old = store.old_values(kept, now, AT_ONCE).await?;
        for event in &old {
            values.remove(event).await?;
            if let EventBody::Materialized(materialization) = &event.body {
                forgotten.values += 1;
                forgotten.bytes += materialization.stored.bytes;
            }
        }
        let removed: Vec<u64> = old.iter().map(|event| event.sequence).collect();
        store.forget_values(&removed).await?;
        if old.len() < AT_ONCE as usize {
            return Ok(forgotten);
        }
    }
}
