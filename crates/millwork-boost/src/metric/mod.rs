//! XGBoost's evaluation metrics.
//!
//! | metric | over | module |
//! |---|---|---|
//! | `rmse`, `rmsle`, `mae`, `mape`, `mphe`, `logloss`, `error`, `quantile`, `…-nloglik`, `gamma-deviance` | rows | `rowwise` |
//! | `mlogloss`, `merror` | rows with several classes | `classes` |
//! | `auc`, `aucpr` | pairs of rows; of each class against the rest; of each group | `auc` |
//! | `ndcg`, `map`, `pre` | groups | `rank` |
//! | `cox-nloglik` | all rows | `cox` |
//!
//! Each row's share is computed in single precision and summed in double precision, in blocks of 2048 rows whatever the number of
//! threads, as XGBoost does. A metric that isn't defined on a set (no rows, one class only, labels outside its range) is NaN; which objectives and
//! labels a metric can't be defined for is known beforehand ([`suits`]).

mod auc;
mod classes;
mod cox;
mod measure;
mod rank;
mod rowwise;
mod suits;

pub use measure::measure;
pub use suits::{MetricError, suits};
