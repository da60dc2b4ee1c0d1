//! Tasks that are aborted when the future that spawned them is dropped.

use tokio::task::JoinHandle;

/// Aborts a task when it is dropped.
pub(crate) struct AbortOnDrop<T>(pub(crate) JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
