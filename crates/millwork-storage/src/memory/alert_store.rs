//! The alert store in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use crate::micros::stored;
use crate::{AlertStore, AttemptOutcome, Delivery, DeliveryState, StorageError};

#[async_trait]
impl AlertStore for MemoryStore {
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError> {
        let state = self.state()?;
        let pending = state.deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Pending);
        let mut next: Vec<&Delivery> = pending.collect();
        next.sort_by_key(|delivery| (delivery.next_at, delivery.id));
        let mut places = BTreeMap::<&str, u32>::new();
        next.retain(|delivery| {
            let place = places.entry(&delivery.destination).or_default();
            *place += 1;
            *place <= each
        });
        next.sort_by_key(|delivery| delivery.id);
        Ok(next.into_iter().cloned().collect())
    }

    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let is_meant = |delivery: &&mut Delivery| {
            (delivery.id, delivery.attempts, delivery.state) == (id, attempts, DeliveryState::Pending)
        };
        let found = state.deliveries.iter_mut().find(is_meant);
        Ok(found
            .map(|delivery| (delivery.attempts, delivery.next_at) = (attempts + 1, stored(until)))
            .is_some())
    }

    async fn end_delivery(
        &self,
        id: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let (mut state, now) = (self.state()?, stored(now));
        let is_meant = |delivery: &&mut Delivery| {
            let has_arrived = outcome == AttemptOutcome::Delivered;
            delivery.id == id && (delivery.state == DeliveryState::Pending || has_arrived)
        };
        if let Some(delivery) = state.deliveries.iter_mut().find(is_meant) {
            let (destination, mut held_until) = (delivery.destination.clone(), None);
            let (next, next_at, error, finished_at) = match outcome {
                AttemptOutcome::Delivered => (DeliveryState::Delivered, now, None, Some(now)),
                AttemptOutcome::Retry { at, error } => {
                    (DeliveryState::Pending, stored(at), Some(error), None)
                }
                AttemptOutcome::Hold { until, error } => {
                    held_until = Some(stored(until));
                    (DeliveryState::Pending, stored(until), Some(error), None)
                }
                AttemptOutcome::Dead { error } => (DeliveryState::Dead, now, Some(error), Some(now)),
            };
            (delivery.state, delivery.next_at) = (next, next_at);
            (delivery.error, delivery.finished_at) = (error, finished_at);
            let pending = state.deliveries.iter_mut().filter(|one| one.state == DeliveryState::Pending);
            for waiting in pending.filter(|one| one.destination == destination) {
                waiting.next_at = held_until.map_or(waiting.next_at, |until| waiting.next_at.max(until));
            }
        }
        Ok(())
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let all = self.state()?;
        let wanted =
            all.deliveries.iter().rev().filter(|found| state.is_none_or(|state| found.state == state));
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let is_meant =
            |delivery: &&mut Delivery| delivery.id == id && delivery.state != DeliveryState::Delivered;
        let found = state.deliveries.iter_mut().find(is_meant);
        Ok(found
            .map(|delivery| {
                (delivery.state, delivery.attempts) = (DeliveryState::Pending, 0);
                (delivery.next_at, delivery.finished_at) = (stored(now), None);
            })
            .is_some())
    }

    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let is_meant = |delivery: &&mut Delivery| {
            delivery.id == id && matches!(delivery.state, DeliveryState::Pending | DeliveryState::Dead)
        };
        let found = state.deliveries.iter_mut().find(is_meant);
        let dropped = (DeliveryState::Dropped, Some(stored(now)));
        Ok(found.map(|delivery| (delivery.state, delivery.finished_at) = dropped).is_some())
    }
}
