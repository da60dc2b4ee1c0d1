//! Captures what steps print, as lines of their run's log.
//!
//! Standard output and error belong to the process, not to a thread, so a printed line carries no name. While one step
//! runs, the line is its own. While several run, the line is recorded for their run (or each of their runs), with the names
//! of the steps that it may come from, and counts towards a budget of its own; `tracing` events are always attributed exactly.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use millwork_core::LogLevel;
use millwork_core::event::LogLine;
use millwork_core::run::RunId;

use super::StepRecorder;
use super::line_buffer::LineBuffer;

/// The steps that are running in this process.
static RUNNING: Mutex<BTreeMap<u64, RunningStep>> = Mutex::new(BTreeMap::new());
/// The streams that are captured.
static CAPTURED: RwLock<Vec<Arc<Stream>>> = RwLock::new(Vec::new());

/// Standard output and error, captured until this is dropped.
#[derive(Debug)]
pub struct CapturedOutput {
    /// Where standard output went before it was captured.
    pub stdout: File,
    /// Where standard error went before it was captured.
    pub stderr: File,
    readers: Vec<JoinHandle<()>>,
}

/// A step that may print.
#[derive(Clone, Debug)]
struct RunningStep {
    recorder: Arc<StepRecorder>,
    /// Whether its attempt is over although its thread goes on. Its output is then dropped, and not attributed to another step.
    is_left_alone: bool,
}

/// One of the two streams.
#[derive(Debug)]
struct Stream {
    name: &'static str,
    level: LogLevel,
    pipe: OwnedFd,
    real: File,
    /// Whether the reader is processing bytes that it took from the pipe.
    busy: AtomicBool,
    /// The number of bytes that it has processed.
    read: AtomicU64,
    /// The text of a line that hasn't ended.
    line: Mutex<LineBuffer>,
}

/// Maximum bytes that the reader takes at once.
const CHUNK: usize = 64 * 1024;

