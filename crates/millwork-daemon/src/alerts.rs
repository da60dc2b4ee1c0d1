//! Alerts: what has happened becomes deliveries, each once.
//!
//! Events are read behind a cursor; freshness, ticks and the loops' own troubles are looked at besides. The cursor, what
//! was told before, and the deliveries that follow are one commit.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::AssetKey;
use millwork_core::alert::{Alert, AlertMemory, AlertRules, Destination, Occurrence, What, decide};
use millwork_core::event::{Event, EventBody};
use millwork_storage::{Evaluation, EventQuery, Followed, NewDelivery, Order, TickOutcome, follow};
use serde::{Deserialize, Serialize};

use crate::daemon::Loop;
use crate::{Daemon, DaemonError, Happening};

/// The name under which the cursor is stored.
const NAME: &str = "millwork/alerts";
/// One look reads so many events at most.
const MOST_EVENTS: u32 = 500;
/// How often freshness, ticks and loops are looked at.
const BESIDES: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Alerts {
    rules: Option<AlertRules>,
}

/// How far was looked, and what was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// Behind which event.
    behind: u64,
    /// Behind which tick; nothing if none was looked at.
    #[serde(default)]
    behind_tick: Option<u64>,
    /// When freshness and loops were last looked at.
    looked_at: Timestamp,
    memory: AlertMemory,
}

impl Loop for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let url = (daemon.environment)("MILLWORK_URL");
        let rules = self.rules.get_or_insert_with(|| AlertRules::new(&daemon.pipeline, url.as_deref()));
        let stored = daemon.store.schedules().await?.remove(NAME).and_then(|state| state.cursor);
        let now = daemon.options.clock.now();
        let before: Cursor = match stored.as_deref().and_then(|stored| serde_json::from_str(stored).ok()) {
            Some(cursor) => cursor,
            None => first(daemon).await?,
        };
        let mut cursor = before.clone();
        let alerts = look(daemon, rules, &mut cursor, now).await?;
        // The time of the last look alone is not worth a commit, unless there was none before.
        let is_news = !alerts.is_empty()
            || stored.is_none()
            || (cursor.behind, &cursor.memory, cursor.behind_tick)
                != (before.behind, &before.memory, before.behind_tick);
        if is_news {
            record(daemon, stored, &cursor, alerts, now).await?;
        }
        Ok(daemon.options.slow_beat())
    }
}

/// What happened before the first daemon ever looked is told nobody.
async fn first(daemon: &Daemon) -> Result<Cursor, DaemonError> {
    let behind = daemon.store.head().await?;
    let behind_tick = Some(daemon.store.newest_tick().await?);
    Ok(Cursor { behind, behind_tick, looked_at: Timestamp::MIN, memory: AlertMemory::default() })
}

async fn look(
    daemon: &Daemon,
    rules: &AlertRules,
    cursor: &mut Cursor,
    now: Timestamp,
) -> Result<Vec<Alert>, DaemonError> {
    let mut alerts = Vec::new();
    let kinds = Occurrence::KINDS.into();
    let Followed { events, behind } = follow(&*daemon.store, cursor.behind, kinds, MOST_EVENTS).await?;
    cursor.behind = behind;
    for event in events {
        if !rules.is_empty()
            && let Some(occurrence) = occurrence(daemon, rules, &event).await?
        {
            alerts.extend(decide(rules, &mut cursor.memory, &occurrence));
        }
    }
    if rules.is_empty() || now.duration_since(cursor.looked_at) < BESIDES {
        return Ok(alerts);
    }
    cursor.looked_at = now;
    let mut occurrences = fresh(daemon, now).await?;
    occurrences.extend(ticked(daemon, cursor).await?);
    occurrences.extend(looped(daemon, now));
    for occurrence in occurrences {
        alerts.extend(decide(rules, &mut cursor.memory, &occurrence));
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
            kinds: vec!["materialized"],
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
        let what = What::Freshness { state, since, policy: policy.to_string(), last };
        Occurrence { assets: vec![(*key).clone()], ..Occurrence::elsewhere(now, what) }
    };
    Ok(policies.iter().map(occurrence).collect())
}

