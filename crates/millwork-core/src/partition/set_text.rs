//! Sets of keys as text: `2024-01-01..2024-02-01|de,fr`.

use std::ops::RangeInclusive;

use super::key::unescaped;
use super::key_space::SpaceDimension;
use super::{Axis, Calendar, IndexSet, KeySet, KeySpace, Texts};
use crate::problem::Problem;

const EMPTY_HINT: &str =
    "write a key, a range such as `2024-01-01..2024-01-31`, a list such as `de,fr`, or `*` for every key";

/// The most sets that are joined with `;`, each of which is compared with those before.
const MOST_SETS: usize = 1_000;

/// Sets as text.
impl KeySpace {
    /// The set that a text says.
    ///
    /// A list of values with commas, where a value is a key, a range of windows with both ends included, `a..b`, `a..` or
    /// `..b`, or `*` for all. With several dimensions such a list for each, joined by `|`; `;` joins sets to one.
    ///
    /// ```
    /// use millwork_core::partition::{daily, fixed};
    ///
    /// let days = daily("UTC").from("2024-01-01").by(fixed(["de", "fr", "it"]).named("country"));
    /// let keys = days.space("2025-01-01T00:00:00Z".parse().unwrap())?;
    /// let set = keys.set("2024-01-01..2024-01-31|de,fr; 2024-12-30..|*")?;
    /// assert_eq!(set.count(), 31 * 2 + 2 * 3);
    /// assert_eq!(keys.set_text(&set), "2024-01-01..2024-01-31|de,fr; 2024-12-30..2024-12-31|*");
    /// # Ok::<(), millwork_core::Problem>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a part is malformed or names what isn't there, a range ends before it begins, or nothing is left. The hint says what
    /// to write.
    pub fn set(&self, text: &str) -> Result<KeySet, Problem> {
        let count = text.split(';').count();
        if count > MOST_SETS {
            let problem = Problem::new(format!("{count} sets of keys are joined, and {MOST_SETS} may be"));
            return Err(problem.with_hint("write ranges, lists or `*`, or name them in several requests"));
        }
        let mut set = KeySet::empty(self.dimensions.len());
        for product in text.split(';') {
            let product = product.trim();
            let parts: Vec<&str> = product.split('|').collect();
            if product.is_empty() {
                return Err(Problem::new("the set of keys is empty").with_hint(EMPTY_HINT));
            }
            self.check_parts(product, parts.len())?;
            let sets =
                self.dimensions.iter().zip(parts).map(|(dimension, part)| self.values(dimension, part));
            set = set.union(&KeySet::product(sets.collect::<Result<Vec<_>, _>>()?));
        }
        if set.is_empty() {
            let hint = if self.all().is_empty() { self.hint() } else { EMPTY_HINT.to_owned() };
            return Err(Problem::new(format!("`{text}` names no key")).with_hint(hint));
        }
        Ok(set)
    }

    /// The set that a text says, or the one key that it is the text or the identity of: `*` is every key, also where a text is called so.
    ///
    /// # Errors
    ///
    /// When it is neither: that of [`set`](Self::set).
    pub fn set_or_key(&self, text: &str) -> Result<KeySet, Problem> {
        self.set(text).or_else(|problem| {
            let key = |text: &str| self.partition_key(&text.into()).ok();
            let one = key(text).or_else(|| key(text.trim())).and_then(|one| self.index_of(&one));
            one.map(|one| KeySet::of(self.dimensions.len(), [one])).ok_or(problem)
        })
    }

    /// The text of a set, which [`set`](Self::set) reads; empty for the empty set.
    pub fn set_text(&self, set: &KeySet) -> String {
        self.text(set, |texts, indexes| indexes == texts.present() && indexes.count() > 1)
    }

    /// The same without `*`, so that it means these keys also when texts were added or removed.
    pub fn lasting_set_text(&self, set: &KeySet) -> String {
        self.text(set, |_, _| false)
    }

    /// The text of a set, with `*` for texts that are all there are.
    fn text(&self, set: &KeySet, are_all: impl Fn(&Texts, &IndexSet) -> bool) -> String {
        let product = |sets: Vec<IndexSet>| {
            let lists = sets.iter().enumerate().map(|(place, indexes)| self.list(place, indexes, &are_all));
            lists.collect::<Vec<_>>().join("|")
        };
        set.products().into_iter().map(product).collect::<Vec<_>>().join("; ")
    }

