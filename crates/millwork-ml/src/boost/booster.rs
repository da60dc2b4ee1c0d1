//! A trained model: it predicts, explains which features it uses, and is stored as XGBoost's JSON.

use std::collections::BTreeMap;

use millwork_core::{AssetValue, BoxError};

use crate::boost::embedded::Model;
use crate::boost::{BoostError, BoosterParams, Importance, Training};
use crate::features::{Features, LabelledFeatures};

/// Gradient-boosted regression trees (`reg:squarederror`).
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

    /// The predicted target of each row, in the targets' unit; none for a matrix without rows.
    ///
    /// # Errors
    ///
    /// When the features have not as many columns as the model was trained on, or a value does not fit `f32`.
    pub fn predict(&self, features: &Features) -> Result<Vec<f32>, BoostError> {
        if features.columns() != self.columns() {
            return Err(BoostError::ColumnMismatch { features: features.columns(), model: self.columns() });
        }
        if features.rows() == 0 {
            return Ok(Vec::new());
        }
        self.model.predict(features)
    }

    /// The number of columns that features must have.
    pub fn columns(&self) -> usize {
        self.model.columns()
    }

    /// The number of rounds whose trees the model holds: after early stopping, those up to the best.
    pub fn rounds(&self) -> usize {
        self.model.rounds()
    }

    /// The contribution of each column, by its index. Columns without a split are absent.
    pub fn importance(&self, importance: Importance) -> BTreeMap<usize, f64> {
        self.model.importance(importance)
    }
}

/// The format of a [`Booster`]: XGBoost's JSON model, which XGBoost's `load_model` opens and which its `save_model`
/// writes for a file name that ends in `.json`.
#[derive(Debug)]
pub enum XgboostJson {}

impl AssetValue<XgboostJson> for Booster {
    const EXTENSION: &'static str = "json";
    const MEDIA_TYPE: &'static str = "application/json";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        bytes.append(&mut self.model.to_xgboost_json()?);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(Self { model: Model::from_xgboost_json(bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boost::TreeMethod;

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
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        pool.install(|| Booster::train(params, 10, &labelled(600, 12))).expect("a model")
    }

    fn encoded(booster: &Booster) -> Vec<u8> {
        let mut bytes = Vec::new();
        booster.encode(&mut bytes).expect("encoding to memory");
        bytes
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
        let loaded = Booster::decode(&encoded(&booster)).expect("what was written");
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
                assert!((mean[&column] * weight[&column] - total).abs() <= 1e-9 * total, "column {column}");
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
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        check(
            Features::new(11, vec![0], vec![], vec![]).expect("no rows"),
            "the features have 11 columns, but the model was trained on 12; hint:",
        );
        check(
            Features::new(12, vec![0, 1], vec![0], vec![1e300]).expect("a large value"),
            "the feature value 1e300 does not fit a 32-bit float",
        );
    }

    #[test]
    fn damaged_models_are_errors() {
        let bytes =
            encoded(&Booster::train(&BoosterParams::default(), 1, &labelled(20, 3)).expect("a model"));
        for length in 0..bytes.len() - 1 {
            assert!(Booster::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
        let data = labelled(20, 3);
        for position in 0..bytes.len() {
            for flip in [0x01, 0x08, 0xff] {
                let mut damaged = bytes.clone();
                damaged[position] ^= flip;
                // Another digit is another valid model; what is read must at least predict or refuse.
                if let Ok(booster) = Booster::decode(&damaged) {
                    let _ = booster.predict(data.features());
                }
            }
        }
    }

    #[test]
    fn models_of_other_objectives_are_refused() {
        let booster = Booster::train(&BoosterParams::default(), 1, &labelled(20, 3)).expect("a model");
        let text = String::from_utf8(encoded(&booster)).expect("JSON");
        let error = Booster::decode(text.replace("reg:squarederror", "reg:logistic").as_bytes())
            .expect_err("refused");
        assert!(
            error.to_string().starts_with("the model is of objective `reg:logistic` with 1 outputs; hint:"),
            "{error}"
        );
    }
}
