//! The profile of a sample, and its stored form.
//!
//! A profile is bounded: of many numbers it keeps evenly spaced order statistics, of many categories the most frequent ones and how many
//! rows the others have. What is read back is checked before it is compared with, since comparing relies on it: numbers ascend, counts
//! add up to the rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::drift::DriftError;

/// The most numbers and the most categories that are kept of a column.
const MOST_NUMBERS: usize = 10_000;
const MOST_CATEGORIES: usize = 1_000;

/// A summary of a sample, column by column, that other samples are compared with. It is stored as JSON.
///
/// Of up to 10,000 numbers all are kept; of more, as many evenly spaced order statistics, so that every quantile is at most a
/// ten-thousandth off. Of categories the counts are kept, up to the 1,000 most frequent, and the others' as one.
///
/// ```
/// use millwork_ml::drift::{DriftThresholds, Profile, DriftLevel};
///
/// let hours = |from: u32| (0..600).map(move |row| Some(f64::from(from + row % 12)));
/// let domains = |rust: usize| (0..600).map(move |row| Some(if row < rust { "rust-lang.org" } else { "example.org" }));
/// let reference = Profile::new().numbers("hour", hours(0))?.categories("domain", domains(300))?;
/// let today = Profile::new().numbers("hour", hours(8))?.categories("domain", domains(310))?;
///
/// let report = today.drift_from(&reference, &DriftThresholds::default())?;
/// assert_eq!((report.columns[0].column.as_str(), report.columns[0].level), ("domain", DriftLevel::Stable));
/// assert_eq!((report.columns[1].column.as_str(), report.columns[1].level), ("hour", DriftLevel::Significant));
/// assert_eq!(report.drifted().count(), 1);
/// # Ok::<(), millwork_ml::drift::DriftError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredProfile")]
pub struct Profile {
    pub(super) columns: BTreeMap<String, Column>,
}

/// The summary of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Column {
    pub(super) rows: usize,
    /// How many rows are null, not a number, or infinite.
    pub(super) nulls: usize,
    pub(super) kept: Kept,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    /// Numbers in ascending order.
    Numbers(Vec<f64>),
    /// The rows of each category.
    CategoryCounts(CategoryCounts),
}

/// The rows of the most frequent categories by name, and of all others together. The others are not a name, so that every
/// text can be a category.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryCounts {
    pub(super) named: BTreeMap<String, usize>,
    /// How many rows have a category that is not named; 0 if all are.
    pub(super) others: usize,
}

impl Profile {
    /// A profile without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a column of numbers. A null, and a number that is not finite, counts as null.
    ///
    /// # Errors
    ///
    /// When there is a column of this name.
    pub fn numbers(
        self,
        column: &str,
        numbers: impl IntoIterator<Item = Option<f64>>,
    ) -> Result<Self, DriftError> {
        let (mut rows, mut kept) = (0, Vec::new());
        for number in numbers {
            rows += 1;
            kept.extend(number.filter(|number| number.is_finite()));
        }
        kept.sort_by(f64::total_cmp);
        let nulls = rows - kept.len();
        self.with(column, Column { rows, nulls, kept: Kept::Numbers(spaced(kept)) })
    }

    /// With a column of categories.
    ///
    /// # Errors
    ///
    /// When there is a column of this name.
    pub fn categories<'a>(
        self,
        column: &str,
        categories: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Self, DriftError> {
        let (mut rows, mut nulls, mut counts) = (0, 0, BTreeMap::<&str, usize>::new());
        for category in categories {
            rows += 1;
            match category {
                Some(category) => *counts.entry(category).or_default() += 1,
                None => nulls += 1,
            }
        }
        self.with(column, Column { rows, nulls, kept: Kept::CategoryCounts(most_frequent(counts)) })
    }

    fn with(mut self, name: &str, column: Column) -> Result<Self, DriftError> {
        match self.columns.insert(name.to_owned(), column) {
            Some(_) => Err(DriftError::ColumnTwice { column: name.to_owned() }),
            None => Ok(self),
        }
    }
}

