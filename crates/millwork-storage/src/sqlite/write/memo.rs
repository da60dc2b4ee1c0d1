//! What the writer remembers from one transaction to the next.

use std::collections::HashMap;

use millwork_core::run::RunId;

use crate::run_projection::RunProjection;

/// What the writer remembers from one transaction to the next.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// What `PRAGMA data_version` said when the rest was read; nothing if the rest must be read again.
    pub(super) data_version: Option<i64>,
    /// The last sequence number.
    pub(super) head: i64,
    /// Runs that aren't finished.
    pub(super) runs: HashMap<RunId, KnownRun>,
    /// Numbers of names. They never change, so they survive what other processes write.
    pub(super) names: HashMap<Box<str>, i64>,
}

/// A run as the writer knows it.
#[derive(Debug)]
pub(super) struct KnownRun {
    pub(super) number: i64,
    pub(super) projection: RunProjection,
}

impl Memo {
    /// After a commit: finished runs are seldom written to again.
    pub(super) fn tidy(&mut self) {
        self.runs.retain(|_, run| !run.projection.status.is_finished());
    }

    /// The number of a name; 0 for none.
    pub(super) fn name(&self, name: Option<&str>) -> i64 {
        name.map_or(0, |name| self.names.get(name).copied().expect("names are interned before they are used"))
    }
}
