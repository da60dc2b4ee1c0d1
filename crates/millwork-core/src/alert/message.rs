//! An alert: its stored and sent form, and its text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Occurrence;
use super::decide::Match;
use crate::asset::AssetKey;
use crate::partition::PartitionKey;
use crate::run::{self, RunId};
use crate::version::VersionNumber;

/// The longest that a reason may be, in characters: some receivers refuse long messages.
const LONGEST: usize = 1_500;

/// One alert of a rule, the same for all its destinations. It is stored, and sent as JSON; names never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The name of the rule that fired.
    pub rule: String,
    /// The key of its subject: alerts of a rule about the same subject have the same key.
    pub key: String,
    /// Whether something begins or is over.
    pub kind: AlertKind,
    /// What happened, in one line.
    pub title: String,
    /// What happened, where, since when, and the command that shows more.
    pub text: String,
    /// The time of the occurrence.
    pub at: Timestamp,
    /// Since when it is like that.
    pub since: Timestamp,
    /// The run it happened in; `None` outside of runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The asset it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetKey>,
    /// The asset's partition, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionKey>,
    /// The version of the model it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// The page with the details; `None` if the pages have no address.
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
    /// A condition occurred or got worse.
    Raised,
    /// The condition is over.
    Recovered,
    /// A test of the rule's destinations: no event has occurred.
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
    /// An alert that tests a rule's destinations.
    pub fn test(rule: &str, now: Timestamp) -> Self {
        Self {
            rule: rule.to_owned(),
            key: "test".to_owned(),
            kind: AlertKind::Test,
            title: format!("Test of the alert rule `{rule}`"),
            text: "This alert tests the rule's destinations. No event has occurred.".to_owned(),
            at: now,
            since: now,
            run: None,
            asset: None,
            partition: None,
            version: None,
            url: None,
            held_back: 0,
        }
    }

    /// Identifies a delivery of this alert: the same alert to the same destination, by its name in the store, has
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

/// The text: what happened, where, since when, and the command that shows more.
pub(super) fn text(
    found: &Match,
    occurrence: &Occurrence,
    kind: AlertKind,
    since: Timestamp,
    held_back: u32,
    url: Option<&str>,
) -> String {
    let mut lines = Vec::new();
    if kind == AlertKind::Raised && !found.detail.is_empty() {
        lines.push(shortened(&found.detail));
    }
    if let Some(asset) = &found.asset {
        let partition = occurrence.partition.as_ref();
        let partition = partition.map(|partition| format!(", partition {partition}")).unwrap_or_default();
        lines.push(format!("Asset: {asset}{partition}"));
    }
    if let Some(run) = occurrence.run {
        lines.push(format!("Run: {run}"));
    }
    let origin = run::origin(&occurrence.tags);
    lines.extend(origin.map(|(kind, name)| format!("Requested by: {kind} {name}")));
    match kind {
        AlertKind::Recovered if since > occurrence.at => {
            let (since, over) = (moment(since), moment(occurrence.at));
            lines.push(format!(
                "It began {since}, and is over since {over}: the clock was set back meanwhile."
            ));
        }
        AlertKind::Recovered => {
            lines.push(format!("It lasted from {} to {}.", moment(since), moment(occurrence.at)));
        }
        AlertKind::Raised | AlertKind::Test => lines.push(format!("Since: {}", moment(since))),
    }
    if held_back > 0 {
        let plural = if held_back == 1 { "" } else { "s" };
        lines.push(format!("{held_back} alert{plural} about the same were held back since the last one."));
    }
    lines.push(format!("Details: {}", found.command));
    lines.extend(url.map(str::to_owned));
    lines.join("\n")
}

/// A moment, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}
