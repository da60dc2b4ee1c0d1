//! Assets: their names, what is known of them, how they are made, tested and stored.

mod check;
mod definition;
mod io;
mod key;
mod metadata;
mod non_finite;
mod output;
pub mod plot;
mod policy;
mod pool;
mod spec;
mod value;
mod version;

pub use check::{CheckDefinition, CheckResult, IntoCheckResult, Severity};
pub use definition::{AssetDefinition, Computation, StepFunction, StepResult};
pub use io::{IoError, IoManager, ValueAddress};
pub use key::AssetKey;
pub use metadata::{
    Column, Image, Metadata, MetadataValue, Series, Table, UnstorableMetadata, check_metadata,
};
pub use output::{IntoProduced, Output, Produced, Update};
pub use policy::{Backoff, Retry};
pub use pool::PoolUse;
pub use spec::AssetSpec;
pub use value::{AssetValue, Json, SharedValue, ValueType};
pub use version::{CodeVersion, DataVersion, InjectiveHash};
