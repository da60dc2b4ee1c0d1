//! Dense data as a matrix of features: "not a number" is a missing entry, zero is a value.

use crate::features::{Features, FeaturesError};

impl Features {
    /// A matrix of `values.len() / columns` rows × `columns` from its values, row after row; NaN is missing.
    ///
    /// ```
    /// use millwork_ml::features::Features;
    ///
    /// let features = Features::from_dense(2, &[0.0, 1.5, f64::NAN, 2.5])?;
    /// assert_eq!((features.rows(), features.entries()), (2, 3));
    /// assert_eq!(features.row(0), Some((&[0, 1][..], &[0.0, 1.5][..])));
    /// assert_eq!(features.row(1), Some((&[1][..], &[2.5][..])));
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the values do not fill the rows, a value is infinite, or there are more than 2³² columns. Values without
    /// columns do not; no values are no rows.
    pub fn from_dense(columns: usize, values: &[f64]) -> Result<Self, FeaturesError> {
        let rows = values.len().checked_div(columns).unwrap_or(0);
        if rows * columns != values.len() {
            return Err(FeaturesError::DenseLength { values: values.len(), columns });
        }
        Self::from_cells(rows, columns, |row, column| values[row * columns + column])
    }

    /// A matrix whose columns are these lists of values, one per row; NaN is missing.
    ///
    /// ```
    /// use millwork_ml::features::Features;
    ///
    /// let features = Features::from_columns(&[[0.0, f64::NAN], [1.5, 2.5]])?;
    /// assert_eq!(features, Features::from_dense(2, &[0.0, 1.5, f64::NAN, 2.5])?);
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the columns are of different lengths, a value is infinite, or there are more than 2³² columns.
    pub fn from_columns(columns: &[impl AsRef<[f64]>]) -> Result<Self, FeaturesError> {
        let rows = columns.first().map_or(0, |column| column.as_ref().len());
        for (column, values) in columns.iter().enumerate() {
            let values = values.as_ref().len();
            if values != rows {
                return Err(FeaturesError::ColumnLength { column, values, rows });
            }
        }
        Self::from_cells(rows, columns.len(), |row, column| columns[column].as_ref()[row])
    }

    fn from_cells(
        rows: usize,
        columns: usize,
        cell: impl Fn(usize, usize) -> f64,
    ) -> Result<Self, FeaturesError> {
        let mut row_offsets = Vec::with_capacity(rows + 1);
        row_offsets.push(0);
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        indices.reserve(rows * columns);
        values.reserve(rows * columns);
        for row in 0..rows {
            let present = (0..columns).map(|column| (column, cell(row, column)));
            for (column, value) in present.filter(|(_, value)| !value.is_nan()) {
                indices.push(column as u32);
                values.push(value);
            }
            row_offsets.push(values.len());
        }
        Self::new(columns, row_offsets, indices, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_values_fill_rows() {
        let check = |columns: usize, values: &[f64], expected: Result<(usize, usize), FeaturesError>| {
            let built = Features::from_dense(columns, values);
            assert_eq!(built.map(|built| (built.rows(), built.entries())), expected, "{values:?}");
        };
        check(0, &[], Ok((0, 0)));
        check(3, &[], Ok((0, 0)));
        check(1, &[f64::NAN, -0.0], Ok((2, 1)));
        check(0, &[1.0], Err(FeaturesError::DenseLength { values: 1, columns: 0 }));
        check(2, &[1.0, 2.0, 3.0], Err(FeaturesError::DenseLength { values: 3, columns: 2 }));
        check(2, &[1.0, f64::INFINITY], Err(FeaturesError::ValueNotFinite { row: 0, column: 1 }));
    }

    #[test]
    fn columns_are_of_one_length() {
        let check = |columns: &[&[f64]], expected: Result<(usize, usize, usize), FeaturesError>| {
            let built = Features::from_columns(columns);
            let shape = built.map(|built| (built.rows(), built.columns(), built.entries()));
            assert_eq!(shape, expected, "{columns:?}");
        };
        check(&[], Ok((0, 0, 0)));
        check(&[&[]], Ok((0, 1, 0)));
        check(&[&[1.0, f64::NAN], &[f64::NAN, f64::NAN]], Ok((2, 2, 1)));
        check(&[&[1.0], &[1.0, 2.0]], Err(FeaturesError::ColumnLength { column: 1, values: 2, rows: 1 }));
    }
}
