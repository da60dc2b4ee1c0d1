//! A model at rest: XGBoost's own files.

use millwork_core::{AssetValue, BoxError};

use crate::boost::model::Model;
use crate::boost::{BoostError, Booster};
use millwork_boost::file::FileFormat;

/// The format of a [`Booster`]: XGBoost's JSON model, which XGBoost's `load_model` opens and which its `save_model`
/// writes for a file name that ends in `.json`.
#[derive(Debug)]
pub enum XgboostJson {}

impl Booster {
    /// Reads a model from XGBoost's UBJSON, which `save_model` writes for a file name that ends in `.ubj`.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a model.
    pub fn from_ubjson(bytes: &[u8]) -> Result<Self, BoostError> {
        Ok(Self::from_model(Model::decode(bytes, FileFormat::Ubjson)?))
    }

    /// The model as XGBoost's UBJSON, half the size of its JSON.
    ///
    /// # Errors
    ///
    /// When the model has parts that XGBoost does not know.
    pub fn to_ubjson(&self) -> Result<Vec<u8>, BoostError> {
        self.model().encode(FileFormat::Ubjson)
    }
}

impl AssetValue<XgboostJson> for Booster {
    const EXTENSION: &'static str = "json";
    const MEDIA_TYPE: &'static str = "application/json";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        bytes.append(&mut self.model().encode(FileFormat::Json)?);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(Self::from_model(Model::decode(bytes, FileFormat::Json)?))
    }
}
