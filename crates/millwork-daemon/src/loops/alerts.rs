//! Alerts: what has happened becomes deliveries, each once.
//!
//! Events are read behind a cursor; freshness, ticks and the loops' own troubles are looked at besides. The cursor, what
//! was told before, and the deliveries that follow are one commit.

use std::time::Duration;

use jiff::Timestamp;
use millwork_core::alert::{Alert, AlertRules, AlertStates, Occurrence, OccurrenceKind, decide};
use millwork_core::event::{Event, EventBody, EventKind};
use millwork_core::{AssetKey, Instigator};
use millwork_storage::{Commit, EventQuery, Followed, Order, TickOutcome, follow};
use serde::{Deserialize, Serialize};

use crate::cursor::Cursor;
use crate::daemon::Loop;
use crate::loops::deliveries::deliveries_of;
use crate::{Daemon, DaemonError, DaemonEvent};

/// One look reads so many events at most.
const MOST_EVENTS: u32 = 500;
/// How often freshness, ticks and loops are looked at.
const BESIDES: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Alerts {
    rules: Option<AlertRules>,
    /// When freshness, ticks and loops were last looked at, by the steady clock.
    looked_at: Option<Duration>,
}

/// How far was looked, and what was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Behind which event.
    behind: u64,
    /// Behind which tick; nothing if none was looked at.
    #[serde(default)]
    behind_tick: Option<u64>,
    memory: AlertStates,
}

impl Loop for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let url = (daemon.environment)("MILLWORK_URL");
        let rules = self.rules.get_or_insert_with(|| {
            AlertRules::new(daemon.pipeline.alerts(), daemon.pipeline.graph(), url.as_deref())
        });
        let cursor: Cursor<Position> = Cursor::read(daemon, Instigator::Alerts).await?;
        let now = daemon.options.clock.now();
        let before = match cursor.position.clone() {
            Some(position) => position,
            None => first(daemon).await?,
        };
        let mut position = before.clone();
        let steady = daemon.options.clock.steady();
        let besides = self.looked_at.is_none_or(|looked| steady.saturating_sub(looked) >= BESIDES);
        let alerts = look(daemon, rules, &mut position, besides, now).await?;
        if besides {
            self.looked_at = Some(steady);
        }
        if !alerts.is_empty() || cursor.position.is_none() || position != before {
            record(daemon, cursor.moved_to(&position)?, alerts, now).await?;
        }
        Ok(daemon.options.slow_beat())
    }

    /// What happened before the first daemon ever began is told nobody.
    async fn begin(&mut self, daemon: &Daemon) -> Result<(), DaemonError> {
        let cursor: Cursor<Position> = Cursor::read(daemon, Instigator::Alerts).await?;
        if cursor.position.is_none() {
            let position = first(daemon).await?;
            daemon.store.commit(cursor.moved_to(&position)?).await?;
        }
        Ok(())
    }
}

/// From now on.
async fn first(daemon: &Daemon) -> Result<Position, DaemonError> {
    let behind = daemon.store.head().await?;
    let behind_tick = Some(daemon.store.newest_tick().await?);
    Ok(Position { behind, behind_tick, memory: AlertStates::default() })
}

async fn look(
    daemon: &Daemon,
    rules: &AlertRules,
    position: &mut Position,
    besides: bool,
    now: Timestamp,
) -> Result<Vec<Alert>, DaemonError> {
    let mut alerts = Vec::new();
    let Followed { events, behind } =
        follow(&*daemon.store, position.behind, Occurrence::KINDS, MOST_EVENTS).await?;
    position.behind = behind;
    for event in events {
        if !rules.is_empty()
            && let Some(occurrence) = occurrence(daemon, rules, &event).await?
        {
            alerts.extend(decide(rules, &mut position.memory, &occurrence));
        }
    }
    if rules.is_empty() || !besides {
        return Ok(alerts);
    }
    let mut occurrences = fresh(daemon, now).await?;
    occurrences.extend(ticked(daemon, position).await?);
    occurrences.extend(looped(daemon, now));
    for occurrence in occurrences {
        alerts.extend(decide(rules, &mut position.memory, &occurrence));
    }
    Ok(alerts)
}

