//! What tests compare with: Python's libraries, and the real stories.

mod explained;
mod interpreter;
mod peer;
mod stories;

pub(crate) use explained::contributions;
pub(crate) use interpreter::{Python, Started, Xgboost};
pub(crate) use peer::ask;
pub(crate) use stories::Stories;
