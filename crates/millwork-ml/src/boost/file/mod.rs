//! XGBoost's model files: what its versions write, and a form that they all read.
//!
//! A file is read into a document, which is brought into one layout, the newest's; the differences are those between the versions of
//! <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>. What is written has the layout that the versions from 1.7 on
//! have in common, wherever a model has one.

mod document;
mod json;
mod layout;
mod ubjson;

pub(in crate::boost) use document::{FileFormat, Labels, read, write};
