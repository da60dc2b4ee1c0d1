//! The keys that there are at a moment, by their indexes in each dimension.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{escaped, interval, interval_text, unescaped};
use super::stored::StoredSpace;
use super::{Calendar, IndexSet, Key, KeyIndex, KeySet, KeyValue, TimeWindow};
use crate::id::{PartitionKey, text_segment};
use crate::problem::Problem;

/// The keys that there are at a moment. It reads and writes keys, and sets of them, as text.
///
/// Indexes of windows are those of every definition with the same timetable; indexes of texts are those of this space, and
/// [`carried`](Self::carried) turns them into those of another.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "StoredSpace", try_from = "StoredSpace")]
pub struct KeySpace {
    pub(super) dimensions: Vec<SpaceDimension>,
    pub(super) now: Timestamp,
}

/// A dimension with its values at a moment.
#[derive(Clone, Debug)]
pub(super) struct SpaceDimension {
    pub(super) name: String,
    pub(super) axis: Axis,
    /// The indexes of the windows that there are; texts know theirs.
    windows: IndexSet,
}

/// The values of a dimension.
#[derive(Clone, Debug)]
pub enum Axis {
    /// Windows of time.
    Windows(Calendar),
    /// Texts.
    Texts(Texts),
}

/// Texts with an index each, which they keep when they are removed.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<Arc<str>>,
    indexes: HashMap<Arc<str>, i64>,
    present: IndexSet,
}

impl Texts {
    /// Those that were stored: all that ever were there in the order of their indexes, and which are there.
    pub(super) fn stored(texts: Vec<Arc<str>>, present: IndexSet) -> Self {
        Self { present, ..Self::new(texts) }
    }

    /// All that are or were there, in the order of their indexes.
    pub(super) fn known_texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    /// Some texts, with indexes in their order.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.known(text.as_ref());
        }
        all.present = (0..all.texts.len() as i64).collect();
        all
    }

    /// Adds a text, again if it was removed; its index.
    pub fn add(&mut self, text: &str) -> i64 {
        let index = self.known(text);
        if !self.present.contains(index) {
            self.present = self.present.union(&IndexSet::from(index..=index));
        }
        index
    }

    /// Removes a text, which keeps its index; whether it was there.
    pub fn remove(&mut self, text: &str) -> bool {
        let Some(index) = self.index(text).filter(|index| self.present.contains(*index)) else {
            return false;
        };
        self.present = self.present.difference(&IndexSet::from(index..=index));
        true
    }

    /// Why a text can't be one of them; `None` if it can.
    pub fn problem(text: &str) -> Option<Problem> {
        KeyValue::text_problem(text)
    }

    /// The texts that are there, in the order of their indexes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.present.iter().filter_map(|index| self.text(index)).map(|text| &**text)
    }

    /// The index of a text that is or was there.
    pub fn index(&self, text: &str) -> Option<i64> {
        self.indexes.get(text).copied()
    }

    /// The text with an index.
    pub fn text(&self, index: i64) -> Option<&Arc<str>> {
        self.texts.get(usize::try_from(index).ok()?)
    }

    /// The indexes of those that are there.
    pub fn present(&self) -> &IndexSet {
        &self.present
    }

    /// A text that is there and differs by one character.
    fn near(&self, text: &str) -> Option<&Arc<str>> {
        // Among many more, each misspelling is near to something else, and a search takes long.
        const MOST: usize = 10_000;
        let present = self.present.iter().take(MOST).filter_map(|index| self.text(index));
        let mut near = present.filter(|known| strsim::damerau_levenshtein(known, text) == 1);
        near.next()
    }

    fn known(&mut self, text: &str) -> i64 {
        if let Some(index) = self.index(text) {
            return index;
        }
        let (index, text): (i64, Arc<str>) = (self.texts.len() as i64, text.into());
        self.texts.push(text.clone());
        self.indexes.insert(text, index);
        index
    }
}

impl SpaceDimension {
    /// The indexes of the values that there are.
    pub(super) fn present(&self) -> &IndexSet {
        match &self.axis {
            Axis::Windows(_) => &self.windows,
            Axis::Texts(texts) => texts.present(),
        }
    }

    /// The value with an index, whether or not it is there.
    pub(super) fn value(&self, index: i64) -> Option<KeyValue> {
        match &self.axis {
            Axis::Windows(calendar) => calendar.at_index(index).map(KeyValue::Window),
            Axis::Texts(texts) => texts.text(index).cloned().map(KeyValue::Text),
        }
    }

