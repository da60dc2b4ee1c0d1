//! Who holds a run or a slot: one process.

use millwork_core::run::RunId;
use millwork_core::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

/// A process that holds runs and slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its name: a UUID, as process numbers are used again.
    pub id: String,
    /// The machine it runs on.
    pub host: String,
    /// Its process number there.
    pub pid: u32,
    /// Names the time since the machine was started; empty where the system doesn't tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub boot: String,
}

impl Holder {
    /// This process, under a new id.
    pub fn this_process() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        // It sorts by age as ids of runs do, whatever the clock says.
        let id = RunId::new(SystemClock.now()).to_string();
        Self { id, host, pid: std::process::id(), boot: boot.trim().to_owned() }
    }
}
