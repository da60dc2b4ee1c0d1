//! How much a feature contributes to a model.

use serde::{Deserialize, Serialize};

/// How a feature's contribution is measured: XGBoost's `importance_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Importance {
    /// The number of splits on the feature.
    Weight,
    /// The mean loss reduction of its splits.
    Gain,
    /// The mean sum of second derivatives (for squared error: of rows) at its splits.
    Cover,
    /// The sum of the loss reductions of its splits.
    TotalGain,
    /// The sum of second derivatives at all its splits.
    TotalCover,
}