    /// The index of a value; `None` if the dimension never had it.
    pub(super) fn index(&self, value: &KeyValue) -> Option<i64> {
        match (&self.axis, value) {
            (Axis::Windows(calendar), KeyValue::Window(window)) => calendar.index(window),
            (Axis::Texts(texts), KeyValue::Text(text)) => texts.index(text),
            (Axis::Windows(_), KeyValue::Text(_)) | (Axis::Texts(_), KeyValue::Window(_)) => None,
        }
    }

    /// Some indexes as those of another dimension, without those that it never had.
    fn carried(&self, indexes: &IndexSet, to: &Self) -> IndexSet {
        match (&self.axis, &to.axis) {
            (Axis::Windows(own), Axis::Windows(other)) if own.timetable() == other.timetable() => {
                indexes.clone()
            }
            (Axis::Windows(_), Axis::Windows(_)) | (Axis::Texts(_), Axis::Texts(_)) => {
                indexes.iter().filter_map(|index| to.index(&self.value(index)?)).collect()
            }
            (Axis::Windows(_), Axis::Texts(_)) | (Axis::Texts(_), Axis::Windows(_)) => IndexSet::default(),
        }
    }

    /// The index of the value with a text, which must be there at a moment.
    pub(super) fn index_of_text(&self, text: &str, now: Timestamp) -> Result<i64, Problem> {
        let within = |problem: Problem| problem.within(format!("the dimension `{}`", self.name));
        match &self.axis {
            Axis::Windows(calendar) => {
                let window = calendar.window(text).map_err(within)?;
                let index = calendar.index(&window).filter(|index| self.windows.contains(*index));
                index.ok_or_else(|| {
                    let problem = calendar.not_ended(&window, now);
                    within(problem.unwrap_or_else(|| Problem::new(format!("there is no `{text}`"))))
                })
            }
            Axis::Texts(texts) => {
                let index = texts.index(text).filter(|index| texts.present().contains(*index));
                index.ok_or_else(|| within(unknown(texts, text)))
            }
        }
    }

    /// Whether it is one of texts, of which there are none.
    fn lacks_texts(&self) -> bool {
        matches!(&self.axis, Axis::Texts(texts) if texts.present().is_empty())
    }

    /// Why the value with an index isn't there now; `None` if it is, or if the definition never has it.
    fn why_absent(&self, index: i64, now: Timestamp) -> Option<Problem> {
        let problem = match &self.axis {
            Axis::Windows(calendar) => {
                let window = calendar.at_index(index).filter(|_| calendar.is_within(index))?;
                calendar.not_ended(&window, now)?
            }
            Axis::Texts(texts) if texts.present().contains(index) => return None,
            Axis::Texts(texts) => unknown(texts, texts.text(index)?),
        };
        Some(problem.within(format!("the dimension `{}`", self.name)))
    }
}

/// What to do where a dimension has no texts.
const NO_TEXTS: &str = "there is no value so far: `partitions add` adds some";

/// Why a text is none of those that are there.
fn unknown(texts: &Texts, text: &str) -> Problem {
    const SHOWN: usize = 10;
    let verb = if texts.index(text).is_some() { "has been removed" } else { "is unknown" };
    let known = texts.present().iter().filter_map(|index| texts.text(index));
    let near = texts.near(text);
    let hint = match near {
        Some(near) => format!("did you mean `{}`?", escaped(near)),
        None if texts.present().is_empty() => NO_TEXTS.to_owned(),
        None => {
            let shown: Vec<String> = known.take(SHOWN).map(|known| format!("`{}`", escaped(known))).collect();
            let rest = if texts.present().count() > SHOWN as u64 { ", …" } else { "" };
            format!("it has {}{rest}", shown.join(", "))
        }
    };
    Problem::new(format!("the value `{text}` {verb}")).with_hint(hint)
}

/// The key of a link, which has the identity of one as its text; `None` if a text is no identity.
fn linked(text: &str) -> Option<PartitionKey> {
    let key = PartitionKey::of_identity(text, None);
    let values = key.values()?;
    // A single text has its values in an identity only if it looks like one.
    let looks_so = |text: &str| PartitionKey::from(text).values().is_some();
    let decoded = percent_encoding::percent_decode_str(values).decode_utf8();
    let is_identity =
        values.contains(',') || interval(values).is_some() || decoded.is_ok_and(|text| looks_so(&text));
    is_identity.then_some(key)
}

