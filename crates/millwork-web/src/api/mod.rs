//! The routes, a file for each kind of thing.

mod alerts;
mod assets;
mod automation;
mod counted;
mod etag;
mod events;
mod health;
mod launch;
mod queue;
mod reports;
mod routes;
mod runs;
mod schedules;
mod sensors;
mod switch;

pub(crate) use counted::Counted;
pub(crate) use routes::{open, protected};