/// Captures what the process prints. Lines that are printed while no step runs are forwarded to where they would have gone.
pub fn capture_output() -> io::Result<CapturedOutput> {
    let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    let stderr = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
    let mut readers = Vec::new();
    for (name, level, real) in [("stdout", LogLevel::Info, &stdout), ("stderr", LogLevel::Warn, &stderr)] {
        let (pipe, write_end) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let real = File::from(real.try_clone()?);
        let stream = Arc::new(Stream {
            name,
            level,
            pipe,
            real,
            busy: AtomicBool::new(false),
            read: AtomicU64::new(0),
            line: Mutex::default(),
        });
        let reads = stream.clone();
        readers.push(
            std::thread::Builder::new().name(format!("{name}-reader")).spawn(move || reads.read_all())?,
        );
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
        // The pipes' write ends are replaced, so their readers end; unless a step has left a process behind that holds one, whose lines are
        // forwarded as long as this process lives.
        let _ = rustix::stdio::dup2_stdout(&self.stdout);
        let _ = rustix::stdio::dup2_stderr(&self.stderr);
        for stream in CAPTURED.read().unwrap_or_else(PoisonError::into_inner).iter() {
            stream.wait_until_read();
        }
        wait_while(A_MOMENT, || self.readers.iter().any(|reader| !reader.is_finished()));
        CAPTURED.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Counts a step among those that may print, until the guard is dropped and its thread has ended.
pub(crate) struct Printing(Arc<OfThread>);

/// Held by the thread that executes a step.
pub(crate) struct OfThread(u64);

impl Printing {
    /// Earlier output is read first, so that it isn't attributed to the step.
    pub(crate) fn begin(recorder: Arc<StepRecorder>) -> Self {
        if no_step_runs() {
            wait_for_captured_output();
        }
        let mut running = running();
        let number = running.last_key_value().map_or(0, |(number, _)| number + 1);
        running.insert(number, RunningStep { recorder, is_left_alone: false });
        Self(Arc::new(OfThread(number)))
    }

    /// For the thread that executes the step, which may go on when the attempt is over.
    pub(crate) fn of_thread(&self) -> Arc<OfThread> {
        self.0.clone()
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        if let Some(step) = running().get_mut(&self.0.0) {
            step.is_left_alone = true;
        }
    }
}

impl Drop for OfThread {
    fn drop(&mut self) {
        running().remove(&self.0);
    }
}

fn running() -> MutexGuard<'static, BTreeMap<u64, RunningStep>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether no step runs in this process now, not counting abandoned ones.
pub(crate) fn no_step_runs() -> bool {
    running().values().all(|step| step.is_left_alone)
}

/// Waits until everything printed so far is in the log, so that a step's lines come before its end. An incomplete line ends here, unless it
/// may be another step's.
pub(crate) fn wait_for_captured_output() {
    let captured = CAPTURED.read().unwrap_or_else(PoisonError::into_inner);
    if captured.is_empty() {
        return;
    }
    let _ = io::stdout().flush();
    for stream in captured.iter() {
        stream.wait_until_read();
        if running().values().filter(|step| !step.is_left_alone).count() <= 1 {
            stream.end_line();
        }
    }
}

/// The intervals at which pending output is polled: a tenth of a second, or ten, altogether.
const A_MOMENT: u32 = 1_000;
const A_WHILE: u32 = 100_000;

/// Waits while output is pending, up to a limit.
fn wait_while(patience: u32, is_under_way: impl Fn() -> bool) {
    for _ in 0..patience {
        if !is_under_way() {
            return;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

impl Stream {
    /// Waits until what was printed so far has been read, whatever is printed meanwhile.
    fn wait_until_read(&self) {
        let in_pipe = rustix::io::ioctl_fionread(&self.pipe).unwrap_or(0);
        // The reader may also be processing one chunk.
        let all = self.read.load(Ordering::SeqCst) + CHUNK as u64 + in_pipe;
        wait_while(A_WHILE, || self.has_unread() && self.read.load(Ordering::SeqCst) < all);
    }

    /// The reader sets its flag before it takes anything from the pipe, so a line is always visible in one of the two places.
    fn has_unread(&self) -> bool {
        rustix::io::ioctl_fionread(&self.pipe).is_ok_and(|bytes| bytes > 0)
            || self.busy.load(Ordering::SeqCst)
    }

    fn read_all(&self) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let mut poll = [rustix::event::PollFd::new(&self.pipe, rustix::event::PollFlags::IN)];
            if rustix::event::poll(&mut poll, None).is_err() {
                continue;
            }
            self.busy.store(true, Ordering::SeqCst);
            let length = rustix::io::read(self.pipe.as_fd(), &mut chunk[..]).unwrap_or(0);
            if length == 0 || no_step_runs() {
                self.end_line();
                // Forwarded unchanged to where it would have gone.
                let _ = (&self.real).write_all(&chunk[..length]);
            } else {
                self.line().take(&chunk[..length], &mut |line| self.deliver(line));
            }
            self.read.fetch_add(length as u64, Ordering::SeqCst);
            self.busy.store(false, Ordering::SeqCst);
            if length == 0 {
                return;
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, LineBuffer> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a line that was begun.
    fn end_line(&self) {
        self.line().flush(&mut |line| self.deliver(line));
    }

    fn deliver(&self, message: String) {
        let running: Vec<RunningStep> = running().values().cloned().collect();
        if running.iter().all(|step| step.is_left_alone) {
            let _ = (&self.real).write_all(format!("{message}\n").as_bytes());
            return;
        }
        let line = LogLine { level: self.level, target: self.name.into(), message, fields: BTreeMap::new() };
        match &*running {
            [only] => only.recorder.log_printed(line),
            several => log_for_runs(several, &line),
        }
    }
}

/// Records a line that may come from any of several steps in the log of each of their runs.
fn log_for_runs(running: &[RunningStep], line: &LogLine) {
    let mut runs: BTreeMap<RunId, Vec<&StepRecorder>> = BTreeMap::new();
    for step in running.iter().filter(|step| !step.is_left_alone) {
        runs.entry(step.recorder.run).or_default().push(&step.recorder);
    }
    for (run, steps) in runs {
        let name = |step: &RunningStep| match step.recorder.run {
            own if own == run => step.recorder.of.step.to_string(),
            other => format!("{} of run {}", step.recorder.of.step, other.short()),
        };
        let mut names: Vec<String> = running.iter().map(name).collect();
        names.sort_unstable();
        let who = || format!("steps that ran side by side ({}) have printed", names.join(", "));
        let Some(mut line) = steps[0].shared_budget().spend(line.clone(), who) else { continue };
        line.fields.insert("running".to_owned(), names.into());
        // A step whose attempt ends at this moment leaves it to the next.
        let _ = steps.into_iter().any(|step| step.log_for_run(line.clone()));
    }
}
