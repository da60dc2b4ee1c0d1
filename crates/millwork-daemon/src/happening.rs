//! What a daemon tells while it works.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::AssetKey;
use millwork_core::run::{RunId, RunStatus};

/// Told what happens.
pub type Observer = Arc<dyn Fn(&Happening) + Send + Sync>;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// A schedule requested a run.
    Requested {
        /// The schedule.
        schedule: String,
        /// The tick.
        due: Timestamp,
        /// The run.
        run: RunId,
    },
    /// Automation requested a run.
    Automated {
        /// The assets that were due.
        assets: Vec<AssetKey>,
        /// The run.
        run: RunId,
    },
    /// Ticks of a schedule were missed and are not run.
    Missed {
        /// The schedule.
        schedule: String,
        /// How many.
        ticks: usize,
    },
    /// A run was launched as a process.
    Launched {
        /// The run.
        run: RunId,
        /// The process.
        pid: u32,
    },
    /// A run that was launched has ended.
    Ended {
        /// The run.
        run: RunId,
        /// How.
        status: RunStatus,
        /// Why, if it didn't succeed.
        reason: Option<String>,
    },
    /// A run's process has died.
    Lost {
        /// The run.
        run: RunId,
        /// How.
        reason: String,
    },
    /// A loop could not do its work, and tries again.
    Trouble {
        /// Which one.
        of: &'static str,
        /// What happened.
        error: String,
    },
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { schedule, due, run } => {
                write!(f, "schedule `{schedule}` requested run {} for {due}", run.short())
            }
            Self::Automated { assets, run } => {
                let more = assets.len().saturating_sub(3);
                let named: Vec<String> = assets.iter().take(3).map(|key| format!("`{key}`")).collect();
                write!(f, "automation requested run {} of {}", run.short(), named.join(", "))?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Missed { schedule, ticks } => {
                let plural = if *ticks == 1 { "" } else { "s" };
                write!(f, "schedule `{schedule}` missed {ticks} tick{plural}, which are not run")
            }
            Self::Launched { run, pid } => write!(f, "run {} launched as process {pid}", run.short()),
            Self::Ended { run, status, reason } => {
                write!(f, "run {} {}", run.short(), status.as_str())?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Lost { run, reason } => write!(f, "run {} is lost: {reason}", run.short()),
            Self::Trouble { of, error } => write!(f, "trouble with {of}: {error}"),
        }
    }
}
