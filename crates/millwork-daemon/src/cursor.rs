//! How far an instigator has come: read from the store, and written back with what follows.
//!
//! The text that was read is the condition of the commit: if another daemon has moved the cursor meanwhile, nothing of the commit is
//! written, so what follows from a look at the log follows once.

use millwork_core::Instigator;
use millwork_storage::{Commit, InstigatorState, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};

/// How far an instigator has come, and the text that a commit has to begin from.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<T> {
    instigator: Instigator,
    stored: Option<String>,
    /// Nothing if it was never evaluated, or not since it was switched.
    pub(crate) position: Option<T>,
}

impl<T: Serialize + DeserializeOwned> Cursor<T> {
    /// What the store says now.
    pub(crate) async fn read(
        store: &dyn Store,
        observer: &Observer,
        instigator: Instigator,
    ) -> Result<Self, DaemonError> {
        let state = store.state(&instigator).await?;
        Ok(Self::of(observer, instigator, state))
    }

    /// What a state says that was read before. A cursor that can't be read begins anew, as there is no better way to
    /// go on; the daemon says so.
    pub(crate) fn of(observer: &Observer, instigator: Instigator, state: InstigatorState) -> Self {
        let stored = state.cursor;
        let position = stored.as_deref().map(serde_json::from_str).transpose().unwrap_or_else(|error| {
            let (instigator, error) = (instigator.clone(), error.to_string());
            observer(&DaemonEvent::UnreadableCursor { instigator, error });
            None
        });
        Self { instigator, stored, position }
    }

    /// Whether nothing was ever stored.
    pub(crate) fn is_first(&self) -> bool {
        self.stored.is_none()
    }

    /// A commit that moves the cursor to `position`, and does nothing else yet.
    pub(crate) fn moved_to(self, position: &T) -> Result<Commit, DaemonError> {
        let instigator = self.instigator;
        let text = serde_json::to_string(position)
            .map_err(|source| DaemonError::Cursor { instigator: instigator.clone(), source })?;
        Ok(Commit::new(instigator, self.stored, text))
    }
}

/// Writes down that an instigator that follows the log begins with what happens from now on, if it never did.
pub(crate) async fn begin_at_head(
    store: &dyn Store,
    observer: &Observer,
    instigator: Instigator,
) -> Result<(), DaemonError> {
    let cursor: Cursor<u64> = Cursor::read(store, observer, instigator).await?;
    if cursor.position.is_none() {
        let head = store.head().await?;
        // Another daemon may have been faster; its beginning is as good.
        store.commit(cursor.moved_to(&head)?).await?;
    }
    Ok(())
}
