//! What is known of an asset without running anything: its key, place in the catalog, and type.

use std::collections::BTreeMap;

use super::{AssetKey, ValueType};

/// Describes one asset.
#[derive(Clone, Debug)]
pub struct AssetSpec {
    /// Its name.
    pub key: AssetKey,
    /// What it is, in Markdown: the doc comment of its function.
    pub description: String,
    /// The group it is listed under.
    pub group: Option<String>,
    /// What it is made of or with: `polars`, `xgboost`, `http`.
    pub kinds: Vec<String>,
    /// Whom to ask about it: people or teams.
    pub owners: Vec<String>,
    /// Labels for selection.
    pub tags: BTreeMap<String, String>,
    /// Whether its function may produce nothing.
    pub optional: bool,
    /// The type of its value; nothing for an asset that Millwork doesn't load.
    pub value_type: Option<ValueType>,
}

impl AssetSpec {
    /// An asset of which only the key is known.
    pub fn new(key: impl Into<AssetKey>) -> Self {
        Self {
            key: key.into(),
            description: String::new(),
            group: None,
            kinds: Vec::new(),
            owners: Vec::new(),
            tags: BTreeMap::new(),
            optional: false,
            value_type: None,
        }
    }
}
