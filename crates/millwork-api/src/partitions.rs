//! The partitions of assets, and those that are added and removed at run time.

use millwork_core::event::{PartitionsChanged, PartitionsRenamed};
use millwork_core::partition::{KeySet, KeySpace, Texts};
use millwork_core::{AssetKey, KeyMoment, PartitionsDefinition};
use serde::Serialize;
use utoipa::ToSchema;

/// The partitions of an asset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartitionsView {
    /// The dimensions in words.
    pub definition: String,
    /// The names of the dimensions, in the order in which keys have them.
    pub dimensions: Vec<String>,
    /// The number of partitions now.
    pub count: u64,
    /// The keys, at most the first hundred.
    pub keys: Vec<String>,
}

/// A dimension whose texts are added and removed at run time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DynamicPartitionsView {
    /// Its name, which assets may share.
    pub name: String,
    /// The number of texts now.
    pub count: u64,
    /// The texts in the order in which they were added first, at most the first thousand.
    pub texts: Vec<String>,
}

/// What was changed of a dimension whose texts are added and removed at run time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangedPartitionsView {
    /// The name of the dimension.
    pub name: String,
    /// The texts that were added; those that had been there already aren't among them.
    pub added: Vec<String>,
    /// The texts that were removed; those that hadn't been there aren't among them.
    pub removed: Vec<String>,
}

/// Keys of partitions that were renamed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RenamedPartitionsView {
    /// The assets, which one step makes.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The keys.
    pub renamed: Vec<RenamedKeyView>,
}

/// A key of a partition that was renamed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RenamedKeyView {
    /// What it was called.
    pub from: String,
    /// What it is called now.
    pub to: String,
}

impl PartitionsView {
    /// The most keys that are listed.
    const LISTED: usize = 100;

    /// The partitions that there are at a moment.
    pub fn new(partitions: &PartitionsDefinition, moment: &KeyMoment) -> Self {
        let space = partitions.space(moment);
        Self::of_set(partitions, &space, &space.all(), Self::LISTED)
    }

    /// Some of the partitions, of which at most a number is listed.
    pub fn of_set(partitions: &PartitionsDefinition, space: &KeySpace, keys: &KeySet, listed: usize) -> Self {
        let listed = keys.next(None, listed);
        Self {
            definition: partitions.dimensions().to_string(),
            dimensions: space.names().map(str::to_owned).collect(),
            count: keys.count(),
            keys: listed.iter().filter_map(|index| space.key_at(index)).map(|key| key.text()).collect(),
        }
    }
}

impl DynamicPartitionsView {
    /// The most texts that are listed.
    const LISTED: usize = 1_000;

    /// The texts of a dimension; `None` if none was ever added.
    pub fn new(name: &str, texts: Option<&Texts>) -> Self {
        Self {
            name: name.to_owned(),
            count: texts.map_or(0, |texts| texts.present().count()),
            texts: texts.into_iter().flat_map(Texts::iter).take(Self::LISTED).map(str::to_owned).collect(),
        }
    }
}

impl From<PartitionsChanged> for ChangedPartitionsView {
    fn from(PartitionsChanged { dimension: name, added, removed }: PartitionsChanged) -> Self {
        Self { name, added, removed }
    }
}

impl From<PartitionsRenamed> for RenamedPartitionsView {
    fn from(PartitionsRenamed { assets, steps: _, keys }: PartitionsRenamed) -> Self {
        let renamed =
            keys.iter().map(|(from, to)| RenamedKeyView { from: from.to_string(), to: to.to_string() });
        Self { assets, renamed: renamed.collect() }
    }
}
