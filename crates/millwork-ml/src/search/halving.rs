//! Successive halving.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::search::SearchError;

/// How candidates are tried with ever more resources: all with `from`, the best of them with `factor` times as much, and so
/// on up to `to` (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Halving {
    /// The first resource, such as boosting rounds or rows.
    #[schemars(range(min = 1))]
    pub from: usize,
    /// The most that a candidate is tried with.
    #[schemars(range(min = 1))]
    pub to: usize,
    /// What the resource is multiplied by, and the number of candidates divided by.
    #[schemars(range(min = 2))]
    pub factor: usize,
}

impl Halving {
    /// The resource of each stage.
    pub(super) fn resources(self) -> Result<Vec<usize>, SearchError> {
        let Self { from, to, factor } = self;
        if from == 0 || from > to || factor < 2 {
            return Err(SearchError::Halving { from, to, factor });
        }
        let next = |resource: &usize| resource.checked_mul(factor).filter(|&next| next <= to);
        Ok(std::iter::successors(Some(from), next).collect())
    }

    /// The number of `candidates` that go on to the next round.
    pub(super) fn kept(self, candidates: usize) -> usize {
        candidates.div_ceil(self.factor)
    }
}
