//! Our parameters as the library's.

use std::num::NonZeroUsize;

use hessboost::config::{self, TrainingParams};
use hessboost::metric;

use crate::boost::{BoosterParams, EvalMetric, GrowPolicy, TreeMethod};

/// The library's parameters for `reg:squarederror`, its default objective.
pub(super) fn parameters(params: &BoosterParams) -> TrainingParams {
    let mut parameters = TrainingParams::default();
    parameters.eta = params.eta;
    parameters.gamma = params.gamma;
    parameters.max_depth = NonZeroUsize::new(params.max_depth);
    parameters.max_leaves = NonZeroUsize::new(params.max_leaves);
    parameters.min_child_weight = params.min_child_weight;
    parameters.subsample = params.subsample;
    parameters.colsample_bytree = params.colsample_bytree;
    parameters.colsample_bylevel = params.colsample_bylevel;
    parameters.colsample_bynode = params.colsample_bynode;
    parameters.lambda = params.lambda;
    parameters.alpha = params.alpha;
    parameters.tree_method = tree_method(params.tree_method);
    parameters.grow_policy = grow_policy(params.grow_policy);
    parameters.max_bin = params.max_bin;
    parameters.base_score = params.base_score;
    parameters.seed = params.seed;
    parameters.eval_metric = params.eval_metric.iter().map(|&metric| eval_metric(metric)).collect();
    parameters
}

fn tree_method(method: TreeMethod) -> config::TreeMethod {
    match method {
        TreeMethod::Hist => config::TreeMethod::Hist,
        TreeMethod::Exact => config::TreeMethod::Exact,
    }
}

fn grow_policy(policy: GrowPolicy) -> config::GrowPolicy {
    match policy {
        GrowPolicy::Depthwise => config::GrowPolicy::DepthWise,
        GrowPolicy::Lossguide => config::GrowPolicy::LossGuide,
    }
}

fn eval_metric(metric: EvalMetric) -> metric::EvalMetric {
    match metric {
        EvalMetric::Rmse => metric::EvalMetric::Rmse,
        EvalMetric::Mae => metric::EvalMetric::Mae,
    }
}
