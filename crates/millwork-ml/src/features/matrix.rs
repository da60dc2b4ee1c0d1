//! A sparse matrix of features in compressed rows.

use millwork_boost::data::Matrix;

use crate::features::{ColumnNames, FeaturesError};

/// The widest matrix: every column has a `u32` index.
const MAX_COLUMNS: u64 = 1 << 32;

/// A sparse matrix: one row per example, one column per feature.
///
/// Rows are compressed (CSR): row `i` holds the entries from `row_offsets[i]` to `row_offsets[i + 1]`, each a column
/// index and a finite value, in strictly ascending order of columns. An absent entry is *missing*, in training and in
/// prediction alike; a stored zero is a value. The [module docs](crate::features) say why it matters.
///
/// Columns may have names. Where two matrices both have them, they are the same features only if the names agree.
///
/// ```
/// use millwork_ml::features::Features;
///
/// // 1.0  .   2.0
/// //  .   .    .
/// let features = Features::new(3, vec![0, 2, 2], vec![0, 2], vec![1.0, 2.0])?;
/// assert_eq!((features.rows(), features.columns(), features.entries()), (2, 3, 2));
/// assert_eq!(features.row(0), Some((&[0, 2][..], &[1.0, 2.0][..])));
/// # Ok::<(), millwork_ml::features::FeaturesError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    columns: usize,
    row_offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
    names: Option<ColumnNames>,
    /// Whether each column's values are numbers of categories; empty if no column's are.
    categorical: Vec<bool>,
}

/// Categories are numbered below this, as XGBoost's are.
const MOST_CATEGORIES: f64 = 16_777_216.0;

impl Features {
    /// A matrix of `row_offsets.len() - 1` rows × `columns` from its compressed rows; `indices` and `values` have one
    /// element per entry.
    ///
    /// # Errors
    ///
    /// When the arrays contradict each other, an index lies outside the matrix or out of order, or a value is not
    /// finite.
    pub fn new(
        columns: usize,
        row_offsets: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Result<Self, FeaturesError> {
        Self::check_width(columns)?;
        if indices.len() != values.len() {
            return Err(FeaturesError::EntryCount { indices: indices.len(), values: values.len() });
        }
        check_row_offsets(&row_offsets, values.len())?;
        let features = Self { columns, row_offsets, indices, values, names: None, categorical: Vec::new() };
        for (row, (indices, values)) in features.iter().enumerate() {
            check_row(row, columns, indices, values)?;
        }
        Ok(features)
    }

    pub(super) fn check_width(columns: usize) -> Result<(), FeaturesError> {
        if columns as u64 > MAX_COLUMNS { Err(FeaturesError::TooManyColumns { columns }) } else { Ok(()) }
    }

    /// A matrix that is known to be valid, because it was computed by this crate.
    pub(crate) fn from_valid(
        columns: usize,
        row_offsets: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Self {
        debug_assert!(Self::new(columns, row_offsets.clone(), indices.clone(), values.clone()).is_ok());
        Self { columns, row_offsets, indices, values, names: None, categorical: Vec::new() }
    }

    /// The same matrix with names for its columns, in place of those that it had.
    ///
    /// ```
    /// use millwork_ml::features::{ColumnNames, Features};
    ///
    /// let features = Features::from_dense(2, &[8.0, 1.0])?.with_names(ColumnNames::new(["hour", "weekday"])?)?;
    /// assert_eq!(features.names().and_then(|names| names.get(0)), Some("hour"));
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there are not as many names as columns.
    pub fn with_names(mut self, names: ColumnNames) -> Result<Self, FeaturesError> {
        if names.len() != self.columns {
            return Err(FeaturesError::NameCount { names: names.len(), columns: self.columns });
        }
        self.names = Some(names);
        Ok(self)
    }

    /// The names of the columns, if they have any.
    pub fn names(&self) -> Option<&ColumnNames> {
        self.names.as_ref()
    }

    /// The same matrix, whose values in the given columns are numbers of categories, from 0 on: boosting asks which
    /// categories go left, and never whether one is smaller than another. An absent entry is still missing.
    ///
    /// ```
    /// use millwork_ml::features::Features;
    ///
    /// let features = Features::from_dense(2, &[3.0, 0.5, 0.0, 0.25])?.with_categories(&[0])?;
    /// assert_eq!(features.categorical(), [true, false]);
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such column, or one of its values is no whole number from 0 on and below 2²⁴.
    pub fn with_categories(mut self, columns: &[u32]) -> Result<Self, FeaturesError> {
        let mut categorical = vec![false; if columns.is_empty() { 0 } else { self.columns }];
        for &column in columns {
            let place = categorical.get_mut(column as usize);
            *place.ok_or(FeaturesError::NoSuchColumn { column, columns: self.columns })? = true;
        }
        self.categorical = categorical;
        self.check_categories()?;
        Ok(self)
    }

    fn check_categories(&self) -> Result<(), FeaturesError> {
        if self.categorical.is_empty() {
            return Ok(());
        }
        for (row, (indices, values)) in self.iter().enumerate() {
            for (&column, &value) in indices.iter().zip(values) {
                let is_category = (0.0..MOST_CATEGORIES).contains(&value) && value.fract() == 0.0;
                if self.categorical[column as usize] && !is_category {
                    return Err(FeaturesError::NotACategory { row, column, value });
                }
            }
        }
        Ok(())
    }

    /// Whether the values of each column are numbers of categories; empty if those of no column are.
    pub fn categorical(&self) -> &[bool] {
        &self.categorical
    }

    /// The matrix as boosting takes it.
    pub(crate) fn as_matrix(&self) -> Matrix<'_> {
        Matrix {
            columns: self.columns,
            row_offsets: &self.row_offsets,
            indices: &self.indices,
            values: &self.values,
            categorical: &self.categorical,
        }
    }

    /// Whether this matrix has the columns of `other`, for example of what a model was trained on: as many, and by the
    /// same names in the same order where both have names.
    ///
    /// # Errors
    ///
    /// With the first column that differs.
    pub fn check_columns_of(&self, other: &Self) -> Result<(), FeaturesError> {
        self.check_columns(other.columns, other.names())
    }

    /// As [`check_columns_of`](Self::check_columns_of), for a model that remembers its columns and not the matrix.
    ///
    /// # Errors
    ///
    /// With the first column that differs.
    pub fn check_columns(&self, columns: usize, names: Option<&ColumnNames>) -> Result<(), FeaturesError> {
        if self.columns != columns {
            return Err(FeaturesError::OtherColumnCount { found: self.columns, expected: columns });
        }
        let (Some(found), Some(expected)) = (self.names(), names) else { return Ok(()) };
        if found == expected {
            return Ok(());
        }
        let differing =
            found.iter().zip(expected.iter()).enumerate().find(|(_, (found, expected))| found != expected);
        match differing {
            Some((column, (found, expected))) => Err(FeaturesError::OtherColumn {
                column,
                found: found.to_owned(),
                expected: expected.to_owned(),
            }),
            None => Err(FeaturesError::OtherColumnCount { found: found.len(), expected: expected.len() }),
        }
    }

    /// The number of rows (examples).
    pub fn rows(&self) -> usize {
        self.row_offsets.len() - 1
    }

    /// The number of columns (features).
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of entries that are present.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// Where each row's entries start, and where the last row's end: `rows() + 1` offsets.
    pub fn row_offsets(&self) -> &[usize] {
        &self.row_offsets
    }

    /// The column of each entry, row after row.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The value of each entry, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The columns and values of one row, or `None` past the last.
    pub fn row(&self, row: usize) -> Option<(&[u32], &[f64])> {
        let entries = *self.row_offsets.get(row)?..*self.row_offsets.get(row + 1)?;
        Some((&self.indices[entries.clone()], &self.values[entries]))
    }

    /// The columns and values of each row, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], &[f64])> {
        self.row_offsets
            .windows(2)
            .map(|ends| (&self.indices[ends[0]..ends[1]], &self.values[ends[0]..ends[1]]))
    }

