//! Deliveries of alerts: finding them, and recording their attempts.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::alert::{Alert, AlertKind};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::SqliteStore;
use super::failure::unreadable;
use super::rows::moment;
use super::writer::{Change, ChangeError, Transaction};
use crate::micros::to_micros;
use crate::{AlertStore, AttemptOutcome, Delivery, DeliveryState, NewDelivery, StorageError};

const ACTION: &str = "read deliveries of alerts";

#[async_trait]
impl AlertStore for SqliteStore {
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError> {
        // A delivery that can't be read doesn't block the others.
        let mut damaged: Vec<i64> = Vec::new();
        loop {
            let text = "SELECT * FROM deliveries WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER \
                        (PARTITION BY destination ORDER BY next_at, id) AS place FROM deliveries WHERE state = 'pending' \
                        AND id NOT IN (SELECT value FROM json_each(?1))) WHERE place <= ?2) ORDER BY id";
            let without = serde_json::to_string(&damaged).expect("numbers are JSON");
            let found =
                self.reader.rows(ACTION, sqlx::query(text).bind(without).bind(i64::from(each))).await?;
            let known = damaged.len();
            damaged.extend(
                found
                    .iter()
                    .filter(|row| alert(row).is_err())
                    .filter_map(|row| row.try_get::<i64, _>("id").ok()),
            );
            if damaged.len() == known {
                return found.iter().map(delivery).collect();
            }
        }
    }

    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(BeginDelivery { id, attempts, until }).await
    }

    async fn end_delivery(
        &self,
        id: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.writer.write(EndDelivery { id, outcome, now }).await
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let text = "SELECT * FROM deliveries WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2";
        let query = sqlx::query(text).bind(state.map(DeliveryState::as_str)).bind(i64::from(limit));
        self.reader.rows(ACTION, query).await?.iter().map(delivery).collect()
    }

    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryDelivery { id, now }).await
    }

    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(DropDelivery { id, now }).await
    }
}

fn delivery(row: &SqliteRow) -> Result<Delivery, StorageError> {
    let text = |column| row.try_get::<&str, _>(column).map_err(unreadable("a delivery"));
    let number = |column| row.try_get::<i64, _>(column).map_err(unreadable("a delivery"));
    let state = text("state")?;
    let unknown = || unreadable("a delivery")(format!("unknown state `{state}`"));
    let finished: Option<i64> = row.try_get("finished_at").map_err(unreadable("a delivery"))?;
    Ok(Delivery {
        id: number("id")?.unsigned_abs(),
        key: text("key")?.to_owned(),
        destination: text("destination")?.to_owned(),
        alert: alert(row)
            .unwrap_or_else(|reason| unreadable_alert(text("rule").unwrap_or_default(), &reason)),
        state: DeliveryState::from_name(state).ok_or_else(unknown)?,
        attempts: u32::try_from(number("attempts")?).map_err(unreadable("a delivery"))?,
        next_at: moment(number("next_at")?)?,
        error: row.try_get("error").map_err(unreadable("a delivery"))?,
        created_at: moment(number("created_at")?)?,
        finished_at: finished.map(moment).transpose()?,
    })
}

/// The alert of a delivery, or the reason why it can't be read.
pub(super) fn alert(row: &SqliteRow) -> Result<Alert, String> {
    let json: &str = row.try_get("alert").map_err(|error| error.to_string())?;
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// Replaces an alert that can't be read.
fn unreadable_alert(rule: &str, reason: &str) -> Alert {
    let at = jiff::Timestamp::UNIX_EPOCH;
    Alert {
        rule: rule.to_owned(),
        key: String::new(),
        kind: AlertKind::Raised,
        title: "This alert can't be read".to_owned(),
        text: reason.to_owned(),
        at,
        since: at,
        run: None,
        asset: None,
        partition: None,
        version: None,
        url: None,
        held_back: 0,
    }
}

/// Adds a delivery, unless its key exists.
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

/// Begins an attempt, unless another process was first.
#[derive(Debug)]
struct BeginDelivery {
    id: u64,
    attempts: u32,
    until: Timestamp,
}

#[async_trait]
impl Change for BeginDelivery {
    type Outcome = bool;
    const ACTION: &'static str = "begin the delivery of an alert";

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

/// Records how an attempt ended.
#[derive(Debug)]
struct EndDelivery {
    id: u64,
    outcome: AttemptOutcome,
    now: Timestamp,
}

#[async_trait]
impl Change for EndDelivery {
    type Outcome = ();
    const ACTION: &'static str = "record the delivery of an alert";

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

/// Makes a delivery due again that hasn't arrived.
#[derive(Debug)]
struct RetryDelivery {
    id: u64,
    now: Timestamp,
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

/// Drops a delivery that hasn't arrived.
#[derive(Debug)]
struct DropDelivery {
    id: u64,
    now: Timestamp,
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
