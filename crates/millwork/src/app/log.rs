//! `tracing` events of steps go into the run's log: the subscriber that sees to it.

use millwork_engine::LogLayer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Installs the layer that writes steps' `tracing` events into their run's log, unless the binary has a subscriber of
/// its own. `MILLWORK_LOG` sets the level: `info` by default.
pub(super) fn install() {
    let level = std::env::var("MILLWORK_LOG").ok().and_then(|level| level.parse().ok());
    let layer = LogLayer::new(level.unwrap_or(tracing::Level::INFO));
    // A subscriber that is there already is the user's, who adds the layer there.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}
