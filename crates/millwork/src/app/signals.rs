//! Signals that ask this process to end: from Ctrl-C, from its supervisor, or from a closed terminal. And one that must not end it.

use rustix::process::{Resource, Signal as SignalNumber, getrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::{Exit, Failure};

/// A signal that asks a process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndSignal {
    /// SIGINT, which Ctrl-C sends.
    Interrupt,
    /// SIGTERM, which systemd, containers and `kill` send.
    Terminate,
    /// SIGHUP: the terminal was closed.
    HangUp,
}

impl EndSignal {
    /// The exit code of a command that ended because of the signal: 128 and the signal's number.
    pub(super) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Canceled,
            Self::Terminate => Exit::Terminated,
            Self::HangUp => Exit::HungUp,
        }
    }
}

/// A listener for the signals, which don't end the process by themselves any more.
#[derive(Debug)]
pub(super) struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

impl EndSignals {
    /// Listens from now on. A hang-up that this process was started to ignore, as `nohup` does it, stays ignored.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::failed);
        let hang_up = if hang_up_is_ignored() { None } else { Some(listen(SignalKind::hangup())?) };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up,
        })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> EndSignal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => EndSignal::Interrupt,
            _ = self.terminate.recv() => EndSignal::Terminate,
            _ = hang_up => EndSignal::HangUp,
        }
    }
}

/// Lets what is written beyond a limit for the size of files (`ulimit -f`) fail with an error, as on a full disk. Without a handler of
/// SIGXFSZ the process would be killed while it writes.
///
/// A handler stays when its runtime is gone. Processes that are started from here don't inherit it; those of runs call this themselves.
pub(super) fn survive_file_size_limit() {
    if getrlimit(Resource::Fsize).current.is_none() {
        return;
    }
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        let _entered = runtime.enter();
        // Without the handler, the limit does what it does to other programs.
        let _ = signal(SignalKind::from_raw(SignalNumber::XFSZ.as_raw()));
    }
}

/// Whether SIGHUP is ignored. If the system doesn't report it, the signal is left as it is.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 == 1)
}
