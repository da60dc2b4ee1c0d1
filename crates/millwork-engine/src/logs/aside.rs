//! What functions print outside of a run: it goes to standard error, so that standard output has the result of the command only.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;

/// Standard output goes to standard error until this is dropped.
#[derive(Debug)]
pub struct PrintedAside {
    /// Where standard output went before.
    stdout: OwnedFd,
}

/// Sends what the process prints to standard error.
///
/// # Errors
///
/// When a stream can't be duplicated.
pub fn print_aside() -> io::Result<PrintedAside> {
    io::stdout().flush()?;
    let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(PrintedAside { stdout })
}

impl Drop for PrintedAside {
    fn drop(&mut self) {
        let _ = io::stdout().flush();
        let _ = rustix::stdio::dup2_stdout(&self.stdout);
    }
}
