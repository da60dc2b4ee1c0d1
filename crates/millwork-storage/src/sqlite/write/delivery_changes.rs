//! Writing down alerts, and what becomes of their deliveries.

use async_trait::async_trait;
use jiff::Timestamp;

use super::change::{Change, ChangeError};
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::{AttemptOutcome, NewDelivery};

/// Adds a delivery, unless one with its key is there.
pub(super) async fn insert_delivery(
    transaction: &mut Transaction<'_>,
    NewDelivery { key, destination, alert, at }: &NewDelivery,
) -> Result<(), ChangeError> {
    let text = "INSERT OR IGNORE INTO deliveries (key, rule, destination, alert, state, next_at, created_at) \
                VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?5)";
    let query = sqlx::query(text)
        .bind(key.as_str())
        .bind(alert.rule.as_str())
        .bind(destination.as_str())
        .bind(serde_json::to_string(alert).expect("alerts have string keys only"))
        .bind(to_micros(*at));
    query.execute(transaction.connection()).await?;
    Ok(())
}

/// Begins an attempt, unless somebody was faster.
#[derive(Debug)]
pub(crate) struct BeginDelivery {
    pub(crate) id: u64,
    pub(crate) attempts: u32,
    pub(crate) until: Timestamp,
}

#[async_trait]
impl Change for BeginDelivery {
    type Outcome = bool;
    const ACTION: &'static str = "begin to deliver an alert";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let text = "UPDATE deliveries SET attempts = attempts + 1, next_at = ? \
                    WHERE id = ? AND attempts = ? AND state = 'pending'";
        let query = sqlx::query(text)
            .bind(to_micros(self.until))
            .bind(self.id.cast_signed())
            .bind(i64::from(self.attempts));
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}

/// Writes down how an attempt ended.
#[derive(Debug)]
pub(crate) struct EndDelivery {
    pub(crate) id: u64,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for EndDelivery {
    type Outcome = ();
    const ACTION: &'static str = "write down how an alert was delivered";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let (state, next_at, error, finished) = match &self.outcome {
            AttemptOutcome::Delivered => ("delivered", self.now, None, Some(self.now)),
            AttemptOutcome::Retry { at, error } | AttemptOutcome::Hold { until: at, error } => {
                ("pending", *at, Some(error), None)
            }
            AttemptOutcome::Dead { error } => ("dead", self.now, Some(error), Some(self.now)),
        };
        let text = "UPDATE deliveries SET state = ?1, next_at = ?2, error = ?3, finished_at = ?4 \
                    WHERE id = ?5 AND (state = 'pending' OR ?1 = 'delivered')";
        let query = sqlx::query(text)
            .bind(state)
            .bind(to_micros(next_at))
            .bind(error.map(String::as_str))
            .bind(finished.map(to_micros))
            .bind(self.id.cast_signed());
        query.execute(transaction.connection()).await?;
        if let AttemptOutcome::Hold { until, .. } = &self.outcome {
            let text = "UPDATE deliveries SET next_at = max(next_at, ?1) WHERE state = 'pending' \
                        AND destination = (SELECT destination FROM deliveries WHERE id = ?2)";
            let query = sqlx::query(text).bind(to_micros(*until)).bind(self.id.cast_signed());
            query.execute(transaction.connection()).await?;
        }
        Ok(())
    }
}

/// Lets a delivery be tried again that hasn't arrived.
#[derive(Debug)]
pub(crate) struct RetryDelivery {
    pub(crate) id: u64,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for RetryDelivery {
    type Outcome = bool;
    const ACTION: &'static str = "deliver an alert again";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let text = "UPDATE deliveries SET state = 'pending', attempts = 0, next_at = ?, finished_at = NULL \
                    WHERE id = ? AND state IN ('pending', 'dead', 'dropped')";
        let query = sqlx::query(text).bind(to_micros(self.now)).bind(self.id.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}

/// Lets a delivery never be tried again that hasn't arrived.
#[derive(Debug)]
pub(crate) struct DropDelivery {
    pub(crate) id: u64,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for DropDelivery {
    type Outcome = bool;
    const ACTION: &'static str = "drop an alert";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let text = "UPDATE deliveries SET state = 'dropped', finished_at = ? \
                    WHERE id = ? AND state IN ('pending', 'dead')";
        let query = sqlx::query(text).bind(to_micros(self.now)).bind(self.id.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}
