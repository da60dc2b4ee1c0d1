//! Where the aliases of a model have pointed, as a picture and as a list.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::event::{AliasChange, AliasMoved};
use millwork_core::model::{Dated, ModelHistory};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_draw::plot::{Span, SpanRow, spans};

use super::row::who;

/// The maximum number of moves that are drawn and listed.
const MOVES: usize = 30;

/// The moves of a model's aliases.
#[derive(Default)]
pub(super) struct AliasHistory {
    pub(super) picture: String,
    /// The last moves, newest first.
    pub(super) moves: Vec<MoveRow>,
    pub(super) all: usize,
}

pub(super) struct MoveRow {
    pub(super) at: String,
    pub(super) alias: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) what: &'static str,
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) run: Option<(String, String)>,
}

/// The last moves of the aliases, until now.
pub(super) fn alias_history(history: &ModelHistory, now: Timestamp) -> AliasHistory {
    let number =
        |version: Option<VersionNumber>| version.map_or_else(|| "none".to_owned(), |one| one.to_string());
    let last = &history.moves[history.moves.len().saturating_sub(MOVES)..];
    let row = |moved: &Dated<AliasMoved>| MoveRow {
        at: moved.at.to_string(),
        alias: moved.what.alias.to_string(),
        from: number(moved.what.from),
        to: number(moved.what.to),
        what: in_words(moved.what.change),
        by: who(&moved.what.by),
        reason: moved.what.reason.clone(),
        run: moved.run.map(|run| (run.to_string(), run.short())),
    };
    let mut by_alias: BTreeMap<&AliasName, Vec<Span>> = BTreeMap::new();
    for moved in last {
        let row = by_alias.entry(&moved.what.alias).or_default();
        let at = moved.at.as_microsecond();
        if let Some(before) = row.last_mut().filter(|span| span.is_open) {
            (before.to, before.is_open) = (at.max(before.from), false);
        }
        if let Some(to) = moved.what.to {
            let title = format!(
                "version {to}, {} by {}, {}",
                in_words(moved.what.change),
                who(&moved.what.by),
                moved.at
            );
            let to_now = now.as_microsecond().max(at);
            row.push(Span { from: at, to: to_now, label: to.to_string(), title, is_open: true });
        }
    }
    let lanes: Vec<SpanRow> =
        by_alias.into_iter().map(|(alias, spans)| SpanRow { name: alias.to_string(), spans }).collect();
    AliasHistory {
        picture: spans("The version that each alias pointed at", &lanes),
        moves: last.iter().rev().map(row).collect(),
        all: history.moves.len(),
    }
}

fn in_words(change: AliasChange) -> &'static str {
    match change {
        AliasChange::Promoted => "promoted",
        AliasChange::Set => "set",
        AliasChange::RolledBack => "rolled back",
        AliasChange::Removed => "removed",
    }
}
