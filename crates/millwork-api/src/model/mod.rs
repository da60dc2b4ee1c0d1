//! Models: their versions, what was decided about them, and what can be said of one.

mod author;
mod backtest;
mod card;
mod change;
mod compare;
mod details;
mod find;
mod history;
mod lineage;
mod list;
mod live;
mod parameters;
mod repair;
mod shadow_calls;
mod trial;
mod version;

pub use author::model_author;
pub use backtest::{BacktestView, BacktestedVersionView};
pub use card::{ModelCard, ReaderView, model_card};
pub use change::{ModelChange, ModelRepair, RepairRunView};
pub use compare::{ComparedFactView, FactKind, ModelComparison, compare_versions};
pub use details::{AliasView, ModelDetails, ModelMoveView, WatchView, model_details, model_versions};
pub use find::{FoundVersion, VersionError, find_model, find_stored_version, find_version_of};
pub use history::{HistoryEntry, HistoryStep, VersionHistory, version_history};
pub use lineage::{LineageView, version_lineage};
pub use list::{ModelListing, ModelStanding, list_models};
pub use live::{LiveMeasureView, LivePerformanceView, LiveWindowView, model_live};
pub use parameters::same_parameters;
pub use repair::plan_repair;
pub use shadow_calls::ShadowCallsView;
pub use trial::TrialView;
pub use version::{
    AskedView, DecisionView, InputView, LastDecision, MadeVersion, ReadAsView, ShadowTrialView, VerdictView,
    VersionStatusView, VersionView,
};
