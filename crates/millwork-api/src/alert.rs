//! Alerts: the rules, and the state of each delivery.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::alert::{Alert, AlertKind, AlertRule};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, PartitionKey};
use millwork_storage::{Delivery, DeliveryState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::{AlertKindName, DeliveryStateName};

/// An alert rule: its triggers and destinations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertRuleView {
    /// The rule's name.
    pub rule: String,
    /// The rule's description; empty if it has none.
    pub description: String,
    /// The triggers of the rule, as text.
    pub when: Vec<String>,
    /// The assets that the rule is limited to, in the selection syntax; `null` if it applies to all.
    #[schema(required)]
    pub assets: Option<String>,
    /// The tags that a run must have for the rule to apply.
    pub tags: BTreeMap<String, String>,
    /// The time in which the same alert isn't sent again, in seconds.
    pub cooldown_seconds: u64,
    /// The destinations, without secrets.
    pub destinations: Vec<String>,
}

/// A delivery of an alert to a destination.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// The number of the delivery.
    pub id: u64,
    /// The idempotency key, which is the same for every attempt.
    pub key: String,
    /// The destination's name.
    pub destination: String,
    /// The alert.
    pub alert: AlertView,
    /// The state of the delivery.
    #[schema(value_type = DeliveryStateName)]
    pub state: DeliveryState,
    /// The number of attempts that have begun since it was decided, or last retried by hand.
    pub attempts: u32,
    /// When the next attempt may begin.
    pub next_at: Timestamp,
    /// Why the last attempt failed; `null` if it didn't.
    #[schema(required)]
    pub error: Option<String>,
    /// When the alert was raised.
    pub created_at: Timestamp,
    /// When it was delivered, given up, or dropped; `null` while it is pending.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
}

/// An alert.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// The name of the rule that raised it.
    pub rule: String,
    /// The subject of the alert: alerts of a rule with the same key are about the same thing.
    pub key: String,
    /// Whether the alert reports a problem or a recovery, or is a test.
    #[schema(value_type = AlertKindName)]
    pub kind: AlertKind,
    /// The alert in one line.
    pub title: String,
    /// The alert in full.
    pub text: String,
    /// When the reported change happened.
    pub at: Timestamp,
    /// Since when the reported state has lasted.
    pub since: Timestamp,
    /// The run that the alert is about; absent if it isn't about a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The asset that the alert is about; absent if it isn't about an asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub asset: Option<AssetKey>,
    /// The asset's partition; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The version of the model that the alert is about; absent if it isn't about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub version: Option<VersionNumber>,
    /// The address of the page that shows it; absent if `MILLWORK_URL` isn't set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number of alerts about the same subject that the cooldown suppressed before this one.
    pub held_back: u32,
}

/// The state of a delivery after it was retried or dropped.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct DeliveryChange {
    /// The number of the delivery.
    pub delivery: u64,
    /// The new state of the delivery.
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
        let Alert { rule, key, kind, title, text, at, since, run, asset, partition, version, url, held_back } =
            alert;
        Self { rule, key, kind, title, text, at, since, run, asset, partition, version, url, held_back }
    }
}
