//! Ready-made expectations of a data frame, as the result of an asset check.
//!
//! Each method adds one expectation and whether it holds; none fails early, so that a check says everything that is wrong at once.

use std::collections::HashSet;
use std::ops::{Bound, RangeBounds};

use millwork_core::{CheckResult, Table};
use polars::prelude::{AnyValue, Column, DataFrame, DataType};

/// What is expected of a data frame: its columns, nulls, keys, ranges and number of rows.
///
/// A column that isn't there fails what is expected of it. Rows are counted from 1.
///
/// ```
/// use millwork_polars::FrameCheck;
/// use polars::df;
///
/// let sales = df!("id" => [1_i64, 2, 2], "price" => [Some(3.5), Some(-1.0), None])?;
/// let result = FrameCheck::of(&sales).unique(["id"]).between("price", 0.0..).rows(1..).result();
/// assert_eq!(
///     result.description,
///     "`id` is unique: 1 of 3 rows repeats another one, such as row 3: 2; \
///      `price` is at least 0: 1 of 3 rows isn't, such as row 2: -1"
/// );
/// # Ok::<(), polars::prelude::PolarsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameCheck<'a> {
    frame: &'a DataFrame,
    expectations: Vec<Expectation>,
}

/// An expectation in words, and why it doesn't hold.
#[derive(Clone, Debug)]
struct Expectation {
    text: String,
    /// `None` if it holds.
    problem: Option<String>,
}

impl<'a> FrameCheck<'a> {
    /// A check of a frame, of which nothing is expected yet.
    pub fn of(frame: &'a DataFrame) -> Self {
        Self { frame, expectations: Vec::new() }
    }

    /// The frame has these columns, of these types. It may have others.
    #[must_use]
    pub fn columns<N: AsRef<str>>(mut self, columns: impl IntoIterator<Item = (N, DataType)>) -> Self {
        for (name, data_type) in columns {
            let problem = match self.column(name.as_ref()) {
                Ok(column) if *column.dtype() == data_type => None,
                Ok(column) => Some(format!("it is of type {}", column.dtype())),
                Err(missing) => Some(missing),
            };
            self.expect(format!("`{}` is of type {data_type}", name.as_ref()), problem);
        }
        self
    }

    /// The frame has no columns but these.
    #[must_use]
    pub fn only_columns<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<N> = names.into_iter().collect();
        let is_named = |column: &&Column| names.iter().any(|name| name.as_ref() == column.name().as_str());
        let others = self.frame.columns().iter().filter(|column| !is_named(column));
        let others: Vec<String> = others.map(|column| format!("`{}`", column.name())).collect();
        let problem = (!others.is_empty()).then(|| format!("there is {} as well", others.join(", ")));
        self.expect(format!("no column but {}", quoted(&names)), problem);
        self
    }

    /// None of these columns has a null. NaN is none: [`between`](Self::between) finds it.
    #[must_use]
    pub fn no_nulls<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        for name in names {
            let problem = self.column(name.as_ref()).map_or_else(Some, |column| {
                let is_null = column.is_null();
                let rows = is_null.iter().enumerate().filter(|(_, is_null)| *is_null == Some(true));
                exceptions(rows.map(|(row, _)| (row, String::new())), column.len(), "is null", "are null")
            });
            self.expect(format!("`{}` has no nulls", name.as_ref()), problem);
        }
        self
    }

    /// No two rows are the same in these columns. Null is a value like any other.
    #[must_use]
    #[expect(clippy::mutable_key_type, reason = "the hash of a category is that of its number")]
    pub fn unique<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<N> = names.into_iter().collect();
        let columns: Result<Vec<&Column>, String> =
            names.iter().map(|name| self.column(name.as_ref())).collect();
        let problem = columns.map_or_else(Some, |columns| {
            let mut seen: HashSet<Vec<AnyValue<'_>>> = HashSet::with_capacity(self.frame.height());
            let row = |row: usize| columns.iter().map(|column| value(column, row)).collect::<Vec<_>>();
            let rows = (0..self.frame.height()).filter_map(|place| {
                let values = row(place);
                let text = values.iter().map(in_words).collect::<Vec<_>>().join(", ");
                (!seen.insert(values)).then_some((place, text))
            });
            exceptions(rows, self.frame.height(), "repeats another one", "repeat others")
        });
        let together = if names.len() > 1 { " together" } else { "" };
        let verb = if names.len() > 1 { "are" } else { "is" };
        self.expect(format!("{} {verb} unique{together}", quoted(&names)), problem);
        self
    }

    /// The numbers of a column are in a range. NaN is in none; nulls aren't looked at. Whole numbers beyond 2^53 are rounded.
    #[must_use]
    pub fn between(mut self, name: &str, range: impl RangeBounds<f64>) -> Self {
        let problem = self.column(name).and_then(numbers).map_or_else(Some, |numbers| {
            let outside = |number: &f64| number.is_nan() || !range.contains(number);
            let rows = numbers
                .iter()
                .enumerate()
                .filter_map(|(row, number)| number.filter(outside).map(|number| (row, number.to_string())));
            exceptions(rows, numbers.len(), "isn't", "aren't")
        });
        self.expect(format!("`{name}` is {}", range_in_words(&range, "any number")), problem);
        self
    }

    /// A column has no values but these, as texts. Nulls aren't looked at.
    #[must_use]
    pub fn one_of<T: AsRef<str>>(mut self, name: &str, texts: impl IntoIterator<Item = T>) -> Self {
        let texts: Vec<T> = texts.into_iter().collect();
        let allowed: HashSet<&str> = texts.iter().map(AsRef::as_ref).collect();
        let problem = self.column(name).map_or_else(Some, |column| {
            let rows = (0..column.len()).filter_map(|row| {
                let value = value(column, row);
                let text = (!value.is_null()).then(|| in_words(&value))?;
                (!allowed.contains(&*text)).then_some((row, text))
            });
            exceptions(rows, column.len(), "isn't", "aren't")
        });
        self.expect(format!("`{name}` is one of {}", quoted(&texts)), problem);
        self
    }

    /// The number of rows is in a range.
    #[must_use]
    pub fn rows(mut self, range: impl RangeBounds<usize>) -> Self {
        let height = self.frame.height();
        let problem = (!range.contains(&height)).then(|| format!("there are {height}"));
        self.expect(format!("the number of rows is {}", range_in_words(&range, "any")), problem);
        self
    }

    /// The number of rows differs from the median of some others by at most a share of it: those of the materialization before, of the
    /// last ones, or of other partitions. 0.5 is 50 %. Without others, any number is right.
    #[must_use]
    pub fn rows_near(mut self, others: impl IntoIterator<Item = usize>, share: f64) -> Self {
        let height = self.frame.height();
        let mut others: Vec<usize> = others.into_iter().collect();
        others.sort_unstable();
        let Some(median) = median(&others) else {
            self.expect("the number of rows is near others, of which there are none".to_owned(), None);
            return self;
        };
        let distance = (height as f64 - median).abs();
        // A share that is NaN allows nothing.
        let is_near = distance <= share * median;
        let problem = (!is_near).then(|| format!("there are {height}"));
        self.expect(format!("the number of rows is within {} % of {median}", share * 100.0), problem);
        self
    }

    /// The result: it passes if all that is expected holds. Its metadata are the number of `rows` and a table of the `expectations`.
    pub fn result(self) -> CheckResult {
        let mut table = Table::new([("expectation", "str"), ("holds", "bool"), ("found", "str")]);
        for Expectation { text, problem } in &self.expectations {
            let found = problem.clone().unwrap_or_default();
            table = table.row([text.clone().into(), problem.is_none().into(), found.into()]);
        }
        let failed = self.expectations.iter().filter_map(|Expectation { text, problem }| {
            problem.as_ref().map(|problem| format!("{text}: {problem}"))
        });
        let failed: Vec<String> = failed.collect();
        let result =
            if failed.is_empty() { CheckResult::pass() } else { CheckResult::fail(failed.join("; ")) };
        result.metadata("rows", self.frame.height()).metadata("expectations", table)
    }

    fn expect(&mut self, text: String, problem: Option<String>) {
        self.expectations.push(Expectation { text, problem });
    }

    /// A column, or that it isn't there.
    fn column(&self, name: &str) -> Result<&'a Column, String> {
        let columns = self.frame.columns();
        columns.iter().find(|column| column.name().as_str() == name).ok_or_else(|| {
            let names: Vec<&str> = columns.iter().map(|column| column.name().as_str()).collect();
            match names.is_empty() {
                true => format!("there is no column `{name}`, and no other"),
                false => format!("there is no column `{name}`, but {}", quoted(&names)),
            }
        })
    }
}

