//! The lives of the models: what gates and people decided about versions, and where aliases point, kept in memory for pages.

mod cache;

pub(crate) use cache::{ModelCache, ModelSnapshot};