async fn occurrence(
    daemon: &Daemon,
    rules: &AlertRules,
    event: &Event,
) -> Result<Option<Occurrence>, DaemonError> {
    let request = match event.run {
        Some(run) => daemon.store.run(run).await?.map(|run| run.request),
        None => None,
    };
    let mut previous = None;
    if let (EventBody::Materialized(_), Some(asset)) = (&event.body, &event.asset)
        && rules.compares(asset)
    {
        let query = EventQuery {
            asset: Some(asset.clone()),
            partition: Some(event.partition.clone()),
            kinds: Some(EventKind::Materialized.into()),
            before: Some(event.sequence),
            order: Order::NewestFirst,
            limit: Some(1),
            ..EventQuery::default()
        };
        previous = daemon.store.events(query).await?.into_iter().find_map(|event| match event.body {
            EventBody::Materialized(materialization) => Some(materialization.metadata),
            _ => None,
        });
    }
    Ok(Occurrence::of_event(event, daemon.pipeline.graph(), request.as_ref(), previous))
}

/// How fresh the assets are that have a policy.
async fn fresh(daemon: &Daemon, now: Timestamp) -> Result<Vec<Occurrence>, DaemonError> {
    let graph = daemon.pipeline.graph();
    let with_policy =
        graph.assets().iter().filter_map(|asset| Some((&asset.spec.key, asset.spec.freshness.as_ref()?)));
    let policies: Vec<_> = with_policy.collect();
    if policies.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<AssetKey> = policies.iter().map(|(key, _)| (*key).clone()).collect();
    let latest = daemon.store.latest(&keys).await?;
    let occurrence = |(key, policy): &(&AssetKey, &millwork_core::FreshnessPolicy)| {
        let of_asset = latest.iter().filter(|latest| latest.asset == **key);
        let last = of_asset.filter_map(|latest| latest.materialization.as_ref()).map(|event| event.at).max();
        let (state, since) = (policy.state(last, now), policy.since(last, now));
        let kind = OccurrenceKind::Freshness { state, since, policy: policy.to_string(), last };
        Occurrence { assets: vec![(*key).clone()], ..Occurrence::elsewhere(now, kind) }
    };
    Ok(policies.iter().map(occurrence).collect())
}

/// The ticks that were written since the last look.
async fn ticked(daemon: &Daemon, position: &mut Position) -> Result<Vec<Occurrence>, DaemonError> {
    let behind = match position.behind_tick {
        Some(behind) => behind,
        None => daemon.store.newest_tick().await?,
    };
    let mut ticks = Vec::new();
    position.behind_tick = Some(behind);
    // Ticks that come while others are read are read at the next look.
    let newest = daemon.store.newest_tick().await?;
    while let Some(behind) = position.behind_tick.filter(|behind| *behind < newest) {
        let read = daemon.store.ticks_behind(behind, MOST_EVENTS).await?;
        position.behind_tick = Some(read.last().map_or(newest, |(number, _)| *number));
        ticks.extend(read.into_iter().map(|(_, tick)| tick));
    }
    let occurrence = |tick: millwork_storage::Tick| {
        let look = ticks_command(&tick.instigator);
        let error = match tick.outcome {
            TickOutcome::Failed { reason } => Some(reason),
            TickOutcome::Requested { .. } | TickOutcome::Skipped { .. } | TickOutcome::Idle { .. } => None,
        };
        Occurrence::elsewhere(tick.at, OccurrenceKind::Ticked { of: tick.instigator, error, look })
    };
    Ok(ticks.into_iter().map(occurrence).collect())
}

/// The command that shows the ticks of an instigator.
fn ticks_command(instigator: &Instigator) -> String {
    match instigator {
        Instigator::Schedule(name) => format!("schedules ticks {name}"),
        Instigator::Sensor(name) => format!("sensors ticks {name}"),
        Instigator::Automation(_)
        | Instigator::Alerts
        | Instigator::AlertTests
        | Instigator::Retries
        | Instigator::Traces => "automation ticks".to_owned(),
    }
}

/// How the daemon's own loops do.
fn looped(daemon: &Daemon, now: Timestamp) -> Vec<Occurrence> {
    let occurrence = |(of, pulse): (&str, crate::LoopMetrics)| {
        Occurrence::elsewhere(now, OccurrenceKind::Looped { of: of.to_owned(), error: pulse.trouble })
    };
    daemon.pulse.loops().into_iter().map(occurrence).collect()
}

async fn record(
    daemon: &Daemon,
    commit: Commit,
    alerts: Vec<Alert>,
    now: Timestamp,
) -> Result<(), DaemonError> {
    let deliveries = |alert: &Alert| deliveries_of(&daemon.pipeline, &*daemon.environment, alert, now);
    let to_send = alerts.iter().flat_map(deliveries).collect();
    if daemon.store.commit(Commit { deliveries: to_send, ..commit }).await? {
        for alert in alerts {
            let destinations = deliveries(&alert).len();
            daemon.tell(&DaemonEvent::Alerted { rule: alert.rule, title: alert.title, destinations });
        }
        daemon.wake().notify_waiters();
    }
    Ok(())
}
