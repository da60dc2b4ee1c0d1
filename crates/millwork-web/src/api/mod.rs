//! The routes, a file for each kind of thing.

mod assets;
mod automation;
mod events;
mod health;
mod launch;
mod routes;
mod runs;
mod schedules;

pub(crate) use routes::{open, protected};
