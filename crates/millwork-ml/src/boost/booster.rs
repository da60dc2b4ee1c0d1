//! A trained model: it predicts, and explains what it predicts by.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::boost::columns::label;
use crate::boost::model::Model;
use crate::boost::{BoostError, BoosterParams, Contributions, Importance, Predictions, Training};
use crate::features::{ColumnNames, Features, LabelledFeatures, RowKeys};
use crate::held_out::{self, HeldOut, HeldOutError, UsedRows};
use crate::optimization::warn_if_unoptimized;

/// A trained model: gradient-boosted trees.
///
/// ```
/// use millwork_ml::boost::{Booster, BoosterParams, Importance};
/// use millwork_ml::features::{Features, LabelledFeatures};
///
/// // Column 1 is present in every other row, and there the target is high.
/// let features = Features::new(2, (0..=8).map(|row| row / 2).collect(), vec![1; 4], vec![1.0; 4])?;
/// let targets = (0..8).map(|row| if row % 2 == 1 { 10.0 } else { 2.0 }).collect();
/// let train = LabelledFeatures::new(features, targets)?;
///
/// let booster = Booster::train(&BoosterParams::default(), 50, &train)?;
/// let predictions = booster.predict(train.features())?;
/// assert!((predictions[1] - 10.0).abs() < 0.1);
/// assert_eq!(booster.importance(Importance::Weight).keys().collect::<Vec<_>>(), [&1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Booster {
    model: Model,
}

impl Booster {
    /// Trains for `rounds` rounds, one tree each, on the features and targets of `data`.
    ///
    /// # Errors
    ///
    /// As [`Training::run`].
    pub fn train(params: &BoosterParams, rounds: usize, data: &LabelledFeatures) -> Result<Self, BoostError> {
        Ok(Training::new(params, rounds, data).run()?.booster)
    }

