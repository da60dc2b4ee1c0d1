//! The JSON views of runs, assets, schedules and other objects, which the HTTP API, `--json` on the command line, and in part
//! the pages answer with.
//!
//! Each answer is a type. It is built in one place, from values of the core and of the store, and serialized; its OpenAPI schema is
//! derived from the same fields, so that document and answer can't differ. A view takes the fields of what it shows one by one, by
//! patterns without `..` where it mirrors a type as a whole: a new field doesn't compile before it is decided whether it is
//! shown.
//!
//! This crate makes no decisions. The status of an asset, the reason why a run waits and the outcome of a condition are decided in the
//! core, and arrive as values.

mod alert;
mod asset;
mod asset_status;
mod automation;
mod backfill;
mod definitions;
mod environment;
mod error;
mod event;
mod label;
mod model;
mod named;
mod names;
mod outcome;
mod partition_plan;
mod partitions;
mod pending;
mod queue;
mod reproduction;
mod run;
mod run_lookup;
mod schedule;
mod sensor;
mod store;
mod tick;

pub use alert::{AlertRuleView, AlertView, DeliveryChange, DeliveryView};
pub use asset::{
    AssetDetails, AssetListing, AssetPage, AssetSummary, AssetView, FreshnessView, LatestView,
    MainNumberView, MetricView,
};
pub use asset_status::{AssetStatusView, CauseView, ConfigChangeView, PartitionCounts};
pub use automation::{
    AssetSwitch, AutomationEntryView, AutomationSwitch, AutomationView, ExplainedAsset, ExplanationView,
    HoldView, OutcomeView, PartView, SimulatedRunView, TruthView, condition_off, watches_not_on,
};
pub use backfill::{
    BackfillDetails, BackfillFailureView, BackfillOptionsView, BackfillPage, BackfillPlanView,
    BackfillRunView, BackfillView, PartitionCountsView, PlannedStageView, StageProgressView,
};
pub use definitions::{
    AssetGraphView, CheckView, CheckedDefinitions, EdgeView, GateView, JobView, KeyGraph, takes_in_words,
};
pub use environment::{EnvironmentView, WorkingTreeView};
pub use error::{ErrorBody, ErrorCode, ErrorView};
pub use event::{EventPage, EventView, MaterializationPage, RecordedEvent};
pub use model::{
    AliasView, AskedView, BacktestView, BacktestedVersionView, ComparedFactView, DecisionView, FactKind,
    FoundVersion, HistoryEntry, HistoryStep, InputView, LastDecision, LineageView, LiveMeasureView,
    LivePerformanceView, LiveWindowView, MadeVersion, ModelCard, ModelChange, ModelComparison, ModelDetails,
    ModelListing, ModelMoveView, ModelRepair, ModelStanding, ReadAsView, ReaderView, RepairRunView,
    ShadowCallsView, ShadowTrialView, TrialView, VerdictView, VersionError, VersionHistory,
    VersionStatusView, VersionView, WatchView, compare_versions, find_model, find_stored_version,
    find_version_of, list_models, model_author, model_card, model_details, model_live, model_versions,
    plan_repair, same_parameters, version_history, version_lineage,
};
pub use named::{
    NameError, delivery_state, find_alert_rule, find_asset, find_condition, find_schedule, find_sensor,
    parse_tag, parse_tags, run_status,
};
pub use names::{
    AlertKindName, AssetStatusName, BackfillStatusName, BetterName, DecisionName, DeliveryStateName,
    EventTypeName, FailureClassName, FailureKindName, FreshnessName, MetricChangeName, PendingStateName,
    ReproductionVerdictName, RunOrderName, RunStatusName, SeverityName, StepStatusName, TableName,
};
pub use outcome::{PlanView, PlannedStepView, RunOutcomeView, UpToDate};
pub use partition_plan::{PartitionPlanView, PlannedKeys, plan_partitions};
pub use partitions::{
    ChangedPartitionsView, DynamicPartitionsView, PartitionsView, RenamedKeyView, RenamedPartitionsView,
};
pub use pending::{PendingChange, PendingDecision, PendingView, PendingWorkView};
pub use queue::{HolderView, PoolView, QueueView, WaitingRunView};
pub use reproduction::{ChangedStepView, MadeView, ReproducedAssetView, ReproductionView};
pub use run::{FailureView, RequestView, RunDetails, RunPage, RunStanding, RunView, StepView, waits};
pub use run_lookup::{LookupError, find_run};
pub use schedule::{MisfireView, ScheduleSwitch, ScheduleView};
pub use sensor::{PreviewedRun, SensorPreview, SensorSwitch, SensorView};
pub use store::{FindingView, ForgottenView, FoundDamage, FreedView, RepairView, StoreView};
pub use tick::{TickOutcomeView, TickView};
