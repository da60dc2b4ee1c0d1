//! Waiting until something holds.

use std::time::{Duration, Instant};

/// How long a test waits for an event before it fails: far longer than any takes, also beside busy loops.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The pause between two looks at something that can't be waited for in another way.
pub const PAUSE: Duration = Duration::from_millis(50);

/// Waits until something holds.
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