fn value(column: &Column, row: usize) -> AnyValue<'_> {
    column.get(row).expect("the row is one of the column's")
}

/// A value as text, without the quotes that Polars writes.
fn in_words(value: &AnyValue<'_>) -> String {
    value.get_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The numbers of a column, or that it has none.
fn numbers(column: &Column) -> Result<Vec<Option<f64>>, String> {
    let of_type = || format!("it is of type {}, and has no numbers", column.dtype());
    if !column.dtype().is_primitive_numeric() {
        return Err(of_type());
    }
    let column = column.cast(&DataType::Float64).map_err(|_| of_type())?;
    Ok(column.f64().map_err(|_| of_type())?.iter().collect())
}

/// How many rows don't hold, with the first one; `None` if all do. The verbs are for one row and for several.
fn exceptions(
    mut rows: impl Iterator<Item = (usize, String)>,
    of: usize,
    one: &str,
    several: &str,
) -> Option<String> {
    let (first, text) = rows.next()?;
    let count = 1 + rows.count();
    let verb = if count == 1 { one } else { several };
    let text = if text.is_empty() { text } else { format!(": {text}") };
    Some(format!("{count} of {of} rows {verb}, such as row {}{text}", first + 1))
}

fn quoted<T: AsRef<str>>(texts: &[T]) -> String {
    texts.iter().map(|text| format!("`{}`", text.as_ref())).collect::<Vec<_>>().join(", ")
}

fn range_in_words<T: std::fmt::Display>(range: &impl RangeBounds<T>, unbounded: &str) -> String {
    let from = match range.start_bound() {
        Bound::Included(from) => Some(format!("at least {from}")),
        Bound::Excluded(from) => Some(format!("more than {from}")),
        Bound::Unbounded => None,
    };
    let to = match range.end_bound() {
        Bound::Included(to) => Some(format!("at most {to}")),
        Bound::Excluded(to) => Some(format!("less than {to}")),
        Bound::Unbounded => None,
    };
    let bounds: Vec<String> = from.into_iter().chain(to).collect();
    if bounds.is_empty() { unbounded.to_owned() } else { bounds.join(" and ") }
}

/// The median of ascending numbers; `None` of none.
fn median(numbers: &[usize]) -> Option<f64> {
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)? as f64;
    Some(match numbers.len() % 2 {
        0 => f64::midpoint(numbers[middle - 1] as f64, upper),
        _ => upper,
    })
}
