//! Notifies open pages of new events. One poll of the log serves all readers, and the message says only that there
//! are new events: the page is fetched again, however many there are.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures::stream::{self, Stream};
use millwork_core::asset_status::StatusFold;
use millwork_core::event::{EventKind, KindSet};
use millwork_core::run::RunId;
use millwork_storage::{EventQuery, Order, StorageError, Store};
use serde::Deserialize;
use tokio::sync::watch;

use crate::state::AppState;

/// The interval at which the log is polled while a page is open.
const BEAT: Duration = Duration::from_millis(25);

/// The kinds of events that pages show, besides those that change the status of assets.
const SHOWN_BESIDES: KindSet =
    KindSet::VERSIONS.union(KindSet::of(&[EventKind::Observed, EventKind::StepRetrying]));

/// The sequence number of the newest event.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    newest: watch::Sender<u64>,
    is_looked_at: Arc<AtomicBool>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { newest: watch::Sender::new(0), is_looked_at: Arc::default() }
    }
}

impl Changes {
    /// Polls the log until the last reader has gone.
    fn subscribe(&self, store: &Arc<dyn Store>) -> watch::Receiver<u64> {
        let receiver = self.newest.subscribe();
        if !self.is_looked_at.swap(true, Ordering::SeqCst) {
            tokio::spawn(self.clone().look(store.clone()));
        }
        receiver
    }

    async fn look(self, store: Arc<dyn Store>) {
        loop {
            // After a transient error the store is read again.
            if let Ok(head) = store.head().await {
                self.newest.send_if_modified(|newest| std::mem::replace(newest, head) != head);
            }
            tokio::time::sleep(BEAT).await;
            if self.newest.receiver_count() == 0 {
                self.is_looked_at.store(false, Ordering::SeqCst);
                // A reader that subscribed just now has found that the log is being polled.
                if self.newest.receiver_count() == 0 || self.is_looked_at.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
        }
    }
}

/// The position in the log from which changes are reported, and the run that they are limited to.
#[derive(Deserialize)]
pub(super) struct ChangesQuery {
    after: u64,
    run: Option<RunId>,
}

/// A stream with a message whenever there are new events; its id is the sequence number of the newest.
pub(super) async fn stream(
    State(state): State<AppState>,
    Query(wanted): Query<ChangesQuery>,
) -> Sse<impl Stream<Item = Result<SseEvent, Infallible>>> {
    let newest = state.changes.subscribe(&state.store);
    let changes = stream::unfold((state, newest, wanted), |(state, mut newest, mut wanted)| async move {
        loop {
            let head = *newest.borrow_and_update();
            if head > wanted.after {
                let is_new = is_news(&*state.store, &wanted).await.unwrap_or(true);
                wanted.after = head;
                if is_new {
                    // A browser drops messages without data.
                    let message = SseEvent::default().id(head.to_string()).event("changed").data("new");
                    return Some((Ok(message), (state, newest, wanted)));
                }
            }
            newest.changed().await.ok()?;
        }
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

/// Whether one of the events after that position is shown: on the page of a run every event of the run, elsewhere all but log lines.
async fn is_news(store: &dyn Store, wanted: &ChangesQuery) -> Result<bool, StorageError> {
    let kinds = match wanted.run {
        Some(_) => None,
        None => Some(StatusFold::KINDS.union(SHOWN_BESIDES)),
    };
    let query = EventQuery {
        run: wanted.run,
        kinds,
        after: Some(wanted.after),
        order: Order::OldestFirst,
        limit: Some(1),
        ..EventQuery::default()
    };
    Ok(!store.events(query).await?.is_empty())
}
