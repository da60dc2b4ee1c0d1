//! Renews a run's lease, and detects a cancellation by another process.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use millwork_core::Clock;
use millwork_core::run::RunStatus;
use millwork_storage::{Fence, Holder, StorageError, Store};

use super::Cancel;

/// The duration of a lease.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// The interval at which a lease is renewed.
const RENEWAL: Duration = Duration::from_secs(10);
/// The interval at which the run's status is polled.
const LISTENING: Duration = Duration::from_millis(500);

/// Renews the lease of a run until this future is dropped. It stops the run when that is requested, and at once when another process has
/// taken the run over.
pub(crate) async fn keep_lease(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    fence: Fence,
    holder: Holder,
    cancel: Cancel,
) {
    let mut renewal = tokio::time::interval(RENEWAL);
    let mut listening = tokio::time::interval(LISTENING);
    renewal.tick().await;
    listening.tick().await;
    loop {
        tokio::select! {
            _ = renewal.tick() => {
                let until = clock.now() + LEASE;
                if let Err(StorageError::Fenced { .. }) = store.renew(fence, until).await {
                    cancel.force();
                    return;
                }
                // A failure to renew isn't final: the next attempt comes well before the lease expires.
                let _ = store.renew_slots(&holder, until).await;
            }
            _ = listening.tick() => {
                if let Ok(Some(run)) = store.run(fence.run).await
                    && run.status == RunStatus::Canceling
                {
                    cancel.request_kindly();
                }
            }
        }
    }
}
