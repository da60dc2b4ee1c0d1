//! Calls the functions that definitions are made of, each on a thread of its own.
//!
//! A sensor's or a schedule's function may block: read a folder on a network, wait for a lock, sleep. On one of the runtime's threads it
//! would hold up everything else, and could not be ended. On a thread of its own it holds up nothing: the caller stops waiting, the thread
//! is abandoned, and doesn't keep the process from ending.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use millwork_core::BoxError;
use millwork_core::advice::one_line_of;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

/// Maximum functions called at a time, including those that don't return.
const MOST_CALLS: u32 = 256;
/// A future is dropped when its time is up; after this much longer its thread counts as stuck.
const GRACE: Duration = Duration::from_secs(2);
/// How long futures have to end when the daemon stops.
const STOP: Duration = Duration::from_millis(500);

/// The threads on which functions are called.
#[derive(Clone, Debug)]
pub(crate) struct Functions {
    free: Arc<Semaphore>,
    stop: watch::Sender<bool>,
}

/// A function that is being called, on its thread; it answers any number of times.
#[derive(Debug)]
pub(crate) struct Call<T> {
    answers: mpsc::UnboundedReceiver<T>,
    until: Option<Instant>,
    is_abandoned: Arc<AtomicBool>,
}

/// The state of a call.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// It has answered, and may answer again.
    Of(T),
    /// It has returned.
    Returned,
    /// Its time is up, and it hasn't returned. It can't be ended.
    Stuck,
}

/// Takes the answers of a function's thread.
#[derive(Debug)]
pub(crate) struct Answers<T> {
    sender: mpsc::UnboundedSender<T>,
    stop: watch::Receiver<bool>,
    is_abandoned: Arc<AtomicBool>,
}

impl Default for Functions {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(MOST_CALLS as usize)), stop: watch::Sender::new(false) }
    }
}

impl Functions {
    /// Calls `function` on a thread of its own, where it may block and use the runtime. `None` if too many functions are being called.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        name: &str,
        limit: Duration,
        function: impl FnOnce(&Answers<T>) + Send + 'static,
    ) -> Option<Call<T>> {
        let permit = self.free.clone().try_acquire_owned().ok()?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let answers = Answers { sender, stop: self.stop.subscribe(), is_abandoned: is_abandoned.clone() };
        let runtime = Handle::current();
        let on_thread = move || {
            let (_entered, _permit): (_, OwnedSemaphorePermit) = (runtime.enter(), permit);
            function(&answers);
        };
        let name = name.replace('\0', "");
        std::thread::Builder::new().name(name).spawn(on_thread).ok()?;
        let until = Instant::now().checked_add(limit.saturating_add(GRACE));
        Some(Call { answers: receiver, until, is_abandoned })
    }

    /// The number of functions that are being called.
    #[cfg(test)]
    pub(crate) fn under_way(&self) -> usize {
        MOST_CALLS as usize - self.free.available_permits()
    }

    /// Ends the futures that are being driven. A function that blocks can't be ended, and isn't waited for.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let _ = timeout(STOP, self.free.acquire_many(MOST_CALLS)).await;
    }
}

impl<T> Call<T> {
    /// Waits for the next answer.
    pub(crate) async fn next(&mut self) -> Answer<T> {
        let answer = match self.until {
            Some(until) => timeout_at(until, self.answers.recv()).await,
            None => Ok(self.answers.recv().await),
        };
        match answer {
            Ok(Some(answer)) => Answer::Of(answer),
            Ok(None) => Answer::Returned,
            Err(_) => {
                self.is_abandoned.store(true, Ordering::Relaxed);
                Answer::Stuck
            }
        }
    }

    /// Waits until the function has returned, however long that takes. Its answers are ignored from now on.
    pub(crate) async fn returned(mut self) {
        while self.answers.recv().await.is_some() {}
    }
}

impl<T> Answers<T> {
    /// Sends an answer.
    pub(crate) fn leave(&self, answer: T) {
        // The caller may have stopped waiting.
        let _ = self.sender.send(answer);
    }

