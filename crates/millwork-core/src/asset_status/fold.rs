//! The facts that the status of assets follows from, as a fold over the event log.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::event::{Event, EventBody, EventKind, EventSubject, KindSet};
use crate::id::RunId;
use crate::outcome::Failure;
use crate::param::RecordedConfig;
use crate::partition::{AssetPartition, StepPartition};
use crate::plan::{AliasedVersion, LatestEvaluations};
use crate::version::AliasName;

/// The facts of the log so far. Events are taken in by their order in the log; taking one in again, with all that come after it,
/// changes nothing, so that a reader may begin with the latest events and continue from an earlier place.
#[derive(Clone, Debug, Default)]
pub struct StatusFold {
    pub(super) evaluations: LatestEvaluations,
    /// The last evaluation's place in the log.
    evaluated_at: HashMap<AssetPartition, u64>,
    pub(super) materialized_at: HashMap<AssetPartition, Timestamp>,
    /// Whether each check passed the last time.
    pub(super) checks: BTreeMap<AssetPartition, BTreeMap<String, bool>>,
    pub(super) running: HashMap<StepPartition, StepProgress>,
    /// The last failure of a step, with its place in the log.
    failures: HashMap<StepPartition, (u64, Failure)>,
    configs: SharedConfigs,
}

/// The configurations of the evaluations. Ten thousand partitions were mostly made with one, which is in memory once.
#[derive(Clone, Debug, Default)]
struct SharedConfigs {
    known: HashSet<Arc<RecordedConfig>>,
    /// The number of configurations at which those that no evaluation has any more are let go.
    limit: usize,
}

impl SharedConfigs {
    fn share(&mut self, config: &mut Option<Arc<RecordedConfig>>) {
        let Some(config) = config else { return };
        if let Some(known) = self.known.get(config) {
            *config = known.clone();
            return;
        }
        if self.known.len() >= self.limit {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.limit = 2 * self.known.len() + 64;
        }
        self.known.insert(config.clone());
    }
}

/// How far a running step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepProgress {
    /// The run that it is a step of.
    pub run: RunId,
    /// How many units of work are done, of how many; `None` if the step doesn't report progress.
    pub done: Option<(u64, u64)>,
}

impl StatusFold {
    /// The kinds of events that change a status; [`apply`](Self::apply) needs no others. After a rename, a reader [begins
    /// anew](Self::begins_anew).
    pub const KINDS: KindSet = KindSet::VERDICTS
        .union(KindSet::STEP)
        .union(KindSet::RUN)
        .union(KindSet::about(EventSubject::Names))
        .union(KindSet::of(&[EventKind::CheckEvaluated, EventKind::AliasMoved]))
        .without(KindSet::of(&[EventKind::StepRetrying, EventKind::RunCanceling]));

