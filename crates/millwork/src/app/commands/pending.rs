//! `sensors pending` and `schedules pending`: requests that failed and are tried again.

use clap::Subcommand;
use jiff::Timestamp;
use millwork_api::{NameError, PendingView, find_schedule, find_sensor};
use millwork_core::{Clock as _, Instigator, SystemClock};
use millwork_storage::PendingState;

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Pending {
    /// List pending requests, oldest first
    #[command(arg(json_flag()))]
    List {
        /// Only requests of this sensor or schedule
        name: Option<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 50)]
        limit: u32,
    },
    /// Retry a request now, also if it was given up
    Retry {
        /// Number of the request
        id: u64,
    },
    /// Drop a request, so that it isn't tried again
    Drop {
        /// Number of the request
        id: u64,
    },
}

/// The state of a sensor or schedule: off, on, or stuck.
pub(super) fn state_word(on: bool, stuck_since: Option<Timestamp>) -> String {
    match (on, stuck_since) {
        (true, Some(since)) => format!("stuck since {}", when::moment(since)),
        (true, None) => "on".to_owned(),
        (false, _) => "off".to_owned(),
    }
}

/// The kind of instigator whose pending requests a command is about.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Sensors,
    Schedules,
}

pub(super) fn run(session: &Session, kind: Kind, pending: Pending) -> Result<Exit, Failure> {
    match pending {
        Pending::List { name, limit } => list(session, kind, name.as_deref(), limit, session.wants_json()),
        Pending::Retry { id } => change(session, id, Change::Retry),
        Pending::Drop { id } => change(session, id, Change::Drop),
    }
}

impl Kind {
    fn is_of(self, instigator: &Instigator) -> bool {
        match self {
            Self::Sensors => matches!(instigator, Instigator::Sensor(_)),
            Self::Schedules => matches!(instigator, Instigator::Schedule(_)),
        }
    }

    fn check_is_defined(self, session: &Session, name: &str) -> Result<(), Failure> {
        let pipeline = session.pipeline()?;
        match self {
            Self::Sensors => find_sensor(pipeline, name).map(drop)?,
            Self::Schedules => find_schedule(pipeline, name).map(drop)?,
        }
        Ok(())
    }

    /// A sensor or schedule that isn't defined any more may still have pending requests.
    fn named(self, name: &str) -> Instigator {
        match self {
            Self::Sensors => Instigator::Sensor(name.to_owned()),
            Self::Schedules => Instigator::Schedule(name.to_owned()),
        }
    }
}

fn list(session: &Session, kind: Kind, name: Option<&str>, limit: u32, json: bool) -> Result<Exit, Failure> {
    let of: Vec<Instigator> = name.map(|name| kind.named(name)).into_iter().collect();
    let pending = block_on(async { Ok(session.home().await?.store.pending(&of, u32::MAX).await?) })?;
    let mut pending: Vec<PendingView> = pending.into_iter().map(Into::into).collect();
    pending.retain(|one| kind.is_of(&one.instigator));
    if let Some(name) = name.filter(|_| pending.is_empty()) {
        kind.check_is_defined(session, name)?;
    }
    let all = pending.len();
    pending.truncate(limit as usize);
    if json {
        print_json(&pending)?;
    } else if pending.is_empty() {
        outln!("No pending requests.");
    } else {
        let heading = ["ID", "ASKED BY", "ASKED AT", "WHAT", "ATTEMPTS", "NEXT", "REASON"];
        out!("{}", table(heading, pending.iter().map(row).collect()));
        if all > pending.len() {
            outln!("The oldest {} of {all}; `--limit` shows more.", pending.len());
        }
    }
    Ok(Exit::Success)
}

fn row(pending: &PendingView) -> [String; 7] {
    let next = match pending.state {
        PendingState::Waiting => when::moment(pending.next_at),
        PendingState::GivenUp => "given up".to_owned(),
    };
    [
        pending.id.to_string(),
        name(&pending.instigator),
        when::moment(pending.created_at),
        pending.work.in_words(when::moment),
        pending.attempts.to_string(),
        next,
        pending.reason.clone(),
    ]
}

fn name(instigator: &Instigator) -> String {
    match instigator {
        Instigator::Sensor(name) | Instigator::Schedule(name) => name.clone(),
        Instigator::Automation(_)
        | Instigator::Alerts
        | Instigator::AlertTests
        | Instigator::Approvals
        | Instigator::Shadow
        | Instigator::Retries
        | Instigator::Traces => instigator.to_string(),
    }
}

#[derive(Clone, Copy)]
enum Change {
    Retry,
    Drop,
}

fn change(session: &Session, id: u64, change: Change) -> Result<Exit, Failure> {
    let is_there = block_on(async {
        let opened = session.home().await?;
        let is_there = match change {
            Change::Retry => opened.store.retry_pending(id, SystemClock.now()).await?,
            Change::Drop => opened.store.drop_pending(id).await?,
        };
        opened.store.close().await;
        Ok(is_there)
    })?;
    if !is_there {
        return Err(NameError::UnknownPending { id }.into());
    }
    match change {
        Change::Retry => outln!("{id} is tried again now, if a daemon runs."),
        Change::Drop => outln!("{id} is dropped; it isn't tried again."),
    }
    Ok(Exit::Success)
}
