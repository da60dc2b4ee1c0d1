//! The events that a daemon reports while it works.
//!
//! An event is data with a text for people, so that the log of a service and tests read the same. No decision depends on these events: the
//! store is the truth, and alerts are decided by what it holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::backfill::{BackfillStatus, PartitionCounts};
use millwork_core::event::{AliasMoved, VersionDecided};
use millwork_core::id::BackfillId;
use millwork_core::run::{FailureClass, RunId, RunStatus};
use millwork_core::{AssetKey, AssetPartition, Instigator};

use millwork_storage::NewBackfill;

use crate::launcher::LaunchedRunId;
use crate::loop_name::LoopName;

/// Called with each event, on the thread of the loop that it comes from: it must not block.
pub type Observer = Arc<dyn Fn(&DaemonEvent) + Send + Sync>;

/// Something that a daemon has done or detected. Its text is one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DaemonEvent {
    /// A run was requested.
    Requested {
        /// The instigator that asked for it, in words: ``schedule `hourly` ``.
        by: String,
        /// The tick that it was requested for; `None` for a sensor, which has no ticks of its own.
        due: Option<Timestamp>,
        /// The ID of the requested run.
        run: RunId,
    },
    /// A backfill was requested.
    BackfillRequested {
        /// The instigator that asked for it, in words.
        by: String,
        /// The tick that it was requested for; `None` for a sensor.
        due: Option<Timestamp>,
        /// How many partitions it makes.
        partitions: u64,
    },
    /// Automation requested a run.
    Automated {
        /// The keys of the assets that were due.
        assets: Vec<AssetKey>,
        /// The ID of the requested run.
        run: RunId,
    },
    /// Ticks of a schedule were missed and are skipped.
    Missed {
        /// The schedule's name.
        schedule: String,
        /// The number of missed ticks.
        ticks: usize,
    },
    /// A backfill has ended.
    BackfillEnded {
        /// Its number.
        id: BackfillId,
        /// The status that it ended with.
        status: BackfillStatus,
        /// The numbers of its partitions by what has become of them.
        counts: PartitionCounts,
    },
    /// A run was launched.
    Launched {
        /// The ID of the launched run.
        run: RunId,
        /// The name of what executes it, as its launcher calls it: `process 735`.
        launched: LaunchedRunId,
    },
    /// A run is ended by force.
    Ending {
        /// The ID of the run that is ended.
        run: RunId,
        /// The class of failure that is recorded, which decides about retries.
        class: FailureClass,
        /// The limit that the run has exceeded, in words.
        reason: String,
    },
    /// A run that failed is retried.
    Retrying {
        /// The ID of the run that is queued.
        run: RunId,
        /// The ID of the run that failed: the same one, unless the retry starts from scratch.
        of: RunId,
        /// The number of the retry, from 1.
        number: u32,
        /// The pause before it starts.
        after: Duration,
    },
    /// A run has ended that this daemon, or one before it, launched.
    Ended {
        /// The ID of the run.
        run: RunId,
        /// The status that it ended with.
        status: RunStatus,
        /// The reason why it failed or was lost; `None` if it succeeded or was canceled.
        reason: Option<String>,
    },
    /// A run's process has died.
    Lost {
        /// The ID of the run, which is marked as lost.
        run: RunId,
        /// What is known of how the process ended.
        reason: String,
    },
    /// A rule's alert is to be delivered.
    Alerted {
        /// The rule's name.
        rule: String,
        /// The alert's title.
        title: String,
        /// The number of destinations that it is sent to: 0 if all of the rule's are optional and not configured.
        destinations: usize,
    },
    /// An attempt to deliver an alert failed.
    Undelivered {
        /// The number of its delivery.
        delivery: u64,
        /// The stored name of its destination.
        destination: String,
        /// The receiver's answer, or the reason why it was not reached.
        error: String,
        /// Whether the delivery is given up: it was refused for good, or all attempts failed.
        is_given_up: bool,
    },
    /// A time limit has decided about a version of a model.
    VersionDecided {
        /// The model, and its partition.
        of: AssetPartition,
        /// The decision.
        decided: VersionDecided,
    },
    /// A gate has judged a version in shadow again, and ended its trial.
    TrialOver {
        /// The model, and its partition.
        of: AssetPartition,
        /// The verdict in words.
        verdict: String,
    },
    /// A gate could not judge a version in shadow. It does when there are new values to judge on.
    TrialNotJudged {
        /// The model, and its partition.
        of: AssetPartition,
        /// The error with its causes, in one line.
        error: String,
    },
    /// A watch has gone back from the version of a model in use.
    RolledBack {
        /// The model, and its partition.
        of: AssetPartition,
        /// The move of the alias.
        moved: AliasMoved,
    },
    /// A watch could not go back from the version of a model in use.
    NotRolledBack {
        /// The model, and its partition.
        of: AssetPartition,
        /// The error with its causes, in one line.
        error: String,
    },
    /// Retention rules removed data.
    Forgotten {
        /// The number of events.
        events: u64,
        /// The number of runs.
        runs: u64,
        /// The number of ticks.
        ticks: u64,
        /// The number of stored values.
        values: u64,
    },
    /// The wall clock was set: it and the steady clock have moved apart.
    ClockJumped {
        /// The size of the jump: positive if forward, negative if back.
        by: SignedDuration,
    },
    /// Retention pauses for a day, as the wall clock isn't trusted.
    RetentionWaits,
    /// A tick of a loop failed, and is repeated.
    LoopFailed {
        /// The loop's name.
        of: LoopName,
        /// The error with its causes, in one line.
        error: String,
    },
    /// The cursor of an instigator can't be read, so it begins anew.
    UnreadableCursor {
        /// The instigator whose cursor it is.
        instigator: Instigator,
        /// The reason why it can't be read.
        error: String,
    },
    /// The limits by which this daemon launches runs could not be stored, so commands and pages can't explain why runs wait.
    Unannounced {
        /// The error with its causes, in one line.
        error: String,
    },
}

