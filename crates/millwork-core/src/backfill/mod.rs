//! Backfills: partitions of several assets, made in the order in which they depend on each other.
//!
//! Assets are partitioned differently: a weekly report takes the days of its week. So a backfill has no one list of partitions,
//! and it doesn't make one asset after the other either: the report of a week starts once *its* seven days have succeeded.
//!
//! **Plan.** A [`BackfillRequest`] names partitions of one asset, the anchor. [`plan()`] finds those of the other assets by their
//! mappings, leaves out what is fresh and what can't be made, and puts assets that are partitioned alike into one [`Stage`],
//! whose runs make a partition of all of them. A [`Plan`] has what it needs of the definitions (key spaces, mappings), so that it
//! goes on as it was planned when they change.
//!
//! **State.** A [`Backfill`] is a plan with what has become of it. It decides and does nothing:
//! [`next_runs`](Backfill::next_runs) are the runs that may start, and the caller reports what it did with
//! [`started`](Backfill::started), [`finished`](Backfill::finished) and [`lost`](Backfill::lost). For each stage every partition
//! is in one of seven sets: waiting, running, succeeded, failed, lost, skipped or canceled.
//!
//! **Readiness.** Every dependency between two stages keeps the set of downstream partitions that it blocks. When upstream
//! partitions finish, only the partitions that take them are looked at, by operations on sets: no operation goes through all
//! partitions. Nothing of this is stored, since it follows from the plan and the seven sets.
//!
//! **Full runs.** Where a run may make several partitions, full runs and the last one of a stage come first. One that others
//! could still join starts only where fewer runs than allowed would be running otherwise. An asset whose partitions are all made
//! by one run waits until all are ready.

mod asset;
mod dependency;
mod error;
mod lifecycle;
mod plan;
mod planning;
mod policy;
mod preview;
mod progress;
mod readiness;
mod request;
mod spread;
mod stages;
mod status;
mod stop_rule;
#[cfg(test)]
mod tests;

pub use asset::{BackfillAsset, BackfillInput};
pub use error::BackfillError;
pub use lifecycle::Backfill;
pub use plan::{LeftOut, LeftOutReason, Plan, PlannedAsset, Stage, StageIndex};
pub use planning::plan;
pub use policy::{BackfillPolicy, RunSize};
pub use preview::{AssetPreview, Preview, StagePreview};
pub use progress::{BackfillRun, BackfillState, PartitionCounts, RunOutcome, StageState};
pub use request::{BackfillOptions, BackfillRequest, RunOrder};
pub use status::{BackfillStatus, Operation};
pub use stop_rule::StopRule;
