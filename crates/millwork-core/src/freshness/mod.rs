//! Freshness: how old an asset's value may be.
//!
//! A [`FreshnessPolicy`] is part of an asset's specification. [`FreshnessPolicy::state`] says what it means at a moment; nothing
//! is stored, and nothing is run because of it.

mod policy;
mod state;

pub use policy::FreshnessPolicy;
pub use state::Freshness;
