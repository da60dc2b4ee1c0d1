//! The contract of the alert store: alerts and their deliveries.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::alert::Alert;
use serde::Serialize;

use crate::StorageError;

/// An alert for one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The idempotency key, the same for every attempt. A second delivery with this key is not created.
    pub key: String,
    /// The stored name of the destination, without secrets.
    pub destination: String,
    /// The alert to send.
    pub alert: Alert,
    /// The time at which it was decided.
    pub at: Timestamp,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Pending,
    /// The receiver has accepted it.
    Delivered,
    /// It was refused for good, or every attempt failed.
    Dead,
    /// A person dropped it: it isn't sent any more.
    Dropped,
}

impl DeliveryState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Dead, Self::Dropped];

    /// The state's stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }

    /// The state that [`as_str`](DeliveryState::as_str) names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A delivery as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The number of the delivery.
    pub id: u64,
    /// The idempotency key, the same for every attempt.
    pub key: String,
    /// The stored name of the destination.
    pub destination: String,
    /// The alert to send.
    pub alert: Alert,
    /// Whether it waits, has arrived, was given up, or was dropped.
    pub state: DeliveryState,
    /// The number of attempts that have begun since it was decided, or last retried by hand.
    pub attempts: u32,
    /// The earliest time of the next attempt.
    pub next_at: Timestamp,
    /// The error of the last attempt that failed; `None` if none did.
    pub error: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it was delivered, given up, or dropped; `None` while it is pending.
    pub finished_at: Option<Timestamp>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver has accepted it.
    Delivered,
    /// It failed, and is retried.
    Retry {
        /// The time of the next attempt.
        at: Timestamp,
        /// The reason why it failed.
        error: String,
    },
    /// It failed, and the destination asks not to be sent more: no delivery to it is attempted before the given time.
    Hold {
        /// The time of the next attempt.
        until: Timestamp,
        /// The reason why it failed.
        error: String,
    },
    /// It failed for good.
    Dead {
        /// The reason why it failed.
        error: String,
    },
}

/// Alerts and their deliveries. A [`Commit`](crate::Commit) adds to them.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// The pending deliveries of each destination whose next attempts come first, at most `each`, in the order in which they were decided.
    /// The caller checks whether the time of an attempt has come.
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError>;

    /// Begins the attempt after `attempts`: no other process begins one before `until`. Returns whether it did; another process may have
    /// been first.
    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError>;

    /// Records how an attempt ended. A delivery that was dropped meanwhile stays so, unless the receiver has accepted it.
    async fn end_delivery(
        &self,
        id: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Result<(), StorageError>;

    /// Deliveries, newest first; of one state, or of any.
    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError>;

    /// Makes a delivery that hasn't arrived due at once, with as many attempts as a new one. Returns whether it exists.
    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError>;

    /// Drops a delivery that hasn't arrived. Returns whether it exists.
    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError>;
}
