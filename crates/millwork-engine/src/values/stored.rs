//! The place of a value: in the database if it is small, with an I/O manager otherwise.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use millwork_core::advice::{Advice, ErrorClass};
use millwork_core::event::{Event, EventBody, StoredValue, ValueLocation};
use millwork_core::{
    AssetKey, BoxError, DataVersion, InvalidDataVersion, IoError, IoManager, SharedValue, UnstorableMetadata,
    ValueAddress, ValueType,
};
use millwork_storage::{EventLog, StorageError};
use thiserror::Error;

/// Maximum bytes of a value that is kept in the database, where one commit covers hundreds of them.
const LARGEST_IN_DATABASE: usize = 8 * 1024;

/// Stores and loads the values of assets.
#[derive(Clone, Debug)]
pub struct Values {
    log: Arc<dyn EventLog>,
    default: Arc<dyn IoManager>,
    named: BTreeMap<String, Arc<dyn IoManager>>,
}

/// The reason why a value could not be stored or loaded.
#[derive(Debug, Error)]
pub enum ValueError {
    /// The value has no stored form.
    #[error("failed to encode the value of `{asset}`")]
    Encode {
        /// The asset of the value.
        asset: AssetKey,
        /// The error of the encoder.
        source: BoxError,
    },
    /// The stored form can't be decoded as the type.
    #[error("failed to decode the stored value of `{asset}` as `{type_name}`")]
    Decode {
        /// The asset of the value.
        asset: AssetKey,
        /// The name of the type.
        type_name: &'static str,
        /// The error of the decoder.
        source: BoxError,
    },
    /// The stored form isn't what was stored.
    #[error("the stored value of `{asset}` is damaged: its content has changed since it was stored")]
    Damaged {
        /// The asset of the value.
        asset: AssetKey,
    },
    /// A retention rule removed it.
    #[error("the stored value of `{asset}` was removed by a retention rule")]
    Removed {
        /// The asset of the value.
        asset: AssetKey,
    },
    /// The event of the materialization can't be read.
    #[error("the last materialization of `{asset}` can't be read (event {sequence}: {reason})")]
    Unreadable {
        /// The asset of the value.
        asset: AssetKey,
        /// The sequence number of the event.
        sequence: u64,
        /// The reason why it can't be read.
        reason: String,
    },
    /// The metadata of the value can't be stored.
    #[error(transparent)]
    Metadata(#[from] UnstorableMetadata),
    /// The data version that the function gave can't be stored.
    #[error(transparent)]
    DataVersion(#[from] InvalidDataVersion),
    /// The I/O manager failed.
    #[error("failed to {action} the value of `{asset}`")]
    Io {
        /// The operation: `store`, `load` or `remove`.
        action: &'static str,
        /// The asset of the value.
        asset: AssetKey,
        /// The error of the I/O manager.
        source: IoError,
    },
    /// The database failed.
    #[error("failed to load the value of `{asset}`")]
    Database {
        /// The asset of the value.
        asset: AssetKey,
        /// The error of the store.
        source: StorageError,
    },
    /// The I/O manager isn't defined any more.
    #[error("the value of `{asset}` was stored by the I/O manager `{name}`, which is not defined")]
    NoIoManager {
        /// The asset of the value.
        asset: AssetKey,
        /// The name of the I/O manager.
        name: String,
    },
    /// A previous value that a step takes is damaged, removed, or out of reach.
    #[error("failed to load the previous value of `{asset}`")]
    Previous {
        /// The asset of the value.
        asset: AssetKey,
        /// The reason.
        source: Box<ValueError>,
    },
    /// A version that an alias leads to is damaged, removed, or out of reach.
    #[error("failed to load version{version} of `{asset}`, to which the {alias} of `{model}` leads")]
    InUse {
        /// The asset of the value.
        asset: AssetKey,
        /// The number of the version, behind a space; empty if it has none.
        version: String,
        /// The asset of the alias.
        model: AssetKey,
        /// The alias.
        alias: String,
        /// The reason.
        source: Box<ValueError>,
    },
    /// Another system has the value.
    #[error("`{asset}` has no stored value here: another system reported that it made it")]
    Elsewhere {
        /// The asset of the value.
        asset: AssetKey,
    },
    /// The event isn't a materialization, or the asset has no value type.
    #[error("`{asset}` has no stored value")]
    NoValue {
        /// The asset of the value.
        asset: AssetKey,
    },
}

impl Advice for ValueError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Decode { .. } => "if its type has changed, materialize it again".into(),
            Self::Damaged { .. } => "restore it from a backup, or materialize the asset again".into(),
            Self::Removed { .. } => "materialize the asset again, or keep more of its values".into(),
            Self::NoIoManager { .. } => "define it, or materialize the asset again".into(),
            // Materializing the asset again would load it again.
            Self::Previous { .. } => {
                "restore it, or run once without previous values, with the tag `millwork/previous=none`"
                    .into()
            }
            Self::InUse { model, .. } => {
                let back = format!("`models rollback {model}`");
                format!(
                    "go back to another version with {back}, or train a new one and `models promote` it; then materialize again: a \
                     retry of this run keeps to the version that it began with"
                )
                .into()
            }
            Self::Database { source, .. } => return source.hint(),
            Self::Io { source, .. } => return source.hint(),
            Self::Unreadable { .. } => {
                "materialize the asset again; `store check` lists what else can't be read".into()
            }
            Self::Metadata(error) => return error.hint(),
            Self::DataVersion(error) => return error.hint(),
            Self::Elsewhere { .. } => {
                "materialize it, or name it in `deps(…)` where its value isn't needed".into()
            }
            Self::Encode { .. } | Self::NoValue { .. } => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Home
    }
}

