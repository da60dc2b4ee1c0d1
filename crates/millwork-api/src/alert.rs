//! Alerts: the rules, and what has become of each delivery.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::alert::{Alert, AlertKind, AlertRule};
use millwork_core::run::RunId;
use millwork_core::{AssetKey, PartitionKey};
use millwork_storage::{Delivery, DeliveryState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::{AlertKindName, DeliveryStateName};

/// A rule: what it watches, and whom it tells.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertRuleView {
    /// Its name.
    pub rule: String,
    /// What it is for; empty if nothing is said.
    pub description: String,
    /// What it watches, in words.
    pub when: Vec<String>,
    /// Which assets it watches, in the selection syntax; `null` for all.
    #[schema(required)]
    pub assets: Option<String>,
    /// The tags that runs must have.
    pub tags: BTreeMap<String, String>,
    /// For how long the same alert isn't sent again, in seconds.
    pub cooldown_seconds: u64,
    /// Where alerts are sent, without secrets.
    pub destinations: Vec<String>,
}

/// An alert on its way to a destination.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its number.
    pub id: u64,
    /// The idempotency key, which is the same for every attempt.
    pub key: String,
    /// The destination's name.
    pub destination: String,
    /// The alert.
    pub alert: AlertView,
    /// What has become of it.
    #[schema(value_type = DeliveryStateName)]
    pub state: DeliveryState,
    /// How many attempts have begun.
    pub attempts: u32,
    /// When the next one may begin.
    pub next_at: Timestamp,
    /// Why the last one failed; `null` if it didn't.
    #[schema(required)]
    pub error: Option<String>,
    /// When the alert was decided.
    pub created_at: Timestamp,
    /// When it was delivered, given up, or dropped; `null` while it is pending.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
}

/// An alert.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// The rule that it follows from.
    pub rule: String,
    /// What it is about: alerts of a rule with the same key are about the same thing.
    pub key: String,
    /// What it says.
    #[schema(value_type = AlertKindName)]
    pub kind: AlertKind,
    /// What has happened, in a line.
    pub title: String,
    /// What has happened, in full.
    pub text: String,
    /// When it happened.
    pub at: Timestamp,
    /// Since when it has been so.
    pub since: Timestamp,
    /// The run that it is about; absent if it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The asset that it is about; absent if it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub asset: Option<AssetKey>,
    /// The asset's partition; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// The page that shows it; absent where the address of the pages isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How many alerts of the same were held back before this one.
    pub held_back: u32,
}

/// A delivery that somebody decided about.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct DeliveryChange {
    /// Its number.
    pub delivery: u64,
    /// Its state now.
    #[schema(value_type = DeliveryStateName)]
    pub state: DeliveryState,
}

impl From<&AlertRule> for AlertRuleView {
    fn from(rule: &AlertRule) -> Self {
        Self {
            rule: rule.name.clone(),
            description: rule.description.clone(),
            when: rule.triggers.iter().map(ToString::to_string).collect(),
            assets: rule.selection.clone(),
            tags: rule.tags.clone(),
            cooldown_seconds: rule.cooldown.as_secs(),
            destinations: rule.destinations.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let Delivery {
            id,
            key,
            destination,
            alert,
            state,
            attempts,
            next_at,
            error,
            created_at,
            finished_at,
        } = delivery;
        let alert = alert.into();
        Self { id, key, destination, alert, state, attempts, next_at, error, created_at, finished_at }
    }
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let Alert { rule, key, kind, title, text, at, since, run, asset, partition, url, held_back } = alert;
        Self { rule, key, kind, title, text, at, since, run, asset, partition, url, held_back }
    }
}
