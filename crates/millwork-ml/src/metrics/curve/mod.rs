//! Metrics of scores that order rows of two classes, and their curves.

mod one_vs_rest;
mod precision_recall;
mod roc;
mod threshold;

pub use one_vs_rest::{average_precision_one_vs_rest, roc_auc_one_vs_rest};
pub use precision_recall::{
    PrecisionRecallCurve, PrecisionRecallPoint, average_precision, precision_recall_curve,
};
pub use roc::{RocCurve, RocPoint, roc_auc, roc_curve};
