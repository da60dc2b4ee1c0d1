//! The names of a matrix's columns.

use std::fmt;
use std::sync::Arc;

use millwork_core::Advice as _;
use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::features::FeaturesError;

/// The names of columns, each different from the others: cheap to clone, and compact.
///
/// The names lie end to end in one text, so that a million of them take the bytes of their letters and eight bytes
/// each. Clones share it. Whether two lists are the same is known at once where they share it, and is otherwise a
/// comparison of that text.
///
/// ```
/// use millwork_ml::features::ColumnNames;
///
/// let names = ColumnNames::new(["hour", "domain=github.com"])?;
/// assert_eq!((names.len(), names.get(1)), (2, Some("domain=github.com")));
/// assert_eq!(names.iter().collect::<Vec<_>>(), ["hour", "domain=github.com"]);
///
/// let error = ColumnNames::new(["hour", "hour"]).expect_err("twice the same");
/// assert_eq!(error.to_string(), "the columns 0 and 1 are both called `hour`");
/// # Ok::<(), millwork_ml::features::FeaturesError>(())
/// ```
#[derive(Clone)]
pub struct ColumnNames {
    shared: Arc<Shared>,
}

#[derive(PartialEq, Eq)]
struct Shared {
    /// The names, end to end.
    text: Box<str>,
    /// Where each name starts in the text, and where the last one ends.
    offsets: Box<[usize]>,
}

impl ColumnNames {
    /// Names in the order of the columns.
    ///
    /// # Errors
    ///
    /// When two are the same.
    pub fn new(names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, FeaturesError> {
        Self::collected(names).checked()
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.shared.offsets.len() - 1
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of a column, or `None` past the last.
    pub fn get(&self, column: usize) -> Option<&str> {
        let offsets = &self.shared.offsets;
        Some(&self.shared.text[*offsets.get(column)?..*offsets.get(column + 1)?])
    }

    /// The names in the order of the columns.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.shared.offsets.windows(2).map(|ends| &self.shared.text[ends[0]..ends[1]])
    }

    /// The column of this name, found by looking at each: for a few look-ups, not for one per row.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.iter().position(|other| other == name)
    }

    /// The names, end to end, and where each starts and the last one ends.
    pub(super) fn stored(&self) -> (&str, &[usize]) {
        (&self.shared.text, &self.shared.offsets)
    }

    fn collected(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let (mut text, mut offsets) = (String::new(), vec![0]);
        for name in names {
            text.push_str(name.as_ref());
            offsets.push(text.len());
        }
        Self { shared: Arc::new(Shared { text: text.into(), offsets: offsets.into() }) }
    }

    /// Sorting makes equal names neighbours. Names of a vocabulary, or of several side by side, are already long
    /// ascending runs, which a merge sort only has to look at.
    fn checked(self) -> Result<Self, FeaturesError> {
        let names: Vec<&str> = self.iter().collect();
        if names.is_sorted_by(|left, right| left < right) {
            return Ok(self);
        }
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.par_sort_by_key(|&column| names[column]);
        match order.windows(2).find(|pair| names[pair[0]] == names[pair[1]]) {
            Some(pair) => Err(FeaturesError::NameTwice {
                first: pair[0],
                second: pair[1],
                name: names[pair[0]].to_owned(),
            }),
            None => Ok(self),
        }
    }
}

impl PartialEq for ColumnNames {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) || self.shared == other.shared
    }
}

impl Eq for ColumnNames {}

impl fmt::Debug for ColumnNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// As a list of texts.
impl Serialize for ColumnNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ColumnNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<String>::deserialize(deserializer)?)
            .map_err(|error| serde::de::Error::custom(error.one_line()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: Result<&[&str], (usize, usize)>) {
        let built = ColumnNames::new(names);
        let built = built.as_ref().map(|names| names.iter().collect::<Vec<_>>()).map_err(|error| {
            let FeaturesError::NameTwice { first, second, .. } = error else { panic!("{error}") };
            (*first, *second)
        });
        assert_eq!(built.as_deref().map_err(|columns| *columns), expected, "{names:?}");
    }

    #[test]
    fn names_are_kept_in_order_and_differ() {
        check(&[], Ok(&[]));
        check(&[""], Ok(&[""]));
        check(&["b", "", "a", "éé", "ab"], Ok(&["b", "", "a", "éé", "ab"]));
        check(&["a", "b", "a"], Err((0, 2)));
        check(&["", "x", "y", ""], Err((0, 3)));
    }

    #[test]
    fn the_same_names_are_equal_shared_or_not() {
        let names = ColumnNames::new(["ab", "c"]).expect("different names");
        assert_eq!(names, names.clone());
        assert_eq!(names, ColumnNames::new(["ab", "c"]).expect("different names"));
        assert_ne!(names, ColumnNames::new(["a", "bc"]).expect("different names"));
        assert_eq!(format!("{names:?}"), r#"["ab", "c"]"#);
        assert_eq!((names.position("c"), names.position("d"), names.get(2)), (Some(1), None, None));
    }

    #[test]
    fn names_come_back_from_json() {
        let names = ColumnNames::new(["b", "a\n", "é"]).expect("different names");
        let json = serde_json::to_string(&names).expect("JSON");
        assert_eq!(json, r#"["b","a\n","é"]"#);
        assert_eq!(serde_json::from_str::<ColumnNames>(&json).expect("what was written"), names);
        let error = serde_json::from_str::<ColumnNames>(r#"["a","a"]"#).expect_err("twice the same");
        assert!(error.to_string().starts_with("the columns 0 and 1 are both called `a`; hint:"), "{error}");
    }
}
