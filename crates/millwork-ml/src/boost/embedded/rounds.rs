//! Which way a model grows.

use crate::boost::embedded::library::LibraryRounds;
use crate::boost::embedded::wide::WideRounds;
use crate::boost::embedded::{Model, parameters};
use crate::boost::training::{Cancelled, Rounds};
use crate::boost::{BoostError, BoosterKind, BoosterParams};
use crate::features::LabelledFeatures;

/// A training whose parameters and sets have been checked, on the threads that it is called on.
pub(in crate::boost) fn rounds<'a>(
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