impl DaemonEvent {
    /// That a backfill was requested.
    pub(crate) fn backfill_requested(by: String, due: Option<Timestamp>, backfill: &NewBackfill) -> Self {
        let partitions = backfill.plan.assets().iter().map(|asset| asset.make.count()).sum();
        Self::BackfillRequested { by, due, partitions }
    }
}

impl fmt::Display for DaemonEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { by, due: Some(due), run } => {
                write!(f, "{by} requested run {} for {due}", run.short())
            }
            Self::Requested { by, due: None, run } => write!(f, "{by} requested run {}", run.short()),
            Self::BackfillRequested { by, due, partitions } => {
                let partitions = match partitions {
                    1 => "1 partition".to_owned(),
                    several => format!("{several} partitions"),
                };
                write!(f, "{by} requested a backfill of {partitions}")?;
                due.map_or(Ok(()), |due| write!(f, " for {due}"))
            }
            Self::Automated { assets, run } => {
                let more = assets.len().saturating_sub(3);
                let named: Vec<String> = assets.iter().take(3).map(|key| format!("`{key}`")).collect();
                write!(f, "automation requested run {} of {}", run.short(), named.join(", "))?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Missed { schedule, ticks } => {
                let rest = if *ticks == 1 { "tick, which is skipped" } else { "ticks, which are skipped" };
                write!(f, "schedule `{schedule}` missed {ticks} {rest}")
            }
            Self::BackfillEnded { id, status, counts } => write!(f, "backfill {id} {status}: {counts}"),
            Self::Launched { run, launched } => write!(f, "run {} launched as {launched}", run.short()),
            Self::Ending { run, class, reason } => {
                write!(f, "run {} is ended by force ({class}): {reason}", run.short())
            }
            Self::Retrying { run, of, number, after } if run == of => {
                write!(f, "run {} is retried in {after:?} (retry {number})", run.short())
            }
            Self::Retrying { run, of, number, .. } => {
                write!(f, "run {} is queued as a retry of run {} (retry {number})", run.short(), of.short())
            }
            Self::Ended { run, status, reason } => {
                write!(f, "run {} {}", run.short(), status.as_str())?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Lost { run, reason } => write!(f, "run {} is lost: {reason}", run.short()),
            Self::Alerted { rule, title, destinations: 0 } => {
                write!(f, "alert by `{rule}`, which has no configured destination: {title}")
            }
            Self::Alerted { rule, title, .. } => write!(f, "alert by `{rule}`: {title}"),
            Self::Undelivered { delivery, destination, error, is_given_up: false } => {
                write!(f, "alert {delivery} was not delivered to {destination} and will be sent again: {error}")
            }
            Self::Undelivered { delivery, destination, error, is_given_up: true } => write!(
                f,
                "alert {delivery} was not delivered to {destination} and is given up: {error}; `alerts deliveries \
                 retry {delivery}` sends it again"
            ),
            Self::VersionDecided { of, decided } => write!(f, "{}: {decided}", of.quoted()),
            Self::TrialOver { of, verdict } => write!(f, "{}: {verdict}", of.quoted()),
            Self::TrialNotJudged { of, error } => {
                write!(f, "the version of {} in shadow was not judged: {error}", of.quoted())
            }
            Self::RolledBack { of, moved } => write!(f, "{}: {moved}", of.quoted()),
            Self::NotRolledBack { of, error } => {
                write!(f, "the watch over {} could not go back: {error}", of.quoted())
            }
            Self::Forgotten { events, runs, ticks, values } => {
                write!(f, "forgot {events} events, {runs} runs, {ticks} ticks and {values} values")
            }
            Self::ClockJumped { by } if by.is_negative() => {
                write!(f, "the clock was set back by {:#}; no run is ended or repeated because of it", by.abs())
            }
            Self::ClockJumped { by } => write!(
                f,
                "the clock was set forward by {by:#}, or the machine was suspended; no run is ended or repeated because of \
                 it"
            ),
            Self::RetentionWaits => f.write_str(
                "the clock is more than a day off the last stored time, or was set by more than a day: retention pauses until \
                 it has run steadily for a day",
            ),
            Self::LoopFailed { of, error } => write!(f, "error in {of}: {error}"),
            Self::UnreadableCursor { instigator, error } => {
                write!(f, "the cursor of {instigator} can't be read, and begins anew: {error}")
            }
            Self::Unannounced { error } => {
                write!(f, "failed to announce the daemon to commands and pages: {error}")
            }
        }
    }
}
