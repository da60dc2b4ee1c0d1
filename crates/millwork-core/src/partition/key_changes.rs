//! What a definition makes of the keys that there were: which it keeps, which are new, and which it doesn't have any more.

use super::{KeyIndex, KeySet, KeySpace, PartitionKey};
use crate::id::text_segment;

/// Keys of which something was made, compared with those that a definition has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChanges {
    /// The keys of which something was made, and that there still are.
    pub kept: KeySet,
    /// The keys of which nothing was made so far.
    pub new: KeySet,
    /// The keys of which something was made, and that there aren't any more, as far as the dimensions can have them: windows before the
    /// start, texts that were removed.
    pub gone: KeySet,
    /// The other keys that there aren't any more, by their labels: of other dimensions, of windows between other ticks, of texts that
    /// are written nowhere.
    pub of_others: Vec<PartitionKey>,
}

impl KeyChanges {
    /// The number of keys that there aren't any more.
    pub fn gone_count(&self) -> u64 {
        self.gone.count().saturating_add(self.of_others.len() as u64)
    }
}

impl KeySpace {
    /// Compares the keys of which something was made with those that there are.
    ///
    /// ```
    /// use millwork_core::partition::{Dimensions, daily};
    ///
    /// let now = "2024-01-05T00:00:00Z".parse().unwrap();
    /// let days = |start: &str| Dimensions::from(daily("UTC").from(start)).space(now);
    /// let before = days("2024-01-01")?;
    /// let made = before.partition_keys(&before.set("2024-01-01..2024-01-03")?);
    /// let after = days("2024-01-02")?;
    /// let changes = after.changes(made);
    /// assert_eq!(after.set_text(&changes.kept), "2024-01-02..2024-01-03");
    /// assert_eq!(after.set_text(&changes.new), "2024-01-04");
    /// assert_eq!(after.set_text(&changes.gone), "2024-01-01");
    /// # Ok::<(), millwork_core::Problem>(())
    /// ```
    pub fn changes(&self, made: impl IntoIterator<Item = PartitionKey>) -> KeyChanges {
        let dimensions = self.names().count();
        let mut of_others = Vec::new();
        let known = made.into_iter().filter_map(|key| {
            let index: Option<KeyIndex> = self.index_of(&key);
            if index.is_none() {
                of_others.push(key);
            }
            index
        });
        let known = KeySet::of(dimensions, known);
        let all = self.all();
        of_others.sort_unstable_by(|one, other| one.label().cmp(other.label()).then_with(|| one.cmp(other)));
        of_others.dedup();
        KeyChanges {
            kept: known.intersection(&all),
            new: all.difference(&known),
            gone: known.difference(&all),
            of_others,
        }
    }

    /// A key with another text in a dimension, also of values that there aren't any more; `None` if it has other dimensions or another text.
    pub fn with_text(
        &self,
        key: &PartitionKey,
        dimension: &str,
        from: &str,
        to: &str,
    ) -> Option<PartitionKey> {
        let place = self.names().position(|name| name == dimension)?;
        let dimensions = self.names().count();
        let Some(values) = key.values() else {
            return (dimensions == 1 && key.label() == from).then(|| to.into());
        };
        let mut values: Vec<&str> = values.split(',').collect();
        let (from, to) = (text_segment(from), text_segment(to));
        if values.len() != dimensions || values.get(place) != Some(&from.as_str()) {
            return None;
        }
        values[place] = &to;
        Some(self.labelled(&PartitionKey::of_values(&values.join(","), values.join(","))))
    }
}
