//! Telling pages that something they may show has changed. One look at the log serves all readers, and they are told that there
//! is something new, not what: a page is fetched anew however much has happened.

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

/// How often the log is looked at while somebody is there.
const BEAT: Duration = Duration::from_millis(25);

/// The kinds of events that pages show, besides those that change the status of assets.
const SHOWN_BESIDES: KindSet = KindSet::of(&[EventKind::Observed, EventKind::StepRetrying]);

/// Of which number the newest event is.
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
    /// Follows the log until the last reader has gone.
    fn subscribe(&self, store: &Arc<dyn Store>) -> watch::Receiver<u64> {
        let receiver = self.newest.subscribe();
        if !self.is_looked_at.swap(true, Ordering::SeqCst) {
            tokio::spawn(self.clone().look(store.clone()));
        }
        receiver
    }

    async fn look(self, store: Arc<dyn Store>) {
        loop {
            // A store that fails for a moment is asked again.
            if let Ok(head) = store.head().await {
                self.newest.send_if_modified(|newest| std::mem::replace(newest, head) != head);
            }
            tokio::time::sleep(BEAT).await;
            if self.newest.receiver_count() == 0 {
                self.is_looked_at.store(false, Ordering::SeqCst);
                // Somebody may have come just now, and have found that it is looked at.
                if self.newest.receiver_count() == 0 || self.is_looked_at.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
        }
    }
}

/// Behind what, and of which run.
#[derive(Deserialize)]
pub(super) struct Wanted {
    after: u64,
    run: Option<RunId>,
}

/// A message whenever there is something new; its id is the number of the newest event.
pub(super) async fn stream(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
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
                    let told = SseEvent::default().id(head.to_string()).event("changed").data("new");
                    return Some((Ok(told), (state, newest, wanted)));
                }
            }
            newest.changed().await.ok()?;
        }
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

/// Whether one of the events behind that is shown: on the page of a run everything of the run, elsewhere all but log lines.
async fn is_news(store: &dyn Store, wanted: &Wanted) -> Result<bool, StorageError> {
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
