//! Boosting within this program: by the pure-Rust crate `hessboost`, XGBoost's algorithm without its C++ library.
//!
//! Where the data is wide and sparse, trees are grown by [`columns`](crate::boost::columns) instead, on the library's
//! gradients. The rest of the crate sees [`Model`] and [`rounds`], and no type of the library.

mod forest;
mod library;
mod lone_value;
mod matrix;
mod model;
mod parameters;
mod pruned;
mod wide;

use crate::boost::training::{Cancelled, Rounds};
use crate::boost::{BoostError, BoosterKind, BoosterParams};
use crate::features::LabelledFeatures;
use library::LibraryRounds;
use wide::WideRounds;

pub(super) use model::{FileFormat, Model};

/// A training whose parameters and sets have been checked, on the threads that it is called on.
pub(super) fn rounds<'a>(
    params: &BoosterParams,
    data: &'a LabelledFeatures,
    sets: &[(&'a str, &'a LabelledFeatures)],
    start: Option<&Model>,
    cancelled: &Cancelled<'a>,
) -> Result<Box<dyn Rounds + Send + 'a>, BoostError> {
    if params.booster == BoosterKind::GbLinear {
        let reason = "it cannot store a linear model (`booster` is `gblinear`)".to_owned();
        return Err(BoostError::Unsupported { reason });
    }
    let parameters = parameters::parameters(params, data.features().columns())?;
    if let Some(rounds) = WideRounds::new(params, &parameters, data, sets, start, cancelled)? {
        return Ok(Box::new(rounds));
    }
    Ok(Box::new(LibraryRounds::new(parameters, data, sets, start)?))
}