    /// A matrix of the given rows, in the given order (`selection.len()` rows × the same columns and names).
    ///
    /// # Errors
    ///
    /// When a row is selected that the matrix does not have.
    pub fn select(&self, selection: &[usize]) -> Result<Self, FeaturesError> {
        let mut selected = Self {
            columns: self.columns,
            row_offsets: vec![0],
            indices: Vec::new(),
            values: Vec::new(),
            names: self.names.clone(),
            categorical: self.categorical.clone(),
        };
        for &row in selection {
            let (indices, values) =
                self.row(row).ok_or(FeaturesError::RowOutOfRange { row, rows: self.rows() })?;
            selected.indices.extend_from_slice(indices);
            selected.values.extend_from_slice(values);
            selected.row_offsets.push(selected.values.len());
        }
        Ok(selected)
    }
}

fn check_row_offsets(row_offsets: &[usize], entries: usize) -> Result<(), FeaturesError> {
    let partitions =
        row_offsets.first() == Some(&0) && row_offsets.last() == Some(&entries) && row_offsets.is_sorted();
    if partitions { Ok(()) } else { Err(FeaturesError::RowOffsets { entries }) }
}

fn check_row(row: usize, columns: usize, indices: &[u32], values: &[f64]) -> Result<(), FeaturesError> {
    if !indices.is_sorted_by(|left, right| left < right) {
        return Err(FeaturesError::ColumnOrder { row });
    }
    if let Some(&column) = indices.last()
        && column as usize >= columns
    {
        return Err(FeaturesError::ColumnOutOfRange { row, column, columns });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(entry) => Err(FeaturesError::ValueNotFinite { row, column: indices[entry] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Advice as _;

    use super::*;

    fn check(row_offsets: &[usize], indices: &[u32], values: &[f64], expected: &Result<(), FeaturesError>) {
        let built = Features::new(3, row_offsets.to_vec(), indices.to_vec(), values.to_vec());
        assert_eq!(built.map(|_| ()), *expected, "{row_offsets:?} {indices:?} {values:?}");
    }

    #[test]
    fn only_consistent_arrays_form_a_matrix() {
        use FeaturesError::*;
        check(&[0], &[], &[], &Ok(()));
        check(&[0, 0, 0], &[], &[], &Ok(()));
        check(&[0, 2, 3], &[0, 2, 1], &[1.0, 0.0, -1.0], &Ok(()));
        check(&[], &[], &[], &Err(RowOffsets { entries: 0 }));
        check(&[1, 1], &[0], &[1.0], &Err(RowOffsets { entries: 1 }));
        check(&[0, 2, 1], &[0], &[1.0], &Err(RowOffsets { entries: 1 }));
        check(&[0, 9, 1], &[0], &[1.0], &Err(RowOffsets { entries: 1 }));
        check(&[0, 1], &[0], &[], &Err(EntryCount { indices: 1, values: 0 }));
        check(&[0, 2], &[1, 1], &[1.0, 1.0], &Err(ColumnOrder { row: 0 }));
        check(&[0, 0, 2], &[1, 0], &[1.0, 1.0], &Err(ColumnOrder { row: 1 }));
        check(&[0, 1], &[3], &[1.0], &Err(ColumnOutOfRange { row: 0, column: 3, columns: 3 }));
        check(&[0, 1], &[2], &[f64::NAN], &Err(ValueNotFinite { row: 0, column: 2 }));
        check(&[0, 1], &[2], &[f64::INFINITY], &Err(ValueNotFinite { row: 0, column: 2 }));
    }

    fn named(names: &[&str]) -> Features {
        let names = ColumnNames::new(names).expect("different names");
        Features::new(names.len(), vec![0], vec![], vec![])
            .and_then(|features| features.with_names(names))
            .expect("names")
    }

    #[test]
    fn columns_are_compared_by_name_where_both_have_names() {
        let bare = Features::new(2, vec![0], vec![], vec![]).expect("no rows");
        let check = |found: &Features, expected: &Features, outcome: Result<(), &str>| {
            let compared = found.check_columns_of(expected).map_err(|error| error.one_line());
            assert_eq!(compared.as_ref().map_err(String::as_str).copied(), outcome);
        };
        check(&named(&["a", "b"]), &named(&["a", "b"]), Ok(()));
        check(&bare, &named(&["a", "b"]), Ok(()));
        check(&named(&["a", "b"]), &bare, Ok(()));
        check(
            &named(&["a", "c"]),
            &named(&["a", "b"]),
            Err(
                "column 1 is `c`, and `b` is expected there; hint: make the features as for training, by the same fitted encoders",
            ),
        );
        check(
            &named(&["a"]),
            &named(&["a", "b"]),
            Err(
                "there are 1 columns, and 2 are expected; hint: make the features as for training, by the same fitted encoders",
            ),
        );
        let names = ColumnNames::new(["a"]).expect("a name");
        assert_eq!(bare.with_names(names), Err(FeaturesError::NameCount { names: 1, columns: 2 }));
    }

    #[test]
    fn categories_are_whole_numbers_from_0_on() {
        let check = |value: f64, columns: &[u32], expected: Result<&[bool], FeaturesError>| {
            let features = Features::new(2, vec![0, 1, 2], vec![0, 1], vec![value, -0.5]).expect("a matrix");
            let found = features.with_categories(columns).map(|features| features.categorical().to_vec());
            assert_eq!(found, expected.map(<[bool]>::to_vec), "{value} in {columns:?}");
        };
        check(3.0, &[0], Ok(&[true, false]));
        check(3.0, &[], Ok(&[]));
        for value in [-1.0, 0.5, 16_777_216.0] {
            check(value, &[0], Err(FeaturesError::NotACategory { row: 0, column: 0, value }));
        }
        check(3.0, &[1], Err(FeaturesError::NotACategory { row: 1, column: 1, value: -0.5 }));
        check(3.0, &[2], Err(FeaturesError::NoSuchColumn { column: 2, columns: 2 }));
    }

    #[test]
    fn rows_are_selected_in_the_given_order() {
        let features =
            Features::new(3, vec![0, 2, 2, 3], vec![0, 2, 1], vec![1.0, 2.0, 3.0]).expect("a valid matrix");
        let selected = features.select(&[2, 0, 2]).expect("rows in range");
        assert_eq!(selected.row_offsets(), [0, 1, 3, 4]);
        assert_eq!(selected.indices(), [1, 0, 2, 1]);
        assert_eq!(selected.values(), [3.0, 1.0, 2.0, 3.0]);
        assert_eq!(features.select(&[3]), Err(FeaturesError::RowOutOfRange { row: 3, rows: 3 }));
    }
}
