//! The plan of a run: its steps, their order, and which of them are needed at all.

mod build;
mod mapped_step;
mod ready_queue;
mod repair;
mod staleness;

pub use build::{Plan, PlanError, PlanIndex, PlannedInput, PlannedStep};
pub(crate) use mapped_step::MappedStep;
pub use ready_queue::ReadyQueue;
pub use repair::repair_requests;
pub use staleness::{
    AliasedVersion, Cause, Evaluations, LatestEvaluation, LatestEvaluations, Staleness, StalenessReport,
    news_of_histories,
};
pub(crate) use staleness::{ComparedConfigs, differs_beyond_code, own_causes};
