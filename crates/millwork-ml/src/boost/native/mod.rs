//! Boosting by XGBoost's own library, loaded at run time through its C interface.
//!
//! The library is found (as the module `search` describes) and opened at the first training that asks for it, and kept. It
//! trains a round at a time, so that cancellation, early stopping and checkpoints are the same as for every backend. Its
//! model is then read as XGBoost's file: a booster predicts, explains and is stored alike with either backend, and how
//! the library would treat a damaged file doesn't matter, because only models that were checked are given to it.
//!
//! *Training across processes* would attach here: a call of `XGCommunicatorInit` on the thread that trains, before its
//! matrices are made, and one of `XGCommunicatorFinalize` after the last round.
//!
//! Signatures and their contracts are those of XGBoost's "C API Reference" and of `xgboost/c_api.h`, versions 2.0 to
//! 3.2.

mod array;
mod error;
mod library;
mod matrix;
mod message;
mod rounds;
mod scores;
mod search;

pub use error::NativeError;
pub(super) use rounds::rounds;
