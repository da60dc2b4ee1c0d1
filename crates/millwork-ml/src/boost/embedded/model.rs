//! The library's model behind our interface.

use std::collections::BTreeMap;

use hessboost::model::{BoostedModel, ImportanceType, Iterations, ModelFormat};

use crate::boost::embedded::matrix::matrix;
use crate::boost::{BoostError, Importance};
use crate::features::Features;

/// The one objective that is supported, by XGBoost's name.
const OBJECTIVE: &str = "reg:squarederror";

/// A trained model.
#[derive(Debug, Clone)]
pub(in crate::boost) struct Model(pub(super) BoostedModel);

impl Model {
    /// Reads XGBoost's JSON model; one of another objective is refused.
    pub(in crate::boost) fn from_xgboost_json(bytes: &[u8]) -> Result<Self, BoostError> {
        let model = BoostedModel::decode(bytes, ModelFormat::XgboostJson)
            .map_err(|error| BoostError::Library { action: "read the model file", source: error.into() })?;
        let (objective, outputs) = (model.objective().name(), model.n_outputs());
        if objective != OBJECTIVE || outputs != 1 {
            return Err(BoostError::UnsupportedModel { objective: objective.to_owned(), outputs });
        }
        Ok(Self(model))
    }

    /// XGBoost's JSON model.
    pub(in crate::boost) fn to_xgboost_json(&self) -> Result<Vec<u8>, BoostError> {
        self.0
            .encode(ModelFormat::XgboostJson)
            .map_err(|error| BoostError::Library { action: "write the model file", source: error.into() })
    }

    /// One prediction per row of a matrix that has rows.
    pub(in crate::boost) fn predict(&self, features: &Features) -> Result<Vec<f32>, BoostError> {
        let predictions = self
            .0
            .predict(&matrix(features)?, Iterations::Best)
            .map_err(|error| BoostError::Library { action: "predict", source: error.into() })?;
        Ok(predictions.into_vec())
    }

    pub(in crate::boost) fn columns(&self) -> usize {
        self.0.n_features()
    }

    pub(in crate::boost) fn rounds(&self) -> usize {
        self.0.num_boost_rounds()
    }

    pub(in crate::boost) fn importance(&self, importance: Importance) -> BTreeMap<usize, f64> {
        self.0.feature_importance(match importance {
            Importance::Weight => ImportanceType::Weight,
            Importance::Gain => ImportanceType::Gain,
            Importance::Cover => ImportanceType::Cover,
            Importance::TotalGain => ImportanceType::TotalGain,
            Importance::TotalCover => ImportanceType::TotalCover,
        })
    }
}
