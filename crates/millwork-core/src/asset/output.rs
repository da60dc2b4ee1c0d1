//! The return types of an asset's function beside a plain value: with metadata, no value, or keeping the last one.

use std::sync::Arc;

use super::{DataVersion, Metadata, MetadataValue, SharedValue};

/// A value with metadata about it.
///
/// ```
/// use millwork_core::Output;
///
/// let output = Output::new(vec![1, 2, 3]).metadata("rows", 3).metadata("source", "sensor 7");
/// assert_eq!(output.value, [1, 2, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct Output<T> {
    /// The asset's value.
    pub value: T,
    /// Metadata about the value, by label.
    pub metadata: Metadata,
    /// The data version; `None` for the hash of the stored form.
    pub data_version: Option<DataVersion>,
}

impl<T> Output<T> {
    /// A value without metadata yet.
    pub fn new(value: T) -> Self {
        Self { value, metadata: Metadata::new(), data_version: None }
    }

    /// The output with one more piece of metadata.
    #[must_use]
    pub fn metadata(mut self, label: &str, value: impl Into<MetadataValue>) -> Self {
        self.metadata.insert(label.into(), value.into());
        self
    }

    /// The output with a data version of the user's own. An empty one, or one of more than
    /// [`DataVersion::MAX_CHARACTERS`], fails the step.
    #[must_use]
    pub fn data_version(mut self, version: impl Into<DataVersion>) -> Self {
        self.data_version = Some(version.into());
        self
    }
}

/// The verdict of an asset that may decide to stay as it is: a trained model that doesn't beat the one in use, a
/// table that would come out unchanged.
///
/// With [`Update::Keep`] nothing is materialized, the reason is recorded, and downstream assets of the same run go
/// on with the last materialized value. (An optional output that returns `None` stops them instead.)
#[derive(Clone, Debug)]
pub enum Update<T> {
    /// Materialize this value.
    New(Output<T>),
    /// Keep the last materialized value.
    Keep {
        /// Why, for the run's log and the asset's history.
        reason: String,
        /// Metadata about the rejected value, by label.
        metadata: Metadata,
    },
}

impl<T> Update<T> {
    /// Materialize `value`.
    pub fn new(value: impl Into<Output<T>>) -> Self {
        Self::New(value.into())
    }

    /// Keep the last materialized value because of `reason`.
    pub fn keep(reason: impl Into<String>) -> Self {
        Self::Keep { reason: reason.into(), metadata: Metadata::new() }
    }

    /// The update with one more piece of metadata.
    #[must_use]
    pub fn metadata(mut self, label: &str, value: impl Into<MetadataValue>) -> Self {
        let metadata = match &mut self {
            Self::New(output) => &mut output.metadata,
            Self::Keep { metadata, .. } => metadata,
        };
        metadata.insert(label.into(), value.into());
        self
    }
}

impl<T> From<T> for Output<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// The outcome of a function for one asset, with the value's type erased.
#[derive(Clone, Debug)]
pub enum Produced {
    /// A new value is materialized.
    New {
        /// The value, shared with the steps downstream.
        value: SharedValue,
        /// Metadata about the value, by label.
        metadata: Metadata,
        /// The data version that the function gave; `None` for the hash of the stored form.
        data_version: Option<DataVersion>,
    },
    /// No value this time: downstream is skipped.
    Nothing,
    /// The last materialized value stays.
    Kept {
        /// The reason, for the run's log and the asset's history.
        reason: String,
        /// Metadata about the rejected value, by label.
        metadata: Metadata,
    },
}

/// A return type of an asset's function, as far as one asset is concerned.
pub trait IntoProduced {
    /// Converts the value into a form without its type.
    fn into_produced(self) -> Produced;
}

impl<T: Send + Sync + 'static> IntoProduced for Output<T> {
    fn into_produced(self) -> Produced {
        Produced::New {
            value: Arc::new(self.value),
            metadata: self.metadata,
            data_version: self.data_version,
        }
    }
}

impl<T: IntoProduced> IntoProduced for Option<T> {
    fn into_produced(self) -> Produced {
        self.map_or(Produced::Nothing, IntoProduced::into_produced)
    }
}

impl<T: Send + Sync + 'static> IntoProduced for Update<T> {
    fn into_produced(self) -> Produced {
        match self {
            Self::New(output) => output.into_produced(),
            Self::Keep { reason, metadata } => Produced::Kept { reason, metadata },
        }
    }
}
