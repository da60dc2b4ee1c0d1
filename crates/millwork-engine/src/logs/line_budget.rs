//! Budgets of log lines: one participant that logs much doesn't use up the lines of others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use millwork_core::LogLevel;
use millwork_core::event::LogLine;

/// Maximum lines that are kept of one participant; the rest is only counted.
const MOST_LINES: u32 = 10_000;

/// The lines that one participant has written.
#[derive(Debug, Default)]
pub(crate) struct LineBudget(AtomicU32);

impl LineBudget {
    /// The line, if the budget isn't used up. The first line beyond is replaced by a note that says so: `what` describes the lines, such as
    /// "step `train` has logged".
    pub(crate) fn spend(&self, line: LogLine, what: impl FnOnce() -> String) -> Option<LogLine> {
        // The count stops here, so that the note isn't repeated when it overflows.
        let count = |lines: u32| Some(lines.saturating_add(1));
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count).unwrap_or(u32::MAX);
        match before {
            _ if before < MOST_LINES => Some(line),
            MOST_LINES => Some(LogLine {
                level: LogLevel::Warn,
                target: "millwork".into(),
                message: format!("{} {MOST_LINES} lines; what follows is not kept", what()),
                fields: BTreeMap::new(),
            }),
            _ => None,
        }
    }
}
