//! How many lines of a log one participant may write: a loud one doesn't use up what others have.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use millwork_core::LogLevel;
use millwork_core::event::LogLine;

/// As many lines are kept; what comes after is counted only.
const MOST_LINES: u32 = 10_000;

/// The lines that one participant has written.
#[derive(Debug, Default)]
pub(crate) struct LineBudget(AtomicU32);

impl LineBudget {
    /// The line, if there is room for it. The first for which there is none becomes a note that says so: `what` are the lines,
    /// such as "step `train` has logged".
    pub(crate) fn spend(&self, line: LogLine, what: impl FnOnce() -> String) -> Option<LogLine> {
        // The count stops, so that it doesn't begin again.
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
