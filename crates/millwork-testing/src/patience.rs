//! Waiting until a condition holds.

use std::time::{Duration, Instant};

/// How long a test waits for an event before it fails: far longer than any event takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The longest pause between two checks of a condition that can't be awaited in another way. The first ones are shorter.
const PAUSE: Duration = Duration::from_millis(50);

/// The pauses between checks: a millisecond, two, four, …
fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(Duration::from_millis(1)), |pause| Some((*pause * 2).min(PAUSE)))
}

/// Polls until a condition holds.
///
/// # Panics
///
/// With `otherwise`, after [`PATIENCE`].
#[track_caller]
pub fn eventually(mut holds: impl FnMut() -> bool, otherwise: &str) {
    let began = Instant::now();
    for pause in pauses() {
        if holds() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{otherwise}");
        std::thread::sleep(pause);
    }
}

/// Polls until a check succeeds, and returns its value. The error states what is still missing.
///
/// # Panics
///
/// With the last error, after [`PATIENCE`].
pub async fn wait_for<T>(mut check: impl AsyncFnMut() -> Result<T, String>) -> T {
    let (began, mut pauses) = (Instant::now(), pauses());
    loop {
        match check().await {
            Ok(found) => return found,
            Err(missing) => assert!(began.elapsed() < PATIENCE, "{missing}"),
        }
        tokio::time::sleep(pauses.next().unwrap_or(PAUSE)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest() {
        let pauses: Vec<u128> = pauses().map(|pause| pause.as_millis()).take(8).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 50, 50]);
    }
}
