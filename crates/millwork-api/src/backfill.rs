//! Backfills: their plans, and what has become of their partitions.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use millwork_core::AssetKey;
use millwork_core::backfill::{
    Backfill, BackfillOptions, BackfillStatus, PartitionCounts, Plan, RunOrder, RunSize, StageIndex,
    StagePreview, StopRule,
};
use millwork_core::id::BackfillId;
use millwork_core::partition::KeySet;
use millwork_core::run::{QUEUE_TAG, RunId};
use millwork_storage::{BackfillFailure, BackfillRecord, StoredBackfill};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::{BackfillStatusName, RunOrderName};

/// A page of backfills.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillPage {
    /// The backfills, newest first.
    pub backfills: Vec<BackfillView>,
    /// The value of `before` for the next page; `null` if this is the last.
    #[schema(required, value_type = Option<u64>)]
    pub next: Option<BackfillId>,
}

/// A backfill in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillView {
    /// Its number.
    #[schema(value_type = u64)]
    pub backfill: BackfillId,
    /// Its status.
    #[schema(value_type = BackfillStatusName)]
    pub status: BackfillStatus,
    /// The selection of its assets as it was written.
    pub selection: String,
    /// The numbers of its partitions by what has become of them. One of several assets that are made together counts once.
    pub counts: PartitionCountsView,
    /// Its tags; absent if there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub tags: BTreeMap<String, String>,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When anything became of it last.
    pub changed_at: Timestamp,
}

/// Numbers of partitions by what has become of them.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PartitionCountsView {
    /// No run has started for them.
    pub waiting: u64,
    /// A run is making them.
    pub running: u64,
    /// They were made.
    pub succeeded: u64,
    /// Making them failed.
    pub failed: u64,
    /// Their run vanished.
    pub lost: u64,
    /// An upstream partition that they need wasn't made.
    pub skipped: u64,
    /// They were canceled.
    pub canceled: u64,
}

/// The plan of a backfill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillPlanView {
    /// The asset whose partitions were named.
    #[schema(value_type = String)]
    pub of: AssetKey,
    /// The named partitions, as a set.
    pub partitions: String,
    /// The number of partitions that are made, of all assets.
    pub make: u64,
    /// The number of runs that make them if all are full.
    pub runs: u64,
    /// The number of partitions that are skipped because they are up to date.
    pub fresh: u64,
    /// The number of partitions that can't be made.
    pub left_out: u64,
    /// Why some can't be made, in words; absent if all can.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub reasons: Vec<String>,
    /// How many seconds the runs take, by how long the steps took before; `null` if something was never made.
    #[schema(required)]
    pub estimated_seconds: Option<f64>,
    /// The numbers of other backfills that haven't ended and are going to make some of these partitions as well; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<u64>)]
    pub overlapping: Vec<BackfillId>,
    /// How the partitions are made.
    pub options: BackfillOptionsView,
    /// The stages, upstream first.
    pub stages: Vec<PlannedStageView>,
}

/// How the partitions of a backfill are made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillOptionsView {
    /// Whether partitions are made that are up to date already.
    pub all: bool,
    /// Which partitions are made first.
    #[schema(value_type = RunOrderName)]
    pub order: RunOrder,
    /// The maximum number of runs at the same time.
    pub runs_at_a_time: u32,
    /// The maximum number of partitions of a run; `null` leaves it to the assets.
    #[schema(required)]
    pub partitions_per_run: Option<u64>,
    /// The share of failures, from 0 to 1, above which nothing new is started; `null` for none.
    #[schema(required)]
    pub stop_at_share: Option<f64>,
}

/// Assets that are made by the same runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlannedStageView {
    /// The assets, upstream first.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partitions that its runs make of any of them, as a set; empty for assets without partitions.
    pub partitions: String,
    /// The number of these.
    pub count: u64,
    /// The number of runs if all are full.
    pub runs: u64,
    /// The maximum number of partitions of a run; `null` if one makes all.
    #[schema(required)]
    pub partitions_per_run: Option<u64>,
}

