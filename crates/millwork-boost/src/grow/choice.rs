//! The choice of the grower for parameters and data.

use thiserror::Error;

use crate::bins::{BinError, Cuts};
use crate::data::{Labels, Matrix};
use crate::grow::columns::{self, ColumnGrower};
use crate::grow::exact::{ExactGrower, ExactUnsupported};
use crate::grow::histogram::{HistogramGrower, TooLarge};
use crate::grow::{Grow, memory};
use crate::objective::Loss;
use crate::{BoosterParams, GrowPolicy, TreeMethod};

/// Why no grower takes parameters or data.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// The native backend has this method.
    #[error("`tree_method` is `approx`")]
    Approx,
    /// The exact method splits level by level.
    #[error("`grow_policy` is `lossguide`, and `tree_method` is `exact`")]
    ExactLossguide,
    /// The exact method can't do what parameters or data ask for.
    #[error(transparent)]
    Exact(#[from] ExactUnsupported),
    /// The values can't be put in bins.
    #[error(transparent)]
    Bins(#[from] BinError),
    /// The matrix is too large for histograms.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The memory of the machine doesn't suffice.
    #[error(transparent)]
    Memory(#[from] memory::TooLittleMemory),
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Approx => "set `backend` to `native`",
            Self::ExactLossguide => "set `tree_method` to `hist`",
            Self::Exact(ExactUnsupported::UnlimitedDepth) => "set `max_depth`",
            Self::Exact(_) => "set `tree_method` to `hist`",
            Self::Bins(_) => "lower `max_bin`, and number categories from 0 on",
            Self::TooLarge(_) => "lower `max_bin`, or train on fewer rows",
            Self::Memory(_) => {
                "train on fewer rows, columns or classes, lower `max_bin` or `max_depth`, number categories without gaps, or take a larger machine"
            }
        }
    }
}

/// The grower for a training: by histograms, or where it is less work column by column, or among all values. `evaluated` is the
/// number of rows of evaluation sets, whose margins take memory as well.
///
/// # Errors
///
/// When no grower can do what parameters ask for, or the matrix is too large for it.
pub fn grower<'a>(
    params: &BoosterParams,
    matrix: Matrix<'a>,
    labels: &Labels,
    evaluated: usize,
) -> Result<Box<dyn Grow + Send + 'a>, Refusal> {
    let outputs = Loss::new(params).outputs();
    let margins = memory::outputs(matrix.rows(), evaluated, outputs);
    memory::check(margins)?;
    match (params.tree_method, params.grow_policy) {
        (TreeMethod::Approx, _) => Err(Refusal::Approx),
        (TreeMethod::Exact, GrowPolicy::Lossguide) => Err(Refusal::ExactLossguide),
        (TreeMethod::Exact, GrowPolicy::Depthwise) => {
            memory::check(memory::sum([margins, memory::exact(matrix)]))?;
            Ok(Box::new(ExactGrower::new(params, matrix)?))
        }
        (TreeMethod::Hist, _) => {
            memory::check(memory::sum([margins, memory::bins(matrix)]))?;
            let cuts = Cuts::new(matrix, labels, params.max_bin)?;
            if columns::suits(params) && columns::pays(params, matrix, &cuts) {
                memory::check(memory::sum([margins, memory::columns(matrix, &cuts)]))?;
                return Ok(Box::new(ColumnGrower::new(params, matrix, cuts)));
            }
            let listed = memory::listed(params, matrix, &cuts, outputs);
            memory::check(memory::sum([margins, listed, memory::histogram(params, matrix, &cuts)]))?;
            Ok(Box::new(HistogramGrower::new(params, matrix, cuts)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_evaluation_sets_need_memory_as_well() {
        let matrix =
            Matrix { columns: 1, row_offsets: &[0, 1], indices: &[0], values: &[1.0], categorical: &[] };
        let labels = Labels { targets: vec![1.0], ..Labels::default() };
        let refused = |evaluated| grower(&BoosterParams::default(), matrix, &labels, evaluated).err();
        assert_eq!(refused(1000), None);
        // Other systems don't report the available memory.
        if cfg!(target_os = "linux") {
            assert!(matches!(refused(usize::MAX), Some(Refusal::Memory(_))));
        }
    }
}
