//! The contract of renames: what was stored under a name is found under another one.
//!
//! A rename is one event, in whose transaction all that is stored under the old name gets the new one: events, versions, aliases, the latest
//! events, what was made from it, requests for runs, what automation remembers. So no reader has to know of it, but one that remembers
//! what it has read: at such an event it reads anew. Stored values stay where they are, as their events say.

use async_trait::async_trait;
use millwork_core::AssetKey;
use millwork_core::automation::AssetState;
use millwork_core::event::{NewEvent, Renaming};

use crate::StorageError;

/// Renames of assets and of keys of partitions.
#[async_trait]
pub trait RenameStore: Send + Sync {
    /// Carries out the rename that an event records, appends the event, and returns its sequence number.
    ///
    /// Nothing happens, and `None` is returned, where nothing is stored under the old name, as after the rename. An asset that was renamed
    /// before keeps its history, also if there is another one under its old key since. Of keys, those of which nothing is stored are left
    /// out.
    ///
    /// # Errors
    ///
    /// [`StorageError::NameTaken`] if something is stored under both names, of which nothing is changed then.
    async fn rename(&self, renamed: NewEvent) -> Result<Option<u64>, StorageError>;

    /// Those of some assets of which anything is stored.
    async fn known_assets(&self, assets: &[AssetKey]) -> Result<Vec<AssetKey>, StorageError>;
}

/// A row of automation in which an asset has another key; `None` if it doesn't name it, or can't be read.
pub(crate) fn renamed_state(state: &str, renaming: &Renaming) -> Option<String> {
    let mut state: AssetState = serde_json::from_str(state).ok()?;
    if state.rename(renaming) { serde_json::to_string(&state).ok() } else { None }
}