    pub(super) fn from_model(model: Model) -> Self {
        Self { model }
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    /// The names of the columns that it was trained on, if it knows them.
    pub(crate) fn column_names(&self) -> Option<&ColumnNames> {
        self.model.names()
    }

    /// What the model predicts for each row: the target in its unit, a probability, or as the objective defines it;
    /// empty for a matrix without rows.
    ///
    /// # Errors
    ///
    /// When the features have not as many columns as the model was trained on, a value does not fit `f32`, or the model
    /// predicts several numbers per row.
    pub fn predict(&self, features: &Features) -> Result<Vec<f32>, BoostError> {
        self.one_output(self.model.width())?;
        self.model.predictions(self.margins(features)?)
    }

    /// What the model predicts for each row, however many numbers that is: a probability per class, or a value per
    /// quantile.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict), but for any number of outputs.
    pub fn predict_outputs(&self, features: &Features) -> Result<Predictions, BoostError> {
        let predictions = self.model.predictions(self.margins(features)?)?;
        Ok(Predictions::new(predictions, self.model.width()))
    }

    /// The class of each row: the most probable one, the first of equals.
    ///
    /// # Errors
    ///
    /// As [`predict_outputs`](Self::predict_outputs).
    pub fn predict_class(&self, features: &Features) -> Result<Vec<usize>, BoostError> {
        let binary = |value: &f32| usize::from(*value > 0.5);
        let outputs = self.predict_outputs(features)?;
        if self.model.outputs() == 1 {
            return Ok(outputs.values().iter().map(binary).collect());
        }
        if outputs.width() == 1 {
            return Ok(outputs.values().iter().map(|&class| class as usize).collect());
        }
        Ok(outputs.rows().map(most_probable).collect())
    }

    /// The sum of the trees' leaves for each row, before the objective makes a prediction of it (rows × outputs).
    ///
    /// # Errors
    ///
    /// As [`predict_outputs`](Self::predict_outputs).
    pub fn predict_margin(&self, features: &Features) -> Result<Predictions, BoostError> {
        Ok(Predictions::new(self.margins(features)?, self.model.outputs()))
    }

    /// What the model predicts for one row, given its columns in ascending order and their values.
    ///
    /// ```
    /// # use millwork_ml::boost::{Booster, BoosterParams};
    /// # use millwork_ml::features::{Features, LabelledFeatures};
    /// # let features = Features::new(2, vec![0, 1, 2], vec![0, 1], vec![1.0, 2.0])?;
    /// # let train = LabelledFeatures::new(features, vec![3.0, 5.0])?;
    /// let booster = Booster::train(&BoosterParams::default(), 10, &train)?;
    /// let all = booster.predict(train.features())?;
    /// assert_eq!(booster.predict_row(&[1], &[2.0])?, all[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a column is not one of the model's, the columns are not ascending or have not one value each, or a value does
    /// not fit `f32`, with the first such column; or the model predicts several numbers per row.
    pub fn predict_row(&self, columns: &[u32], values: &[f64]) -> Result<f32, BoostError> {
        self.one_output(self.model.width())?;
        self.check_row(columns, values)?;
        Ok(self.model.predictions(self.model.row_margins(columns, values))?[0])
    }

    /// Checks the columns and values of a row, and reports the first column that does not fit.
    fn check_row(&self, columns: &[u32], values: &[f64]) -> Result<(), BoostError> {
        if columns.len() != values.len() {
            return Err(BoostError::RowValues { columns: columns.len(), values: values.len() });
        }
        let sorted = columns.is_sorted_by(|left, right| left < right);
        let within = columns.last().is_none_or(|last| (*last as usize) < self.columns());
        if sorted && within && values.iter().all(|value| (*value as f32).is_finite()) {
            return Ok(());
        }
        let label = |column: u32| label(column as usize, self.model.names());
        for (place, (&column, &value)) in columns.iter().zip(values).enumerate() {
            if column as usize >= self.columns() {
                return Err(BoostError::RowColumn { column, columns: self.columns() });
            }
            if place > 0 && columns[place - 1] >= column {
                return Err(BoostError::RowOrder {
                    column: label(column),
                    before: label(columns[place - 1]),
                });
            }
            if !(value as f32).is_finite() {
                let number = format!("value in column {}", label(column));
                return Err(BoostError::TooLarge { number, row: 0, value });
            }
        }
        Ok(())
    }

    /// The number of the leaf that each row comes to in each tree (rows × trees).
    ///
    /// # Errors
    ///
    /// As [`predict_outputs`](Self::predict_outputs).
    pub fn predict_leaf(&self, features: &Features) -> Result<Vec<Vec<u32>>, BoostError> {
        if !self.check(features)? {
            return Ok(Vec::new());
        }
        let leaves = self.model.leaves(features);
        Ok(leaves.chunks(self.model.trees().max(1)).map(<[u32]>::to_vec).collect())
    }

    /// How much each column moves the margins of each row: SHAP values, which add up to the margin together with the
    /// row's bias (Lundberg, Erion and Lee, "Consistent individualized feature attribution for tree ensembles", 2018).
    ///
    /// # Errors
    ///
    /// As [`predict_outputs`](Self::predict_outputs).
    pub fn contributions(&self, features: &Features) -> Result<Contributions, BoostError> {
        self.check(features)?;
        Ok(Contributions::new(self.model.contributions(features), self.model.outputs()))
    }

    fn margins(&self, features: &Features) -> Result<Vec<f32>, BoostError> {
        Ok(if self.check(features)? { self.model.margins(features) } else { Vec::new() })
    }

    /// Checks the columns and values of features, and returns whether they have rows.
    fn check(&self, features: &Features) -> Result<bool, BoostError> {
        warn_if_unoptimized();
        if features.columns() != self.columns() {
            return Err(BoostError::ColumnMismatch { features: features.columns(), model: self.columns() });
        }
        features.check_columns(self.columns(), self.model.names()).map_err(BoostError::Columns)?;
        check_values(features)?;
        Ok(features.rows() > 0)
    }

    fn one_output(&self, outputs: usize) -> Result<(), BoostError> {
        if outputs == 1 { Ok(()) } else { Err(BoostError::SeveralOutputs { outputs }) }
    }

    /// XGBoost's name of what the model learned to predict, such as `reg:squarederror`.
    pub fn objective(&self) -> &str {
        self.model.objective()
    }

    /// The number of columns that features must have.
    pub fn columns(&self) -> usize {
        self.model.columns()
    }

    /// How many numbers are predicted per row.
    pub fn outputs(&self) -> usize {
        self.model.width()
    }

    /// The number of rounds whose trees the model holds: after early stopping, those up to the best.
    pub fn rounds(&self) -> usize {
        self.model.rounds()
    }

    /// The round that early stopping found best, if the model's file has it and the model holds rounds after it: XGBoost's
    /// attribute `best_iteration`, from 0.
    ///
    /// [`predict`](Self::predict) asks all trees, as XGBoost's `Booster.predict` does. Its scikit-learn interface asks those up
    /// to the best round, as the model of [`up_to`](Self::up_to) that round and itself does. Models that were stopped early here hold no other.
    pub fn best_round(&self) -> Option<usize> {
        let attribute = self.model.kernel().labels.attributes.get("best_iteration")?;
        let round: usize = attribute.as_str()?.parse().ok()?;
        (round + 1 < self.rounds()).then_some(round)
    }

    /// The model of the first `rounds` rounds; of all, if there are fewer.
    ///
    /// ```
    /// # use millwork_ml::boost::{Booster, BoosterParams};
    /// # use millwork_ml::features::{Features, LabelledFeatures};
    /// # let features = Features::new(2, vec![0, 1, 2], vec![0, 1], vec![1.0, 2.0])?;
    /// # let train = LabelledFeatures::new(features, vec![3.0, 5.0])?;
    /// let booster = Booster::train(&BoosterParams::default(), 10, &train)?;
    /// let as_in_scikit_learn = booster.best_round().map_or(booster.clone(), |best| booster.up_to(best + 1));
    /// assert_eq!(as_in_scikit_learn.rounds(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn up_to(&self, rounds: usize) -> Self {
        Self { model: self.model.up_to(rounds.min(self.rounds())) }
    }

