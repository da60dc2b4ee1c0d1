//! The limits of the exact method, as in XGBoost.

use thiserror::Error;

use crate::data::Matrix;
use crate::{BoosterParams, SamplingMethod};

/// Why the exact method refuses a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ExactUnsupported {
    /// A column is categorical.
    #[error("`tree_method` `exact` can't split categorical columns")]
    Categories,
    /// Trees without a limit of depth.
    #[error("`max_depth` is 0, and `tree_method` `exact` needs a limit")]
    UnlimitedDepth,
    /// Columns are drawn for each node.
    #[error("`colsample_bynode` is below 1, which `tree_method` `exact` can't do")]
    ColumnsByNode,
    /// Rows are drawn by their gradients.
    #[error("`sampling_method` is `gradient_based`, which `tree_method` `exact` can't do")]
    RowsByGradient,
    /// More rows or columns than can be numbered.
    #[error("`tree_method` `exact` can't number more than 2147483647 rows or columns")]
    Size,
}

impl ExactUnsupported {
    /// Checks that the exact grower supports the training.
    pub(super) fn check(params: &BoosterParams, matrix: Matrix<'_>) -> Result<(), Self> {
        let limit = i32::MAX as usize;
        if matrix.categorical.contains(&true) {
            Err(Self::Categories)
        } else if params.max_depth == 0 {
            Err(Self::UnlimitedDepth)
        } else if (params.colsample_bynode as f32) < 1.0 {
            Err(Self::ColumnsByNode)
        } else if (params.subsample as f32) < 1.0 && params.sampling_method != SamplingMethod::Uniform {
            Err(Self::RowsByGradient)
        } else if matrix.rows() > limit || matrix.columns > limit {
            Err(Self::Size)
        } else {
            Ok(())
        }
    }
}
