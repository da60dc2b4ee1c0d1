//! Errors of decoding a stored matrix of features.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

use crate::features::FeaturesError;

/// Why a matrix of features could not be stored or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpzError {
    /// The bytes are not a zip archive, or a damaged one.
    #[error("failed to read or write the archive of arrays")]
    Archive(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The archive lacks an array of the layout.
    #[error("the archive has no `{entry}`")]
    Missing {
        /// The name of the archive's entry.
        entry: &'static str,
    },
    /// An entry is not an array, or not one of the expected type.
    #[error("the array `{entry}` is damaged or of another type: {problem}")]
    Array {
        /// The name of the archive's entry.
        entry: &'static str,
        /// The reason why it is invalid.
        problem: &'static str,
    },
    /// The archive holds a sparse matrix in another arrangement.
    #[error("the matrix is stored as `{format}`, not as `csr`")]
    NotCsr {
        /// The name that the archive gives.
        format: String,
    },
    /// The number of rows contradicts the row offsets.
    #[error("the shape has {rows} rows, but there are {row_offsets} row offsets")]
    Shape {
        /// The number of rows according to `shape.npy`.
        rows: u64,
        /// The number of elements of `indptr.npy`.
        row_offsets: usize,
    },
    /// The arrays do not form a valid matrix.
    #[error(transparent)]
    Features(#[from] FeaturesError),
}

impl Advice for NpzError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Missing { .. } => "the layout is that of `scipy.sparse.save_npz` for a `csr_matrix`".into(),
            Self::NotCsr { .. } => "save `matrix.tocsr()`".into(),
            Self::Features(error) => return error.hint(),
            Self::Archive(..) | Self::Array { .. } | Self::Shape { .. } => return None,
        })
    }
}
