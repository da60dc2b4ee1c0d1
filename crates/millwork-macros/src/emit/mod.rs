//! From the model to code that refers to nothing but `::millwork::__private` and `core`.
//!
//! What the user wrote (a path, a type, an expression) is in the output once, with its own span: an error in
//! it is then one error, at the place where it was written.

mod declaration;
mod spec;
mod step;

pub(crate) use declaration::{Declared, asset_impl, emit_about, marker};
pub(crate) use spec::{catalog_statements, spec_expression};
pub(crate) use step::{computation, local, partitions_of, produced, step_result, success, text, typed};
