//! The kinds of models that we train for every version of XGBoost to read.

use std::ops::ControlFlow;

use millwork_ml::boost::{
    Booster, BoosterKind, BoosterParams, Dart, Derivatives, GrowPolicy, Monotone, Objective, Ranking,
    Training, TreeMethod,
};
use millwork_ml::features::LabelledFeatures;

use crate::exchange::data::{CATEGORIES, Data};

/// A kind of model.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The names of the matrix and of its labels.
    pub(crate) data: &'static str,
    labels: &'static str,
    params: BoosterParams,
    rounds: usize,
    way: Way,
    /// The first version that has it.
    pub(crate) since: (u32, u32),
}

/// How a kind is trained.
#[derive(Clone, Copy)]
enum Way {
    Whole,
    Early,
    Interrupted,
    Continued,
    OwnLoss,
    Weighted,
}

fn plain(name: &'static str, labels: &'static str, params: BoosterParams) -> Kind {
    Kind { name, data: "plain", labels, params, rounds: 5, way: Way::Whole, since: (1, 7) }
}

fn real(name: &'static str, params: BoosterParams) -> Kind {
    plain(name, "real", params)
}

fn of(objective: Objective) -> BoosterParams {
    BoosterParams { objective, ..usual() }
}

fn usual() -> BoosterParams {
    BoosterParams { nthread: Some(1), ..BoosterParams::default() }
}

fn softprob() -> BoosterParams {
    of(Objective::Softprob { num_class: 3 })
}

fn objectives() -> Vec<Kind> {
    let quantiles = Objective::Quantile { quantile_alpha: vec![0.1, 0.5, 0.9] };
    let quantile = Objective::Quantile { quantile_alpha: vec![0.3] };
    vec![
        plain("squared error", "real", usual()),
        plain("squared log error", "positive", of(Objective::SquaredLogError)),
        plain("pseudo-Huber", "real", of(Objective::PseudoHuber { huber_slope: 2.0 })),
        plain("absolute error", "real", of(Objective::AbsoluteError)),
        Kind { since: (2, 0), ..plain("quantiles", "real", of(quantiles)) },
        Kind { since: (2, 0), ..plain("quantile", "real", of(quantile)) },
        plain("logistic", "shares", of(Objective::Logistic)),
        plain("gamma", "positive", of(Objective::Gamma)),
        plain("tweedie", "counts", of(Objective::Tweedie { tweedie_variance_power: 1.3 })),
        plain("poisson", "counts", of(Objective::Poisson)),
        plain("binary", "binary", of(Objective::BinaryLogistic)),
        plain("logitraw", "binary", of(Objective::BinaryLogitRaw)),
        plain("hinge", "binary", of(Objective::BinaryHinge)),
        plain("softmax", "classes", of(Objective::Softmax { num_class: 3 })),
        plain("softprob", "classes", softprob()),
        plain("ndcg", "relevance", of(Objective::RankNdcg(Ranking::default()))),
        plain("map", "clicks", of(Objective::RankMap(Ranking::default()))),
        plain("pairwise", "relevance", of(Objective::RankPairwise(Ranking::default()))),
        plain("cox", "survival", of(Objective::Cox)),
    ]
}

