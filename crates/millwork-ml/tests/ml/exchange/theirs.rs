//! The kinds of models that every version of XGBoost trains for us to read.

use serde::Serialize;
use serde_json::{Value, json};

/// A kind of model.
#[derive(Debug, Serialize)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The names of the matrix and of its labels.
    pub(crate) data: &'static str,
    labels: &'static str,
    settings: Value,
    rounds: usize,
    /// How the script trains it.
    way: &'static str,
    /// Whether columns have names.
    named: bool,
    /// The first version that has it.
    pub(crate) since: (u32, u32),
    /// The error of reading it; `None` if it can be read.
    #[serde(skip)]
    pub(crate) refused: Option<&'static str>,
}

/// A kind of the plain matrix with default parameters but these.
fn plain(name: &'static str, labels: &'static str, settings: Value) -> Kind {
    Kind {
        name,
        data: "plain",
        labels,
        settings,
        rounds: 5,
        way: "train",
        named: false,
        since: (1, 0),
        refused: None,
    }
}

/// One of squared errors.
fn real(name: &'static str, settings: Value) -> Kind {
    plain(name, "real", settings)
}

fn objective(name: &'static str, labels: &'static str) -> Kind {
    plain(name, labels, json!({ "objective": name }))
}

fn since(major: u32, minor: u32, kind: Kind) -> Kind {
    Kind { since: (major, minor), ..kind }
}

fn on(data: &'static str, kind: Kind) -> Kind {
    Kind { data, ..kind }
}

fn way(way: &'static str, kind: Kind) -> Kind {
    Kind { way, ..kind }
}

/// Every objective.
fn objectives() -> Vec<Kind> {
    let quantiles = json!({ "objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9] });
    let quantile = json!({ "objective": "reg:quantileerror", "quantile_alpha": 0.3 });
    let huber = json!({ "objective": "reg:pseudohubererror", "huber_slope": 2.0 });
    let tweedie = json!({ "objective": "reg:tweedie", "tweedie_variance_power": 1.3 });
    vec![
        objective("reg:squarederror", "real"),
        objective("reg:squaredlogerror", "positive"),
        plain("reg:pseudohubererror", "real", huber),
        since(1, 7, objective("reg:absoluteerror", "real")),
        since(2, 0, plain("quantiles", "real", quantiles)),
        since(2, 0, plain("quantile", "real", quantile)),
        objective("reg:logistic", "shares"),
        objective("reg:gamma", "positive"),
        plain("reg:tweedie", "counts", tweedie),
        objective("count:poisson", "counts"),
        objective("binary:logistic", "binary"),
        objective("binary:logitraw", "binary"),
        objective("binary:hinge", "binary"),
        plain("softmax", "classes", json!({ "objective": "multi:softmax", "num_class": 3 })),
        plain("softprob", "classes", json!({ "objective": "multi:softprob", "num_class": 3 })),
        objective("rank:ndcg", "relevance"),
        objective("rank:map", "clicks"),
        objective("rank:pairwise", "relevance"),
        objective("survival:cox", "survival"),
    ]
}

/// Ways to grow trees.
fn growers() -> Vec<Kind> {
    let softprob = |more: Value| {
        let mut settings = json!({ "objective": "multi:softprob", "num_class": 3 });
        let all = settings.as_object_mut().expect("an object");
        all.extend(more.as_object().expect("an object").clone());
        settings
    };
    let sampled = json!({ "num_parallel_tree": 3, "subsample": 0.7, "colsample_bynode": 0.6 });
    let dart = json!({ "booster": "dart", "rate_drop": 0.4, "one_drop": 1 });
    let dart_of_classes = json!({ "booster": "dart", "rate_drop": 0.4, "normalize_type": "forest" });
    let categorical =
        |to_onehot: usize, method: &str| json!({ "tree_method": method, "max_cat_to_onehot": to_onehot });
    let vectors = json!({ "multi_strategy": "multi_output_tree", "tree_method": "hist" });
    vec![
        real("exact", json!({ "tree_method": "exact" })),
        real("taken_back", json!({ "tree_method": "exact", "gamma": 60.0, "max_depth": 8 })),
        real("approx", json!({ "tree_method": "approx" })),
        real("hist", json!({ "tree_method": "hist", "max_bin": 8 })),
        on("wide", real("wide", json!({ "tree_method": "hist" }))),
        real("lossguide", json!({ "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 7 })),
        real("deep", json!({ "max_depth": 14, "lambda": 0, "min_child_weight": 0 })),
        real("stumps", json!({ "max_depth": 1 })),
        real("lone_leaves", json!({ "gamma": 1e9 })),
        real("dart", dart),
        plain("dart_of_classes", "classes", softprob(dart_of_classes)),
        real("forests", sampled.clone()),
        plain("forests_of_classes", "classes", softprob(sampled)),
        real("monotone", json!({ "monotone_constraints": "(1,-1,0,0,1,0,0,0)", "tree_method": "hist" })),
        real("interaction", json!({ "interaction_constraints": "[[0,1],[2,3,4]]", "tree_method": "hist" })),
        on("categorical", real("onehot", categorical(100, "hist"))),
        on("categorical", real("partitions", categorical(1, "hist"))),
        on("categorical", real("categorical_approx", categorical(4, "approx"))),
        on("categorical", plain("categorical_classes", "classes", softprob(categorical(1, "hist")))),
        plain("pair", "pair", json!({})),
        since(2, 0, plain("vectors", "pair", vectors.clone())),
        since(2, 0, plain("vectors_of_classes", "classes", softprob(vectors))),
    ]
}

/// Ways to come to a model.
fn ways() -> Vec<Kind> {
    vec![
        Kind { rounds: 0, ..real("no_trees", json!({ "base_score": 3.5 })) },
        plain("intercept", "binary", json!({ "objective": "binary:logistic", "base_score": 0.9 })),
        Kind { rounds: 30, ..way("early", real("early", json!({ "eta": 0.9 }))) },
        Kind { rounds: 30, ..way("best", real("best", json!({ "eta": 0.9 }))) },
        way("slice", real("slice", json!({}))),
        way("continued", real("continued", json!({}))),
        way("refresh", real("refreshed", json!({}))),
        way("loss", real("own_loss", json!({}))),
        way("sklearn", plain("sklearn", "binary", json!({ "max_depth": 4 }))),
        Kind { named: true, ..real("named", json!({})) },
        Kind { refused: Some("gblinear"), ..real("linear", json!({ "booster": "gblinear" })) },
        plain(
            "survival:aft",
            "bounds",
            json!({ "objective": "survival:aft", "aft_loss_distribution": "normal" }),
        ),
    ]
}

/// All kinds.
pub(crate) fn kinds() -> Vec<Kind> {
    [objectives(), growers(), ways()].into_iter().flatten().collect()
}
