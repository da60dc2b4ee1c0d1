//! The value of an asset: its type and stored form, its version, and the metadata that describes it.

mod better;
mod live;
mod metadata;
mod named;
mod non_finite;
pub mod plot;
mod stored_form;
mod version;

pub use better::{Better, MetricChange};
pub use live::{LiveMeasure, LivePerformance, LiveWindow};
pub use metadata::{
    Column, Image, Metadata, MetadataValue, Series, Table, UnstorableMetadata, check_metadata,
};
pub use named::{Asset, External};
pub use stored_form::{AssetValue, Json, SharedValue, ValueType};
pub use version::{CodeVersion, DataVersion, InjectiveHash, InvalidDataVersion};