    /// Whether what was taken in before an event is stored under other names since, so that it has to be read again.
    pub fn begins_anew(event: &Event) -> bool {
        event.body.is_one_of(KindSet::about(EventSubject::Names))
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Event) {
        match &event.body {
            EventBody::Materialized(_) | EventBody::Kept { .. } | EventBody::NotMaterialized { .. } => {
                self.apply_evaluation(event);
            }
            EventBody::Unreadable(unreadable) => {
                if unreadable.kind.is_some_and(|kind| KindSet::VERDICTS.contains(kind)) {
                    self.apply_evaluation(event);
                }
            }
            EventBody::CheckEvaluated(check) => {
                if let Some(asset) = event.asset_partition() {
                    let checks = self.checks.entry(asset).or_default();
                    checks.insert(check.check.clone(), check.passed);
                }
            }
            EventBody::AliasMoved(moved) => {
                if let Some(asset) = event.asset_partition() {
                    self.evaluations.entry(asset).or_default().move_alias(moved);
                }
            }
            EventBody::StepStarted => {
                if let Some((step, run)) = event.step_partition().zip(event.run) {
                    self.running.insert(step, StepProgress { run, done: None });
                }
            }
            EventBody::StepProgressed { done, of } => {
                let running = event.step_partition().and_then(|step| self.running.get_mut(&step));
                if let Some(progress) = running.filter(|progress| Some(progress.run) == event.run) {
                    progress.done = Some((*done, *of));
                }
            }
            EventBody::StepFailed { failure } => {
                self.end_step(event);
                if let Some(step) = event.step_partition()
                    && self.failures.get(&step).is_none_or(|(at, _)| *at < event.sequence)
                {
                    self.failures.insert(step, (event.sequence, failure.clone()));
                }
            }
            EventBody::StepSucceeded { .. } => {
                self.end_step(event);
                if let Some(step) = event.step_partition()
                    && self.failures.get(&step).is_some_and(|(at, _)| *at < event.sequence)
                {
                    self.failures.remove(&step);
                }
            }
            EventBody::StepSkipped { .. } | EventBody::StepCanceled => self.end_step(event),
            // A run that waits, begins or has ended has no running steps.
            EventBody::RunQueued
            | EventBody::RunRetrying { .. }
            | EventBody::RunStarted { .. }
            | EventBody::RunSucceeded
            | EventBody::RunFailed { .. }
            | EventBody::RunCanceled
            | EventBody::RunLost { .. } => {
                self.running.retain(|_, progress| Some(progress.run) != event.run);
            }
            // Between two attempts a step counts as running.
            EventBody::StepRetrying { .. }
            | EventBody::RunCanceling
            | EventBody::Observed { .. }
            | EventBody::VersionJudged(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::ShadowCalled(_)
            | EventBody::AliasPinned(_)
            | EventBody::Logged(_)
            | EventBody::EnvironmentRecorded(_) => {}
        }
    }

    /// Takes in where an alias points, of a reader that doesn't begin with the events that moved it.
    pub fn set_alias(&mut self, asset: AssetPartition, alias: AliasName, version: AliasedVersion) {
        self.evaluations.entry(asset).or_default().aliases.insert(alias, version);
    }

    /// The failure of the step that makes an asset, if the asset had no evaluation since. What was made of the asset or reported of it
    /// ends its failure, and not that of other assets of the same step.
    pub(super) fn failure(&self, step: &StepPartition, asset: &AssetPartition) -> Option<&Failure> {
        let evaluated_at = self.evaluated_at.get(asset).copied().unwrap_or_default();
        self.failures.get(step).filter(|(at, _)| *at > evaluated_at).map(|(_, failure)| failure)
    }

    fn apply_evaluation(&mut self, event: &Event) {
        let Some(asset) = event.asset_partition() else { return };
        let last = self.evaluated_at.entry(asset.clone()).or_default();
        if *last > event.sequence {
            return;
        }
        *last = event.sequence;
        if event.body.is_materialization() {
            self.materialized_at.insert(asset.clone(), event.at);
        }
        let evaluation = self.evaluations.entry(asset).or_default();
        evaluation.apply(event);
        if let Some(provenance) = &mut evaluation.provenance {
            self.configs.share(&mut provenance.config);
        }
    }

    fn end_step(&mut self, event: &Event) {
        if let Some(step) = event.step_partition()
            && self.running.get(&step).is_some_and(|progress| Some(progress.run) == event.run)
        {
            self.running.remove(&step);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_configurations_are_one_and_old_ones_are_let_go() {
        let mut configs = SharedConfigs::default();
        let mut share = |rounds: u32| {
            let effective = json!({ "rounds": rounds });
            let mut config = Some(Arc::new(RecordedConfig { effective, standing: None }));
            configs.share(&mut config);
            (config.unwrap(), configs.known.len())
        };
        let (first, _) = share(1);
        let (second, count) = share(1);
        assert!(Arc::ptr_eq(&first, &second) && count == 1);
        // None of these is held.
        let most = (2..10_000).map(|rounds| share(rounds).1).max();
        assert!(most.is_some_and(|most| most < 200), "{most:?}");
        assert!(Arc::ptr_eq(&first, &share(1).0));
    }
}
