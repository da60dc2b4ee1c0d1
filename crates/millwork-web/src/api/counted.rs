//! Counters of ended runs and steps, from the events that were written since the server started.

use std::collections::BTreeMap;

use millwork_core::event::{EventKind, KindSet};
use millwork_core::exposition::Exposition;
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

/// The number of events that are read at a time.
const PAGE: u32 = 10_000;

/// The number of events of each kind since the server started.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    behind: Option<u64>,
    ends: BTreeMap<EventKind, u64>,
}

impl Counted {
    /// Counters of the events that follow an event.
    pub(crate) fn behind(behind: Option<u64>) -> Self {
        Self { behind, ..Self::default() }
    }

    /// Counts the events that were written since the last call.
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

    /// Writes the counts for Prometheus.
    pub(super) fn write_to(&self, exposition: &mut Exposition) {
        for of_series in ENDS.chunk_by(|(_, left, _), (_, right, _)| left == right) {
            let Some((_, series, _)) = of_series.first() else { continue };
            let name = format!("millwork_{series}_total");
            let mut counter = exposition.counter(&name, "Since the server started");
            for (kind, _, label) in of_series {
                let count = self.ends.get(kind).copied().unwrap_or(0);
                counter.labelled(&[("end", *label)], count as f64);
            }
        }
    }
}
