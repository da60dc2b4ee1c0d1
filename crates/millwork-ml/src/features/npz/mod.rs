//! Features at rest: the `.npz` layout of `scipy.sparse.save_npz` for a `csr_matrix`.
//!
//! The file is a zip archive of NumPy arrays: `indices.npy`, `indptr.npy`, `format.npy` (`csr`), `shape.npy` and
//! `data.npy`; [`LabelledFeatures`](crate::features::LabelledFeatures) add `targets.npy`, which SciPy ignores. What is
//! written here is not compressed and carries no time, so equal matrices are equal bytes. What is read may come from
//! SciPy: compressed or not, with 32 or 64-bit indices, `float32` or `float64` values, and rows whose entries are not
//! sorted.

mod archive;
mod array;
mod error;
mod value;

pub use error::NpzError;
pub use value::Npz;
