//! The categories of a column.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The different categories of a column: texts in ascending order, then null if there is one. At rest a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Option<String>>", into = "Vec<Option<String>>")]
pub(super) struct Categories {
    names: Vec<Option<String>>,
    numbers: HashMap<String, usize>,
    null: Option<usize>,
}

impl Categories {
    /// The categories of a column and the number of the one of each row.
    pub(super) fn of<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> (Self, Vec<usize>) {
        let mut seen: HashMap<Option<&str>, usize> = HashMap::new();
        let mut rows = Vec::new();
        for value in values {
            let next = seen.len();
            rows.push(*seen.entry(value).or_insert(next));
        }
        let mut sorted: Vec<(Option<&str>, usize)> = seen.into_iter().collect();
        sorted.sort_unstable_by_key(|&(name, _)| (name.is_none(), name));
        let mut places = vec![0; sorted.len()];
        sorted.iter().enumerate().for_each(|(place, &(_, number))| places[number] = place);
        rows.iter_mut().for_each(|number| *number = places[*number]);
        let names: Vec<_> = sorted.into_iter().map(|(name, _)| name.map(str::to_owned)).collect();
        (names.into(), rows)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// The number of a category.
    pub(super) fn number(&self, value: Option<&str>) -> Option<usize> {
        match value {
            Some(value) => self.numbers.get(value).copied(),
            None => self.null,
        }
    }
}

impl From<Vec<Option<String>>> for Categories {
    fn from(names: Vec<Option<String>>) -> Self {
        let null = names.iter().position(Option::is_none);
        let numbered = names.iter().enumerate();
        let numbers = numbered.filter_map(|(number, name)| Some((name.clone()?, number))).collect();
        Self { names, numbers, null }
    }
}

impl From<Categories> for Vec<Option<String>> {
    fn from(categories: Categories) -> Self {
        categories.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_sorted_and_null_is_last() {
        let (categories, rows) = Categories::of([Some("b"), None, Some("a"), Some("b"), Some("")]);
        let names: Vec<Option<&str>> = categories.names().iter().map(Option::as_deref).collect();
        assert_eq!(names, [Some(""), Some("a"), Some("b"), None]);
        assert_eq!(rows, [2, 3, 1, 2, 0]);
        assert_eq!((categories.number(Some("b")), categories.number(None)), (Some(2), Some(3)));
        assert_eq!(categories.number(Some("c")), None);
        let json = serde_json::to_string(&categories).expect("JSON");
        assert_eq!(json, r#"["","a","b",null]"#);
        assert_eq!(serde_json::from_str::<Categories>(&json).expect("what was written"), categories);
    }
}
