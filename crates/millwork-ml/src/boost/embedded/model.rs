//! The library's model behind our interface.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use hessboost::model::{BoostedModel, ImportanceType, Iterations, ModelFormat};
use serde_json::Value;

use crate::boost::embedded::forest::Forest;
use crate::boost::embedded::matrix::matrix;
use crate::boost::file::{self, FileFormat, Labels};
use crate::boost::{BoostError, Importance};
use crate::features::Features;

const READ: &str = "read the model file";
const WRITE: &str = "write the model file";

/// A trained model: the library's, and its trees laid out for prediction once that is asked for.
#[derive(Debug, Clone)]
pub(in crate::boost) struct Model {
    model: Arc<BoostedModel>,
    labels: Arc<Labels>,
    forest: Arc<OnceLock<Option<Forest>>>,
}

impl Model {
    pub(super) fn new(model: BoostedModel) -> Self {
        Self { model: Arc::new(model), labels: Arc::default(), forest: Arc::default() }
    }

    pub(super) fn library(&self) -> &BoostedModel {
        &self.model
    }

    /// Reads XGBoost's model file, of any version.
    pub(in crate::boost) fn decode(bytes: &[u8], format: FileFormat) -> Result<Self, BoostError> {
        let (document, labels) = file::read(bytes, format).map_err(BoostError::library(READ))?;
        Ok(Self { labels: Arc::new(labels), ..Self::of_document(&document)? })
    }

    /// The model of a document in the newest layout.
    pub(super) fn of_document(document: &Value) -> Result<Self, BoostError> {
        let bytes = serde_json::to_vec(document).map_err(BoostError::library(READ))?;
        let decoded = BoostedModel::decode(&bytes, ModelFormat::XgboostJson);
        decoded.map(Self::new).map_err(BoostError::library(READ))
    }

    /// XGBoost's model file, which its versions from 1.7 on read.
    pub(in crate::boost) fn encode(&self, format: FileFormat) -> Result<Vec<u8>, BoostError> {
        Ok(file::write(self.document()?, &self.labels, format))
    }

    /// The model's document in the newest layout.
    pub(super) fn document(&self) -> Result<Value, BoostError> {
        let bytes = self.model.encode(ModelFormat::XgboostJson).map_err(BoostError::library(WRITE))?;
        serde_json::from_slice(&bytes).map_err(BoostError::library(WRITE))
    }

    /// The margins of each row of a matrix that has rows (rows × outputs).
    pub(in crate::boost) fn margins(&self, features: &Features) -> Result<Vec<f32>, BoostError> {
        if let Some(forest) = self.forest() {
            return Ok(forest.margins(features));
        }
        let margins = self.model.predict_margin(&matrix(features)?, Iterations::Best);
        Ok(margins.map_err(BoostError::library("predict"))?.into_vec())
    }

    /// The margins of one row.
    pub(in crate::boost) fn row_margins(
        &self,
        indices: &[u32],
        values: &[f64],
    ) -> Result<Vec<f32>, BoostError> {
        if let Some(forest) = self.forest() {
            return Ok(forest.row_margins(indices, values));
        }
        let row = vec![0, indices.len()];
        let features = Features::new(self.columns(), row, indices.to_vec(), values.to_vec())
            .map_err(BoostError::library("take the row over"))?;
        self.margins(&features)
    }

    /// The predictions that margins stand for (rows × [`width`](Self::width)).
    pub(in crate::boost) fn predictions(&self, margins: &[f32]) -> Result<Vec<f32>, BoostError> {
        let mut predictions = vec![0.0; margins.len() / self.model.n_outputs() * self.width()];
        self.model
            .transform_margins_into(margins, &mut predictions)
            .map_err(BoostError::library("predict"))?;
        Ok(predictions)
    }

    /// The contribution of each column and of the intercept to each margin: rows × outputs × (columns + 1).
    pub(in crate::boost) fn contributions(&self, features: &Features) -> Result<Vec<f32>, BoostError> {
        let contributions = self.model.predict_contribs(&matrix(features)?, Iterations::Best);
        Ok(contributions.map_err(BoostError::library("explain the predictions"))?.into_vec())
    }

    /// The number of the leaf that each row comes to in each tree (rows × trees).
    pub(in crate::boost) fn leaves(&self, features: &Features) -> Result<Vec<u32>, BoostError> {
        let leaves = self.model.predict_leaf(&matrix(features)?, Iterations::Best);
        Ok(leaves.map_err(BoostError::library("find the leaves"))?.into_vec())
    }

