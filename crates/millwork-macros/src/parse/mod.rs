//! From tokens to a model: what a function, its parameters, its return type and the attribute's arguments describe.
//!
//! Nothing here stops at the first error. An error is added to [`Errors`](crate::errors::Errors), and the model
//! goes on without it, so that the names which other functions refer to exist in any case.

mod argument;
mod arguments;
mod catalog;
mod closest;
mod code_version;
mod doc_comment;
mod duration;
mod fields;
mod function;
mod key;
mod metric;
mod parameter;
mod partition_key;
mod policy;
mod returned;

pub(crate) use arguments::Arguments;
pub(crate) use catalog::{CATALOG, Catalog};
pub(crate) use doc_comment::doc_comment;
pub(crate) use fields::{AssetField, AssetsStruct};
pub(crate) use function::{Function, conditions};
pub(crate) use key::Key;
pub(crate) use metric::{Better, Metric};
pub(crate) use parameter::Parameter;
pub(crate) use partition_key::{KeyField, KeyForm, KeyText, PartitionKey};
pub(crate) use policy::{POLICY, Policy};
pub(crate) use returned::{Produced, Returned, Wrapper};
