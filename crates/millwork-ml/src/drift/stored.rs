//! Profiles at rest: what is read back is checked before it is compared with.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::drift::profile::{CategoryCounts, Column, Kept, MOST_CATEGORIES};
use crate::drift::{DriftError, Profile};

/// What is read back of a profile, before it is trusted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredProfile {
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
