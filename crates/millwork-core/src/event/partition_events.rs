//! What happens to the texts of dynamic dimensions.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Event, EventBody};
use crate::partition::Texts;

/// Texts of a dynamic dimension were added or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionsChanged {
    /// The name of the dimension, which assets may share.
    pub dimension: String,
    /// The texts that are there from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// The texts that aren't there any more; what was made of them stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

impl PartitionsChanged {
    /// The texts of each dynamic dimension after these events.
    pub fn texts<'e>(events: impl IntoIterator<Item = &'e Event>) -> BTreeMap<String, Texts> {
        let mut texts: BTreeMap<String, Texts> = BTreeMap::new();
        for event in events {
            if let EventBody::PartitionsChanged(changed) = &event.body {
                changed.apply(texts.entry(changed.dimension.clone()).or_default());
            }
        }
        texts
    }

    fn apply(&self, texts: &mut Texts) {
        self.added.iter().for_each(|text| {
            texts.add(text);
        });
        self.removed.iter().for_each(|text| {
            texts.remove(text);
        });
    }
}

impl fmt::Display for PartitionsChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [(self.added.len(), "added to"), (self.removed.len(), "removed from")];
        let changes = counts.iter().filter(|(count, _)| *count > 0);
        let changes: Vec<String> = changes.map(|(count, verb)| format!("{count} {verb}")).collect();
        write!(f, "{} the partitions `{}`", changes.join(", "), self.dimension)
    }
}
