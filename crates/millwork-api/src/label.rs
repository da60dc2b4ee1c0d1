//! Keys of partitions as people know them: in answers they are texts, whatever their stored form is.

use millwork_core::PartitionKey;
use serde::{Serialize as _, Serializer};

/// The label of a key, if there is one.
pub(crate) fn of_partition<S: Serializer>(
    partition: &Option<PartitionKey>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    partition.as_ref().map(PartitionKey::label).serialize(serializer)
}
