//! What happens to an asset or a step, or to one of its partitions, is about one of these.

use std::fmt;

use crate::id::{AssetKey, PartitionKey, StepKey};

/// An asset, or one of its partitions. The asset is named by its key, or by its index in a graph.
///
/// ```
/// use millwork_core::AssetPartition;
///
/// let monday: AssetPartition = AssetPartition::new("stories".into(), Some("monday".into()));
/// assert_eq!(monday.to_string(), "stories (monday)");
/// assert_eq!(monday.quoted(), "`stories` (partition `monday`)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetPartition<A = AssetKey> {
    /// The asset, as key or index.
    pub asset: A,
    /// The partition; `None` for an asset without partitions.
    pub partition: Option<PartitionKey>,
}

/// A step, or what it does for one of its partitions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepPartition {
    /// The key of the step.
    pub step: StepKey,
    /// The partition; `None` for a step without partitions.
    pub partition: Option<PartitionKey>,
}

impl<A> AssetPartition<A> {
    /// An asset, or one of its partitions.
    pub fn new(asset: A, partition: Option<PartitionKey>) -> Self {
        Self { asset, partition }
    }
}

impl AssetPartition {
    /// The name within a sentence.
    pub fn quoted(&self) -> String {
        quoted(self.asset.as_str(), self.partition.as_ref())
    }

    /// The command that makes it as a shell reads it, without the name of the pipeline.
    pub fn command(&self) -> String {
        let quoted = |key: &PartitionKey| format!(" --partition '{}'", key.label().replace('\'', r"'\''"));
        let partition = self.partition.as_ref().map(quoted).unwrap_or_default();
        format!("materialize {}{partition}", self.asset)
    }
}

impl StepPartition {
    /// A step, or what it does for one of its partitions.
    pub fn new(step: StepKey, partition: Option<PartitionKey>) -> Self {
        Self { step, partition }
    }

    /// The name within a sentence.
    pub fn quoted(&self) -> String {
        quoted(self.step.as_str(), self.partition.as_ref())
    }
}

impl<A: fmt::Display> fmt::Display for AssetPartition<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.asset, self.partition.as_ref())
    }
}

impl fmt::Display for StepPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.step, self.partition.as_ref())
    }
}

fn write_name(
    f: &mut fmt::Formatter<'_>,
    key: &dyn fmt::Display,
    partition: Option<&PartitionKey>,
) -> fmt::Result {
    match partition {
        Some(partition) => write!(f, "{key} ({partition})"),
        None => write!(f, "{key}"),
    }
}

fn quoted(key: &str, partition: Option<&PartitionKey>) -> String {
    match partition {
        Some(partition) => format!("`{key}` (partition `{partition}`)"),
        None => format!("`{key}`"),
    }
}
