//! The contract of the alert store: alerts on their way to whom they are for.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::alert::Alert;
use serde::Serialize;

use crate::StorageError;

/// An alert for one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The same for every attempt. A second delivery with this key is not created.
    pub key: String,
    /// The destination's name in the store, without secrets.
    pub destination: String,
    /// The alert.
    pub alert: Alert,
    /// Now.
    pub at: Timestamp,
}

/// What has become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is tried, and tried again.
    Pending,
    /// The receiver has it.
    Delivered,
    /// It was refused for good, or tried too often.
    Dead,
    /// A person decided that it is not to be delivered any more.
    Dropped,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Dead, Self::Dropped];

    /// The state as one word.
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

/// A delivery as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Its number.
    pub id: u64,
    /// The same for every attempt.
    pub key: String,
    /// The destination's name.
    pub destination: String,
    /// The alert.
    pub alert: Alert,
    /// What has become of it.
    pub state: DeliveryState,
    /// How many attempts have begun.
    pub attempts: u32,
    /// When the next one may begin.
    pub next_at: Timestamp,
    /// Why the last one failed.
    pub error: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it was delivered, given up, or dropped.
    pub finished_at: Option<Timestamp>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver has it.
    Delivered,
    /// It failed, and is tried again at this moment.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// It failed, and the destination asks for some time: nothing that waits for it is tried before this moment.
    Hold {
        /// When.
        until: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// It failed for good.
    Dead {
        /// Why.
        error: String,
    },
}

/// Alerts on their way to whom they are for. A [`Commit`](crate::Commit) adds to them.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// The pending deliveries of each destination whose next attempts come first, at most `each`, in the order in which they
    /// were decided. Whether the time of an attempt has come is for the caller to say.
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError>;

    /// Begins the attempt after `attempts`: nobody else begins one before `until`. Returns whether it did; somebody else
    /// may have been faster.
    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError>;

    /// Writes down how an attempt ended. A delivery that was dropped meanwhile stays so, unless the receiver has it.
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

    /// Lets a delivery that hasn't arrived be tried at once, and as often as a new one. Returns whether there is one.
    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError>;

    /// Lets a delivery that hasn't arrived never be tried again. Returns whether there is one.
    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError>;
}
