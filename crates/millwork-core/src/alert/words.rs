//! What an alert says.

use jiff::Timestamp;

use super::verdict::Verdict;
use super::{AlertKind, Occurrence};
use crate::run;

/// The longest that a reason may be, in characters: some receivers refuse long messages.
const LONGEST: usize = 1_500;

/// The text: what happened, where, since when, and how to look.
pub(super) fn text(
    verdict: &Verdict,
    occurrence: &Occurrence,
    kind: AlertKind,
    since: Timestamp,
    held_back: u32,
    url: Option<&str>,
) -> String {
    let mut lines = Vec::new();
    if kind == AlertKind::Raised && !verdict.detail.is_empty() {
        lines.push(shortened(&verdict.detail));
    }
    if let Some(asset) = &verdict.asset {
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
    lines.push(format!("Look: {}", verdict.look));
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
