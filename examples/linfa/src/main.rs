//! Models of `linfa` as assets: a linear one that predicts the price of flats, and a clustering of them.
//!
//! Both are values like any other: `serde` makes them storable, and the compiler checks that `price_error` gets the type of model that
//! `price_model` produces. `Dense` turns features into `linfa`'s data sets.
//!
//! ```sh
//! cargo run -p linfa-models -- materialize
//! cargo run -p linfa-models -- asset value price_model
//! ```

use std::process::ExitCode;

use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use linfa_elasticnet::ElasticNet;
use linfa_nn::distance::L2Dist;
use millwork::linfa::{Absent, Dense};
use millwork::ml::encoding::{NumberEncoder, NumberParams, Scaling};
use millwork::ml::features::LabelledFeatures;
use millwork::ml::{metrics, split};
use millwork::{Assets, CheckResult, Config, Output, Result, asset, asset_check, definitions, multi_asset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Measurements have no absent entries.
const DENSE: fn() -> Dense = || Dense::new(Absent::Error);

/// The flats in two parts, scaled alike.
#[derive(Assets)]
struct Flats {
    /// The flats that models are trained on.
    training_flats: LabelledFeatures,
    /// The flats that they are evaluated on.
    test_flats: LabelledFeatures,
}

/// Sizes, ages and prices of flats. (Made up: five thousand a square metre, ten less a year, give or take.)
#[multi_asset(group = "data")]
fn flats() -> Result<Flats> {
    let size = |n: u32| f64::from(30 + n * 17 % 90);
    let age = |n: u32| f64::from(n * 29 % 60);
    let price = |n: u32| 5.0 * size(n) - 0.01 * age(n) + f64::from(n * 37 % 41) - 20.0;
    let numbers = |number: fn(u32) -> f64| (0..300).map(|n| Some(number(n))).collect::<Vec<_>>();
    let params = NumberParams { scaling: Scaling::Standard, ..NumberParams::default() };
    let (_, features) =
        NumberEncoder::fit_transform(&params, &[("size", &numbers(size)), ("age", &numbers(age))])?;
    let flats = LabelledFeatures::new(features, (0..300).map(price).collect())?;
    let parts = split::random(flats.rows(), 0.2, 42)?;
    Ok(Flats { training_flats: flats.select(&parts.train)?, test_flats: flats.select(&parts.test)? })
}

/// The strength of regularization.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Penalty {
    /// The weight of the penalty; 0 is least squares.
    #[schemars(range(min = 0.0))]
    penalty: f64,
}

impl Default for Penalty {
    fn default() -> Self {
        Self { penalty: 0.1 }
    }
}

/// A model of the price of a flat by its size and age.
#[asset(group = "model", kinds("linfa"))]
fn price_model(
    training_flats: &LabelledFeatures,
    config: Config<Penalty>,
) -> Result<Output<ElasticNet<f64>>> {
    let model = ElasticNet::params().penalty(config.penalty).fit(&DENSE().dataset(training_flats)?)?;
    let coefficients = format!("{:.1}", model.hyperplane());
    let intercept = model.intercept();
    Ok(Output::new(model).metadata("coefficients", coefficients).metadata("intercept", intercept))
}

/// The mean absolute error of the prices, in thousands.
#[asset(group = "model", kinds("score"))]
fn price_error(price_model: &ElasticNet<f64>, test_flats: &LabelledFeatures) -> Result<f64> {
    let predictions = price_model.predict(&DENSE().records(test_flats.features())?);
    Ok(metrics::mean_absolute_error(test_flats.targets(), &predictions.to_vec())?)
}

/// The model is better than no model.
#[asset_check]
fn prices_are_explained(price_error: &f64) -> CheckResult {
    if *price_error < 20.0 { CheckResult::pass() } else { CheckResult::fail("prices are not explained") }
}

/// Three kinds of flats.
#[asset(group = "model", kinds("linfa"))]
fn segments(training_flats: &LabelledFeatures) -> Result<Output<KMeans<f64, L2Dist>>> {
    let model = KMeans::params(3).fit(&DENSE().dataset(training_flats)?)?;
    let inertia = model.inertia();
    Ok(Output::new(model).metadata("inertia", inertia))
}

/// The number of test flats of each kind.
#[asset(group = "serving")]
fn segment_sizes(segments: &KMeans<f64, L2Dist>, test_flats: &LabelledFeatures) -> Result<Vec<usize>> {
    let kinds = segments.predict(&DENSE().records(test_flats.features())?);
    let mut sizes = vec![0; segments.centroids().nrows()];
    kinds.iter().for_each(|&kind| sizes[kind] += 1);
    Ok(sizes)
}

fn main() -> ExitCode {
    millwork::app(definitions![
        flats,
        price_model,
        price_error,
        prices_are_explained,
        segments,
        segment_sizes
    ])
}
