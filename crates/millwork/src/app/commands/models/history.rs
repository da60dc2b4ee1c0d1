//! The history of one version: made, judged, in use, and how good it was then, in the order of time.

use millwork_api::{HistoryEntry, HistoryStep, VersionHistory, version_history};
use millwork_core::version::WhichVersion;

use super::arguments::{Of, number};
use super::show::{in_words, print_newest};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::printable::cut;
use crate::app::session::{Opened, Session};
use crate::app::style::style;
use crate::app::table::table;
use crate::app::when;

/// The maximum widths of names and of reasons, in characters; JSON has them whole.
const WIDEST_NAME: usize = 40;
const WIDEST_REASON: usize = 200;
/// The maximum number of figures in a row.
const FIGURES: usize = 6;

/// Shows the history of the version that is written behind the key.
pub(super) async fn show(
    session: &Session,
    opened: &Opened,
    of: &Of,
    (key, which): (&str, &WhichVersion),
) -> Result<Exit, Failure> {
    let (asset, at) = of.partition.of(session, opened, key).await?;
    let version = match which {
        WhichVersion::Number(version) => *version,
        WhichVersion::Latest | WhichVersion::Alias(_) => number(opened, &at, which).await?,
    };
    let graph = session.pipeline()?.graph();
    let history = version_history(&*opened.store, graph, (asset, &at), version).await?;
    if session.wants_json() {
        print_json(&history)?;
    } else {
        print(&history, of.limit);
    }
    Ok(Exit::Success)
}

fn print(history: &VersionHistory, limit: usize) {
    let name = format!("{}@{}", history.key, history.version);
    let partition = history.partition.as_ref().map(|key| format!(" (partition {key})")).unwrap_or_default();
    let aliases: Vec<&str> = history.aliases.iter().map(millwork_core::version::AliasName::as_str).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
    outln!("{}{partition}, {}{aliases}\n", style(&name).bold(), history.status.in_words());
    let older = history.entries.len().saturating_sub(limit);
    let rows = history.entries.iter().skip(older).map(|entry| row(history, entry)).collect();
    out!("{}", table(["WHEN", "WHAT", "FIGURES", "BY", "REASON"], rows));
    print_newest(limit, history.entries.len());
    let is_live = |entry: &HistoryEntry| matches!(entry.step, HistoryStep::Live { .. });
    if history.entries.iter().any(is_live) {
        outln!(
            "Live figures are of what was predicted in use, the others of other rows: they can't be compared."
        );
    }
    if let Some(calls) = &history.shadow_calls {
        outln!("Calls in shadow: {}.", calls.in_words().trim_end_matches('.'));
    }
    if history.windows_left_out > 0 {
        outln!("{} older windows are kept no more, of all versions together.", history.windows_left_out);
    }
}

fn row(history: &VersionHistory, entry: &HistoryEntry) -> [String; 5] {
    let figures = entry.step.figures(history.metric.as_ref());
    let left_out = figures.len().saturating_sub(FIGURES);
    let figures = figures.iter().take(FIGURES);
    let mut figures: Vec<String> = figures
        .map(|(label, value)| {
            format!("{label} {}", if value.is_null() { "none".to_owned() } else { in_words(value) })
        })
        .collect();
    figures.extend((left_out > 0).then(|| format!("{left_out} more")));
    if let HistoryStep::Live { measure, .. } = &entry.step {
        figures.push(format!("{} of {} with ground truth", measure.matched, measure.predictions));
    }
    [
        when::moment(entry.at),
        entry.step.in_words(history.version),
        figures.join(", "),
        cut(&entry.step.by(), WIDEST_NAME),
        cut(entry.step.reason(), WIDEST_REASON),
    ]
}
