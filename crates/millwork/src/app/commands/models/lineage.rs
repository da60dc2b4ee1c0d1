//! `models lineage`: a version with what it was made from, or with what was made with it.

use millwork_api::{LineageView, find_stored_version, version_lineage};
use millwork_storage::{Direction, LineageLimits};

use super::super::asset::few_fields;
use super::arguments::Version;
use super::show::in_full;
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, print_json};
use crate::app::printable::{cut, in_one_line};
use crate::app::session::{Opened, Session};
use crate::app::when;

pub(super) async fn lineage(
    session: &Session,
    opened: &Opened,
    version: &Version,
    direction: Direction,
    limits: LineageLimits,
) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let (_, of, which) = version.read(session, opened).await?;
    let event = find_stored_version(&*opened.store, &of, &which).await?;
    let tree = version_lineage(&*opened.store, graph, &event, direction, limits).await?;
    if session.wants_json() {
        print_json(&tree)?;
        return Ok(Exit::Success);
    }
    let mut text = format!("{}\n", line(&tree));
    branches(&tree, "", &mut text);
    out!("{text}");
    Ok(Exit::Success)
}

fn branches(node: &LineageView, indent: &str, text: &mut String) {
    let count = node.next.len();
    for (place, next) in node.next.iter().enumerate() {
        let is_last = place + 1 == count && node.left_out == 0;
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        text.push_str(&format!("{indent}{branch}{}\n", line(next)));
        branches(next, &format!("{indent}{below}"), text);
    }
    if node.left_out > 0 {
        text.push_str(&format!("{indent}└─ … {} more\n", node.left_out));
    }
}

/// A version in one line: what it is, when it was made by which run and code, and with which configuration.
fn line(node: &LineageView) -> String {
    let mut words = vec![node.in_words()];
    words.extend(node.alias.as_ref().map(|alias| format!("as {alias}")));
    words.extend(node.at.map(when::moment));
    words.extend(node.run.map(|run| format!("run {}", run.short())));
    words.extend(
        node.code_version
            .as_ref()
            .map(|code| format!("code {}", code.as_str().chars().take(12).collect::<String>())),
    );
    let fields = node.config.iter().map(|(name, value)| format!("{name}={}", cut(&in_full(value), 60)));
    words.extend(few_fields(fields.collect()));
    if node.at.is_none() {
        words.push("(its event was removed)".to_owned());
    }
    if node.elsewhere {
        words.push("(shown above)".to_owned());
    }
    in_one_line(&words.join("  "))
}
