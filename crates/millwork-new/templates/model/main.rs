//! A pipeline: sales of flats, a model of their prices, and its score on sales that it hasn't seen.
//!
//! `cargo run -- materialize` makes its assets, `cargo run -- dev` shows it in a browser.

use std::process::ExitCode;

use millwork::ml::boost::{Booster, BoosterParams};
use millwork::ml::features::{Features, LabelledFeatures};
use millwork::ml::{metrics, split};
use millwork::{
    Assets, CheckResult, Config, Definitions, Output, Result, asset, asset_check, definitions,
    multi_asset,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One flat that was sold.
#[derive(Clone, Serialize, Deserialize)]
struct Sale {
    /// The floor area, in square metres.
    size: f64,
    floor: f64,
    /// The price, in thousands.
    price: f64,
}

/// The number of sales to make up.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Amount {
    sales: u32,
}

impl Default for Amount {
    fn default() -> Self {
        Self { sales: 1_000 }
    }
}

/// Sales. They are made up, by a formula and some noise: your data comes in here.
#[asset(group = "data")]
fn sales(amount: Config<Amount>) -> Output<Vec<Sale>> {
    let sale = |number: u32| {
        let size = f64::from(30 + number % 101);
        let floor = f64::from(number % 7);
        let noise = f64::from(number % 13) - 6.0;
        let price = 5.0 * size + 20.0 * floor + noise;
        Sale { size, floor, price }
    };
    let sales: Vec<Sale> = (0..amount.sales).map(sale).collect();
    let rows = sales.len();
    Output::new(sales).metadata("sales", rows)
}

/// The sales in two parts.
#[derive(Assets)]
struct Parts {
    /// The sales that the model is trained on.
    training_sales: Vec<Sale>,
    /// Held back to score the model.
    test_sales: Vec<Sale>,
}

/// Divides the sales at random, the same way each time.
#[multi_asset(group = "data")]
fn split_sales(sales: &Vec<Sale>) -> Result<Parts> {
    let parts = split::random(sales.len(), 0.2, 42)?;
    let part = |rows: &[usize]| rows.iter().map(|&row| sales[row].clone()).collect();
    Ok(Parts {
        training_sales: part(&parts.train),
        test_sales: part(&parts.test),
    })
}

/// The features of each sale, and the price to learn.
fn labelled(sales: &[Sale]) -> Result<LabelledFeatures> {
    let values: Vec<f64> = sales
        .iter()
        .flat_map(|sale| [sale.size, sale.floor])
        .collect();
    let prices = sales.iter().map(|sale| sale.price).collect();
    Ok(LabelledFeatures::new(
        Features::from_dense(2, &values)?,
        prices,
    )?)
}

/// The parameters of training.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Training {
    /// The number of trees.
    #[schemars(range(min = 1))]
    rounds: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self { rounds: 100 }
    }
}

/// A model of the price of a flat, by its size and floor.
#[asset(group = "model", kinds("xgboost"))]
fn price_model(training_sales: &Vec<Sale>, training: Config<Training>) -> Result<Booster> {
    let params = BoosterParams::default();
    Ok(Booster::train(
        &params,
        training.rounds,
        &labelled(training_sales)?,
    )?)
}

/// How much of the prices the model explains (R²) on sales that it hasn't seen.
#[asset(group = "model", metric = "R²")]
fn score(test_sales: &Vec<Sale>, price_model: &Booster) -> Result<Output<f64>> {
    let test = labelled(test_sales)?;
    let predictions = price_model.predict(test.features())?;
    let score = metrics::r_squared(test.targets(), &predictions)?;
    let error = metrics::mean_absolute_error(test.targets(), &predictions)?;
    Ok(Output::new(score)
        .metadata("R²", score)
        .metadata("mean absolute error", error))
}

/// Fails if the model has learned little: then assets downstream of its score are not materialized.
#[asset_check(blocking)]
fn score_is_high(score: &f64) -> CheckResult {
    CheckResult::new(*score > 0.9).metadata("R²", *score)
}

fn pipeline() -> Definitions {
    definitions![sales, split_sales, price_model, score, score_is_high]
}

fn main() -> ExitCode {
    millwork::app(pipeline())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_fit_together() {
        pipeline().resolve().expect("definitions that fit together");
    }

    #[test]
    fn the_model_learns_prices() -> Result<()> {
        let sales = sales(Config(Amount { sales: 500 })).value;
        let parts = split_sales(&sales)?;
        let model = price_model(&parts.training_sales, Config(Training { rounds: 50 }))?;
        let score = score(&parts.test_sales, &model)?.value;
        assert!(score_is_high(&score).passed, "R² is {score}");
        Ok(())
    }
}
