//! A run from its claim to its end.

mod cancel;
mod dispatcher;
mod handed_over;
mod lease;
mod outcome;
mod pools;
mod recorder;
mod stored_inputs;

pub use cancel::Cancel;
pub(crate) use cancel::Stop;
pub(crate) use dispatcher::{Dispatcher, RunContext};
pub(crate) use lease::{LEASE, keep_lease};
pub use outcome::RunOutcome;
pub(crate) use pools::Pools;
pub use recorder::{Observation, Observer};
pub(crate) use recorder::{RecordError, RecorderHandle, start_recorder};
pub(crate) use stored_inputs::{StoredInput, StoredInputs};