    /// The model of the rounds up to `round`.
    pub(in crate::boost) fn up_to(&self, round: usize) -> Result<Self, BoostError> {
        let cut = self.model.slice(..=round, 1).map_err(BoostError::library("cut the model"))?;
        Ok(Self { labels: self.labels.clone(), ..Self::new(cut) })
    }

    pub(in crate::boost) fn objective(&self) -> &str {
        self.model.objective().name()
    }

    pub(in crate::boost) fn columns(&self) -> usize {
        self.model.n_features()
    }

    pub(in crate::boost) fn rounds(&self) -> usize {
        self.model.num_boost_rounds()
    }

    /// How many margins a row has.
    pub(in crate::boost) fn outputs(&self) -> usize {
        self.model.n_outputs()
    }

    /// How many numbers are predicted per row.
    pub(in crate::boost) fn width(&self) -> usize {
        self.model.prediction_width()
    }

    pub(in crate::boost) fn importance(&self, importance: Importance) -> BTreeMap<usize, f64> {
        self.model.feature_importance(match importance {
            Importance::Weight => ImportanceType::Weight,
            Importance::Gain => ImportanceType::Gain,
            Importance::Cover => ImportanceType::Cover,
            Importance::TotalGain => ImportanceType::TotalGain,
            Importance::TotalCover => ImportanceType::TotalCover,
        })
    }

    fn forest(&self) -> Option<&Forest> {
        self.forest.get_or_init(|| Forest::of(&self.model)).as_ref()
    }
}

/// The library's own document of a model, which says more than XGBoost's.
pub(super) fn native_document(model: &BoostedModel) -> Result<Value, BoostError> {
    let bytes = model.encode(ModelFormat::Json).map_err(BoostError::library(WRITE))?;
    serde_json::from_slice(&bytes).map_err(BoostError::library(READ))
}

/// The model of a library's own document.
pub(super) fn of_native_document(document: &Value) -> Result<BoostedModel, BoostError> {
    let bytes = serde_json::to_vec(document).map_err(BoostError::library(WRITE))?;
    BoostedModel::decode(&bytes, ModelFormat::Json).map_err(BoostError::library(READ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boost::{Booster, BoosterKind, BoosterParams, Dart, Objective};
    use crate::features::LabelledFeatures;

    fn check(params: &BoosterParams, columns: u32, presence: u32) {
        let present = |row: u32, column: u32| (row * 31 + column * 17) % 10 < presence;
        let rows: Vec<Vec<u32>> =
            (0..203).map(|row| (0..columns).filter(|&column| present(row, column)).collect()).collect();
        let mut row_offsets = vec![0];
        row_offsets.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let indices = rows.concat();
        let values = (0..indices.len()).map(|entry| (entry * 7 % 23) as f64 - 9.0).collect();
        let features = Features::new(columns as usize, row_offsets, indices, values).expect("a valid matrix");
        let targets = (0..203).map(|row| f64::from(row * 13 % 3)).collect();
        let data = LabelledFeatures::new(features, targets).expect("labelled features");
        let booster = Booster::train(params, 7, &data).expect("a model");
        let model = booster.model();
        assert!(model.forest().is_some(), "{params:?}");

        let theirs =
            model.library().predict_margin(&matrix(data.features()).expect("a matrix"), Iterations::Best);
        let theirs = theirs.expect("margins").into_vec();
        assert_eq!(model.margins(data.features()).expect("margins"), theirs, "{params:?}");
        for (row, (indices, values)) in data.features().iter().enumerate() {
            let margins = model.row_margins(indices, values).expect("margins");
            assert_eq!(margins, theirs[row * margins.len()..][..margins.len()], "row {row}, {params:?}");
        }
    }

    #[test]
    fn our_predictions_are_the_library_s_bits() {
        let plain = BoosterParams::default();
        for (columns, presence) in [(1, 10), (5, 10), (9, 6), (700, 1)] {
            check(&plain, columns, presence);
            check(&BoosterParams { max_depth: 9, ..plain.clone() }, columns, presence);
            check(
                &BoosterParams { objective: Objective::Softprob { num_class: 3 }, ..plain.clone() },
                columns,
                presence,
            );
        }
        let dart = Dart { rate_drop: 0.5, ..Dart::default() };
        check(&BoosterParams { booster: BoosterKind::Dart(dart), ..plain }, 9, 6);
    }
}
