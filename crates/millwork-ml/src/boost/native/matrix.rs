//! A data set in the library's memory.

use std::ffi::CString;

use crate::boost::native::array::{Array, Elements};
use crate::boost::native::error::NativeError;
use crate::boost::native::library::{Library, MatrixHandle};
use crate::features::LabelledFeatures;

/// Copies a data set, with its targets, weights and groups, by up to `threads` threads. An absent entry is missing.
pub(super) fn matrix(
    library: &'static Library,
    data: &LabelledFeatures,
    threads: usize,
) -> Result<MatrixHandle, NativeError> {
    // `missing` is the value that counts as missing in addition to absent entries: none here.
    let config = text(format!("{{\"missing\":NaN,\"nthread\":{threads}}}"));
    let mut matrix = MatrixHandle::create(library, data.features(), &config)?;
    let categorical = data.features().categorical();
    if !categorical.is_empty() {
        let types: Vec<_> = categorical.iter().map(|&is| text(if is { "c" } else { "float" })).collect();
        matrix.set_columns(c"feature_type", &types)?;
    }
    matrix.set(c"label", &Array::vector(Elements::F64(data.targets())))?;
    if let Some(groups) = data.groups() {
        let sizes: Vec<u32> = groups.iter().map(|&size| size as u32).collect();
        matrix.set(c"group", &Array::vector(Elements::U32(&sizes)))?;
    }
    if let Some(weights) = weights(data)? {
        matrix.set(c"weight", &Array::vector(Elements::F64(&weights)))?;
    }
    Ok(matrix)
}

/// The weights of the rows, or of the groups where there are any.
fn weights(data: &LabelledFeatures) -> Result<Option<Vec<f64>>, NativeError> {
    let (Some(weights), Some(groups)) = (data.weights(), data.groups()) else {
        return Ok(data.weights().map(<[f64]>::to_vec));
    };
    let mut rest = weights;
    let mut of_groups = Vec::with_capacity(groups.len());
    for (group, &size) in groups.iter().enumerate() {
        let (of_rows, others) = rest.split_at(size);
        if of_rows.iter().any(|weight| *weight != of_rows[0]) {
            return Err(NativeError::GroupWeights { group });
        }
        of_groups.push(of_rows[0]);
        rest = others;
    }
    Ok(Some(of_groups))
}

/// A text of ours for C; ours have no zero character.
pub(super) fn text(text: impl Into<String>) -> CString {
    let text: String = text.into();
    CString::new(text.replace('\0', "")).expect("no zero character")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;

    fn check(of_rows: &[f64], groups: &[usize], expected: Option<&[f64]>) {
        let features = Features::from_dense(1, &vec![1.0; of_rows.len()]).expect("a matrix");
        let data = LabelledFeatures::new(features, vec![0.0; of_rows.len()]).expect("labelled features");
        let data = data.with_weights(of_rows.to_vec()).and_then(|data| data.with_groups(groups.to_vec()));
        let found = weights(&data.expect("weights and groups")).ok().flatten();
        assert_eq!(found.as_deref(), expected, "{of_rows:?} {groups:?}");
    }

    #[test]
    fn a_group_has_the_weight_of_its_rows() {
        check(&[1.0, 1.0, 0.5], &[2, 1], Some(&[1.0, 0.5]));
        check(&[1.0, 2.0, 0.5], &[2, 1], None);
    }
}