/// A limited number of ascending numbers: those in the middles of equal parts.
fn spaced(ascending: Vec<f64>) -> Vec<f64> {
    if ascending.len() <= MOST_NUMBERS {
        return ascending;
    }
    let middle = |part: usize| ((2 * part + 1) * ascending.len()) / (2 * MOST_NUMBERS);
    (0..MOST_NUMBERS).map(|part| ascending[middle(part)]).collect()
}

/// The most frequent categories, of equally frequent ones the first of the alphabet, and the others as one.
fn most_frequent(counts: BTreeMap<&str, usize>) -> CategoryCounts {
    let mut by_count: Vec<(&str, usize)> = counts.into_iter().collect();
    by_count.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let others = by_count.split_off(by_count.len().min(MOST_CATEGORIES));
    CategoryCounts {
        named: by_count.into_iter().map(|(category, count)| (category.to_owned(), count)).collect(),
        others: others.iter().map(|(_, count)| count).sum(),
    }
}

/// The stored form of a profile as read, before it is checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProfile {
    columns: BTreeMap<String, StoredColumn>,
}

#[derive(Debug, Deserialize)]
struct StoredColumn {
    rows: usize,
    nulls: usize,
    kept: StoredKept,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredKept {
    Numbers(Vec<f64>),
    CategoryCounts(CategoryCounts),
    /// The first form, in which the others, if there were any, were counted as a category called [`OTHERS`].
    Categories(BTreeMap<String, usize>),
}

/// What the first form called the others.
const OTHERS: &str = "(other)";

impl TryFrom<StoredProfile> for Profile {
    type Error = DriftError;

