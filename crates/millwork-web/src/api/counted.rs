//! Counting runs and steps by the events that were written since the server started.

use std::collections::BTreeMap;

use millwork_core::event::{EventKind, KindSet};
use millwork_storage::{StorageError, Store, follow};

/// The ends that are counted, with the name and label of their series.
const ENDS: [(EventKind, &str, &str); 8] = [
    (EventKind::RunSucceeded, "runs", "succeeded"),
    (EventKind::RunFailed, "runs", "failed"),
    (EventKind::RunCanceled, "runs", "canceled"),
    (EventKind::RunLost, "runs", "lost"),
    (EventKind::StepSucceeded, "steps", "succeeded"),
    (EventKind::StepFailed, "steps", "failed"),
    (EventKind::StepRetrying, "steps", "retried"),
    (EventKind::Materialized, "materializations", "made"),
];

/// So many events are read at a time.
const PAGE: u32 = 10_000;

/// How often each end has come since the server started.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    behind: Option<u64>,
    ends: BTreeMap<EventKind, u64>,
}

impl Counted {
    /// Counts what is written behind an event.
    pub(crate) fn behind(behind: Option<u64>) -> Self {
        Self { behind, ..Self::default() }
    }

    /// Takes in what was written since the last look.
    pub(super) async fn catch_up(&mut self, store: &dyn Store) -> Result<(), StorageError> {
        let mut behind = match self.behind {
            Some(behind) => behind,
            None => store.head().await?,
        };
        let kinds: KindSet = ENDS.iter().map(|(kind, ..)| *kind).collect();
        loop {
            let followed = follow(store, behind, kinds, PAGE).await?;
            for kind in followed.events.iter().filter_map(|event| event.body.kind()) {
                *self.ends.entry(kind).or_default() += 1;
            }
            behind = followed.behind;
            self.behind = Some(behind);
            if followed.events.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    /// The counts in Prometheus' text format.
    pub(super) fn metrics(&self) -> String {
        let mut text = String::new();
        let mut last = "";
        for (kind, series, label) in ENDS {
            if series != last {
                text.push_str(&format!("# HELP millwork_{series}_total Since the server started\n"));
                text.push_str(&format!("# TYPE millwork_{series}_total counter\n"));
                last = series;
            }
            let count = self.ends.get(&kind).copied().unwrap_or(0);
            text.push_str(&format!("millwork_{series}_total{{end=\"{label}\"}} {count}\n"));
        }
        text
    }
}
