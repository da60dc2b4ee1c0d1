//! Targets, weights and groups in the precision that boosting computes in.

use millwork_boost::data::Labels;

use crate::boost::BoostError;
use crate::features::LabelledFeatures;

/// Converts the labels of a data set's rows (targets, weights and groups) to single precision.
///
/// # Errors
///
/// With the first number that does not fit single precision.
pub(super) fn labels(data: &LabelledFeatures) -> Result<Labels, BoostError> {
    let starts = |sizes: &[usize]| {
        let ends = sizes.iter().scan(0, |end, size| {
            *end += size;
            Some(*end)
        });
        std::iter::once(0).chain(ends).collect()
    };
    Ok(Labels {
        targets: single_precision("target", data.targets())?,
        weights: data.weights().map(|weights| single_precision("weight", weights)).transpose()?,
        group_offsets: data.groups().map(starts),
    })
}

fn single_precision(number: &str, values: &[f64]) -> Result<Vec<f32>, BoostError> {
    let convert = |(row, &value): (usize, &f64)| {
        let single = value as f32;
        let too_large = || BoostError::TooLarge { number: number.to_owned(), row, value };
        if single.is_finite() { Ok(single) } else { Err(too_large()) }
    };
    values.iter().enumerate().map(convert).collect()
}
