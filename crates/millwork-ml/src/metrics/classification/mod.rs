//! Metrics of predicted classes.

mod agreement;
mod average;
mod confusion;
mod confusion_table;
mod tally;

pub use agreement::{accuracy, balanced_accuracy, cohen_kappa, matthews_correlation};
pub use average::{Average, f_beta, f1, precision, recall};
pub use confusion::{ClassNumbers, ConfusionMatrix};