    /// Whether the caller has stopped waiting for answers.
    pub(crate) fn are_unwanted(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed) || *self.stop.borrow()
    }

    /// Drives the future that a function returns, on this thread, for `limit` at most. `None` if the daemon stops meanwhile.
    pub(crate) fn drive<V, F: Future<Output = Result<V, BoxError>>>(
        &self,
        limit: Duration,
        function: impl FnOnce() -> F,
    ) -> Option<Result<V, String>> {
        let mut stop = self.stop.clone();
        let driven = || {
            Handle::current().block_on(async {
                tokio::select! {
                    in_time = timeout(limit, async { function().await }) => {
                        in_time.unwrap_or_else(|_| Err(late(limit).into())).map(Some)
                    }
                    _ = stop.wait_for(|stopped| *stopped) => Ok(None),
                }
            })
        };
        guarded(driven).transpose()
    }
}

/// The result of a function, or the reason why it failed: its error or its panic.
pub(crate) fn guarded<T>(function: impl FnOnce() -> Result<T, BoxError>) -> Result<T, String> {
    // The error is the user's code as well: its `Display` is called in here too.
    let called = || function().map_err(|error| one_line_of(&*error));
    std::panic::catch_unwind(AssertUnwindSafe(called)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    match text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)) {
        Some(text) => format!("its function panicked: {text}"),
        None => "its function panicked".to_owned(),
    }
}

/// The failure of a function that took too long.
fn late(limit: Duration) -> String {
    format!("it took longer than {limit:?}")
}

/// The failure of a function that doesn't return.
pub(crate) fn stuck(limit: Duration) -> String {
    format!("{} and can't be ended, so it isn't called again until it returns", late(limit))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A runtime with one thread, as on a machine with one processor.
    fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let output = runtime.block_on(future);
        runtime.shutdown_background();
        output
    }

    #[test]
    fn a_function_that_blocks_is_given_up_and_holds_up_nothing() {
        let (release, blocked) = channel::<()>();
        let (begins, begun) = channel::<()>();
        on_one_thread(async {
            let functions = Functions::default();
            let mut call = functions
                .call("blocks", Duration::ZERO, move |answers| {
                    answers.leave(1);
                    begins.send(()).expect("the test waits");
                    let _ = blocked.recv();
                    answers.leave(i32::from(answers.are_unwanted()));
                })
                .expect("a thread");
            begun.recv().expect("it begins");
            assert!(matches!(call.next().await, Answer::Of(1)));
            // The runtime's only thread is free: it waits for time.
            assert!(matches!(call.next().await, Answer::Stuck));
            release.send(()).expect("the function waits");
            call.returned().await;
            assert_eq!(functions.free.available_permits(), MOST_CALLS as usize);
        });
    }

    #[test]
    fn a_future_may_wait_for_timers_and_ends_when_its_time_is_up() {
        on_one_thread(async {
            let functions = Functions::default();
            for (pause, expected) in [(Duration::ZERO, Ok(7)), (LONG, Err(late(Duration::from_millis(20))))] {
                let limit = if expected.is_ok() { LONG } else { Duration::from_millis(20) };
                let call = functions.call("waits", limit, move |answers| {
                    let future = || async move {
                        tokio::time::sleep(pause).await;
                        Ok(7)
                    };
                    answers.leave(answers.drive(limit, future));
                });
                let Answer::Of(answer) = call.expect("a thread").next().await else { panic!("no answer") };
                assert_eq!(answer, Some(expected));
            }
        });
    }

    #[test]
    fn a_panic_is_an_answer() {
        assert_eq!(guarded::<()>(|| panic!("oh {}", 1)), Err("its function panicked: oh 1".to_owned()));
        assert_eq!(guarded::<()>(|| Err("no".into())), Err("no".to_owned()));
        let silent = guarded::<()>(|| Err(Box::new(Unspeakable)));
        assert_eq!(silent, Err("its function panicked: it can't be displayed".to_owned()));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }

    #[derive(Debug)]
    struct Unspeakable;

    impl std::fmt::Display for Unspeakable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("it can't be displayed")
        }
    }

    impl std::error::Error for Unspeakable {}

    #[test]
    fn a_limit_may_be_longer_than_any_life() {
        on_one_thread(async {
            let call = Functions::default().call("has time", Duration::MAX, |answers| answers.leave(1));
            assert!(matches!(call.expect("a thread").next().await, Answer::Of(1)));
        });
    }

    #[test]
    fn futures_end_when_the_daemon_stops() {
        on_one_thread(async {
            let functions = Functions::default();
            let call = functions.call("hangs", LONG, |answers| {
                answers.leave(answers.drive(LONG, std::future::pending::<Result<(), BoxError>>));
            });
            functions.stop().await;
            let Answer::Of(None) = call.expect("a thread").next().await else {
                panic!("it was asked to stop")
            };
        });
    }
}
