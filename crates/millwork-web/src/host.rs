//! What the process that serves the pages knows besides the definitions and the store.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::Event;
use millwork_core::exposition::Exposition;
use millwork_core::{BoxError, BoxFuture, QueueLimits};

/// The process that serves.
pub trait Host: fmt::Debug + Send + Sync {
    /// Writes numbers of the process for Prometheus, beside those of the server.
    fn write_metrics(&self, exposition: &mut Exposition);

    /// What the loops of a daemon in this process have done.
    fn loops(&self) -> Vec<LoopBeat>;

    /// The limits by which the daemons of the home launch runs; nothing if there is none.
    fn queue_limits(&self) -> Option<QueueLimits>;

    /// Facts about where and how it is deployed, as labels with texts. No secrets: they are shown.
    fn facts(&self) -> Vec<(&'static str, String)>;

    /// The stored form of the value that an event tells of.
    fn stored_form(&self, event: Event) -> BoxFuture<Result<Vec<u8>, BoxError>>;
}

/// What one loop of a daemon has done.
#[derive(Clone, Debug)]
pub struct LoopBeat {
    /// Which loop.
    pub name: &'static str,
    /// When its last turn ended.
    pub last: Option<Timestamp>,
    /// How long ago that was, whatever became of the wall clock since.
    pub since_last: Option<Duration>,
    /// How many turns it has made.
    pub turns: u64,
    /// How many of its turns failed.
    pub failures: u64,
    /// Why the last one failed, unless one has succeeded since.
    pub trouble: Option<String>,
}
