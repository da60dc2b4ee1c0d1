//! Panics of a step as failures, with message and place.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use millwork_core::run::{Failure, FailureKind};

use super::current::current;

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics of steps record their location, instead of printing to standard error. Other panics are handled as before.
pub(crate) fn observe_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if current().is_some() {
                LOCATION.set(panic.location().map(ToString::to_string));
            } else {
                before(panic);
            }
        }));
    });
}

/// Calls `function`; a panic becomes a failure.
pub(crate) fn catch_panic<T>(function: impl FnOnce() -> T) -> Result<T, Failure> {
    LOCATION.set(None);
    catch_unwind(AssertUnwindSafe(function)).map_err(|payload| panicked(&*payload))
}

/// The failure for a panic that was just caught on this thread.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Failure {
    Failure { kind: FailureKind::Panic, chain: vec![message(payload)], hint: None, location: LOCATION.take() }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that isn't text".into())
}
