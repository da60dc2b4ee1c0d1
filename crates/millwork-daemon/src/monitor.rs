//! The run monitor: runs whose process has died are recorded as lost.

use std::time::Duration;

use crate::daemon::Loop;
use crate::{Daemon, DaemonError, Happening};

/// How often it looks.
const REST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Monitor;

impl Loop for Monitor {
    fn name(&self) -> &'static str {
        "the run monitor"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        for run in daemon.home.recover(daemon.options.clock.now()).await? {
            daemon.tell(&Happening::Lost { run: run.id, reason: run.reason.unwrap_or_default() });
        }
        Ok(REST)
    }
}
