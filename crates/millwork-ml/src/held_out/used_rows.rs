//! The record that a model has of the rows that it was made by.

use serde_json::{Map, Value};

use crate::features::RowKeys;
use crate::held_out::{HeldOutError, KeySet};

/// The rows that a model was fitted on and those that it was selected by, by their keys.
///
/// In a model file they are two attributes, which XGBoost keeps and doesn't read. Each is `all:` or `some:`, depending on whether all of
/// these rows had keys, and the set as in JSON ([`KeySet`]).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsedRows {
    pub(super) fitted: Used,
    pub(super) selected: Used,
}

/// Rows that were used for one thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Used {
    pub(super) keys: KeySet,
    /// Whether all of these rows had keys.
    pub(super) complete: bool,
}

/// The attributes of a model file.
const FITTED: &str = "millwork_fitted_rows";
const SELECTED: &str = "millwork_selection_rows";

const ALL: &str = "all:";
const SOME: &str = "some:";

/// What a training has used, each by the keys of its rows: `None` where they have none.
pub(crate) struct Training<'a> {
    /// The rows of the training data.
    pub(crate) data: Option<&'a RowKeys>,
    /// The model that the training continued from, if it did, with its record.
    pub(crate) start: Option<Option<UsedRows>>,
    /// The rows that early stopping watched, if it did.
    pub(crate) watched: Option<Option<&'a RowKeys>>,
    /// The rows that decided on parameters.
    pub(crate) chosen_on: &'a [Option<&'a KeySet>],
}

impl UsedRows {
    /// The keys of the rows that the model was fitted on, as far as they had keys.
    pub fn fitted(&self) -> &KeySet {
        &self.fitted.keys
    }

    /// The keys of the other rows that decided when the training stopped or which parameters it had, as far as they had keys.
    pub fn selected(&self) -> &KeySet {
        &self.selected.keys
    }

    pub(crate) fn of(training: &Training<'_>) -> Self {
        let set = |keys: Option<&RowKeys>| Used::of(keys.map(KeySet::of));
        let (mut fitted, mut selected) = (set(training.data), Used::NONE);
        if let Some(start) = &training.start {
            let start = start.clone().unwrap_or_default();
            fitted = fitted.and(&start.fitted);
            selected = selected.and(&start.selected);
        }
        if let Some(watched) = training.watched {
            selected = selected.and(&set(watched));
        }
        for keys in training.chosen_on {
            selected = selected.and(&Used::of(keys.cloned()));
        }
        selected.keys = selected.keys.difference(&fitted.keys);
        Self { fitted, selected }
    }

    /// Reads the record among the attributes of a model file; `None` if there is none.
    pub(crate) fn read(attributes: &Map<String, Value>) -> Result<Option<Self>, HeldOutError> {
        let used = |name: &'static str| {
            let damaged = |problem| HeldOutError::Damaged { attribute: name, problem };
            let Some(value) = attributes.get(name) else { return Ok(None) };
            let text = value.as_str().ok_or(damaged("it is not a text"))?;
            Used::from_text(text).map(Some).map_err(damaged)
        };
        Ok(match (used(FITTED)?, used(SELECTED)?) {
            (None, None) => None,
            (fitted, selected) => {
                Some(Self { fitted: fitted.unwrap_or_default(), selected: selected.unwrap_or_default() })
            }
        })
    }

    /// Writes the record among the attributes of a model file, in place of another one. Without any key there is none, so that the file is
    /// the same as before there were keys.
    pub(crate) fn write(&self, attributes: &mut Map<String, Value>) {
        let is_empty = self.fitted.keys.is_empty() && self.selected.keys.is_empty();
        for (name, used) in [(FITTED, &self.fitted), (SELECTED, &self.selected)] {
            match is_empty {
                true => attributes.remove(name),
                false => attributes.insert(name.to_owned(), used.to_text().into()),
            };
        }
    }
}

impl Used {
    /// No rows.
    const NONE: Self = Self { keys: KeySet::NONE, complete: true };

    fn of(keys: Option<KeySet>) -> Self {
        let complete = keys.is_some();
        Self { keys: keys.unwrap_or_default(), complete }
    }

    fn and(&self, other: &Self) -> Self {
        Self { keys: self.keys.union(&other.keys), complete: self.complete && other.complete }
    }

    fn to_text(&self) -> String {
        format!("{}{}", if self.complete { ALL } else { SOME }, self.keys.to_text())
    }

    fn from_text(text: &str) -> Result<Self, &'static str> {
        let (complete, keys) = match (text.strip_prefix(ALL), text.strip_prefix(SOME)) {
            (Some(keys), _) => (true, keys),
            (None, Some(keys)) => (false, keys),
            (None, None) => return Err("it begins neither with `all:` nor with `some:`"),
        };
        Ok(Self { keys: KeySet::from_text(keys)?, complete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[i64]) -> RowKeys {
        RowKeys::new(keys.iter().copied())
    }

    fn set(of: &[i64]) -> KeySet {
        KeySet::of(&keys(of))
    }

    fn used(of: &[i64], complete: bool) -> Used {
        Used { keys: set(of), complete }
    }

    #[test]
    fn a_record_has_what_the_training_used() {
        let (data, watched, chosen) = (keys(&[1, 2, 3]), keys(&[3, 4]), set(&[2, 5]));
        let training = Training {
            data: Some(&data),
            start: None,
            watched: Some(Some(&watched)),
            chosen_on: &[Some(&chosen)],
        };
        let first = UsedRows::of(&training);
        assert_eq!(first, UsedRows { fitted: used(&[1, 2, 3], true), selected: used(&[4, 5], true) });

        let more = keys(&[4, 6]);
        let on = |start| Training { data: Some(&more), start, watched: None, chosen_on: &[] };
        let second = UsedRows::of(&on(Some(Some(first))));
        assert_eq!(second, UsedRows { fitted: used(&[1, 2, 3, 4, 6], true), selected: used(&[5], true) });
        let of_unknown = UsedRows::of(&on(Some(None)));
        assert_eq!(of_unknown, UsedRows { fitted: used(&[4, 6], false), selected: used(&[], false) });
        let without = Training { watched: Some(None), chosen_on: &[None], ..on(None) };
        assert_eq!(
            UsedRows::of(&without),
            UsedRows { fitted: used(&[4, 6], true), selected: used(&[], false) }
        );
    }

    #[test]
    fn a_record_comes_back() {
        let mut attributes = Map::new();
        for (fitted, selected) in [
            (used(&[1, 2], true), used(&[], true)),
            (used(&[], false), used(&[9], false)),
            (used(&[1], false), used(&[3], true)),
        ] {
            let rows = UsedRows { fitted, selected };
            rows.write(&mut attributes);
            assert_eq!(UsedRows::read(&attributes), Ok(Some(rows)));
        }
        UsedRows { fitted: used(&[], false), selected: used(&[], true) }.write(&mut attributes);
        assert_eq!((attributes.len(), UsedRows::read(&attributes)), (0, Ok(None)));
    }

    #[test]
    fn damaged_records_are_errors() {
        let check = |value: Value, expected: &str| {
            let attributes = Map::from_iter([(FITTED.to_owned(), value)]);
            let error = UsedRows::read(&attributes).expect_err(expected).to_string();
            assert_eq!(error, format!("the attribute `millwork_fitted_rows` is damaged: {expected}"));
        };
        check(1.into(), "it is not a text");
        check("".into(), "it begins neither with `all:` nor with `some:`");
        check("all:-".into(), "it is not base64");
        check("some:AAAA".into(), "its length is not a multiple of 8 bytes");
    }
}
