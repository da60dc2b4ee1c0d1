//! A run from its claim to its end.

mod calls;
mod cancel;
mod context;
mod dispatch_loop;
mod dispatcher;
mod histories;
mod in_shadow;
mod inputs;
mod lease;
mod original;
mod pins;
mod pools;
mod recorder;
mod resume;
mod stored_inputs;
mod time_limit;

pub use cancel::Cancel;
pub(crate) use cancel::StopMode;
pub(crate) use context::{PlannedRun, RunContext};
pub(crate) use dispatch_loop::DispatchLoop;
pub(crate) use lease::{LEASE, keep_lease};
pub(crate) use original::{Original, OriginalHistory, OriginalShadow, OriginalStep};
pub(crate) use pins::{Pins, is_compared, version_event};
pub(crate) use pools::Pools;
pub use recorder::{Observation, Observer};
pub(crate) use recorder::{RecordError, RecorderHandle, start_recorder};
pub(crate) use resume::EarlierExecutions;
pub(crate) use stored_inputs::{StoredInput, StoredInputs};
pub(crate) use time_limit::TimeLimit;
