//! What things are called: the names of assets, partitions, runs and steps.
//!
//! They are the bottom of the vocabulary: everything else refers to something by one of them.

mod asset_key;
mod backfill;
mod partition_key;
mod run;
pub(crate) mod shared_text;

pub use asset_key::AssetKey;
pub use backfill::BackfillId;
pub use partition_key::PartitionKey;
pub(crate) use partition_key::{shortened_segment, text_segment};
pub use run::{RunId, StepKey};