    /// The indexes that a list of values means.
    fn values(&self, dimension: &SpaceDimension, list: &str) -> Result<IndexSet, Problem> {
        let mut indexes = IndexSet::default();
        let mut single = Vec::new();
        for item in list.split(',').map(str::trim) {
            if item.is_empty() {
                let problem = Problem::new(format!("a value of the dimension `{}` is empty", dimension.name));
                return Err(problem.with_hint(EMPTY_HINT));
            }
            if item == "*" {
                indexes = indexes.union(dimension.present());
            } else if let Some(bounds) = item.split_once("..") {
                indexes = indexes.union(&self.range(dimension, item, bounds)?);
            } else {
                single.push(dimension.index_of_text(&unescaped(item)?, self.now)?);
            }
        }
        Ok(indexes.union(&single.into_iter().collect()))
    }

    /// The indexes of a range.
    fn range(
        &self,
        dimension: &SpaceDimension,
        item: &str,
        (from, to): (&str, &str),
    ) -> Result<IndexSet, Problem> {
        let within = |problem: Problem| problem.within(format!("the dimension `{}`", dimension.name));
        let calendar = match &dimension.axis {
            Axis::Windows(calendar) => calendar,
            Axis::Texts(_) => {
                let problem = Problem::new(format!("`{item}` is a range, and texts have none"));
                let hint = "list them with commas, write `*` for all, or `%2E%2E` for two dots in a text";
                return Err(within(problem.with_hint(hint)));
            }
        };
        let bound = |text: &str| {
            let text = text.trim();
            if text.is_empty() { Ok(None) } else { self.bound(calendar, text).map(Some) }
        };
        let (first, last) = (bound(from).map_err(within)?, bound(to).map_err(within)?);
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            let (from, to) = (from.trim(), to.trim());
            let problem = Problem::new(format!("the range `{item}` ends before it begins"));
            return Err(within(problem.with_hint(format!("write `{to}..{from}`"))));
        }
        let (Some(lowest), Some(highest)) = (dimension.present().first(), dimension.present().last()) else {
            return Err(within(
                Problem::new("no window has ended").with_hint("wait for the first one to end"),
            ));
        };
        let range = first.unwrap_or(lowest)..=last.unwrap_or(highest);
        let indexes = IndexSet::from(range).intersection(dimension.present());
        if indexes.is_empty() {
            let problem = Problem::new(format!("the range `{item}` has no window that isn't excluded"));
            return Err(within(problem.with_hint("write a longer one")));
        }
        Ok(indexes)
    }

    /// The index of a window that bounds a range: it may be excluded, but must be there otherwise.
    fn bound(&self, calendar: &Calendar, text: &str) -> Result<i64, Problem> {
        let label = unescaped(text)?;
        let index = calendar.index_of_label(&label)?;
        if calendar.is_excluded(index)
            && let Some(window) = calendar.at_index(index)
        {
            return calendar.not_ended(&window, self.now).map_or(Ok(index), Err);
        }
        let window = calendar.window(&label)?;
        calendar.not_ended(&window, self.now).map_or(Ok(index), Err)
    }

    /// The text of a list of values.
    fn list(&self, place: usize, indexes: &IndexSet, are_all: &impl Fn(&Texts, &IndexSet) -> bool) -> String {
        let Some(dimension) = self.dimensions.get(place) else { return String::new() };
        let text = |index| self.text_of(place, index);
        match &dimension.axis {
            Axis::Windows(calendar) => {
                let ranges = ranges(calendar, indexes).into_iter().map(|range| {
                    let (first, last) = range.into_inner();
                    if first == last { text(first) } else { format!("{}..{}", text(first), text(last)) }
                });
                ranges.collect::<Vec<_>>().join(",")
            }
            Axis::Texts(texts) if are_all(texts, indexes) => "*".to_owned(),
            Axis::Texts(_) => indexes.iter().map(text).collect::<Vec<_>>().join(","),
        }
    }
}

/// The ranges of some windows, over those that are excluded.
fn ranges(calendar: &Calendar, indexes: &IndexSet) -> Vec<RangeInclusive<i64>> {
    let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
    for run in indexes.runs() {
        match ranges.last_mut() {
            Some(before) if calendar.excludes_all(&(before.end() + 1..=run.start() - 1)) => {
                *before = *before.start()..=*run.end();
            }
            Some(_) | None => ranges.push(run),
        }
    }
    ranges
}