fn growers() -> Vec<Kind> {
    let dart = BoosterKind::Dart(Dart { rate_drop: 0.4, one_drop: true, ..Dart::default() });
    let lossguide = BoosterParams { grow_policy: GrowPolicy::Lossguide, max_leaves: 7, ..usual() };
    let monotone = [(0, Monotone::Increasing), (1, Monotone::Decreasing)].into();
    let sampled = |params| BoosterParams {
        num_parallel_tree: 3,
        subsample: 0.7,
        colsample_bytree: 0.8,
        colsample_bynode: 0.6,
        ..params
    };
    let max_depth = |max_depth| BoosterParams { max_depth, ..usual() };
    vec![
        real("exact", BoosterParams { tree_method: TreeMethod::Exact, ..usual() }),
        real("few bins", BoosterParams { max_bin: 8, ..usual() }),
        Kind { data: "wide", ..real("wide", usual()) },
        real("lossguide", lossguide),
        real("deep", BoosterParams { lambda: 0.0, min_child_weight: 0.0, ..max_depth(14) }),
        real("stumps", max_depth(1)),
        real("lone leaves", BoosterParams { gamma: 1e9, ..usual() }),
        real("dart", BoosterParams { booster: dart, ..usual() }),
        plain("dart of classes", "classes", BoosterParams { booster: dart, ..softprob() }),
        real("forests", sampled(usual())),
        plain("forests of classes", "classes", sampled(softprob())),
        real("monotone", BoosterParams { monotone_constraints: monotone, ..usual() }),
        real(
            "interaction",
            BoosterParams { interaction_constraints: vec![vec![0, 1], vec![2, 3, 4]], ..usual() },
        ),
        Kind { data: "categorical", ..real("categorical", usual()) },
        Kind { data: "categorical", ..plain("categorical classes", "classes", softprob()) },
    ]
}

fn ways() -> Vec<Kind> {
    let fast = BoosterParams { eta: 0.9, ..usual() };
    let of_rare = BoosterParams {
        scale_pos_weight: Some(3.0),
        max_delta_step: Some(0.5),
        ..of(Objective::BinaryLogistic)
    };
    let intercept = BoosterParams { base_score: Some(0.9), ..of(Objective::BinaryLogistic) };
    vec![
        Kind { way: Way::Early, rounds: 30, ..real("early", fast) },
        Kind { way: Way::Interrupted, ..real("interrupted", usual()) },
        Kind { way: Way::Continued, ..real("continued", usual()) },
        Kind { way: Way::OwnLoss, ..real("own loss", usual()) },
        Kind { way: Way::Weighted, ..real("weighted", usual()) },
        plain("rare", "binary", of_rare),
        plain("intercept", "binary", intercept),
        plain("one intercept", "classes", BoosterParams { base_score: Some(0.5), ..softprob() }),
    ]
}

/// All kinds.
pub(crate) fn kinds() -> Vec<Kind> {
    [objectives(), growers(), ways()].into_iter().flatten().collect()
}

impl Kind {
    /// The model.
    pub(crate) fn train(&self, data: &Data) -> Booster {
        let mut train = data.labelled(self.data, self.labels);
        if self.data == "categorical" {
            let (features, targets) = train.into_parts();
            let features = features.with_categories(&CATEGORIES).expect("numbers of categories");
            train = LabelledFeatures::new(features, targets).expect("labelled features");
        }
        self.trained(train)
    }

    fn trained(&self, train: LabelledFeatures) -> Booster {
        let training = |data| Training::new(&self.params, self.rounds, data);
        let trained =
            match self.way {
                Way::Whole => training(&train).run(),
                Way::Early => {
                    let reversed = train.targets().iter().rev().copied().collect();
                    let other = LabelledFeatures::new(train.features().clone(), reversed).expect("labels");
                    training(&train).evaluate("other", &other).early_stopping(2).run()
                }
                Way::Interrupted => training(&train)
                    .on_round(|round| {
                        if round.index == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                    })
                    .run(),
                Way::Continued => {
                    let start = training(&train).run().expect("a model").booster;
                    training(&train).continue_from(&start).run()
                }
                Way::OwnLoss => training(&train)
                    .objective(|margins, targets, derivatives| {
                        for ((margin, target), derivatives) in margins.iter().zip(targets).zip(derivatives) {
                            *derivatives = Derivatives { first: margin - target, second: 1.0 };
                        }
                    })
                    .run(),
                Way::Weighted => {
                    let weights = (0..train.rows()).map(|row| 0.5 + (row % 7) as f64).collect();
                    training(&train.with_weights(weights).expect("weights")).run()
                }
            };
        trained.unwrap_or_else(|error| panic!("{}: {error}", self.name)).booster
    }
}