/// The stored form of a value and its hash.
#[derive(Debug)]
pub(crate) struct EncodedValue {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: DataVersion,
}

/// Encodes a value.
pub(crate) fn encode(
    asset: &AssetKey,
    value_type: &ValueType,
    value: &SharedValue,
) -> Result<EncodedValue, ValueError> {
    let mut bytes = Vec::new();
    value_type
        .encode(value, &mut bytes)
        .map_err(|source| ValueError::Encode { asset: asset.clone(), source })?;
    Ok(EncodedValue { hash: DataVersion::of_content(&bytes), bytes })
}

impl Values {
    /// Keeps small values in `log`, and the others with I/O managers.
    pub fn new(
        log: Arc<dyn EventLog>,
        default: Arc<dyn IoManager>,
        named: BTreeMap<String, Arc<dyn IoManager>>,
    ) -> Self {
        Self { log, default, named }
    }

    /// Stores an encoded value durably. Returns its location, and the bytes if they are to be stored beside the event.
    pub(crate) async fn store(
        &self,
        io_manager: Option<&str>,
        address: ValueAddress,
        bytes: Vec<u8>,
    ) -> Result<(StoredValue, Option<Vec<u8>>), ValueError> {
        let (length, format) = (bytes.len() as u64, address.extension.to_owned());
        let stored = |location| StoredValue { location, bytes: length, format, hash: None };
        if io_manager.is_none() && bytes.len() <= LARGEST_IN_DATABASE {
            return Ok((stored(ValueLocation::Database), Some(bytes)));
        }
        let asset = address.asset.clone();
        let manager = self.io_manager(&asset, io_manager)?;
        let at = manager.store(address, bytes).await.map_err(|source| ValueError::Io {
            action: "store",
            asset,
            source,
        })?;
        Ok((stored(ValueLocation::IoManager { name: io_manager.map(str::to_owned), at }), None))
    }

    /// The stored form of the value of a materialization or of a call in shadow, if it is still what was stored.
    pub async fn load_bytes(&self, event: &Event) -> Result<Vec<u8>, ValueError> {
        let asset = event.asset.clone().unwrap_or_else(|| "".into());
        if let EventBody::Unreadable(unreadable) = &event.body {
            let (sequence, reason) = (event.sequence, unreadable.reason.clone());
            return Err(ValueError::Unreadable { asset, sequence, reason });
        }
        let Some((data_version, stored)) = event.body.stored_value() else {
            return Err(ValueError::NoValue { asset });
        };
        let bytes = match &stored.location {
            ValueLocation::Database => {
                let value = self.log.value(event.sequence).await;
                let value = value.map_err(|source| ValueError::Database { asset: asset.clone(), source })?;
                value.ok_or_else(|| ValueError::Removed { asset: asset.clone() })?
            }
            ValueLocation::IoManager { name, at } => {
                let load = self.io_manager(&asset, name.as_deref())?.load(at.clone());
                load.await.map_err(|source| ValueError::Io {
                    action: "load",
                    asset: asset.clone(),
                    source,
                })?
            }
            ValueLocation::Elsewhere => return Err(ValueError::Elsewhere { asset }),
        };
        let hash = stored.hash.as_ref().unwrap_or(data_version);
        if DataVersion::of_content(&bytes) != *hash {
            return Err(ValueError::Damaged { asset });
        }
        Ok(bytes)
    }

    /// The value of a materialization or of a call in shadow.
    pub async fn load(&self, event: &Event, value_type: ValueType) -> Result<SharedValue, ValueError> {
        let bytes = self.load_bytes(event).await?;
        let decode = move || value_type.decode(&bytes);
        let decoded = tokio::task::spawn_blocking(decode).await;
        let asset = || event.asset.clone().unwrap_or_else(|| "".into());
        decoded.unwrap_or_else(|panic| Err(panic.into())).map_err(|source| ValueError::Decode {
            asset: asset(),
            type_name: value_type.type_name(),
            source,
        })
    }

    /// Removes the stored form of the value of a `materialized` event, if it isn't in the database.
    pub async fn remove(&self, event: &Event) -> Result<(), ValueError> {
        let asset = event.asset.clone().unwrap_or_else(|| "".into());
        let Some((_, stored)) = event.body.stored_value() else { return Ok(()) };
        let ValueLocation::IoManager { name, at } = &stored.location else { return Ok(()) };
        let removed = self.io_manager(&asset, name.as_deref())?.delete(at.clone()).await;
        removed.map_err(|source| ValueError::Io { action: "remove", asset, source })
    }

    fn io_manager(&self, asset: &AssetKey, name: Option<&str>) -> Result<&Arc<dyn IoManager>, ValueError> {
        let Some(name) = name else { return Ok(&self.default) };
        self.named
            .get(name)
            .ok_or_else(|| ValueError::NoIoManager { asset: asset.clone(), name: name.to_owned() })
    }
}
