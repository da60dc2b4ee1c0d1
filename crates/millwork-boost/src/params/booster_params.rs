//! The parameters of boosting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::choices::MonotoneConstraints;
use crate::params::{
    Backend, BoosterKind, Device, EvalMetric, GrowPolicy, InteractionConstraints, Objective, SamplingMethod,
    TreeMethod,
};

/// What is learned, and how: XGBoost's parameters.
///
/// Names, meanings and defaults are XGBoost's ("XGBoost Parameters" in its documentation); scikit-learn-style aliases
/// such as `learning_rate` are read as well. Unknown names are an error. Values are checked when training starts.
///
/// ```
/// use millwork_boost::BoosterParams;
///
/// let params = BoosterParams { max_depth: 4, subsample: 0.8, ..BoosterParams::default() };
/// assert_eq!(params.eta, 0.3);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BoosterParams {
    /// What computes.
    pub backend: Backend,
    /// What a model is made of.
    pub booster: BoosterKind,
    /// What a model learns to predict.
    pub objective: Objective,
    /// The share of each new tree's answer that is added: smaller learns slower and generalises better.
    #[serde(alias = "learning_rate")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub eta: f64,
    /// The loss reduction that a split must bring.
    #[serde(alias = "min_split_loss")]
    #[schemars(range(min = 0.0))]
    pub gamma: f64,
    /// The depth that a tree may have; 0 is no limit.
    pub max_depth: usize,
    /// The number of leaves that a tree may have under `grow_policy = "lossguide"`; 0 is no limit.
    pub max_leaves: usize,
    /// The sum of second derivatives (for squared error: the number of rows) that each side of a split must keep.
    #[schemars(range(min = 0.0))]
    pub min_child_weight: f64,
    /// The largest value of a leaf before `eta`; 0 is no limit. The objective's own if absent (0.7 for counts).
    #[schemars(range(min = 0.0))]
    pub max_delta_step: Option<f64>,
    /// How the rows of a tree are drawn.
    pub sampling_method: SamplingMethod,
    /// The share of the rows that each tree sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub subsample: f64,
    /// The share of the columns that each tree sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub colsample_bytree: f64,
    /// The share of a tree's columns that each of its levels sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub colsample_bylevel: f64,
    /// The share of a level's columns that each of its splits sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub colsample_bynode: f64,
    /// The L2 penalty on the leaves' values.
    #[serde(alias = "reg_lambda")]
    #[schemars(range(min = 0.0))]
    pub lambda: f64,
    /// The L1 penalty on the leaves' values.
    #[serde(alias = "reg_alpha")]
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// How splits are searched.
    pub tree_method: TreeMethod,
    /// Which node is split next.
    pub grow_policy: GrowPolicy,
    /// How many trees each round adds for an output: above 1, a random forest.
    #[schemars(range(min = 1))]
    pub num_parallel_tree: usize,
    /// How much more a row of class 1 weighs than one of class 0, with two classes.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub scale_pos_weight: Option<f64>,
    /// The columns that predictions have to rise or to fall with, by index.
    pub monotone_constraints: MonotoneConstraints,
    /// Groups of columns, by index: a branch of a tree asks for columns of one group only.
    pub interaction_constraints: InteractionConstraints,
    /// The number of bins that a feature's values are put in under `tree_method = "hist"`.
    #[schemars(range(min = 2))]
    pub max_bin: usize,
    /// The number of categories from which on they are split in two sets; fewer are split in one of them and all others. A column
    /// has as many as its largest number implies, also if some do not occur.
    #[schemars(range(min = 1, max = 4_294_967_295_u64))]
    pub max_cat_to_onehot: usize,
    /// How many categories a split in two sets looks at from either end of their order, less one: more find better splits and fit the
    /// training rows more closely.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub max_cat_threshold: usize,
    /// What is predicted before the first tree, in the unit of predictions; estimated from the targets if absent.
    pub base_score: Option<f64>,
    /// The seed of the samples of rows and columns.
    #[serde(alias = "random_state")]
    pub seed: u64,
    /// What is measured on each evaluation set after each round; the objective's own metric if empty. The last one
    /// decides early stopping.
    pub eval_metric: Vec<EvalMetric>,
    /// How many threads train; as many as the machine has cores if absent.
    #[schemars(range(min = 1))]
    pub nthread: Option<usize>,
    /// Where training runs.
    pub device: Device,
}

impl Default for BoosterParams {
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            booster: BoosterKind::default(),
            objective: Objective::default(),
            eta: 0.3,
            gamma: 0.0,
            max_depth: 6,
            max_leaves: 0,
            min_child_weight: 1.0,
            max_delta_step: None,
            sampling_method: SamplingMethod::default(),
            subsample: 1.0,
            colsample_bytree: 1.0,
            colsample_bylevel: 1.0,
            colsample_bynode: 1.0,
            lambda: 1.0,
            alpha: 0.0,
            tree_method: TreeMethod::Hist,
            grow_policy: GrowPolicy::Depthwise,
            num_parallel_tree: 1,
            scale_pos_weight: None,
            monotone_constraints: MonotoneConstraints::new(),
            interaction_constraints: InteractionConstraints::new(),
            max_bin: 256,
            max_cat_to_onehot: 4,
            max_cat_threshold: 64,
            base_score: None,
            seed: 0,
            eval_metric: Vec::new(),
            nthread: None,
            device: Device::default(),
        }
    }
}