/// The ticks that were written since the last look.
async fn ticked(daemon: &Daemon, cursor: &mut Cursor) -> Result<Vec<Occurrence>, DaemonError> {
    let behind = match cursor.behind_tick {
        Some(behind) => behind,
        None => daemon.store.newest_tick().await?,
    };
    let mut ticks = Vec::new();
    cursor.behind_tick = Some(behind);
    // Ticks that come while others are read are read at the next look.
    let newest = daemon.store.newest_tick().await?;
    while let Some(behind) = cursor.behind_tick.filter(|behind| *behind < newest) {
        let read = daemon.store.ticks_behind(behind, MOST_EVENTS).await?;
        cursor.behind_tick = Some(read.last().map_or(newest, |(number, _)| *number));
        ticks.extend(read.into_iter().map(|(_, tick)| tick));
    }
    let occurrence = |tick: millwork_storage::Tick| {
        let (of, look) = match tick.schedule.strip_prefix("sensor:") {
            Some(sensor) => (format!("sensor `{sensor}`"), format!("sensors ticks {sensor}")),
            None => (format!("schedule `{}`", tick.schedule), format!("schedules ticks {}", tick.schedule)),
        };
        let error = match tick.outcome {
            TickOutcome::Failed { reason } => Some(reason),
            _ => None,
        };
        Occurrence::elsewhere(tick.at, What::Ticked { of, error, look })
    };
    Ok(ticks.into_iter().map(occurrence).collect())
}

/// How the daemon's own loops do.
fn looped(daemon: &Daemon, now: Timestamp) -> Vec<Occurrence> {
    let occurrence = |(of, pulse): (&str, crate::LoopPulse)| {
        Occurrence::elsewhere(now, What::Looped { of: of.to_owned(), error: pulse.trouble })
    };
    daemon.pulse.loops().into_iter().map(occurrence).collect()
}

async fn record(
    daemon: &Daemon,
    from: Option<String>,
    cursor: &Cursor,
    alerts: Vec<Alert>,
    now: Timestamp,
) -> Result<(), DaemonError> {
    let schedule = NAME.to_owned();
    let cursor = serde_json::to_string(cursor)
        .map_err(|source| DaemonError::Cursor { schedule: schedule.clone(), source })?;
    let evaluation = Evaluation { schedule, from, cursor, runs: Vec::new(), ticks: Vec::new() };
    let to_send = alerts.iter().flat_map(|alert| deliveries(daemon, alert, now)).collect();
    if daemon.store.record_alerts(evaluation, to_send).await? {
        for alert in alerts {
            let destinations = deliveries(daemon, &alert, now).len();
            daemon.tell(&Happening::Alerted { rule: alert.rule, title: alert.title, destinations });
        }
        daemon.wake().notify_waiters();
    }
    Ok(())
}

/// The deliveries of an alert: one for each destination of its rule, other than optional ones whose secrets aren't there.
pub(crate) fn deliveries(daemon: &Daemon, alert: &Alert, at: Timestamp) -> Vec<NewDelivery> {
    let rule = daemon.pipeline.alert(&alert.rule);
    let is_wanted = |destination: &&Destination| {
        let has_secrets =
            || destination.secrets().iter().all(|secret| (daemon.environment)(secret.variable()).is_some());
        !destination.is_optional || has_secrets()
    };
    let delivery = |destination: &Destination| {
        let destination = destination.to_string();
        NewDelivery { key: alert.idempotency_key(&destination), destination, alert: alert.clone(), at }
    };
    rule.into_iter().flat_map(|rule| &rule.destinations).filter(is_wanted).map(delivery).collect()
}