/// A backfill with its plan and what has become of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillDetails {
    /// The backfill as a list has it.
    #[serde(flatten)]
    pub backfill: BackfillView,
    /// What it makes.
    pub plan: BackfillPlanView,
    /// What has become of each stage, upstream first.
    pub stages: Vec<StageProgressView>,
    /// The runs that are running or queued.
    pub running: Vec<BackfillRunView>,
    /// Why partitions failed that weren't made since, at most a hundred, newest first.
    pub failures: Vec<BackfillFailureView>,
}

/// What has become of the partitions of a stage: sets as text, empty for none, and for assets without partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StageProgressView {
    /// The assets, upstream first.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The numbers of its partitions.
    pub counts: PartitionCountsView,
    /// No run has started for them.
    pub waiting: String,
    /// A run is making them.
    pub running: String,
    /// They were made.
    pub succeeded: String,
    /// Making them failed.
    pub failed: String,
    /// Their run vanished.
    pub lost: String,
    /// An upstream partition that they need wasn't made.
    pub skipped: String,
    /// They were canceled.
    pub canceled: String,
}

/// A run of a backfill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillRunView {
    /// Its id.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The assets that it makes.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partitions that it makes, as a set.
    pub partitions: String,
}

/// Why a partition of a backfill wasn't made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackfillFailureView {
    /// The step that failed; `null` if the run failed before any did.
    #[schema(required)]
    pub step: Option<String>,
    /// Its partition; `null` if there is none, or if the run failed before any step did.
    #[schema(required)]
    pub partition: Option<String>,
    /// The assets of the run.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partitions of the run in words, a few of many; empty if there are none.
    pub partitions: String,
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The error, or why the run was lost.
    pub reason: String,
}

impl From<BackfillRecord> for BackfillView {
    fn from(record: BackfillRecord) -> Self {
        let BackfillRecord { id, request, status, counts, created_at, changed_at } = record;
        let mut tags = request.tags;
        tags.remove(QUEUE_TAG.0);
        let (counts, selection) = (counts.into(), request.selection);
        Self { backfill: id, status, selection, counts, tags, created_at, changed_at }
    }
}

impl From<PartitionCounts> for PartitionCountsView {
    fn from(counts: PartitionCounts) -> Self {
        let PartitionCounts { waiting, running, succeeded, failed, lost, skipped, canceled } = counts;
        Self { waiting, running, succeeded, failed, lost, skipped, canceled }
    }
}

impl From<BackfillOptions> for BackfillOptionsView {
    fn from(options: BackfillOptions) -> Self {
        let BackfillOptions { all, order, runs_at_a_time, partitions_per_run, stop, most_runs: _ } = options;
        let stop_at_share = match stop {
            StopRule::Never => None,
            StopRule::Share { share, finished: _ } => Some(share),
        };
        let partitions_per_run = partitions_per_run.map(u64::from);
        Self { all, order, runs_at_a_time: runs_at_a_time.get(), partitions_per_run, stop_at_share }
    }
}

impl BackfillPlanView {
    /// The plan, with how long it takes by how long a partition of each asset took before.
    pub fn new(plan: &Plan, durations: &BTreeMap<AssetKey, SignedDuration>) -> Self {
        let (preview, request) = (plan.preview(), plan.request());
        let anchor = plan.assets().iter().find(|asset| asset.name == request.anchor);
        let reasons = plan
            .assets()
            .iter()
            .flat_map(|asset| asset.left_out.iter().map(move |left_out| plan.left_out_text(asset, left_out)));
        let estimate = plan.estimated(|asset| durations.get(asset).copied());
        let stages = preview.stages.iter().enumerate();
        Self {
            of: request.anchor.clone(),
            partitions: anchor
                .map(|anchor| plan.space(anchor).lasting_set_text(&request.keys))
                .unwrap_or_default(),
            make: preview.partitions,
            runs: preview.runs,
            fresh: preview.fresh,
            left_out: preview.left_out,
            reasons: reasons.collect(),
            overlapping: Vec::new(),
            estimated_seconds: estimate.map(|estimate| estimate.as_secs_f64()),
            options: request.options.into(),
            stages: stages.map(|(place, stage)| PlannedStageView::new(plan, place, stage)).collect(),
        }
    }
}

