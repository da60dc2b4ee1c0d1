//! Backfills of small assets as data, and of random ones against a naive model.

mod large;
mod lives;
mod model;
mod plans;
mod random;
mod stored;
mod support;
