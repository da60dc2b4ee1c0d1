//! Runs of small pipelines, and what their events tell.

mod cancel;
mod checks;
mod damage;
mod failures;
mod fencing;
mod partitions;
mod policies;
mod pools;
mod previous;
mod recording;
mod resume;
mod scale;
mod stale;
mod step_log;
mod support;
mod values;
mod verdicts;
