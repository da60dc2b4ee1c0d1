//! Features as dense arrays.

use linfa::Dataset;
use millwork_ml::features::{Features, LabelledFeatures};
use ndarray::{Array1, Array2, Ix1};

use crate::AdapterError;

/// What an absent entry becomes in a dense array, which has a number everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Zero: for words, categories and other counts, of which an absent one is none.
    Zero,
    /// An error: for measurements, of which an absent one is not known.
    Error,
}

/// How features become dense arrays.
///
/// ```
/// use linfa::traits::{Fit, Predict};
/// use linfa_elasticnet::ElasticNet;
/// use millwork_linfa::{Absent, Dense};
/// use millwork_ml::features::{Features, LabelledFeatures};
///
/// let features = Features::from_dense(1, &[1.0, 2.0, 3.0])?;
/// let train = LabelledFeatures::new(features, vec![10.0, 20.0, 30.0])?;
///
/// let dense = Dense::new(Absent::Error);
/// let model = ElasticNet::params().penalty(0.1).fit(&dense.dataset(&train)?)?;
/// let predictions = model.predict(&dense.records(train.features())?);
/// assert!(predictions[2] > predictions[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    absent: Absent,
    most_numbers: usize,
}

impl Dense {
    /// Arrays of up to 50 million numbers (400 MB).
    pub fn new(absent: Absent) -> Self {
        Self { absent, most_numbers: 50_000_000 }
    }

    /// Limits arrays to this number of entries, of eight bytes each.
    #[must_use]
    pub fn most_numbers(self, most_numbers: usize) -> Self {
        Self { most_numbers, ..self }
    }

    /// Features as an array (rows × columns).
    ///
    /// # Errors
    ///
    /// When the array would be too large, or an entry is absent that may not be.
    pub fn records(&self, features: &Features) -> Result<Array2<f64>, AdapterError> {
        let (rows, columns) = (features.rows(), features.columns());
        if rows.checked_mul(columns).is_none_or(|numbers| numbers > self.most_numbers) {
            return Err(AdapterError::TooLarge { rows, columns, most: self.most_numbers });
        }
        let mut records = Array2::zeros((rows, columns));
        for (row, (indices, values)) in features.iter().enumerate() {
            if self.absent == Absent::Error && indices.len() < columns {
                let gap = indices.iter().zip(0..).position(|(&index, column)| index != column);
                return Err(AdapterError::Absent { row, column: gap.unwrap_or(indices.len()) });
            }
            indices.iter().zip(values).for_each(|(&column, &value)| records[[row, column as usize]] = value);
        }
        Ok(records)
    }

    /// Features and targets as a data set of `linfa`, with weights and the names of the columns where there are any. Not
    /// every model of `linfa` minds weights: its elastic net and its k-means don't.
    ///
    /// # Errors
    ///
    /// As [`records`](Self::records).
    pub fn dataset(&self, data: &LabelledFeatures) -> Result<Dataset<f64, f64, Ix1>, AdapterError> {
        let mut dataset = Dataset::new(self.records(data.features())?, Array1::from(data.targets().to_vec()));
        if let Some(weights) = data.weights() {
            dataset = dataset.with_weights(weights.iter().map(|&weight| weight as f32).collect());
        }
        if let Some(names) = data.features().names() {
            dataset = dataset.with_feature_names(names.iter().collect());
        }
        Ok(dataset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dense: Dense, rows: &[f64], expected: &Result<&[f64], AdapterError>) {
        let features = Features::from_dense(2, rows).expect("a matrix");
        let records = dense.records(&features);
        assert_eq!(
            records.as_ref().map(|records| records.as_slice().expect("rows")),
            expected.as_ref().map(|rows| *rows)
        );
    }

    #[test]
    fn absent_entries_are_zeros_or_errors() {
        let (zero, error) = (Dense::new(Absent::Zero), Dense::new(Absent::Error));
        check(zero, &[1.0, f64::NAN, 0.0, 2.0], &Ok(&[1.0, 0.0, 0.0, 2.0]));
        check(error, &[1.0, 0.0], &Ok(&[1.0, 0.0]));
        check(error, &[1.0, 3.0, f64::NAN, 2.0], &Err(AdapterError::Absent { row: 1, column: 0 }));
        check(error, &[1.0, f64::NAN], &Err(AdapterError::Absent { row: 0, column: 1 }));
        check(zero.most_numbers(3), &[1.0; 4], &Err(AdapterError::TooLarge { rows: 2, columns: 2, most: 3 }));
    }
}
