//! Features at rest: the `.npz` layout of `scipy.sparse.save_npz` for a `csr_matrix`.
//!
//! The file is a zip archive of NumPy arrays: `indices.npy`, `indptr.npy`, `format.npy` (`csr`), `shape.npy` and
//! `data.npy`. SciPy ignores what else is there. [`LabelledFeatures`](crate::features::LabelledFeatures) add
//! `targets.npy`, and `weights.npy` and `groups.npy` (rows per group) if they have any. The names of columns are two
//! arrays, as an array of texts would be as wide in every element as the longest name: `names.npy`, the UTF-8 of all
//! names end to end, and `name_offsets.npy`, where each starts and the last one ends. In Python:
//!
//! ```python
//! text, offsets = arrays["names"].tobytes(), arrays["name_offsets"]
//! names = [text[start:end].decode() for start, end in zip(offsets, offsets[1:])]
//! ```
//!
//! `categorical.npy` has for each column whether its values are numbers of categories (1) or not (0); it is there where some
//! are.
//!
//! Keys of rows are `row_keys.npy`: a list of 64-bit integers; or, if some are texts, the UTF-8 of all texts end to end, with
//! `row_key_offsets.npy`, as with names. Versions of Millwork that know no keys read such a file without them.
//!
//! Written files are not compressed and carry no time, so equal matrices are equal bytes. Read files may come
//! from SciPy: compressed or not, with 32 or 64-bit indices, `float32` or `float64` values, and rows whose entries are
//! not sorted.

mod array;
mod error;
mod value;

pub use error::NpzError;
pub use value::Npz;
