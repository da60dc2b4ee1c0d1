//! The step that the running thread works for.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::StepRecorder;

thread_local! {
    static CURRENT: RefCell<Option<Arc<StepRecorder>>> = const { RefCell::new(None) };
}

/// Calls a function on behalf of a step.
pub(crate) fn as_step<T>(step: Arc<StepRecorder>, function: impl FnOnce() -> T) -> T {
    let _entered = enter(step);
    function()
}

/// Makes the thread work for a step until the guard is dropped.
fn enter(step: Arc<StepRecorder>) -> Entered {
    Entered { before: CURRENT.replace(Some(step)) }
}

/// The step that the thread works for; `None` outside of any step.
pub(super) fn current() -> Option<Arc<StepRecorder>> {
    CURRENT.with(|current| current.try_borrow().ok()?.clone())
}

struct Entered {
    before: Option<Arc<StepRecorder>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

/// A future that works for a step whenever it is polled, on any thread.
pub(crate) struct WithStep<F> {
    step: Arc<StepRecorder>,
    future: Pin<Box<F>>,
}

impl<F> WithStep<F> {
    pub(crate) fn new(step: Arc<StepRecorder>, future: F) -> Self {
        Self { step, future: Box::pin(future) }
    }
}

impl<F: Future> Future for WithStep<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = enter(self.step.clone());
        self.future.as_mut().poll(context)
    }
}
