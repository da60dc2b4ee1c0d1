//! The live performance as data: the main metric by window, version and role, for pages and commands that know no performance.

use millwork_core::{Asset, LiveMeasure, LivePerformance, LiveWindow, Metadata, Output};

use super::Performance;
use crate::RowKey;

/// The label of the live performance in the metadata.
const LABEL: &str = "live performance";

impl<K: RowKey> Performance<K> {
    /// As [`output`](Self::output), about the predictions of the model `A`.
    ///
    /// It has to be named only where the graph doesn't say which model it is: the predictions or the ground truth descend from several models
    /// that are read by an alias, or from none. `A` has to be upstream.
    pub fn output_of<A: Asset>(self) -> Output<Self> {
        let mut output = self.output();
        let live = LivePerformance { model: Some(A::KEY.into()), ..output.value.live() };
        output.metadata.insert(LABEL.to_owned(), live.into());
        output
    }

    /// The main metric of the newest windows, open ones among them. What is open is unfinished, and marked as such.
    pub fn live(&self) -> LivePerformance {
        let metric = self.config().metrics[0];
        let mut windows: Vec<LiveWindow> = Vec::new();
        for measures in self.windows() {
            let Some(role) = measures.model.role.alias() else { continue };
            let window = match windows.last_mut().filter(|window| window.start == measures.start) {
                Some(window) => window,
                None => {
                    windows.push(LiveWindow {
                        start: measures.start,
                        end: measures.end,
                        is_final: measures.is_final,
                        measures: Vec::new(),
                    });
                    windows.last_mut().expect("one was pushed")
                }
            };
            let baselines = &self.config().baselines;
            let finite = |value: f64| value.is_finite().then_some(value);
            window.measures.push(LiveMeasure {
                version: measures.model.version,
                role,
                value: measures.metric(metric).and_then(finite),
                baselines: baselines
                    .iter()
                    .map(|&baseline| measures.baseline(baseline, metric).and_then(finite))
                    .collect(),
                predictions: measures.coverage.expected,
                matched: measures.coverage.matched,
            });
        }
        let baselines = self.config().baselines.iter().map(|baseline| baseline.name().to_owned()).collect();
        LivePerformance::new(metric.name(), metric.better(), baselines, windows)
    }

    /// Adds the live performance to metadata; nothing where there is no window yet.
    pub(super) fn add_live(&self, metadata: &mut Metadata) {
        let live = self.live();
        if !live.windows.is_empty() {
            metadata.insert(LABEL.to_owned(), live.into());
        }
    }
}
