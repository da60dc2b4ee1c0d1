//! The comparison of held-out rows with a model's record.

use std::fmt;

use millwork_core::{Evidence, MetadataValue};

use crate::features::RowKeys;
use crate::held_out::{HeldOutError, KeySet, UsedRows};

/// What is known of the rows that a model is to be judged on, where it wasn't fitted on any of them.
///
/// As text it is a sentence without its full stop, which a gate's verdict keeps in its reason: `verdict.because(&held_out)`, or
/// `verdict.because(held_out.warning())` for a warning only. `.metadata("held-out rows", &held_out)` keeps it as metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the model may have been selected by these rows, or nothing may be known of them"]
pub enum HeldOut {
    /// The model was neither fitted on nor selected by any of the rows.
    Unseen {
        /// The number of held-out rows.
        rows: usize,
    },
    /// Rows have decided when the training stopped, or which parameters it had: the score on them is better than on new rows.
    Selected(Overlap),
    /// It can't be decided.
    Unknown(Unknown),
}

/// Held-out rows that a model was fitted on, or selected by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The number of these rows.
    pub rows: usize,
    /// The number of held-out rows.
    pub held_out: usize,
    /// The keys of the first of these rows, each once, five at most. Those of more than 60 characters are cut short.
    pub keys: Vec<String>,
}

/// Why it can't be decided whether a model has used the held-out rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The held-out rows have no keys.
    HeldOutKeys,
    /// The model has no record: it was trained without keys, or by another program.
    Record,
    /// Some of the rows that the model was fitted on had no keys.
    FittedKeys,
    /// Rows that decided when the training stopped, or which parameters it had, had no keys.
    SelectionKeys,
}

/// Compares the keys of held-out rows with the record of the model that they are to judge: `None` where either doesn't exist.
///
/// [`Booster::check_held_out`](crate::boost::Booster::check_held_out) and
/// [`TextPipeline::check_held_out`](crate::pipeline::TextPipeline::check_held_out) call it.
///
/// # Errors
///
/// [`HeldOutError::Fitted`] if the model was fitted on some of the rows.
pub fn check(held_out: Option<&RowKeys>, model: Option<&UsedRows>) -> Result<HeldOut, HeldOutError> {
    let Some(held_out) = held_out else { return Ok(HeldOut::Unknown(Unknown::HeldOutKeys)) };
    let Some(UsedRows { fitted, selected }) = model else { return Ok(HeldOut::Unknown(Unknown::Record)) };
    if let Some(overlap) = Overlap::of(held_out, &fitted.keys) {
        return Err(HeldOutError::Fitted(overlap));
    }
    Ok(match Overlap::of(held_out, &selected.keys) {
        Some(overlap) => HeldOut::Selected(overlap),
        None if !fitted.complete => HeldOut::Unknown(Unknown::FittedKeys),
        None if !selected.complete => HeldOut::Unknown(Unknown::SelectionKeys),
        None => HeldOut::Unseen { rows: held_out.len() },
    })
}

/// The most keys that an overlap names.
const NAMED: usize = 5;

/// The most characters of a key that an overlap names.
const CHARACTERS: usize = 60;

impl Overlap {
    /// `None` if no row is in the set.
    fn of(held_out: &RowKeys, used: &KeySet) -> Option<Self> {
        if used.is_empty() {
            return None;
        }
        let (mut rows, mut keys) = (0, Vec::new());
        for (row, _) in held_out.digests().enumerate().filter(|(_, hash)| used.contains_hash(*hash)) {
            rows += 1;
            let key = held_out.get(row).filter(|_| keys.len() < NAMED).map(|key| cut_short(&key));
            keys.extend(key.filter(|key| !keys.contains(key)));
        }
        (rows > 0).then_some(Self { rows, held_out: held_out.len(), keys })
    }

    /// The keys, and a sign that there are more rows.
    fn listed(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| format!("`{key}`")).collect();
        let more = if self.rows > self.keys.len() { ", …" } else { "" };
        keys.join(", ") + more
    }
}

fn cut_short(key: &str) -> String {
    match key.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}

/// As in a sentence: 2 of 30 held-out rows, and their keys.
impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} held-out rows: {}", self.rows, self.held_out, self.listed())
    }
}