impl KeySpace {
    pub(crate) fn new(axes: Vec<(String, Axis)>, now: Timestamp) -> Self {
        let dimension = |(name, axis): (String, Axis)| {
            let windows = match &axis {
                Axis::Windows(calendar) => calendar.indexes(now),
                Axis::Texts(_) => IndexSet::default(),
            };
            SpaceDimension { name, axis, windows }
        };
        Self { dimensions: axes.into_iter().map(dimension).collect(), now }
    }

    /// The keys of an asset without partitions: one, whose text is empty. It lets sets go between such an asset and those that have
    /// partitions.
    pub fn unpartitioned(now: Timestamp) -> Self {
        Self::new(vec![("value".to_owned(), Axis::Texts(Texts::new([""])))], now)
    }

    /// One of the dimensions, at the same moment.
    pub(super) fn only(&self, dimension: &SpaceDimension) -> Self {
        Self { dimensions: vec![dimension.clone()], now: self.now }
    }

    /// The same at another moment.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let axes = self.dimensions.into_iter().map(|dimension| (dimension.name, dimension.axis));
        Self::new(axes.collect(), now)
    }

    /// Whether the other has the same dimensions with the same values, so that an index is the same key in both.
    pub fn is_like(&self, other: &Self) -> bool {
        let are_alike = |(own, other): (&SpaceDimension, &SpaceDimension)| {
            let has_same_values = match (&own.axis, &other.axis) {
                (Axis::Windows(own), Axis::Windows(other)) => own == other,
                (Axis::Texts(own), Axis::Texts(other)) => {
                    own.texts == other.texts && own.present == other.present
                }
                (Axis::Windows(_), Axis::Texts(_)) | (Axis::Texts(_), Axis::Windows(_)) => false,
            };
            own.name == other.name && has_same_values
        };
        self.dimensions.len() == other.dimensions.len()
            && self.dimensions.iter().zip(&other.dimensions).all(are_alike)
    }

    /// Whether each index that an earlier space had is the same key here: texts have been added or removed, windows have ended, and nothing
    /// else has changed.
    pub fn continues(&self, earlier: &Self) -> bool {
        let continues = |(own, other): (&SpaceDimension, &SpaceDimension)| match (&own.axis, &other.axis) {
            (Axis::Windows(own), Axis::Windows(other)) => own == other,
            (Axis::Texts(own), Axis::Texts(other)) => own.texts.starts_with(&other.texts),
            (Axis::Windows(_), Axis::Texts(_)) | (Axis::Texts(_), Axis::Windows(_)) => false,
        };
        self.dimensions.len() == earlier.dimensions.len()
            && self.dimensions.iter().zip(&earlier.dimensions).all(continues)
    }

    /// The names of the dimensions, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|dimension| dimension.name.as_str())
    }

    /// The values of a dimension.
    pub fn axis(&self, name: &str) -> Option<&Axis> {
        self.dimensions.iter().find(|dimension| dimension.name == name).map(|dimension| &dimension.axis)
    }

    /// The texts of a dimension, to add some or remove some; `None` if it has windows.
    pub fn texts_mut(&mut self, name: &str) -> Option<&mut Texts> {
        let dimension = self.dimensions.iter_mut().find(|dimension| dimension.name == name)?;
        match &mut dimension.axis {
            Axis::Windows(_) => None,
            Axis::Texts(texts) => Some(texts),
        }
    }

    /// Every key.
    pub fn all(&self) -> KeySet {
        KeySet::product(self.dimensions.iter().map(|dimension| dimension.present().clone()))
    }

    /// The keys of the last window of each dimension that has windows, with every text.
    pub fn latest(&self) -> KeySet {
        self.latest_but(0)
    }

    /// The keys of the window that `later` windows come after, of each dimension that has windows, with every text.
    pub fn latest_but(&self, later: u32) -> KeySet {
        let window = |present: &IndexSet| {
            let of = KeySet::product([present.clone()]);
            let place = of.count().checked_sub(u64::from(later) + 1)?;
            let index = of.page(place, 1).pop()?.pop()?;
            Some(IndexSet::from(index..=index))
        };
        KeySet::product(self.dimensions.iter().map(|dimension| match &dimension.axis {
            Axis::Windows(_) => window(dimension.present()).unwrap_or_default(),
            Axis::Texts(_) => dimension.present().clone(),
        }))
    }

    /// The keys of the last window that ended before an instant, with every text, and that window; of several dimensions of windows the last
    /// one of each, and the window that ended last. `None` if there is no such key.
    pub fn last_ended_before(&self, instant: Timestamp) -> Option<(TimeWindow, KeySet)> {
        let mut latest: Option<TimeWindow> = None;
        let mut ended = |dimension: &SpaceDimension| match &dimension.axis {
            Axis::Windows(calendar) => {
                let (first, last) = (dimension.present().first()?, calendar.last_index_before(instant));
                let ended = (first <= last).then(|| IndexSet::from(first..=last))?;
                let last = dimension.present().intersection(&ended).last()?;
                let window = calendar.at_index(last)?;
                if latest.as_ref().is_none_or(|latest| latest.end() < window.end()) {
                    latest = Some(window);
                }
                Some(IndexSet::from(last..=last))
            }
            Axis::Texts(_) => Some(dimension.present().clone()),
        };
        let indexes: Vec<IndexSet> = self.dimensions.iter().map(&mut ended).collect::<Option<_>>()?;
        let keys = KeySet::product(indexes);
        latest.filter(|_| !keys.is_empty()).map(|window| (window, keys))
    }

    /// The key with a text.
    ///
    /// # Errors
    ///
    /// When it has another number of dimensions, or a value that there isn't.
    pub fn key(&self, text: &str) -> Result<Key, Problem> {
        let index = self.index_of_text(text)?;
        self.key_at(&index).ok_or_else(|| Problem::new(format!("there is no key `{text}`")))
    }

    /// The key with an index in each dimension, whether or not it is there; `None` if no dimension ever had such a value.
    pub fn key_at(&self, index: &[i64]) -> Option<Key> {
        let pairs = self.dimensions.iter().zip(index);
        let values: Option<Vec<KeyValue>> = pairs.map(|(dimension, index)| dimension.value(*index)).collect();
        values
            .filter(|values| values.len() == self.dimensions.len() && index.len() == values.len())
            .map(Key::new)
    }

    /// The indexes of a key; `None` if a dimension never had its value.
    pub fn index(&self, key: &Key) -> Option<KeyIndex> {
        let pairs = self.dimensions.iter().zip(key.values());
        let index: Option<KeyIndex> = pairs.map(|(dimension, value)| dimension.index(value)).collect();
        index.filter(|_| key.values().len() == self.dimensions.len())
    }

    /// The key with an [identity](Key::identity); `None` if no dimension ever had such a value.
    pub fn key_of_identity(&self, identity: &str) -> Option<Key> {
        self.key_at(&self.index_of_identity(identity)?)
    }

    fn index_of_identity(&self, identity: &str) -> Option<KeyIndex> {
        let parts: Vec<&str> = identity.split(',').collect();
        if parts.len() != self.dimensions.len() {
            return None;
        }
        // An identity is written in one way only.
        let index = self.dimensions.iter().zip(parts).map(|(dimension, part)| match &dimension.axis {
            Axis::Windows(calendar) => {
                let (start, end) = interval(part)?;
                let index = calendar.index_between(start, end)?;
                (interval_text(start, end) == part).then_some(index)
            }
            Axis::Texts(texts) => {
                let text = percent_encoding::percent_decode_str(part).decode_utf8().ok()?;
                (text_segment(&text) == part).then(|| texts.index(&text))?
            }
        });
        index.collect()
    }

    /// The keys of a set by the indexes of another space, without those that it never had; empty if the names of the dimensions are others.
    ///
    /// What a changed definition keeps of a set. Windows of the same timetable have the same indexes, so that only texts, and windows
    /// of another timetable, are looked up one by one.
    pub fn carried(&self, set: &KeySet, to: &Self) -> KeySet {
        let none = KeySet::empty(to.dimensions.len());
        let place = |name: &str| self.names().position(|own| own == name);
        let places: Option<Vec<usize>> = to.names().map(place).collect();
        let Some(places) = places.filter(|places| places.len() == self.dimensions.len()) else { return none };
        let carried = |product: &Vec<IndexSet>| {
            let pairs = to.dimensions.iter().zip(&places);
            KeySet::product(pairs.map(|(dimension, place)| {
                let own = &self.dimensions[*place];
                product.get(*place).map_or_else(IndexSet::default, |indexes| own.carried(indexes, dimension))
            }))
        };
        set.products().iter().map(carried).fold(none, |all, product| all.union(&product))
    }

    /// The index of a partition's key; `None` if a dimension never had its value.
    pub fn index_of(&self, key: &PartitionKey) -> Option<KeyIndex> {
        match (key.values(), &self.dimensions[..]) {
            (Some(values), _) => self.index_of_identity(values),
            (None, [SpaceDimension { axis: Axis::Texts(texts), .. }]) => {
                Some(vec![texts.index(key.label())?])
            }
            (None, _) => None,
        }
    }

    /// Whether there is a partition's key.
    pub fn has(&self, key: &PartitionKey) -> bool {
        self.index_of(key).is_some_and(|index| self.has_index(&index))
    }

    fn has_index(&self, index: &[i64]) -> bool {
        self.dimensions.iter().zip(index).all(|(dimension, index)| dimension.present().contains(*index))
    }

    /// The partition's key that a text means, as people write it or as its identity; or that was given as a value.
    ///
    /// # Errors
    ///
    /// When there is no such key.
    pub fn partition_key(&self, key: &PartitionKey) -> Result<PartitionKey, Problem> {
        self.exact_partition_key(key).or_else(|problem| {
            // Hints and sets write some characters of a text in another way.
            let plain = match (key.values(), self.dimensions.len()) {
                (None, 1) => unescaped(key.label()).ok().filter(|plain| plain != key.label()),
                _ => None,
            };
            let found = plain.and_then(|plain| self.exact_partition_key(&plain.as_str().into()).ok());
            found.ok_or(problem)
        })
    }

    /// The same of a text as it is.
    fn exact_partition_key(&self, key: &PartitionKey) -> Result<PartitionKey, Problem> {
        let index = match self.index_of(key).filter(|index| self.has_index(index)) {
            Some(index) => index,
            // What it is counts, and not what it is called: the same label may be another window.
            None if key.values().is_some() && !key.is_text() => {
                return Err(self.why_absent(key));
            }
            None => {
                let linked = linked(key.label()).and_then(|linked| self.index_of(&linked));
                match linked.filter(|index| self.has_index(index)) {
                    Some(index) => index,
                    None => self.index_of_text(key.label())?,
                }
            }
        };
        self.partition_key_at(&index).ok_or_else(|| Problem::new(format!("there is no key `{key}`")))
    }

    /// Why a key with an identity is none of these: a window of it hasn't ended, a text was removed, or the definition has no such value.
    fn why_absent(&self, key: &PartitionKey) -> Problem {
        let index = self.index_of(key).unwrap_or_default();
        let mut pairs = self.dimensions.iter().zip(index);
        let absent = pairs.find_map(|(dimension, index)| dimension.why_absent(index, self.now));
        absent.unwrap_or_else(|| {
            Problem::new(format!("the definition has no key `{key}`")).with_hint(self.hint())
        })
    }

    /// The partition's key that a text means or meant, also one that is no partition any more; a text as it is if it never was one.
    pub fn past_partition_key(&self, key: &PartitionKey) -> PartitionKey {
        if let Ok(found) = self.exact_partition_key(key) {
            return found;
        }
        if key.values().is_some() && !key.is_text() {
            return self.labelled(key);
        }
        if let Some(linked) = linked(key.label()) {
            return self.labelled(&linked);
        }
        let parts: Vec<&str> = match self.dimensions.len() {
            1 => vec![key.label()],
            _ => key.label().split('|').collect(),
        };
        let index = self.dimensions.iter().zip(&parts).map(|(dimension, part)| match &dimension.axis {
            Axis::Windows(calendar) => calendar.index_of_label(part).ok(),
            Axis::Texts(texts) if self.dimensions.len() == 1 => texts.index(part),
            Axis::Texts(texts) => texts.index(&unescaped(part).ok()?),
        });
        let index: Option<KeyIndex> = index.collect();
        let index = index.filter(|_| parts.len() == self.dimensions.len());
        index.and_then(|index| self.partition_key_at(&index)).unwrap_or_else(|| key.clone())
    }

    /// The partition's key with an index in each dimension, whether or not it is there.
    pub fn partition_key_at(&self, index: &[i64]) -> Option<PartitionKey> {
        self.key_at(index).map(|key| PartitionKey::from(&key))
    }

    /// The partitions' keys of a set, in the order of their indexes.
    pub fn partition_keys(&self, keys: &KeySet) -> Vec<PartitionKey> {
        let keys = keys.next(None, usize::MAX);
        keys.iter().filter_map(|index| self.partition_key_at(index)).collect()
    }

    /// The partition's key as this space labels it now; as it was if it never had such a key.
    pub fn labelled(&self, key: &PartitionKey) -> PartitionKey {
        let found = key.values().and_then(|values| self.index_of_identity(values));
        found.and_then(|index| self.partition_key_at(&index)).unwrap_or_else(|| key.clone())
    }

    /// Whether it has one dimension, of texts.
    pub fn is_one_list(&self) -> bool {
        matches!(&self.dimensions[..], [SpaceDimension { axis: Axis::Texts(_), .. }])
    }

    /// Some of the keys, for who has named another one, or none.
    pub fn hint(&self) -> String {
        const SHOWN: usize = 10;
        let all = self.all();
        let keys: Vec<String> = all
            .next(None, SHOWN)
            .iter()
            .filter_map(|index| self.key_at(index))
            .map(|key| format!("`{}`", self.text_in_sets(&(&key).into())))
            .collect();
        match all.count() {
            0 if self.dimensions.iter().any(SpaceDimension::lacks_texts) => NO_TEXTS.to_owned(),
            0 => "it has no partition so far".to_owned(),
            count if count <= SHOWN as u64 => format!("it has {}", keys.join(", ")),
            _ if self.is_one_list() => format!("it has {}, …", keys.join(", ")),
            count => {
                let last = all.page(count - 1, 1);
                let last = last
                    .first()
                    .and_then(|index| self.key_at(index))
                    .map(|key| format!("`{key}`"))
                    .unwrap_or_default();
                format!("it has {} … {last}", keys.first().map_or("", String::as_str))
            }
        }
    }

    /// Whether the same windows have ended at another time.
    pub(super) fn is_same_at(&self, now: Timestamp) -> bool {
        self.dimensions.iter().all(|dimension| match &dimension.axis {
            Axis::Windows(calendar) => calendar.has_same_ended(self.now, now),
            Axis::Texts(_) => true,
        })
    }

    /// Why a set has more keys than are meant at once; `None` if it hasn't.
    pub fn too_many(&self, keys: &KeySet, most: u64) -> Option<Problem> {
        let count = keys.count();
        if count <= most {
            return None;
        }
        let sizes: Vec<String> = self
            .dimensions
            .iter()
            .enumerate()
            .map(|(place, dimension)| format!("{} of `{}`", keys.indexes(place).count(), dimension.name))
            .collect();
        let message = format!("the set has {count} keys, and may have {most}: {}", sizes.join(" × "));
        Some(
            Problem::new(message)
                .with_hint("name fewer values, or a range of windows such as `2024-01-01..2024-01-31`"),
        )
    }

    fn index_of_text(&self, text: &str) -> Result<KeyIndex, Problem> {
        if let [dimension] = &self.dimensions[..] {
            return Ok(vec![dimension.index_of_text(text, self.now)?]);
        }
        let parts: Vec<&str> = text.split('|').collect();
        self.check_parts(text, parts.len())?;
        let index = self.dimensions.iter().zip(parts).map(|(dimension, part)| {
            let part = unescaped(part)?;
            dimension.index_of_text(&part, self.now)
        });
        index.collect()
    }

    /// That a text has as many parts as there are dimensions.
    pub(super) fn check_parts(&self, text: &str, parts: usize) -> Result<(), Problem> {
        let dimensions = self.dimensions.len();
        if parts == dimensions {
            return Ok(());
        }
        let names: Vec<&str> = self.names().collect();
        let message = format!("`{text}` has {parts} of the {dimensions} dimensions: {}", names.join(", "));
        let hint = if parts < dimensions {
            let every = "|*".repeat(dimensions - parts);
            format!(
                "write one part for each dimension; the set of partitions `{text}{every}` has every value of the others"
            )
        } else {
            "write one part for each dimension, and `%7C` for a `|` in a value".to_owned()
        };
        Err(Problem::new(message).with_hint(hint))
    }

    /// The text of a partition's key as a set of keys has it, also of one that isn't there.
    pub fn text_in_sets(&self, key: &PartitionKey) -> String {
        if self.dimensions.len() == 1 { escaped(key.label()) } else { key.label().to_owned() }
    }

    /// The text of a value of a dimension, as a part of a set of keys has it.
    pub fn text_of(&self, dimension: usize, index: i64) -> String {
        let value = self.dimensions.get(dimension).and_then(|dimension| dimension.value(index));
        value.map_or_else(|| index.to_string(), |value| escaped(value.text()))
    }
}
