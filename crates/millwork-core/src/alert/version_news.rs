//! What an alert says about a version of a model: what became of it, who decided, and why.

use super::message::moment;
use super::{OccurrenceKind, Trigger};
use crate::asset::{AssetKey, Decision};
use crate::event::{AliasChange, Asked, VersionJudged};
use crate::partition::PartitionKey;
use crate::version::VersionNumber;

/// What an alert says.
pub(super) struct VersionNews {
    /// What happened, in one line.
    pub(super) title: String,
    /// Who decided, against which version, and why.
    pub(super) detail: String,
}

/// What a trigger finds in what happened to a version of a model, which is called `name` in texts; `None` if it isn't about that.
pub(super) fn version_news(
    trigger: &Trigger,
    kind: &OccurrenceKind,
    name: &str,
    of: (&AssetKey, Option<&PartitionKey>),
) -> Option<VersionNews> {
    match trigger {
        Trigger::Promoted => {
            let OccurrenceKind::AliasMoved(moved) = kind else { return None };
            let to = moved.to.filter(|_| moved.change == AliasChange::Promoted)?;
            let instead = moved.from.map(|from| format!(", instead of version {from}")).unwrap_or_default();
            Some(VersionNews {
                title: format!("Version {to} of {name} is the {} now", moved.alias),
                detail: because(format!("By {}{instead}", moved.by), &moved.reason),
            })
        }
        Trigger::RolledBack => {
            let OccurrenceKind::AliasMoved(moved) = kind else { return None };
            let to = moved.to.filter(|_| moved.change == AliasChange::RolledBack)?;
            let from = moved.from.map(|from| format!(", from version {from}")).unwrap_or_default();
            Some(VersionNews {
                title: format!("The {} of {name} went back to version {to}{from}", moved.alias),
                detail: because(format!("By {}", moved.by), &moved.reason),
            })
        }
        Trigger::Kept => decided(kind, Decision::Keep, |version, after| {
            format!("Version {version} of {name} is kept{after}, and not promoted")
        }),
        Trigger::Rejected => decided(kind, Decision::Reject, |version, after| {
            format!("Version {version} of {name} is rejected{after}")
        }),
        Trigger::ApprovalAsked => {
            let OccurrenceKind::VersionJudged(judged) = kind else { return None };
            let asked = judged.asked.as_ref()?;
            let title = format!("Version {} of {name} awaits approval by {}", judged.version, asked.of);
            let detail =
                [how_to_answer(judged, asked, of), because(judge(judged), &judged.reason)].join("\n");
            Some(VersionNews { title, detail })
        }
        Trigger::ShadowDecided => {
            let (version, outcome, detail) = if let OccurrenceKind::VersionJudged(judged) = kind {
                judged.answers?;
                let outcome = match (judged.decision, &judged.asked) {
                    (Some(decision), _) => decision.as_str().to_owned(),
                    (None, Some(asked)) => format!("asks {}", asked.of),
                    (None, None) => return None,
                };
                (judged.version, outcome, because(judge(judged), &judged.reason))
            } else if let OccurrenceKind::VersionDecided(decided) = kind {
                decided.after_shadow.then_some(())?;
                let detail = because(format!("By {}", decided.by), &decided.reason);
                (decided.version, decided.decision.as_str().to_owned(), detail)
            } else {
                return None;
            };
            Some(VersionNews {
                title: format!("Version {version} of {name} after shadow: {outcome}"),
                detail,
            })
        }
        Trigger::RunFailed
        | Trigger::Run(_)
        | Trigger::AssetFailed
        | Trigger::CheckFailed(_)
        | Trigger::NotFresh(_)
        | Trigger::MetricBelow { .. }
        | Trigger::MetricAbove { .. }
        | Trigger::MetricChanged { .. }
        | Trigger::MetricWorseThanAtPromotion { .. }
        | Trigger::CoverageBelow(_)
        | Trigger::ShadowFailed
        | Trigger::BudgetSpent
        | Trigger::TickFailed
        | Trigger::DaemonTrouble => None,
    }
}

/// The news that a gate, a person or a time limit has decided so.
fn decided(
    kind: &OccurrenceKind,
    decision: Decision,
    title: impl Fn(VersionNumber, &'static str) -> String,
) -> Option<VersionNews> {
    if let OccurrenceKind::VersionJudged(judged) = kind {
        (judged.decision == Some(decision)).then(|| VersionNews {
            title: title(judged.version, after_shadow(judged.answers.is_some())),
            detail: because(judge(judged), &judged.reason),
        })
    } else if let OccurrenceKind::VersionDecided(decided) = kind {
        (decided.decision == decision).then(|| VersionNews {
            title: title(decided.version, after_shadow(decided.after_shadow)),
            detail: because(format!("By {}", decided.by), &decided.reason),
        })
    } else {
        None
    }
}

/// What follows the decision about a version that was in shadow.
const fn after_shadow(was_in_shadow: bool) -> &'static str {
    if was_in_shadow { " after shadow" } else { "" }
}

/// Who judged a version, and against which one.
fn judge(judged: &VersionJudged) -> String {
    let against = judged.against.map(|against| format!(", against version {against}"));
    format!("By gate `{}`{}", judged.gate, against.unwrap_or_default())
}

/// The commands that answer, and what is decided without an answer.
fn how_to_answer(
    judged: &VersionJudged,
    asked: &Asked,
    (asset, partition): (&AssetKey, Option<&PartitionKey>),
) -> String {
    let version = judged.version;
    let partition = partition.map(|partition| format!(" --partition {partition}")).unwrap_or_default();
    let commands = ["promote", "reject"].map(|verb| format!("`models {verb} {asset} {version}{partition}`"));
    let limit = match (asked.until, asked.then) {
        (Some(until), Some(then)) => {
            format!("; without an answer by {}: {}", moment(until), then.as_str())
        }
        (None, _) | (_, None) => String::new(),
    };
    format!("Answer with {}{limit}", commands.join(" or "))
}

fn because(text: String, reason: &str) -> String {
    if reason.is_empty() { text } else { format!("{text}: {reason}") }
}
