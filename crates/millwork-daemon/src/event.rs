//! What a daemon reports while it works.
//!
//! An event is data with a text for people, so that the log of a service and tests read the same thing. Nothing is decided by these events:
//! what counts is in the store, and what others are to be alerted of is found there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::run::{FailureClass, RunId, RunStatus};
use millwork_core::{AssetKey, Instigator};

use crate::launcher::LaunchedRunId;
use crate::loop_name::LoopName;

/// Called with each event, on the thread of the loop that it comes from: it must not block.
pub type Observer = Arc<dyn Fn(&DaemonEvent) + Send + Sync>;

/// Something that a daemon has done or noticed. Its text is one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DaemonEvent {
    /// A run was requested.
    Requested {
        /// The instigator that asked for it, in words: ``schedule `hourly` ``.
        by: String,
        /// The tick that it was requested for; nothing for a sensor, which has none.
        due: Option<Timestamp>,
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
        /// The schedule's name.
        schedule: String,
        /// How many of its ticks.
        ticks: usize,
    },
    /// A run was launched.
    Launched {
        /// The run.
        run: RunId,
        /// What executes it, as its launcher calls that.
        launched: LaunchedRunId,
    },
    /// A run is ended by force.
    Ending {
        /// The run.
        run: RunId,
        /// The class of failure that is recorded, by which retries go.
        class: FailureClass,
        /// Which limit it has broken.
        reason: String,
    },
    /// A run that failed is queued again.
    Retrying {
        /// The run that is queued.
        run: RunId,
        /// The run that failed: the same one, unless everything is run again.
        of: RunId,
        /// Which retry this is, from 1.
        number: u32,
        /// The pause before it.
        after: Duration,
    },
    /// A run has ended that this daemon launched, or one before it.
    Ended {
        /// The run.
        run: RunId,
        /// The status that it ended with.
        status: RunStatus,
        /// Why it failed or was lost; nothing if it succeeded or was canceled.
        reason: Option<String>,
    },
    /// A run's process has died.
    Lost {
        /// The run.
        run: RunId,
        /// What is known of the process's end.
        reason: String,
    },
    /// A rule's alert is to be delivered.
    Alerted {
        /// The rule's name.
        rule: String,
        /// The alert's title.
        title: String,
        /// How many destinations it goes to: none if all of the rule's are optional and not configured.
        destinations: usize,
    },
    /// An alert did not arrive.
    Undelivered {
        /// The number of its delivery.
        delivery: u64,
        /// The stored name of its destination.
        destination: String,
        /// What the receiver answered, or why it was not reached.
        error: String,
        /// Whether it isn't sent again, as it was refused for good or tried too often.
        is_given_up: bool,
    },
    /// Retention rules let go of something.
    Forgotten {
        /// Number of events.
        events: u64,
        /// Number of runs.
        runs: u64,
        /// Number of ticks.
        ticks: u64,
        /// Number of stored values.
        values: u64,
    },
    /// The wall clock was set, as a comparison with the time that has passed shows.
    ClockJumped {
        /// By how much: forward, or back if it is negative.
        by: SignedDuration,
    },
    /// Nothing is forgotten for a day, as the wall clock isn't trusted.
    RetentionWaits,
    /// A loop could not do its work, and tries again.
    Trouble {
        /// Which loop.
        of: LoopName,
        /// The error with its causes, in one line.
        error: String,
    },
    /// How far an instigator has come can't be read, so it begins anew.
    UnreadableCursor {
        /// Whose cursor it is.
        instigator: Instigator,
        /// Why it can't be read.
        error: String,
    },
    /// The limits by which this daemon launches runs could not be written down, so others can't say why runs wait.
    Unannounced {
        /// The error with its causes, in one line.
        error: String,
    },
}

impl fmt::Display for DaemonEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { by, due: Some(due), run } => {
                write!(f, "{by} requested run {} for {due}", run.short())
            }
            Self::Requested { by, due: None, run } => write!(f, "{by} requested run {}", run.short()),
            Self::Automated { assets, run } => {
                let more = assets.len().saturating_sub(3);
                let named: Vec<String> = assets.iter().take(3).map(|key| format!("`{key}`")).collect();
                write!(f, "automation requested run {} of {}", run.short(), named.join(", "))?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Missed { schedule, ticks } => {
                let rest = if *ticks == 1 { "tick, which is not run" } else { "ticks, which are not run" };
                write!(f, "schedule `{schedule}` missed {ticks} {rest}")
            }
            Self::Launched { run, launched } => write!(f, "run {} launched as {launched}", run.short()),
            Self::Ending { run, class, reason } => {
                write!(f, "run {} is ended by force ({class}): {reason}", run.short())
            }
            Self::Retrying { run, of, number, after } if run == of => {
                write!(f, "run {} is tried again in {after:?} (retry {number})", run.short())
            }
            Self::Retrying { run, of, number, .. } => {
                write!(f, "run {} is queued to repeat run {} (retry {number})", run.short(), of.short())
            }
            Self::Ended { run, status, reason } => {
                write!(f, "run {} {}", run.short(), status.as_str())?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Lost { run, reason } => write!(f, "run {} is lost: {reason}", run.short()),
            Self::Alerted { rule, title, destinations: 0 } => {
                write!(f, "alert by `{rule}`, for nobody, as no destination of it is configured: {title}")
            }
            Self::Alerted { rule, title, .. } => write!(f, "alert by `{rule}`: {title}"),
            Self::Undelivered { destination, error, is_given_up: false, .. } => {
                write!(f, "an alert was not delivered to {destination}, and is sent again: {error}")
            }
            Self::Undelivered { delivery, destination, error, is_given_up: true } => write!(
                f,
                "an alert was not delivered to {destination}, and is given up: {error} (`alerts deliveries \
                 retry {delivery}` sends it again)"
            ),
            Self::Forgotten { events, runs, ticks, values } => {
                write!(f, "forgot {events} events, {runs} runs, {ticks} ticks and {values} values")
            }
            Self::ClockJumped { by } if by.is_negative() => {
                write!(f, "the clock was set back by {:#}; nothing is ended or repeated for it", by.abs())
            }
            Self::ClockJumped { by } => write!(
                f,
                "the clock was set forward by {by:#}, or the machine was suspended so long; nothing is ended or repeated \
                 for it"
            ),
            Self::RetentionWaits => f.write_str(
                "the clock stands more than a day from what was written last, or was set so far: nothing is forgotten until \
                 it has gone on steadily for a day",
            ),
            Self::Trouble { of, error } => write!(f, "trouble with {of}: {error}"),
            Self::UnreadableCursor { instigator, error } => {
                write!(f, "the cursor of {instigator} can't be read, and begins anew: {error}")
            }
            Self::Unannounced { error } => {
                write!(f, "failed to announce the daemon to commands and pages: {error}")
            }
        }
    }
}
