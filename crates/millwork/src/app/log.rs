//! The subscriber that writes the `tracing` events of steps into their run's log.

use millwork_core::Problem;
use millwork_engine::LogLayer;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::failure::Failure;

/// Installs the layer that writes steps' `tracing` events into their run's log, unless the binary has a subscriber of
/// its own.
pub(super) fn install() -> Result<(), Failure> {
    let layer = LogLayer::new(level()?);
    // A subscriber that is already installed is the user's, who adds the layer to it.
    let _ = tracing_subscriber::registry().with(layer).try_init();
    Ok(())
}

/// The level that `MILLWORK_LOG` sets: `info` by default.
pub(super) fn level() -> Result<Level, Failure> {
    let written = std::env::var_os("MILLWORK_LOG").unwrap_or_default();
    if written.is_empty() {
        return Ok(Level::INFO);
    }
    let level = written.to_str().and_then(|level| level.parse().ok());
    level.ok_or_else(|| {
        let problem = Problem::new(format!("MILLWORK_LOG is `{}`, which is not a level", written.display()));
        Failure::usage(problem.with_hint("error, warn, info, debug or trace"))
    })
}
