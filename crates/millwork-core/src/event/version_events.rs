//! What happens to versions of assets: verdicts of gates, decisions of people, and moves of aliases.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Provenance;
use crate::asset::{AssetKey, DataVersion, Decision, Metadata};
use crate::version::{AliasName, VersionNumber};

/// The verdict of a gate about a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionJudged {
    /// The name of the gate.
    pub gate: String,
    /// The version that was judged.
    pub version: VersionNumber,
    /// The version that it was compared with: the one in use then; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<VersionNumber>,
    /// The decision; `None` if people are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The question to people; `None` if the gate decided itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The trial on which the version goes; `None` if the gate asked for no outcomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowTrial>,
    /// The sequence number of the verdict whose trial in shadow it ends, which ends once: the store refuses a second end. `None` if the
    /// version wasn't in shadow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u64>,
    /// The reason in words; empty if the gate gave none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The figures behind it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
    /// The gate's code, and what it was given.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// A question to people whether a version is to be promoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who is asked.
    pub of: String,
    /// Until when an answer is awaited; `None` waits forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The decision without an answer by then; `None` without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Decision>,
}

/// A trial of a version in shadow: it predicts beside the version in use, until outcomes decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowTrial {
    /// The asset that it makes beside the version in use.
    pub asset: AssetKey,
    /// Until when outcomes are awaited; `None` waits forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The decision if no outcomes have decided by then; `None` without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Decision>,
}

/// A decision about a version that no gate made: the answer to a question, or one by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionDecided {
    /// The version.
    pub version: VersionNumber,
    /// The decision.
    pub decision: Decision,
    /// The sequence number of the verdict whose question it answers, which has one answer: the store refuses a second one. `None` if people
    /// weren't asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u64>,
    /// Whether the version was in shadow until then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_shadow: bool,
    /// Who decided.
    pub by: Mover,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A move of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasMoved {
    /// The alias.
    pub alias: AliasName,
    /// The version that it pointed at; `None` if it didn't exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<VersionNumber>,
    /// The version that it points at now; `None` if it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<VersionNumber>,
    /// The data version of that version; `None` if the alias was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersion>,
    /// What the move is.
    pub change: AliasChange,
    /// Who moved it.
    pub by: Mover,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What the move of an alias is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasChange {
    /// A version came into use, by a gate, an answer or by hand.
    Promoted,
    /// An alias that doesn't name what is in use was set.
    Set,
    /// The alias went back to an earlier version.
    RolledBack,
    /// The alias was removed.
    Removed,
}

/// Who decided about a version, or moved an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", content = "name", rename_all = "snake_case")]
pub enum Mover {
    /// A gate, by its name.
    Gate(String),
    /// A person, by the name that was given.
    Person(String),
    /// The time limit of a question, or of a trial in shadow.
    TimeLimit,
    /// The watch over the version that was in use.
    Watch,
}

impl fmt::Display for Mover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(gate) => write!(f, "gate `{gate}`"),
            Self::Person(name) => f.write_str(name),
            Self::TimeLimit => f.write_str("the time limit"),
            Self::Watch => f.write_str("the watch"),
        }
    }
}

/// The verdicts that a gate gave about stored versions on the data of one moment. Nothing follows from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionsBacktested {
    /// The name of the gate.
    pub gate: String,
    /// The version that each was compared with: the one in use; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<VersionNumber>,
    /// The versions, newest first.
    pub versions: Vec<BacktestedVersion>,
    /// The gate's code, and what it was given beside the versions.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The verdict of a backtest about one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestedVersion {
    /// The version.
    pub version: VersionNumber,
    /// What the gate decided, or why it didn't.
    #[serde(flatten)]
    pub outcome: BacktestOutcome,
    /// The reason of the verdict or of the failure, in words; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The numbers of the verdict's metadata, by label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
}

/// What became of a version in a backtest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BacktestOutcome {
    /// The gate decided.
    Judged {
        /// The decision.
        decision: Decision,
    },
    /// The gate would ask people.
    Asked {
        /// Who would be asked.
        of: String,
    },
    /// The gate would ask for outcomes first.
    InShadow,
    /// The version couldn't be loaded, or the gate's function failed.
    Failed,
    /// The value of the version was removed by a retention rule.
    ValueRemoved,
}

impl BacktestOutcome {
    /// The outcome in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Judged { decision } => decision.as_str().to_owned(),
            Self::Asked { of } => format!("asks {of}"),
            Self::InShadow => "in shadow".to_owned(),
            Self::Failed => "failed".to_owned(),
            Self::ValueRemoved => "value removed".to_owned(),
        }
    }
}

/// Which version an alias meant to a run: what it found when it began stays in force for all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasPinned {
    /// The alias.
    pub alias: AliasName,
    /// The version; `None` if the alias didn't exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
}

impl VersionJudged {
    /// Until when an answer or outcomes are awaited, and the decision without them; `None` if nothing waits, or forever.
    pub fn limit(&self) -> Option<(Timestamp, Decision)> {
        let asked = self.asked.as_ref().and_then(|asked| asked.until.zip(asked.then));
        asked.or_else(|| self.shadow.as_ref().and_then(|trial| trial.until.zip(trial.then)))
    }
}

impl fmt::Display for VersionJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gate, version, against, decision, asked, shadow, answers, reason, .. } = self;
        write!(f, "gate `{gate}` judged version {version}")?;
        match against {
            Some(against) => write!(f, " against {against}: ")?,
            None => f.write_str(": ")?,
        }
        match (decision, asked, shadow) {
            (Some(decision), _, _) => f.write_str(decision.as_str())?,
            (None, Some(asked), _) => write!(f, "asks {}", asked.of)?,
            (None, None, Some(trial)) => write!(f, "in shadow at `{}`", trial.asset)?,
            (None, None, None) => f.write_str("no decision")?,
        }
        if answers.is_some() {
            f.write_str(AFTER_SHADOW)?;
        }
        because(f, reason)
    }
}

impl fmt::Display for VersionDecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}: {}", self.version, self.decision.as_str())?;
        if self.after_shadow {
            f.write_str(AFTER_SHADOW)?;
        }
        write!(f, " by {}", self.by)?;
        because(f, &self.reason)
    }
}

impl fmt::Display for AliasMoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number =
            |version: Option<VersionNumber>| version.map_or_else(|| "none".to_owned(), |one| one.to_string());
        write!(f, "{}: version {} → {} by {}", self.alias, number(self.from), number(self.to), self.by)?;
        because(f, &self.reason)
    }
}

impl fmt::Display for VersionsBacktested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gate `{}` judged {} stored versions", self.gate, self.versions.len())?;
        self.against.map_or(Ok(()), |against| write!(f, " against {against}"))
    }
}

impl fmt::Display for AliasPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{} is version {version}", self.alias),
            None => write!(f, "there is no {}", self.alias),
        }
    }
}

/// What follows a decision about a version that was in shadow.
const AFTER_SHADOW: &str = " after shadow";

fn because(f: &mut fmt::Formatter<'_>, reason: &str) -> fmt::Result {
    if reason.is_empty() { Ok(()) } else { write!(f, " ({reason})") }
}
