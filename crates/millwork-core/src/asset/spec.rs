//! The static description of an asset: its key, place in the catalog, and type.

use std::collections::BTreeMap;

use super::{AssetKey, AssetMetric, ValueType};
use crate::condition::AutomationCondition;
use crate::freshness::FreshnessPolicy;

/// The static description of one asset.
#[derive(Clone, Debug)]
pub struct AssetSpec {
    /// The key of the asset.
    pub key: AssetKey,
    /// The keys that it had before, the newest first: what is stored under the first of them that a home knows becomes its history.
    pub renamed_from: Vec<AssetKey>,
    /// The description of the asset in Markdown: by default the doc comment of its function.
    pub description: String,
    /// The group it is listed under; `None` for no group.
    pub group: Option<String>,
    /// The technologies it is made of or with: `polars`, `xgboost`, `http`.
    pub kinds: Vec<String>,
    /// The owners of the asset: people or teams.
    pub owners: Vec<String>,
    /// Tags by key, which selections can refer to.
    pub tags: BTreeMap<String, String>,
    /// The number that stands for the asset where a single one is shown; `None` if the author doesn't name one, see
    /// [`MainNumber::of`](super::MainNumber::of).
    pub metric: Option<AssetMetric>,
    /// When it is made without being asked for.
    pub automation: Option<AutomationCondition>,
    /// How old its value may be; `None` for any age.
    pub freshness: Option<FreshnessPolicy>,
    /// Whether its function may produce nothing.
    pub optional: bool,
    /// The type of its value; `None` for an asset that Millwork doesn't load.
    pub value_type: Option<ValueType>,
}

impl AssetSpec {
    /// An asset of which only the key is known.
    pub fn new(key: impl Into<AssetKey>) -> Self {
        Self {
            key: key.into(),
            renamed_from: Vec::new(),
            description: String::new(),
            group: None,
            kinds: Vec::new(),
            owners: Vec::new(),
            tags: BTreeMap::new(),
            metric: None,
            automation: None,
            freshness: None,
            optional: false,
            value_type: None,
        }
    }

    /// Takes over from `shared` what this asset doesn't set itself: group, kinds, owners, tags, metric, automation and freshness.
    pub fn inherit(&mut self, shared: &Self) {
        if self.group.is_none() {
            self.group.clone_from(&shared.group);
        }
        if self.kinds.is_empty() {
            self.kinds.clone_from(&shared.kinds);
        }
        if self.metric.is_none() {
            self.metric.clone_from(&shared.metric);
        }
        if self.automation.is_none() {
            self.automation.clone_from(&shared.automation);
        }
        if self.owners.is_empty() {
            self.owners.clone_from(&shared.owners);
        }
        if self.freshness.is_none() {
            self.freshness.clone_from(&shared.freshness);
        }
        for (key, value) in &shared.tags {
            self.tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}
