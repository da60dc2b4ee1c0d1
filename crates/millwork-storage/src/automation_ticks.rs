//! Ticks as they are listed: with what watches have done.
//!
//! A watch requests no run, so that no tick is written for it: that it went back is the event of the move, and nothing else. It is listed
//! among the ticks from there, once for each move, wherever a daemon has died.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use millwork_core::Instigator;
use millwork_core::automation::watch_key;
use millwork_core::event::{Event, EventBody, EventKind, Mover};

use crate::event_log::each_event;
use crate::{EventQuery, Order, StorageError, Store, Tick, TickOutcome};

/// The last ticks of these instigators, or of all if none are named, newest first, at most `limit`. Those of automation have the moves by
/// watches among them.
///
/// # Errors
///
/// Those of the store.
pub async fn ticks_and_moves(
    store: &dyn Store,
    of: &[Instigator],
    limit: u32,
) -> Result<Vec<Tick>, StorageError> {
    let limit_of_list = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut ticks = store.ticks(of, limit).await?;
    if !of.is_empty() && !of.contains(&Instigator::Automation(None)) {
        return Ok(ticks);
    }
    // Older moves than the oldest tick of a full list don't come into it.
    let oldest = ticks.last().filter(|_| ticks.len() >= limit_of_list).map(|tick| tick.at);
    let query = EventQuery {
        kinds: Some(EventKind::AliasMoved.into()),
        order: Order::NewestFirst,
        ..EventQuery::default()
    };
    let mut moves = Vec::new();
    each_event(store, query, |event| {
        if moves.len() >= limit_of_list || oldest.is_some_and(|oldest| event.at < oldest) {
            return ControlFlow::Break(());
        }
        moves.extend(moved_by_watch(event));
        ControlFlow::Continue(())
    })
    .await?;
    // Where there are none, the order is that in which ticks were recorded, whatever the clock showed.
    if moves.is_empty() {
        return Ok(ticks);
    }
    ticks.extend(moves);
    ticks.sort_by_key(|tick| Reverse(tick.at));
    ticks.truncate(limit_of_list);
    Ok(ticks)
}

/// The tick of a move; `None` if no watch has moved the alias.
fn moved_by_watch(event: Event) -> Option<Tick> {
    let EventBody::AliasMoved(moved) = event.body else { return None };
    let asset = event.asset.filter(|_| moved.by == Mover::Watch)?;
    let outcome = TickOutcome::RolledBack { subject: watch_key(&asset), reason: moved.to_string() };
    let instigator = Instigator::Automation(None);
    Some(Tick { instigator, due: event.at, at: event.at, micros: None, outcome })
}
