//! Tests of the status of assets.

mod away;
mod definitions;
mod large;
mod model;
mod random;
