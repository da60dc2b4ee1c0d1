//! Definitions: what a pipeline declares, and the checks that it fits together.

mod backfill;
mod batches;
mod collect;
mod configuration;
mod error;
pub mod expansion;
mod job;
mod pipeline;
mod renames;
mod request;
mod resolve;

pub use crate::value::{Asset, External};
pub use backfill::{BackfillSpec, PlannedBackfill, run_outcome};
use collect::RunPolicies;
pub use collect::{Assets, Declaration, Definitions};
pub use error::{DefinitionError, DefinitionErrors};
pub use job::Job;
pub use pipeline::Pipeline;
pub use request::{DueWork, RequestError};
