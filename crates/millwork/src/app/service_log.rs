//! The log of a service: a line for each thing it does. The service continues when the log can't be written, and doesn't wait for a
//! reader
//! that has stopped reading.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use millwork_core::{Clock as _, SystemClock};

use super::printable::{indented, printable};
use super::when;

/// The maximum number of lines that are kept for a slow reader; further lines are left out, and counted.
const WAITING_LINES: usize = 1_000;
/// The time limit for writing the last lines when the service ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The log of a service. Clones write to the same output.
#[derive(Clone, Debug)]
pub(super) struct ServiceLog {
    lines: SyncSender<String>,
    left_out: Arc<AtomicU64>,
}

/// The end of a service's log.
#[derive(Debug)]
pub(super) struct LastLines(Receiver<()>);

impl ServiceLog {
    /// Writes to a file, or to standard output.
    pub(super) fn start(file: Option<File>) -> io::Result<(Self, LastLines)> {
        let output: Box<dyn Write + Send> = match file {
            Some(file) => Box::new(file),
            None => Box::new(io::stdout()),
        };
        Self::write_to(output)
    }

    fn write_to(mut output: Box<dyn Write + Send>) -> io::Result<(Self, LastLines)> {
        let (lines, waiting) = sync_channel::<String>(WAITING_LINES);
        let (end, ended) = channel();
        std::thread::Builder::new().name("service-log".into()).spawn(move || {
            for line in waiting {
                // A full disk may have space again later; a closed pipe stays closed.
                let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
            }
            let _ = end.send(());
        })?;
        Ok((Self { lines, left_out: Arc::default() }, LastLines(ended)))
    }

    /// Writes a line with the time.
    pub(super) fn say(&self, text: &str) {
        let text = indented(&printable(text, console::colors_enabled()), 2);
        let mut line = format!("{} {text}\n", when::moment(SystemClock.now()));
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            line = format!("({left_out} lines were left out, as they were not read)\n{line}");
        }
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line) {
            self.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
        }
    }
}

impl LastLines {
    /// Waits until everything is written, up to a time limit. All clones of the log must have been dropped.
    pub(super) fn wait(self) {
        let _ = self.0.recv_timeout(LAST_LINES);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    /// An output whose reader reads a line whenever the test lets it.
    struct Slow {
        may_write: mpsc::Receiver<()>,
        written: Arc<Mutex<String>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.may_write.recv();
            self.written.lock().expect("not poisoned").push_str(&String::from_utf8_lossy(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_service_does_not_wait_for_its_reader() {
        let (read, may_write) = mpsc::channel();
        let written = Arc::new(Mutex::new(String::new()));
        let slow = Slow { may_write, written: written.clone() };
        let (log, last) = ServiceLog::write_to(Box::new(slow)).expect("a thread");
        for number in 0..2 * WAITING_LINES {
            log.say(&format!("line {number}"));
        }
        // One that is free again takes the next line, with the number of those that weren't taken.
        while log.left_out.load(Ordering::Relaxed) > 0 {
            read.send(()).expect("it writes");
            log.say("the last");
        }
        drop(log);
        drop(read);
        last.0.recv().expect("the end");
        let written = written.lock().expect("not poisoned");
        assert!(written.contains(" line 0\n") && written.contains("the last\n"), "{written}");
        assert!(written.contains(" lines were left out, as they were not read)\n"), "{written}");
    }

    #[test]
    fn a_service_goes_on_without_its_reader() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (log, last) = ServiceLog::write_to(Box::new(Closed)).expect("a thread");
        log.say("something");
        log.say("and more");
        drop(log);
        last.0.recv().expect("the end");
    }
}
