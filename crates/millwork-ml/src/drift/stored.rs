//! Profiles at rest: what is read back is checked before it is compared with.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::drift::profile::{Column, Kept};
use crate::drift::{DriftError, Profile};

/// What is read back of a profile, before it is trusted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredProfile {
    columns: BTreeMap<String, Column>,
}

impl TryFrom<StoredProfile> for Profile {
    type Error = DriftError;

    fn try_from(stored: StoredProfile) -> Result<Self, DriftError> {
        for (name, column) in &stored.columns {
            if let Some(problem) = problem(column) {
                return Err(DriftError::Damaged { column: name.clone(), problem });
            }
        }
        Ok(Self { columns: stored.columns })
    }
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
        Kept::Categories(counts) => {
            let rows = counts.values().try_fold(0_usize, |sum, &count| sum.checked_add(count));
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
        let most = usize::MAX;
        let overflowing =
            format!(r#"{{"rows":{most},"nulls":0,"kept":{{"categories":{{"a":{most},"b":1}}}}}}"#);
        check(&overflowing, "do not add up");
    }
}
