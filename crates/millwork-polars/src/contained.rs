//! Calls of Polars that may panic.
//!
//! Its reader of Parquet asserts much of what a file should be, and has types that are panics unless a feature is on.
//! This is the one place where such a panic ends: it becomes an error, and isn't printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use polars::prelude::PolarsResult;

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
}

/// Calls `read` on this thread. An error of Polars and a panic both become a failure with its text. `read` must not leave work to other
/// threads, whose panics would be printed.
pub(crate) fn contained<T>(read: impl FnOnce() -> PolarsResult<T>) -> Result<T, Failure> {
    silence_contained_panics();
    let before = IS_CONTAINED.replace(true);
    // What `read` has built when it panics is dropped, and its input is only read.
    let result = catch_unwind(AssertUnwindSafe(read));
    IS_CONTAINED.set(before);
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure { message: error.to_string() }),
        Err(panic) => Err(Failure { message: message(&*panic) }),
    }
}

/// Makes panics of contained calls, and of no others, silent.
fn silence_contained_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_CONTAINED.get() {
                before(panic);
            }
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use polars::prelude::PolarsError;

    use super::*;

    #[test]
    fn panics_and_errors_are_failures() {
        let text = |result: Result<(), Failure>| result.expect_err("a failure").message;
        assert_eq!(text(contained(|| panic!("of this test: {}", 1))), "of this test: 1");
        assert_eq!(text(contained(|| panic!("of this test"))), "of this test");
        assert_eq!(text(contained(|| std::panic::panic_any(1))), "it panicked");
        assert_eq!(text(contained(|| Err(PolarsError::ComputeError("nothing".into())))), "nothing");
        assert_eq!(contained(|| Ok(7)), Ok(7));
        // A call within a call leaves the outer one contained.
        let nested = contained(|| {
            contained(|| Ok(())).expect("nothing fails");
            assert!(IS_CONTAINED.get());
            Ok(())
        });
        assert_eq!((nested, IS_CONTAINED.get()), (Ok(()), false));
    }
}
