//! The contract of an extractor.

use super::{Requirements, StepContext};
use crate::BoxError;

/// A type that a step's function can take by value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of an asset",
    label = "neither a reference to an upstream asset nor an extractor",
    note = "an upstream asset is taken by reference and named after the asset: `training_data: &Titles`",
    note = "anything else is an extractor: `Config<T>`, `Resource<T>`, `Partition`, `PartitionKeys`, `Partitions<asset>`, `Previous<asset>`, `History<asset>`, `Champion<model>`, `StepLog`"
)]
pub trait FromStep: Sized {
    /// Adds what the extractor needs to `requirements`.
    fn requirements(requirements: &mut Requirements) {
        let _ = requirements;
    }

    /// Takes the value from the running step.
    fn from_step(context: &StepContext) -> Result<Self, BoxError>;
}
