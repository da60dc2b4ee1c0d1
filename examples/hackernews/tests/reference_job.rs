//! The reference job through its binary: on real stories replayed over HTTP, on the embedded sample, on odd windows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "reference_job/odd_windows.rs"]
mod odd_windows;
#[path = "reference_job/real_stories.rs"]
mod real_stories;
#[path = "reference_job/sample.rs"]
mod sample;
mod support;
