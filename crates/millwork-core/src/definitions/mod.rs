//! What a pipeline declares, and whether it fits together.

mod asset;
mod collect;
mod configuration;
mod error;
pub mod expansion;
mod job;
mod pipeline;
mod policies;
mod request;
mod resolve;

pub use crate::value::{Asset, External};
pub use asset::{Assets, Declaration};
pub use collect::Definitions;
pub use error::{DefinitionError, DefinitionErrors};
pub use job::Job;
pub use pipeline::Pipeline;
use policies::RunPolicies;
pub use request::RequestError;
