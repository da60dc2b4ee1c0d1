//! The threads of a training: its own, so that nothing else waits for them.

use std::num::NonZeroUsize;

use crate::boost::BoostError;

/// Runs a training on `threads` threads of its own; on as many as the machine has cores if absent.
pub(super) fn on_own_threads<T: Send>(
    threads: Option<usize>,
    train: impl FnOnce() -> Result<T, BoostError> + Send,
) -> Result<T, BoostError> {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or_else(cores))
        .thread_name(|number| format!("train-{number}"))
        .build()
        .map_err(BoostError::library("start the threads of the training"))?
        .install(train)
}
