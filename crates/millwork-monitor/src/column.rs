//! Columns in memory: long runs of equal values, and texts of which many are equal.

use std::collections::HashMap;

/// A column that has the same value in many rows in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runs<V> {
    /// Each value, with the number of its rows.
    runs: Vec<(V, usize)>,
}

impl<V: Copy + PartialEq> Runs<V> {
    pub(crate) fn new() -> Self {
        Self { runs: Vec::new() }
    }

    pub(crate) fn repeated(value: V, rows: usize) -> Self {
        let mut runs = Self::new();
        runs.push(value, rows);
        runs
    }

    pub(crate) fn push(&mut self, value: V, rows: usize) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == value => *count += rows,
            _ if rows > 0 => self.runs.push((value, rows)),
            _ => {}
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        other.runs.iter().for_each(|&(value, rows)| self.push(value, rows));
    }

    /// The value of each row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = V> + '_ {
        self.runs.iter().flat_map(|&(value, rows)| std::iter::repeat_n(value, rows))
    }

    /// The runs with another value.
    pub(crate) fn try_map<W: Copy + PartialEq, E>(
        &self,
        mut map: impl FnMut(V) -> Result<W, E>,
    ) -> Result<Runs<W>, E> {
        let mut mapped = Runs::new();
        for &(value, rows) in &self.runs {
            mapped.push(map(value)?, rows);
        }
        Ok(mapped)
    }

    /// The values by row, for access in any order.
    pub(crate) fn expanded(&self) -> Expanded<V> {
        match &*self.runs {
            [(value, _)] => Expanded::Equal(*value),
            _ => Expanded::Each(self.iter().collect()),
        }
    }

    /// The values, each once for a run of rows.
    pub(crate) fn values(&self) -> impl Iterator<Item = V> + '_ {
        self.runs.iter().map(|&(value, _)| value)
    }
}

impl<V: Copy + PartialEq> FromIterator<V> for Runs<V> {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let mut runs = Self::new();
        values.into_iter().for_each(|value| runs.push(value, 1));
        runs
    }
}

/// A column by row.
pub(crate) enum Expanded<V> {
    Equal(V),
    Each(Vec<V>),
}

impl<V: Copy> Expanded<V> {
    pub(crate) fn get(&self, row: usize) -> V {
        match self {
            Self::Equal(value) => *value,
            Self::Each(values) => values[row],
        }
    }
}

/// A column of texts, as numbers of the different ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// The different texts, in the order of their first rows.
    names: Vec<String>,
    codes: Vec<u32>,
}

impl Texts {
    /// An empty text in each row.
    pub(crate) fn empty(rows: usize) -> Self {
        Self { names: vec![String::new()], codes: vec![0; rows] }
    }

    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// The text of each row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(|&code| self.names[code as usize].as_str())
    }

    /// The different texts, in the order of their first rows.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The position of a row's text in [`names`](Self::names).
    pub(crate) fn code(&self, row: usize) -> u32 {
        self.codes[row]
    }

    pub(crate) fn append(&mut self, other: &Self) {
        let all: Self = self.iter().chain(other.iter()).collect();
        *self = all;
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut column = Self::default();
        for text in texts {
            let text = text.as_ref();
            let code = known.get(text).copied().unwrap_or_else(|| {
                let code = column.names.len() as u32;
                column.names.push(text.to_owned());
                known.insert(text.to_owned(), code);
                code
            });
            column.codes.push(code);
        }
        column
    }
}
