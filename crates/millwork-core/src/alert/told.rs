//! What is told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asset::AssetKey;
use crate::partition::PartitionKey;
use crate::run::RunId;

/// What is told: one alert of a rule, the same for all its destinations. It is stored, and sent as JSON; names never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The rule.
    pub rule: String,
    /// What it is about: alerts of a rule about the same have the same key.
    pub key: String,
    /// Whether something begins or is over.
    pub kind: AlertKind,
    /// What happened, in one line.
    pub title: String,
    /// What happened, where, since when, and how to look.
    pub text: String,
    /// When it happened.
    pub at: Timestamp,
    /// Since when it is like that.
    pub since: Timestamp,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetKey>,
    /// Its partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionKey>,
    /// Where to look, if the pages have an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How many of the same were held back since the last alert.
    #[serde(default)]
    pub held_back: u32,
}

/// Whether something begins or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Something happened.
    Raised,
    /// It is over.
    Recovered,
    /// Nothing happened: somebody tries whether alerts arrive.
    Test,
}

impl AlertKind {
    /// The kind as one word, which is stored and never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Recovered => "recovered",
            Self::Test => "test",
        }
    }
}

impl Alert {
    /// An alert of a rule that says that alerts arrive.
    pub fn test(rule: &str, now: Timestamp) -> Self {
        Self {
            rule: rule.to_owned(),
            key: "test".to_owned(),
            kind: AlertKind::Test,
            title: format!("Test of the alert rule `{rule}`"),
            text: "Nothing has happened: somebody asked whether alerts arrive.".to_owned(),
            at: now,
            since: now,
            run: None,
            asset: None,
            partition: None,
            url: None,
            held_back: 0,
        }
    }

    /// Tells a delivery of this alert from all others: the same alert to the same destination, by its name in the store, has
    /// the same one, however often it is sent.
    pub fn idempotency_key(&self, destination: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        let at = self.at.as_nanosecond().to_string();
        let run = self.run.map(|run| run.to_string()).unwrap_or_default();
        for part in [&self.rule, &self.key, self.kind.as_str(), &at, &run, destination] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}
