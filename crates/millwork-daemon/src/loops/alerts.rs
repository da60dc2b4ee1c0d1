//! Alerts: occurrences become deliveries, each exactly once.
//!
//! Events are read behind a cursor; freshness, ticks and the errors of the daemon's own loops are checked besides. The cursor, the state of
//! each alert, and the deliveries that follow are one commit.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::alert::{Alert, AlertRules, AlertStates, Occurrence, OccurrenceKind, decide};
use millwork_core::asset_status::AssetHealth;
use millwork_core::automation::{AtPromotion, AutomationState, ChangeKind};
use millwork_core::event::{Event, EventBody, EventKind};
use millwork_core::graph::AssetIndex;
use millwork_core::{Clock, Instigator, Pipeline};
use millwork_storage::{
    Commit, CurrentStatuses, EventQuery, Followed, Order, Store, TickOutcome, earlier_numbers, follow,
    key_moment,
};
use serde::{Deserialize, Serialize};

use crate::activation::{Activation, Activations};
use crate::cursor::Cursor;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::destinations::deliveries_of;
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;
use crate::metrics::{DaemonMetrics, LoopMetrics};
use crate::send::Environment;

/// Maximum events that one tick reads.
const MOST_EVENTS: u32 = 500;
/// The interval at which freshness, ticks and loops are checked.
const BESIDES: Duration = Duration::from_secs(1);

/// Decides which alerts are sent.
pub(crate) struct Alerts {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) environment: Arc<Environment>,
    /// The loops that are failing.
    pub(crate) metrics: DaemonMetrics,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) poll_interval: Duration,
    /// The rules of the pipeline, with the addresses of the pages.
    pub(crate) rules: AlertRules,
    /// The statuses of the assets, from which their freshness follows; `None` until a rule asks for it.
    pub(crate) statuses: Option<CurrentStatuses>,
    /// When freshness, ticks and loops were last checked, by the steady clock.
    pub(crate) looked_at: Option<Duration>,
}

/// The stored position, and the state of each alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The sequence number of the last event that was read.
    behind: u64,
    /// The number of the last tick that was read; `None` if none was.
    #[serde(default)]
    behind_tick: Option<u64>,
    memory: AlertStates,
}

impl DaemonLoop for Alerts {
    const NAME: LoopName = LoopName::Alerts;
    const WOKEN_BY: &'static [Activation] = &[
        Activation::StoreWritten,
        Activation::ClockSet,
        Activation::RunQueued,
        Activation::RunEnded,
        Activation::VersionDecided,
        Activation::Ticked,
    ];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let cursor: Cursor<Position> = Cursor::read(&*self.store, &self.observer, Instigator::Alerts).await?;
        let now = self.clock.now();
        let before = match cursor.position.clone() {
            Some(position) => position,
            None => self.first().await?,
        };
        let mut position = before.clone();
        let steady = self.clock.steady();
        let besides = self.looked_at.is_none_or(|looked| steady.saturating_sub(looked) >= BESIDES);
        let alerts = self.look(&mut position, besides, now).await?;
        if besides {
            self.looked_at = Some(steady);
        }
        if !alerts.is_empty() || cursor.position.is_none() || position != before {
            self.record(cursor.moved_to(&position)?, alerts, now).await?;
        }
        Ok(NextTick::Poll)
    }

    /// Events recorded before the first daemon started never alert.
    async fn begin(&mut self) -> Result<(), DaemonError> {
        let cursor: Cursor<Position> = Cursor::read(&*self.store, &self.observer, Instigator::Alerts).await?;
        if cursor.position.is_none() {
            let position = self.first().await?;
            self.store.commit(cursor.moved_to(&position)?).await?;
        }
        Ok(())
    }
}

impl Alerts {
    /// The cursor from which only new events alert.
    async fn first(&self) -> Result<Position, DaemonError> {
        let behind = self.store.head().await?;
        let behind_tick = Some(self.store.newest_tick().await?);
        Ok(Position { behind, behind_tick, memory: AlertStates::default() })
    }

    async fn look(
        &mut self,
        position: &mut Position,
        besides: bool,
        now: Timestamp,
    ) -> Result<Vec<Alert>, DaemonError> {
        let mut alerts = Vec::new();
        let Followed { events, behind } =
            follow(&*self.store, position.behind, Occurrence::KINDS, MOST_EVENTS).await?;
        position.behind = behind;
        for event in events {
            if !self.rules.is_empty()
                && let Some(occurrence) = self.occurrence(&event).await?
            {
                alerts.extend(decide(&self.rules, &mut position.memory, &occurrence));
            }
        }
        if self.rules.is_empty() || !besides {
            return Ok(alerts);
        }
        let mut occurrences = self.fresh(now).await?;
        occurrences.extend(self.ticked(position).await?);
        occurrences.extend(self.looped(now));
        for occurrence in occurrences {
            alerts.extend(decide(&self.rules, &mut position.memory, &occurrence));
        }
        Ok(alerts)
    }

