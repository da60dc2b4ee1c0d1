//! The cursor of an instigator: read from the store, and committed with what follows from it.
//!
//! The text that was read is the condition of the commit: if another daemon has moved the cursor meanwhile, the whole commit is refused, so
//! each event and tick has its effect once.

use millwork_core::Instigator;
use millwork_storage::{Commit, InstigatorState, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};

/// The position of an instigator, and the stored text that a commit has to start from.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<T> {
    instigator: Instigator,
    stored: Option<String>,
    /// `None` if it was never evaluated, or not since it was switched.
    pub(crate) position: Option<T>,
}

impl<T: Serialize + DeserializeOwned> Cursor<T> {
    /// Reads the cursor from the store.
    pub(crate) async fn read(
        store: &dyn Store,
        observer: &Observer,
        instigator: Instigator,
    ) -> Result<Self, DaemonError> {
        let state = store.state(&instigator).await?;
        Ok(Self::of(observer, instigator, state))
    }

    /// The cursor in a state that was read before. A cursor that can't be read begins anew, since there is no better way to go on; the
    /// daemon reports it.
    pub(crate) fn of(observer: &Observer, instigator: Instigator, state: InstigatorState) -> Self {
        let stored = state.cursor;
        let position = stored.as_deref().map(serde_json::from_str).transpose().unwrap_or_else(|error| {
            let (instigator, error) = (instigator.clone(), error.to_string());
            observer(&DaemonEvent::UnreadableCursor { instigator, error });
            None
        });
        Self { instigator, stored, position }
    }

    /// Whether no cursor is stored.
    pub(crate) fn is_first(&self) -> bool {
        self.stored.is_none()
    }

    /// A commit that moves the cursor to `position` and changes nothing else so far.
    pub(crate) fn moved_to(self, position: &T) -> Result<Commit, DaemonError> {
        let instigator = self.instigator;
        let text = serde_json::to_string(position)
            .map_err(|source| DaemonError::Cursor { instigator: instigator.clone(), source })?;
        Ok(Commit::new(instigator, self.stored, text))
    }
}

/// Stores the position from which an instigator follows the log, unless it has one: events from now on.
pub(crate) async fn begin_at_head(
    store: &dyn Store,
    observer: &Observer,
    instigator: Instigator,
) -> Result<(), DaemonError> {
    let cursor: Cursor<u64> = Cursor::read(store, observer, instigator).await?;
    if cursor.position.is_none() {
        let head = store.head().await?;
        // Another daemon may have been first; its position is as good.
        store.commit(cursor.moved_to(&head)?).await?;
    }
    Ok(())
}
