//! Automation: which assets to request, decided from what has happened.
//!
//! An asset's condition ([`AutomationCondition`]) defines when it is to be made. From events to requests:
//!
//! 1. **Events become changes.** [`from_event`] maps an event to changes of assets: one was started, updated, failed, checked. A run's
//!    assets and tags come with its changes ([`RunScope`]), since a condition may ask which run made a value.
//! 2. **Changes become facts.** Each asset has a row ([`AssetState`]): the fold of its changes ([`AssetFacts`]), and what was found of its
//!    condition the last time ([`AssetMemory`]). Facts last; that something is *newly* so lasts for one evaluation, of which the changes are.
//! 3. **Affected assets are evaluated.** [`Automation::evaluate`] evaluates the assets for which the outcome can be another than last
//!    time, upstream first, so an evaluation in which little happened is cheap however many assets there are. That this decides as if
//!    all had been evaluated is tested against an evaluation of all.
//! 4. **A condition holds since a moment.** Its nodes are numbered once ([`Automation::new`]) and evaluated from below. Those that held are
//!    kept as [`Truth`]s, with the evaluation since which they do: the memory of `since` and `newly_true`, and what [`explain`] draws.
//!    They are kept beside the condition's identity, a hash: a condition that was edited begins anew.
//! 5. **Due isn't requested yet.** An asset whose condition holds is requested, except while the run is in progress that was requested when
//!    the same held, and where its runs keep failing: then [`FailureBackoff`] holds it back for longer and longer. A row has the end of
//!    that pause, and the asset is evaluated then.
//! 6. **Requests become runs.** All assets that have no partitions share one, and so do those that are partitioned alike for the keys that they
//!    are requested with. A job has a run of its own.
//!
//! **Partitions.** All of this is so for each partition of an asset that has some, and none is looked at alone: a part of a condition holds for a
//! set of keys, what is known of partitions is sets ([`PartitionFacts`]), and what holds upstream holds for the keys that a mapping takes it to.
//! Windows open as time passes, which is a change like any other: assets that have them are evaluated then.
//!
//! Jobs, watches over models and aliases of models are subjects beside the assets, under [keys of their own](job_key). A job or a watch isn't
//! upstream or downstream of anything: its condition names the assets that it looks at, and so may that of an asset. The condition of a watch
//! is about one version in use: when the alias moves, what is remembered of it begins anew, and it sees no number of before. It requests
//! nothing; who evaluates it moves the alias. What is asked of numbers ([`Measurement`]) is
//! known, or unknown; what a cooldown or a budget holds back would hold otherwise. These two stand between failing and holding, and "all of"
//! is the least of its parts, "any of" the greatest. What depends on time alone says when it is to be evaluated again, and the row is
//! evaluated then.
//!
//! The rows that were touched, the cursor and the requested runs are written in one commit. If that fails or another daemon was faster,
//! nothing was decided; if it succeeds, the next evaluation begins with exactly what this one found.
//!
//! Time comes in as a parameter and from events. What happened in the future by the present clock is dated now. Where the clock was set
//! right by seconds, evaluations continue with the later time; where it was set back further, everything that is remembered with a later time
//! is dated now and evaluated again, and ticks that were taken aren't taken twice ([`Timetables`]).

mod asked;
mod change;
mod condition_error;
mod evaluate;
mod evaluator;
mod explain;
mod keyed;
mod keyed_evaluator;
mod keyed_requests;
mod measured;
mod named;
mod numbers;
mod partition_facts;
mod partitions;
mod prepare;
mod prepared_condition;
mod reach;
mod renamed;
mod standing;
mod state;
mod subject;
mod take_in;
mod take_in_partitions;
mod ticks;

#[cfg(test)]
mod tests;

pub use crate::condition::{AutomationCondition, Metric, NodeId};
pub use asked::ComparedAlias;
pub(crate) use change::has_history_readers;
pub use change::{AssetFacts, Change, ChangeKind, Earlier, KINDS, RunScope, Updated, from_event, scope};
pub use condition_error::ConditionError;
pub use evaluate::{Evaluation, Outcome, RequestedRun};
pub use explain::{Explanation, Held, Part, explain, explain_in};
pub use measured::{Measured, Measurement};
pub(crate) use measured::{change_in_words, worse_by};
pub(crate) use named::model_measured_by;
pub(crate) use numbers::of_version;
pub use numbers::{AtPromotion, Numbers, numbers_of};
pub use partition_facts::PartitionFacts;
pub use prepare::{Automation, JobCondition, WatchCondition};
pub use renamed::renamed_key;
pub use state::{
    AssetMemory, AssetState, AutomationCursor, AutomationEntry, AutomationState, FailureBackoff, Hold,
    KnownOfPartitions, Truth, entries,
};
pub(crate) use subject::is_alias;
pub use subject::{alias_key, history_key, job_key, job_name, watch_key, watched_model};
pub use ticks::{Ticks, Timetables};