impl HeldOut {
    /// The text of what a verdict on the model should warn of: that rows have selected it. `None` otherwise.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Selected(_) => Some(self.to_string()),
            Self::Unseen { .. } | Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for HeldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen { rows } => {
                write!(f, "the model was neither fitted on nor selected by any of {rows} held-out rows")
            }
            Self::Selected(overlap) => {
                let Overlap { rows, held_out, .. } = overlap;
                write!(
                    f,
                    "{rows} of {held_out} held-out rows have decided when the training stopped or which parameters it had, so that the \
                     score on them is too good: {}",
                    overlap.listed()
                )
            }
            Self::Unknown(unknown) => unknown.fmt(f),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeldOutKeys => "unknown whether the model has used the held-out rows: they have no keys",
            Self::Record => {
                "unknown whether the model has used the held-out rows: it has no record of its rows' keys"
            }
            Self::FittedKeys => {
                "unknown whether the model has used the held-out rows: some of the rows that it was fitted on had no keys"
            }
            Self::SelectionKeys => {
                "unknown whether the held-out rows have selected the model: rows that decided when the training stopped or which \
                 parameters it had had no keys"
            }
        })
    }
}

impl Evidence for HeldOut {
    fn describe(&self) -> String {
        self.to_string()
    }
}

impl Evidence for &HeldOut {
    fn describe(&self) -> String {
        self.to_string()
    }
}

impl From<&HeldOut> for MetadataValue {
    fn from(held_out: &HeldOut) -> Self {
        Self::Text(held_out.to_string())
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::{Advice as _, Verdict};

    use super::*;
    use crate::held_out::used_rows::Used;

    fn used(keys: &[&str], complete: bool) -> Used {
        Used { keys: KeySet::of(&RowKeys::new(keys.iter().copied())), complete }
    }

    fn check_text(held_out: &[&str], fitted: Used, selected: Used, expected: &str) {
        let keys = RowKeys::new(held_out.iter().copied());
        let found = check(Some(&keys), Some(&UsedRows { fitted, selected }));
        let text = found.map_or_else(|error| error.one_line(), |held_out| held_out.to_string());
        assert_eq!(text, expected, "{held_out:?}");
    }

    #[test]
    fn rows_that_the_model_was_fitted_on_are_an_error() {
        let hint = "hint: judge the model on rows that no training has used: split by key, or by time";
        let fitted = || used(&["a", "b", "c", "1", "2", "3"], false);
        check_text(
            &["x", "b", "a"],
            fitted(),
            used(&["x"], true),
            &format!("the model was fitted on 2 of 3 held-out rows: `b`, `a`; {hint}"),
        );
        check_text(
            &["1", "1", "2", "3", "a", "b", "c"],
            fitted(),
            Used::default(),
            &format!("the model was fitted on 7 of 7 held-out rows: `1`, `2`, `3`, `a`, `b`, …; {hint}"),
        );
        let long = "k".repeat(70);
        check_text(
            &[&long],
            used(&[&long], true),
            used(&[], true),
            &format!("the model was fitted on 1 of 1 held-out rows: `{}…`; {hint}", &long[..60]),
        );
    }

    #[test]
    fn rows_that_selected_the_model_are_a_warning() {
        check_text(
            &["x", "y"],
            used(&["a"], false),
            used(&["y"], false),
            "1 of 2 held-out rows have decided when the training stopped or which parameters it had, so that the score on them is too \
             good: `y`",
        );
        let selected = UsedRows { fitted: used(&["a"], true), selected: used(&["y"], true) };
        let warning = |keys: &[&str]| {
            let held_out = check(Some(&RowKeys::new(keys.iter().copied())), Some(&selected));
            held_out.expect("rows that it wasn't fitted on").warning()
        };
        assert!(warning(&["y"]).is_some() && warning(&["z"]).is_none());
        let held_out =
            check(Some(&RowKeys::new(["y"])), Some(&selected)).expect("a row that it wasn't fitted on");
        let judged = |verdict: Verdict| verdict.because("better").because(&held_out);
        assert_eq!(judged(Verdict::promote()).reason, format!("better; {held_out}"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let unseen = "the model was neither fitted on nor selected by any of 1 held-out rows";
        check_text(&["x"], used(&["a"], true), used(&[], true), unseen);
        let unknown = "unknown whether the model has used the held-out rows:";
        check_text(
            &["x"],
            used(&["a"], false),
            used(&[], true),
            &format!("{unknown} some of the rows that it was fitted on had no keys"),
        );
        check_text(
            &["x"],
            used(&["a"], true),
            used(&[], false),
            "unknown whether the held-out rows have selected the model: rows that decided when the training stopped or which parameters it \
             had had no keys",
        );
        let text = |found: Result<HeldOut, HeldOutError>| found.expect("no overlap").to_string();
        assert_eq!(text(check(None, None)), format!("{unknown} they have no keys"));
        let keys = RowKeys::new([1]);
        assert_eq!(text(check(Some(&keys), None)), format!("{unknown} it has no record of its rows' keys"));
    }
}
