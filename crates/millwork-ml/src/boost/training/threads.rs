//! The threads of a training: its own, so that nothing else waits for them.

use std::num::NonZeroUsize;

use crate::boost::BoostError;

/// No training has more threads than this, unless the machine has more cores: the model is the same for any number, and
/// starting thousands of threads takes longer than what they would do.
const MOST_THREADS: usize = 256;

/// Runs a training on `threads` threads of its own; on as many as the machine has cores if absent.
pub(super) fn on_own_threads<T: Send>(
    threads: Option<usize>,
    train: impl FnOnce() -> Result<T, BoostError> + Send,
) -> Result<T, BoostError> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(cores).min(cores.max(MOST_THREADS)))
        .thread_name(|number| format!("train-{number}"))
        .build()
        .map_err(BoostError::file("start the threads of the training"))?
        .install(train)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_threads_is_too_large() {
        let started =
            on_own_threads(Some(usize::MAX), || Ok(rayon::current_num_threads())).expect("threads start");
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        assert_eq!(started, cores.max(MOST_THREADS));
        assert_eq!(on_own_threads(Some(3), || Ok(rayon::current_num_threads())).expect("threads start"), 3);
    }
}
