//! The contract of an I/O manager, which stores the values of assets.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::id::{AssetKey, PartitionKey, RunId};
use crate::problem::Advice;
use crate::{BoxError, BoxFuture};

/// What a stored value is a value of. No two attempts share an address, so nothing is ever overwritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueAddress {
    /// The asset whose value it is.
    pub asset: AssetKey,
    /// The partition, if the asset has partitions.
    pub partition: Option<PartitionKey>,
    /// The run that made the value.
    pub run: RunId,
    /// The attempt within the run.
    pub attempt: u32,
    /// The file name extension of the format.
    pub extension: &'static str,
}

impl ValueAddress {
    /// The address as a relative path: asset key, partition, run and attempt.
    pub fn path(&self) -> String {
        let Self { asset, partition, run, attempt, extension } = self;
        match partition {
            Some(partition) => {
                format!("{asset}/{}/{run}-{attempt}.{extension}", partition.path_segment())
            }
            None => format!("{asset}/{run}-{attempt}.{extension}"),
        }
    }
}

/// Stores and loads encoded values.
///
/// [`store`](IoManager::store) returns once the value is durable, and never leaves a half-written one where
/// [`load`](IoManager::load) would find it.
pub trait IoManager: fmt::Debug + Send + Sync {
    /// Stores `bytes` and returns where: a text that [`load`](IoManager::load) understands, also in another process.
    fn store(&self, address: ValueAddress, bytes: Vec<u8>) -> BoxFuture<Result<String, IoError>>;

    /// Loads what was stored at `location`.
    fn load(&self, location: String) -> BoxFuture<Result<Vec<u8>, IoError>>;

    /// Removes the value stored at `location`. A missing value is not an error.
    fn delete(&self, location: String) -> BoxFuture<Result<(), IoError>>;
}

/// Why a value could not be stored or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IoError {
    /// Nothing is at the location.
    #[error("the stored value `{location}` is missing")]
    Missing {
        /// Where it should be.
        location: String,
    },
    /// The store refused or failed.
    #[error("failed to {action} `{location}`")]
    Store {
        /// `store`, `load` or `delete`.
        action: &'static str,
        /// The location of the missing value.
        location: String,
        /// The remedy, if it is known.
        hint: Option<&'static str>,
        /// The error of the storage.
        source: BoxError,
    },
}

impl Advice for IoError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Missing { .. } => "it was deleted outside of Millwork; materialize the asset again".into(),
            Self::Store { hint, .. } => return hint.map(Cow::Borrowed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(partition: Option<&str>, path: &str) {
        let address = ValueAddress {
            asset: "hn/stories".into(),
            partition: partition.map(PartitionKey::from),
            run: RunId::from_u128(1),
            attempt: 2,
            extension: "json",
        };
        assert_eq!(address.path(), path);
    }

    #[test]
    fn paths() {
        let run = "00000000-0000-0000-0000-000000000001";
        check(None, &format!("hn/stories/{run}-2.json"));
        check(Some("2024-01-01"), &format!("hn/stories/2024-01-01/{run}-2.json"));
        check(Some("../ü%"), &format!("hn/stories/%2E%2E%2Fü%25/{run}-2.json"));
    }
}