    /// The keys of the rows that the model was fitted on, and of those that it was selected by; `None` if it was trained without keys or by
    /// another program. They are read from the model's attributes at each call.
    pub fn used_rows(&self) -> Option<UsedRows> {
        self.model.used_rows()
    }

    /// Whether the model has used any of the rows that it is to be judged on, by their keys, which
    /// [`LabelledFeatures::row_keys`] gives. What is compared, and what can't be known, is said in [`held_out`](crate::held_out).
    ///
    /// # Errors
    ///
    /// When the model was fitted on some of the rows, with their number and some of their keys.
    pub fn check_held_out(&self, keys: Option<&RowKeys>) -> Result<HeldOut, HeldOutError> {
        held_out::check(keys, self.used_rows().as_ref())
    }

    /// The contribution of each column, by its index. Columns without a split are absent.
    pub fn importance(&self, importance: Importance) -> BTreeMap<usize, f64> {
        self.model.importance(importance)
    }
}

fn most_probable(classes: &[f32]) -> usize {
    let best = |best: usize, class: usize| if classes[class] > classes[best] { class } else { best };
    (0..classes.len()).reduce(best).unwrap_or(0)
}

/// Checks that the values of features fit the single precision that boosting computes in.
pub(super) fn check_values(features: &Features) -> Result<(), BoostError> {
    // Without an early end within a part, so that it is compared several values at a time.
    let all_fit = |part: &[f64]| part.iter().fold(true, |fit, value| fit & (*value as f32).is_finite());
    if features.values().par_chunks(1 << 16).all(all_fit) {
        return Ok(());
    }
    let rows = features.iter().enumerate();
    let found = rows.flat_map(|(row, (columns, values))| {
        columns.iter().zip(values).map(move |(&column, &value)| (row, column, value))
    });
    let too_large = |(row, column, value): (usize, u32, f64)| {
        let number = format!("value in column {}", label(column as usize, features.names()));
        (!(value as f32).is_finite()).then_some(BoostError::TooLarge { number, row, value })
    };
    found.filter_map(too_large).next().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwork_core::AssetValue;

    use crate::boost::{TreeMethod, XgboostJson};

    /// Rows that have one of `columns` features each, with a target that depends on it.
    fn labelled(rows: usize, columns: usize) -> LabelledFeatures {
        let column = |row: usize| (row * 7 + row / 5) % columns;
        let indices = (0..rows).map(|row| column(row) as u32).collect();
        let values = (0..rows).map(|row| 1.0 + (row % 3) as f64).collect();
        let features = Features::new(columns, (0..=rows).collect(), indices, values).expect("a valid matrix");
        let targets = (0..rows).map(|row| (column(row) * 10 + row % 3) as f64).collect();
        LabelledFeatures::new(features, targets).expect("a target per row")
    }

    fn trained(threads: usize, params: &BoosterParams) -> Booster {
        let params = BoosterParams { nthread: Some(threads), ..params.clone() };
        Booster::train(&params, 10, &labelled(600, 12)).expect("a model")
    }

    fn encoded(booster: &Booster) -> Vec<u8> {
        let mut bytes = Vec::new();
        AssetValue::<XgboostJson>::encode(booster, &mut bytes).expect("encoding to memory");
        bytes
    }

    fn decoded(bytes: &[u8]) -> Result<Booster, millwork_core::BoxError> {
        <Booster as AssetValue<XgboostJson>>::decode(bytes)
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused_with_its_column() {
        let data = labelled(60, 3);
        let features = data.features().clone();
        let names = crate::features::ColumnNames::new(["hour", "site", "length"]).expect("names");
        let named = features.with_names(names).expect("three columns");
        let named = LabelledFeatures::new(named, data.targets().to_vec()).expect("labelled");
        let train =
            |data: &LabelledFeatures| Booster::train(&BoosterParams::default(), 2, data).expect("a model");
        let (plain, named) = (train(&data), train(&named));
        let check = |columns: &[u32], values: &[f64], expected: [&str; 2]| {
            for (booster, expected) in [&plain, &named].into_iter().zip(expected) {
                let refused = booster.predict_row(columns, values).err().map(|error| error.to_string());
                assert_eq!(refused.unwrap_or_default(), expected, "{columns:?} {values:?}");
            }
        };
        check(&[], &[], [""; 2]);
        check(&[0, 2], &[1.0, 2.0], [""; 2]);
        check(&[0, 3], &[1.0, 2.0], ["the row has a value in column 3, but the model has 3 columns"; 2]);
        let order =
            ["the row has column 1 after column 2", "the row has column `site` after column `length`"];
        check(&[2, 1], &[1.0, 2.0], order);
        check(
            &[1, 1],
            &[1.0, 2.0],
            ["the row has column 1 after column 1", "the row has column `site` after column `site`"],
        );
        check(&[0, 1], &[1.0], ["the row has 1 values for 2 columns"; 2]);
        check(&[], &[1.0], ["the row has 1 values for 0 columns"; 2]);
        let large = |column: &str| {
            format!(
                "the value in column {column} of row 0 is 1e300, which does not fit the 32-bit floats that boosting computes in"
            )
        };
        check(&[0, 2], &[1.0, 1e300], [&large("2"), &large("`length`")]);
        let matrix = Features::from_dense(3, &[1.0, 2.0, 1e300]).expect("a row");
        assert_eq!(plain.predict(&matrix).expect_err("too large").to_string(), large("2"));
    }

    #[test]
    fn threads_change_no_byte_of_the_model() {
        let sampled =
            BoosterParams { subsample: 0.7, colsample_bytree: 0.7, seed: 9, ..BoosterParams::default() };
        for params in [BoosterParams::default(), sampled.clone()] {
            let one = encoded(&trained(1, &params));
            for threads in [2, 5] {
                assert!(encoded(&trained(threads, &params)) == one, "{threads} threads, {params:?}");
            }
        }
        let other_seed = BoosterParams { seed: 10, ..sampled.clone() };
        assert!(encoded(&trained(1, &sampled)) != encoded(&trained(1, &other_seed)));
    }

    #[test]
    fn a_loaded_model_predicts_the_same_bits() {
        let data = labelled(600, 12);
        let booster = trained(2, &BoosterParams::default());
        let loaded = decoded(&encoded(&booster)).expect("what was written");
        assert_eq!((loaded.columns(), loaded.rounds()), (12, 10));
        assert_eq!(
            loaded.predict(data.features()).expect("predictions"),
            booster.predict(data.features()).expect("predictions")
        );
        assert_eq!(encoded(&loaded), encoded(&booster));
        for importance in [Importance::Weight, Importance::Gain, Importance::Cover] {
            assert_eq!(loaded.importance(importance), booster.importance(importance), "{importance:?}");
        }
    }

    #[test]
    fn totals_are_means_times_splits() {
        let booster = trained(2, &BoosterParams::default());
        let weight = booster.importance(Importance::Weight);
        for (mean, total) in
            [(Importance::Gain, Importance::TotalGain), (Importance::Cover, Importance::TotalCover)]
        {
            let (mean, total) = (booster.importance(mean), booster.importance(total));
            assert!(!total.is_empty());
            for (column, total) in total {
                assert!((mean[&column] * weight[&column] - total).abs() <= 1e-6 * total, "column {column}");
            }
        }
    }

    #[test]
    fn an_absent_entry_is_not_a_zero() {
        for tree_method in [TreeMethod::Hist, TreeMethod::Exact] {
            for value in [0.0, 0.5, -3.0] {
                let params = BoosterParams { tree_method, ..BoosterParams::default() };
                let features =
                    Features::new(1, vec![0, 1, 1, 2, 2], vec![0, 0], vec![value, value]).expect("a matrix");
                let data = LabelledFeatures::new(features, vec![8.0, 2.0, 8.0, 2.0]).expect("four targets");
                let booster = Booster::train(&params, 50, &data).expect("a model");
                let found = booster.predict(data.features()).expect("predictions");
                let expected = [8.0, 2.0, 8.0, 2.0];
                let close =
                    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.01);
                assert!(close, "{tree_method:?}, value {value}: {found:?}");
            }
        }
    }

    #[test]
    fn features_are_checked_before_prediction() {
        let booster = trained(1, &BoosterParams::default());
        let empty = Features::new(12, vec![0], vec![], vec![]).expect("no rows");
        assert_eq!(booster.predict(&empty).expect("no predictions"), [0.0_f32; 0]);
        let check = |features: Features, expected: &str| {
            let error = booster.predict(&features).expect_err(expected);
            assert!(millwork_core::Advice::one_line(&error).starts_with(expected), "{error}");
        };
        check(
            Features::new(11, vec![0], vec![], vec![]).expect("no rows"),
            "the features have 11 columns, but the model was trained on 12; hint:",
        );
        check(
            Features::new(12, vec![0, 1], vec![0], vec![1e300]).expect("a large value"),
            "the value in column 0 of row 0 is 1e300, which does not fit",
        );
    }

    #[test]
    fn damaged_models_are_errors() {
        let bytes =
            encoded(&Booster::train(&BoosterParams::default(), 1, &labelled(20, 3)).expect("a model"));
        for length in 0..bytes.len() - 1 {
            assert!(decoded(&bytes[..length]).is_err(), "{length} bytes");
        }
        let data = labelled(20, 3);
        for position in 0..bytes.len() {
            for flip in [0x01, 0x08, 0xff] {
                let mut damaged = bytes.clone();
                damaged[position] ^= flip;
                // Another digit is another valid model; what is read must at least predict or refuse.
                if let Ok(booster) = decoded(&damaged) {
                    let _ = booster.predict(data.features());
                }
            }
        }
    }
}
