//! Letting go of values that a retention rule doesn't keep.

use std::borrow::Cow;

use jiff::Timestamp;
use millwork_core::advice::{Advice, ErrorClass};
use millwork_core::event::EventBody;
use millwork_core::retention::KeptValues;
use millwork_storage::{RetentionStore, StorageError};
use thiserror::Error;

use super::{ValueError, Values};

/// So many values are let go of at a time.
const AT_ONCE: u32 = 500;

/// Why values could not be let go of.
#[derive(Debug, Error)]
#[non_exhaustive]
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

/// What was let go of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgottenValues {
    /// So many values.
    pub values: u64,
    /// So many bytes.
    pub bytes: u64,
}

/// Removes every value that the rule doesn't keep. A value is removed before that is written down, so that one whose
/// removal was cut off is removed again.
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