    async fn occurrence(&self, event: &Event) -> Result<Option<Occurrence>, DaemonError> {
        let request = match event.run {
            Some(run) => self.store.run(run).await?.map(|run| run.request),
            None => None,
        };
        let mut previous = None;
        if let (EventBody::Materialized(_), Some(asset)) = (&event.body, &event.asset)
            && self.rules.compares(asset)
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
            previous = self.store.events(query).await?.into_iter().find_map(|event| {
                let EventBody::Materialized(materialization) = event.body else { return None };
                Some(materialization.metadata)
            });
        }
        let at_promotion = self.at_promotion(event).await?;
        Ok(Occurrence::of_event(event, self.pipeline.graph(), request.as_ref(), previous, at_promotion))
    }

    /// The numbers that a materialization is compared with, if a rule asks for them: those at the promotion of the model's version in use.
    async fn at_promotion(&self, event: &Event) -> Result<Option<AtPromotion>, DaemonError> {
        let (EventBody::Materialized(_), Some(asset)) = (&event.body, &event.asset) else { return Ok(None) };
        let graph = self.pipeline.graph();
        let Some(compared) = self.rules.compared_with_promotion(graph, asset) else { return Ok(None) };
        let (nothing, until) = (AutomationState::default(), event.sequence);
        let known = earlier_numbers(&*self.store, graph, &compared, &nothing, until).await?;
        let mut earlier = known.into_iter().filter_map(|change| {
            let ChangeKind::Earlier(earlier) = change.kind else { return None };
            (change.asset == *asset).then_some(earlier)
        });
        Ok(earlier.next().and_then(|earlier| earlier.at_promotion.into_values().next()))
    }

    /// The freshness of the assets that have a policy, if a rule asks for it.
    async fn fresh(&mut self, now: Timestamp) -> Result<Vec<Occurrence>, DaemonError> {
        let (store, graph) = (&*self.store, self.pipeline.graph());
        let have_policies = graph.assets().iter().any(|asset| asset.spec.freshness.is_some());
        if !have_policies || !self.rules.watch_freshness() {
            return Ok(Vec::new());
        }
        let mut current = match self.statuses.take() {
            Some(current) => current,
            None => CurrentStatuses::read(store, graph, now).await?,
        };
        current.catch_up(store, graph, now, |_| ()).await?;
        current.derive(store, graph, &key_moment(store, graph, now).await?).await?;
        let statuses = self.statuses.insert(current).statuses();
        let occurrence = |(asset, health): (AssetIndex, &Arc<AssetHealth>)| {
            let spec = &graph.assets()[asset].spec;
            let (policy, found) = (spec.freshness.clone()?, health.freshness.clone()?);
            let kind = OccurrenceKind::Freshness { found, policy, last: health.last_materialized_at };
            Some(Occurrence { assets: vec![spec.key.clone()], ..Occurrence::elsewhere(now, kind) })
        };
        Ok(statuses.all().iter_enumerated().filter_map(occurrence).collect())
    }

    /// The ticks that were recorded since the last check.
    async fn ticked(&self, position: &mut Position) -> Result<Vec<Occurrence>, DaemonError> {
        let behind = match position.behind_tick {
            Some(behind) => behind,
            None => self.store.newest_tick().await?,
        };
        let mut ticks = Vec::new();
        position.behind_tick = Some(behind);
        // Ticks that come while others are read are read at the next check.
        let newest = self.store.newest_tick().await?;
        while let Some(behind) = position.behind_tick.filter(|behind| *behind < newest) {
            let read = self.store.ticks_behind(behind, MOST_EVENTS).await?;
            position.behind_tick = Some(read.last().map_or(newest, |(number, _)| *number));
            ticks.extend(read.into_iter().map(|(_, tick)| tick));
        }
        let occurrences = |tick: millwork_storage::Tick| {
            let look = ticks_command(&tick.instigator);
            let (error, held_back) = match tick.outcome {
                TickOutcome::Failed { reason } => (Some(reason), None),
                TickOutcome::BudgetSpent { subject, reason, .. } => {
                    (None, Some(OccurrenceKind::BudgetSpent { subject, reason }))
                }
                TickOutcome::Requested { .. }
                | TickOutcome::Backfill { .. }
                | TickOutcome::Skipped { .. }
                | TickOutcome::Idle { .. }
                | TickOutcome::Cooldown { .. }
                | TickOutcome::RolledBack { .. } => (None, None),
            };
            let ticked = OccurrenceKind::Ticked { of: tick.instigator, error, look };
            let kinds = std::iter::once(ticked).chain(held_back);
            kinds.map(move |kind| Occurrence::elsewhere(tick.at, kind))
        };
        Ok(ticks.into_iter().flat_map(occurrences).collect())
    }

    /// The state of the daemon's own loops.
    fn looped(&self, now: Timestamp) -> Vec<Occurrence> {
        let occurrence = |(name, metrics): (LoopName, LoopMetrics)| {
            let (stored_name, of) = (name.stored().to_owned(), name.in_words().to_owned());
            Occurrence::elsewhere(now, OccurrenceKind::Looped { stored_name, of, error: metrics.error })
        };
        self.metrics.loops().into_iter().map(occurrence).collect()
    }

    async fn record(&self, commit: Commit, alerts: Vec<Alert>, now: Timestamp) -> Result<(), DaemonError> {
        let deliveries = |alert: &Alert| deliveries_of(&self.pipeline, &*self.environment, alert, now);
        let to_send = alerts.iter().flat_map(deliveries).collect();
        if self.store.commit(Commit { deliveries: to_send, ..commit }).await? {
            for alert in alerts {
                let destinations = deliveries(&alert).len();
                (self.observer)(&DaemonEvent::Alerted { rule: alert.rule, title: alert.title, destinations });
            }
            self.activations.send(Activation::AlertDecided);
        }
        Ok(())
    }
}

/// The command that shows the ticks of an instigator.
fn ticks_command(instigator: &Instigator) -> String {
    match instigator {
        Instigator::Schedule(name) => format!("schedules ticks {name}"),
        Instigator::Sensor(name) => format!("sensors ticks {name}"),
        Instigator::Automation(_)
        | Instigator::Alerts
        | Instigator::AlertTests
        | Instigator::Approvals
        | Instigator::Shadow
        | Instigator::Retries
        | Instigator::Traces => "automation ticks".to_owned(),
    }
}

#[cfg(test)]
mod tests;
