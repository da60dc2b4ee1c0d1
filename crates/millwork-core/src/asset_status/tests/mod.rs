//! Tests of the status of assets.

mod definitions;
mod large;
mod model;
mod random;
