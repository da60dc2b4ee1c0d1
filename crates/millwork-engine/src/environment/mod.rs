//! What a run is executed with: gathered beside its steps, and recorded before its last event.
//!
//! An [`EnvironmentProbe`] knows where to look. When a run starts, two blocking tasks begin: one hashes the executable, or finds the hash in
//! the home's cache; the other looks at the source folder and asks git. No step waits for them. The run's end does, for at most a
//! second: what isn't known by then is recorded as unknown.

mod binary;
mod git;
mod host;
mod probe;
mod record;

pub use probe::EnvironmentProbe;
pub(crate) use record::EnvironmentRecord;