impl BackfillPlanView {
    /// The plan where other backfills are going to make some of its partitions as well.
    #[must_use]
    pub fn overlapping(self, overlapping: Vec<BackfillId>) -> Self {
        Self { overlapping, ..self }
    }
}

impl PlannedStageView {
    fn new(plan: &Plan, place: usize, preview: &StagePreview) -> Self {
        let StagePreview { assets, keys, partitions: _, runs } = preview;
        let index = StageIndex::at(place);
        let stage = plan.stage(index);
        let partitions_per_run = stage.and_then(|stage| match stage.run_size {
            RunSize::AtMost(most) => Some(most),
            RunSize::All => None,
        });
        Self {
            assets: assets.clone(),
            partitions: stage.map(|stage| text(plan, index, &stage.keys)).unwrap_or_default(),
            count: *keys,
            runs: *runs,
            partitions_per_run,
        }
    }
}

impl BackfillDetails {
    /// The number of failures that are listed.
    pub const FAILURES: usize = 100;

    /// A backfill with the failures of its partitions.
    pub fn new(
        stored: StoredBackfill,
        durations: &BTreeMap<AssetKey, SignedDuration>,
        failures: Vec<BackfillFailure>,
    ) -> Self {
        let StoredBackfill { record, revision: _, backfill } = stored;
        Self {
            backfill: record.into(),
            plan: BackfillPlanView::new(backfill.plan(), durations),
            stages: (0..backfill.plan().stages().len()).map(|place| progress(&backfill, place)).collect(),
            running: running(&backfill),
            failures: failures.into_iter().map(BackfillFailureView::from).collect(),
        }
    }
}

impl From<BackfillFailure> for BackfillFailureView {
    fn from(BackfillFailure { step, assets, partitions, run, reason }: BackfillFailure) -> Self {
        let partition = step.as_ref().and_then(|step| step.partition.as_ref()).map(ToString::to_string);
        Self { step: step.map(|step| step.step.to_string()), partition, assets, partitions, run, reason }
    }
}

impl BackfillFailureView {
    /// What failed in words: a step, or the assets of a run; and the partitions.
    pub fn subject(&self) -> (String, &str) {
        match &self.step {
            Some(step) => (step.clone(), self.partition.as_deref().unwrap_or_default()),
            None => {
                let assets: Vec<&str> = self.assets.iter().map(AssetKey::as_str).collect();
                (assets.join(", "), &self.partitions)
            }
        }
    }
}

fn progress(backfill: &Backfill, place: usize) -> StageProgressView {
    let (plan, stage, index) = (backfill.plan(), &backfill.state().stages()[place], StageIndex::at(place));
    let text = |keys: &KeySet| text(plan, index, keys);
    StageProgressView {
        assets: assets(plan, index),
        counts: stage.counts().into(),
        waiting: text(&stage.waiting),
        running: text(&stage.running),
        succeeded: text(&stage.succeeded),
        failed: text(&stage.failed),
        lost: text(&stage.lost),
        skipped: text(&stage.skipped),
        canceled: text(&stage.canceled),
    }
}

fn running(backfill: &Backfill) -> Vec<BackfillRunView> {
    let runs = backfill.state().runs().iter().map(|(id, run)| BackfillRunView {
        run: *id,
        assets: assets(backfill.plan(), run.stage),
        partitions: text(backfill.plan(), run.stage, &run.keys),
    });
    runs.collect()
}

fn assets(plan: &Plan, stage: StageIndex) -> Vec<AssetKey> {
    let stage = plan.stage(stage).into_iter().flat_map(|stage| &stage.assets);
    stage.map(|asset| plan.assets()[*asset].name.clone()).collect()
}

fn text(plan: &Plan, stage: StageIndex, keys: &KeySet) -> String {
    plan.stage_space(stage).map(|space| space.lasting_set_text(keys)).unwrap_or_default()
}