    fn try_from(stored: StoredProfile) -> Result<Self, DriftError> {
        let mut columns = BTreeMap::new();
        for (name, StoredColumn { rows, nulls, kept }) in stored.columns {
            let kept = match kept {
                StoredKept::Numbers(numbers) => Kept::Numbers(numbers),
                StoredKept::CategoryCounts(counts) => Kept::CategoryCounts(counts),
                StoredKept::Categories(counts) => Kept::CategoryCounts(of_first_form(counts)),
            };
            let column = Column { rows, nulls, kept };
            if let Some(problem) = problem(&column) {
                return Err(DriftError::Damaged { column: name, problem });
            }
            columns.insert(name, column);
        }
        Ok(Self { columns })
    }
}

/// There are others only beside as many categories as are kept by name; among fewer, the word is one of the data.
fn of_first_form(mut named: BTreeMap<String, usize>) -> CategoryCounts {
    let has_others = named.len() > MOST_CATEGORIES;
    let others = if has_others { named.remove(OTHERS) } else { None };
    CategoryCounts { named, others: others.unwrap_or(0) }
}

fn problem(column: &Column) -> Option<&'static str> {
    let Some(present) = column.rows.checked_sub(column.nulls) else {
        return Some("it has more nulls than rows");
    };
    match &column.kept {
        Kept::Numbers(numbers) if numbers.len() > present || numbers.is_empty() != (present == 0) => {
            Some("its numbers do not fit its rows")
        }
        Kept::Numbers(numbers) if !numbers.is_sorted() => Some("its numbers are not in ascending order"),
        Kept::CategoryCounts(CategoryCounts { named, others }) => {
            let mut counts = named.values().chain([others]);
            let rows = counts.try_fold(0_usize, |sum, &count| sum.checked_add(count));
            (rows != Some(present)).then_some("its categories do not add up to its rows")
        }
        Kept::Numbers(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_bounded() {
        let many = (0..95_000_u32).map(|number| Some(f64::from(number)));
        let names: Vec<String> = (0..1_200).map(|category| format!("{category:04}")).collect();
        let categories = names.iter().chain(&names[..5]).map(|name| Some(name.as_str())).chain([None]);
        let profile =
            Profile::new().numbers("n", many).and_then(|profile| profile.categories("c", categories));
        let profile = profile.expect("different names");
        let Kept::Numbers(numbers) = &profile.columns["n"].kept else { panic!("numbers") };
        assert_eq!((numbers.len(), numbers[0], numbers[9_999]), (10_000, 4.0, 94_995.0));
        let Kept::CategoryCounts(counts) = &profile.columns["c"].kept else { panic!("categories") };
        assert_eq!((counts.named.len(), counts.named["0004"], counts.others), (1_000, 2, 200));
        assert_eq!((profile.columns["c"].rows, profile.columns["c"].nulls), (1_206, 1));
    }

    #[test]
    fn a_profile_comes_back_from_json() {
        let numbers = [Some(1.5), None, Some(f64::NAN), Some(f64::INFINITY), Some(-2.0)];
        let profile = Profile::new().numbers("x", numbers).expect("a profile");
        assert_eq!((profile.columns["x"].rows, profile.columns["x"].nulls), (5, 3));
        let profile = profile.categories("c", [Some("(other)"), None, Some("")]).expect("a profile");
        let json = serde_json::to_string(&profile).expect("JSON");
        assert_eq!(serde_json::from_str::<Profile>(&json).expect("what was written"), profile);
        let twice = profile.categories("x", []).expect_err("twice");
        assert_eq!(twice.to_string(), "two columns are called `x`");
    }

    fn check(column: &str, expected: &str) {
        let json = format!(r#"{{"columns":{{"x":{column}}}}}"#);
        let error = serde_json::from_str::<Profile>(&json).expect_err(&json).to_string();
        assert!(error.contains(expected), "{json}: {error}");
    }

    #[test]
    fn damaged_profiles_are_errors() {
        check(r#"{"rows":2,"nulls":5,"kept":{"numbers":[1.0]}}"#, "column `x` is damaged: it has more nulls");
        check(r#"{"rows":3,"nulls":0,"kept":{"numbers":[3.0,1.0,2.0]}}"#, "ascending order");
        check(r#"{"rows":1,"nulls":0,"kept":{"numbers":[1.0,2.0]}}"#, "do not fit its rows");
        check(r#"{"rows":1,"nulls":0,"kept":{"numbers":[]}}"#, "do not fit its rows");
        check(r#"{"rows":9,"nulls":0,"kept":{"categories":{"a":8}}}"#, "do not add up");
        let named = r#"{"rows":9,"nulls":0,"kept":{"category_counts":{"named":{"a":8},"others":2}}}"#;
        check(named, "do not add up");
        let most = usize::MAX;
        let overflowing =
            format!(r#"{{"rows":{most},"nulls":0,"kept":{{"categories":{{"a":{most},"b":1}}}}}}"#);
        check(&overflowing, "do not add up");
    }

    /// The counts of a profile of the first form, with `categories` kept by name and what may be the others.
    fn read_first_form(categories: usize) -> CategoryCounts {
        let named = (0..categories).map(|name| format!(r#""{name:04}":1"#));
        let counts = named.chain([r#""(other)":7"#.to_owned()]).collect::<Vec<_>>().join(",");
        let rows = categories + 7;
        let json = format!(
            r#"{{"columns":{{"x":{{"rows":{rows},"nulls":0,"kept":{{"categories":{{{counts}}}}}}}}}}}"#
        );
        let profile: Profile = serde_json::from_str(&json).expect("the first form");
        let Kept::CategoryCounts(counts) = &profile.columns["x"].kept else { panic!("categories") };
        counts.clone()
    }

    #[test]
    fn the_first_form_is_read() {
        let many = read_first_form(1_000);
        assert_eq!((many.named.len(), many.named.get(OTHERS), many.others), (1_000, None, 7));
        let few = read_first_form(3);
        assert_eq!((few.named.len(), few.named.get(OTHERS), few.others), (4, Some(&7), 0));
    }
}
