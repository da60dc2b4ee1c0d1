//! The life of a model: the versions of an asset or partition, what gates and people decided about them, and where its aliases point.
//!
//! [`ModelHistory`] is a fold over the events of one asset or partition, `history.rs`. What follows from it is in `status.rs` and
//! `shadow.rs`. What can be done to a version by hand (promoting it, refusing it, going back to it) is decided in `operations.rs`, as the
//! events that do it; the store refuses them if an alias was moved meanwhile.

mod history;
mod operation_error;
mod operations;
mod shadow;
mod status;
#[cfg(test)]
mod tests;

pub use history::{Dated, ModelHistory, ModelVersion};
pub use operation_error::OperationError;
pub use operations::Author;
pub(crate) use operations::moment;
pub use shadow::TrialEnd;
pub use status::VersionStatus;
