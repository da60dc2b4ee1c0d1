//! What steps print, as lines of their run's log.
//!
//! Standard output and error belong to the process, not to a thread, so a printed line carries no name. While one step
//! runs, the line is its own. While several run, the line is recorded for the run, with the names of the steps that it
//! may come from; `tracing` events are always attributed exactly.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use millwork_core::LogLevel;
use millwork_core::event::LogLine;

use super::StepRecorder;

/// The steps that are running in this process.
static RUNNING: Mutex<BTreeMap<u64, Arc<StepRecorder>>> = Mutex::new(BTreeMap::new());
/// The streams that are captured.
static CAPTURED: RwLock<Vec<Arc<Stream>>> = RwLock::new(Vec::new());

/// Standard output and error, captured until this is dropped.
#[derive(Debug)]
pub struct CapturedOutput {
    /// Where standard output goes in truth.
    pub stdout: File,
    /// Where standard error goes in truth.
    pub stderr: File,
    readers: Vec<JoinHandle<()>>,
}

/// One of the two streams.
#[derive(Debug)]
struct Stream {
    name: &'static str,
    level: LogLevel,
    pipe: OwnedFd,
    real: File,
    /// Whether the reader is at work on what it took from the pipe.
    busy: AtomicBool,
}

/// Captures what the process prints. Lines that are printed while no step runs go where they would have gone.
pub fn capture_output() -> io::Result<CapturedOutput> {
    let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    let stderr = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
    let mut readers = Vec::new();
    for (name, level, real) in [("stdout", LogLevel::Info, &stdout), ("stderr", LogLevel::Warn, &stderr)] {
        let (pipe, write_end) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let real = File::from(real.try_clone()?);
        let stream = Arc::new(Stream { name, level, pipe, real, busy: AtomicBool::new(false) });
        let reads = stream.clone();
        readers.push(std::thread::Builder::new().name(format!("{name}-reader")).spawn(move || reads.read())?);
        if name == "stdout" {
            io::stdout().flush()?;
            rustix::stdio::dup2_stdout(&write_end)?;
        } else {
            rustix::stdio::dup2_stderr(&write_end)?;
        }
        CAPTURED.write().unwrap_or_else(PoisonError::into_inner).push(stream);
    }
    Ok(CapturedOutput { stdout: stdout.into(), stderr: stderr.into(), readers })
}

impl Drop for CapturedOutput {
    fn drop(&mut self) {
        let _ = io::stdout().flush();
        // The pipes' write ends are replaced, so their readers come to an end; unless a step has left a process behind
        // that holds one, whose lines are passed on as long as this process lives.
        let _ = rustix::stdio::dup2_stdout(&self.stdout);
        let _ = rustix::stdio::dup2_stderr(&self.stderr);
        wait_while(|| self.readers.iter().any(|reader| !reader.is_finished()));
        CAPTURED.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Counts a step among those that may print, until the guard is dropped.
pub(crate) struct Printing(u64);

impl Printing {
    /// What was printed before is read first, so that it isn't taken for the step's own.
    pub(crate) fn begin(step: Arc<StepRecorder>) -> Self {
        if RUNNING.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            wait_for_captured_output();
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let number = running.last_key_value().map_or(0, |(number, _)| number + 1);
        running.insert(number, step);
        Self(number)
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Whether no step runs in this process now.
pub(crate) fn no_step_runs() -> bool {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// Waits until everything printed so far is in the log, so that a step's lines come before its end.
pub(crate) fn wait_for_captured_output() {
    let captured = CAPTURED.read().unwrap_or_else(PoisonError::into_inner);
    if captured.is_empty() {
        return;
    }
    let _ = io::stdout().flush();
    for stream in captured.iter() {
        wait_while(|| stream.has_unread());
    }
}

/// Waits as long as something is under way, within reason.
fn wait_while(is_under_way: impl Fn() -> bool) {
    const PATIENCE: u32 = 2_000;
    for _ in 0..PATIENCE {
        if !is_under_way() {
            return;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

impl Stream {
    /// The reader says that it is busy before it takes anything from the pipe, so there is no moment at which a line
    /// is in neither place.
    fn has_unread(&self) -> bool {
        rustix::io::ioctl_fionread(&self.pipe).is_ok_and(|bytes| bytes > 0)
            || self.busy.load(Ordering::SeqCst)
    }

    fn read(&self) {
        let mut unfinished = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let mut poll = [rustix::event::PollFd::new(&self.pipe, rustix::event::PollFlags::IN)];
            if rustix::event::poll(&mut poll, None).is_err() {
                continue;
            }
            self.busy.store(true, Ordering::SeqCst);
            let length = rustix::io::read(self.pipe.as_fd(), &mut chunk[..]).unwrap_or(0);
            unfinished.extend_from_slice(&chunk[..length]);
            let whole = unfinished.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            unfinished[..whole].split_inclusive(|byte| *byte == b'\n').for_each(|line| self.deliver(line));
            unfinished.drain(..whole);
            if (length == 0 || unfinished.len() > chunk.len()) && !unfinished.is_empty() {
                self.deliver(&std::mem::take(&mut unfinished));
            }
            self.busy.store(false, Ordering::SeqCst);
            if length == 0 {
                return;
            }
        }
    }

    fn deliver(&self, line: &[u8]) {
        let running: Vec<_> =
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let Some(first) = running.first() else {
            let _ = (&self.real).write_all(line);
            return;
        };
        let message = String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned();
        let mut fields = BTreeMap::new();
        if running.len() > 1 {
            let mut names: Vec<_> = running.iter().map(|step| step.step.to_string()).collect();
            names.sort_unstable();
            fields.insert("running".to_owned(), names.into());
        }
        let line = LogLine { level: self.level, target: self.name.into(), message, fields };
        if running.len() == 1 { first.log(line) } else { first.log_for_run(line) }
    }
}
