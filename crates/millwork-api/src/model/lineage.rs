//! The lineage of a version as a tree.

use jiff::Timestamp;
use millwork_core::event::Event;
use millwork_core::graph::AssetGraph;
use millwork_core::run::RunId;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, CodeVersion, DataVersion, PartitionKey};
use millwork_storage::{Direction, LineageLimits, LineageNode, LineageRest, StorageError, Store, lineage};
use serde::Serialize;
use utoipa::ToSchema;

use super::MadeVersion;
use super::version::{InputView, ReadAsView};

/// A version in a lineage, with those behind it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineageView {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The number of the version; `null` if versions weren't numbered then.
    #[schema(required, value_type = Option<u32>)]
    pub version: Option<VersionNumber>,
    /// The version of its data; `null` if it isn't known.
    #[schema(required, value_type = Option<String>)]
    pub data_version: Option<DataVersion>,
    /// Whether it was made in shadow, and is no version of the asset.
    pub in_shadow: bool,
    /// How it was read, or how it reads what it was made from.
    pub read_as: ReadAsView,
    /// The alias by which it was read, or by which it reads what it was made from; `null` if that wasn't by an alias.
    #[schema(required, value_type = Option<String>)]
    pub alias: Option<AliasName>,
    /// When it was made; `null` if the event was removed.
    #[schema(required)]
    pub at: Option<Timestamp>,
    /// The run that made it; `null` if it was reported from outside, or the event was removed.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The version of its code; `null` if the event was removed, and of what was made in shadow.
    #[schema(required, value_type = Option<String>)]
    pub code_version: Option<CodeVersion>,
    /// The configuration that it was made with, by the names of the fields.
    pub config: std::collections::BTreeMap<String, serde_json::Value>,
    /// Whether the versions behind it are shown where it is in the tree before.
    pub elsewhere: bool,
    /// The number of versions directly behind it that a limit left out.
    pub left_out: usize,
    /// The versions that it was made from, or that were made with it.
    #[schema(no_recursion)]
    pub next: Vec<Self>,
}

/// The lineage of a version: what it was made from, or what was made with it.
///
/// # Errors
///
/// Those of the store.
pub async fn version_lineage(
    store: &dyn Store,
    graph: &AssetGraph,
    version: &Event,
    direction: Direction,
    limits: LineageLimits,
) -> Result<LineageView, StorageError> {
    Ok(lineage(store, graph, version, direction, limits).await?.into())
}

impl From<LineageNode> for LineageView {
    fn from(node: LineageNode) -> Self {
        let in_shadow = node.is_in_shadow();
        let LineageNode { of, version, data_version, read_as, made, next, rest } = node;
        let event = made.as_ref();
        let (at, run) = (event.map(|event| event.at), event.and_then(|event| event.run));
        let made = event.and_then(|event| MadeVersion::new(event, &[]));
        let (elsewhere, left_out) = match rest {
            LineageRest::Nothing => (false, 0),
            LineageRest::Elsewhere => (true, 0),
            LineageRest::LeftOut(count) => (false, count),
        };
        let (alias, read_as) = (InputView::alias_of(&read_as), ReadAsView::from(&read_as));
        let code_version = made.as_ref().map(|made| made.code_version.clone());
        let config = made.map(|made| made.config).unwrap_or_default();
        let next = next.into_iter().map(Self::from).collect();
        let (asset, partition) = (of.asset, of.partition);
        Self {
            asset,
            partition,
            version,
            data_version,
            in_shadow,
            read_as,
            alias,
            at,
            run,
            code_version,
            config,
            elsewhere,
            left_out,
            next,
        }
    }
}

impl LineageView {
    /// The version in words: `stories@3`, with its partition, and the beginning of the data version if it has no number.
    pub fn in_words(&self) -> String {
        let input = InputView {
            asset: self.asset.clone(),
            partition: self.partition.clone(),
            version: self.version,
            data_version: self.data_version.clone(),
            read_as: if self.in_shadow { ReadAsView::Shadow } else { ReadAsView::Latest },
            alias: None,
            after: None,
        };
        input.in_words()
    }
}
