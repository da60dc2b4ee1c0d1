//! Waiting until a condition holds.

use std::time::{Duration, Instant};

/// How long a test waits for an event before it fails: far longer than any event takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The pause between two checks of a condition that can't be awaited in another way.
pub const PAUSE: Duration = Duration::from_millis(50);

/// Polls until a condition holds.
///
/// # Panics
///
/// With `otherwise`, after [`PATIENCE`].
#[track_caller]
pub fn eventually(mut holds: impl FnMut() -> bool, otherwise: &str) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{otherwise}");
        std::thread::sleep(PAUSE);
    }
}
