//! Finding deliveries of alerts.

use millwork_core::alert::{Alert, AlertKind};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Reader;
use crate::sqlite::failure::unreadable;
use crate::sqlite::rows::moment;
use crate::{Delivery, DeliveryState, StorageError};

const ACTION: &str = "look for deliveries of alerts";

impl Reader {
    /// The pending deliveries of each destination whose next attempts come first.
    pub(in crate::sqlite) async fn pending_deliveries(
        &self,
        each: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        // A delivery that can't be read holds back none of the others.
        let mut damaged: Vec<i64> = Vec::new();
        loop {
            let text = "SELECT * FROM deliveries WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER \
                        (PARTITION BY destination ORDER BY next_at, id) AS place FROM deliveries WHERE state = 'pending' \
                        AND id NOT IN (SELECT value FROM json_each(?1))) WHERE place <= ?2) ORDER BY id";
            let without = serde_json::to_string(&damaged).expect("numbers are JSON");
            let found = self.rows(ACTION, sqlx::query(text).bind(without).bind(i64::from(each))).await?;
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

    /// Deliveries, newest first.
    pub(in crate::sqlite) async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let text = "SELECT * FROM deliveries WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2";
        let query = sqlx::query(text).bind(state.map(DeliveryState::as_str)).bind(i64::from(limit));
        self.rows(ACTION, query).await?.iter().map(delivery).collect()
    }
}

fn delivery(row: &SqliteRow) -> Result<Delivery, StorageError> {
    let text = |column| row.try_get::<&str, _>(column).map_err(unreadable("a delivery"));
    let number = |column| row.try_get::<i64, _>(column).map_err(unreadable("a delivery"));
    let state = text("state")?;
    let unknown = || unreadable("a delivery")(format!("there is no state `{state}`"));
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

/// What a delivery is to tell; why it can't be read, if so.
pub(in crate::sqlite) fn alert(row: &SqliteRow) -> Result<Alert, String> {
    let json: &str = row.try_get("alert").map_err(|error| error.to_string())?;
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// Stands where an alert can't be read.
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
        url: None,
        held_back: 0,
    }
}
