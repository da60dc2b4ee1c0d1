//! The alert store in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use crate::micros::stored;
use crate::{AlertStore, AttemptOutcome, Delivery, DeliveryState, StorageError};

#[async_trait]
impl AlertStore for MemoryStore {
    async fn due_deliveries(&self, now: Timestamp) -> Result<Vec<Delivery>, StorageError> {
        let state = self.state();
        let mut seen = BTreeSet::new();
        let pending = state.deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Pending);
        let oldest = pending.filter(|delivery| seen.insert(&delivery.destination));
        Ok(oldest.filter(|delivery| delivery.next_at <= now).cloned().collect())
    }

    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state();
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
        let (mut state, now) = (self.state(), stored(now));
        if let Some(delivery) = state.deliveries.iter_mut().find(|delivery| delivery.id == id) {
            let (next, next_at, error, finished_at) = match outcome {
                AttemptOutcome::Delivered => (DeliveryState::Delivered, now, None, Some(now)),
                AttemptOutcome::Retry { at, error } => {
                    (DeliveryState::Pending, stored(at), Some(error), None)
                }
                AttemptOutcome::Dead { error } => (DeliveryState::Dead, now, Some(error), Some(now)),
            };
            (delivery.state, delivery.next_at) = (next, next_at);
            (delivery.error, delivery.finished_at) = (error, finished_at);
        }
        Ok(())
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let all = self.state();
        let wanted =
            all.deliveries.iter().rev().filter(|found| state.is_none_or(|state| found.state == state));
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state();
        let is_meant = |delivery: &&mut Delivery| delivery.id == id && delivery.state == DeliveryState::Dead;
        let found = state.deliveries.iter_mut().find(is_meant);
        Ok(found
            .map(|delivery| {
                (delivery.state, delivery.attempts) = (DeliveryState::Pending, 0);
                (delivery.next_at, delivery.finished_at) = (stored(now), None);
            })
            .is_some())
    }
}
