//! Champion and challenger: a new model replaces the one in use only if it is better on the same held-out data.
//!
//! `price_model` takes its own previous value, the *champion*, and returns an [`Update`]: the *challenger* that it has just fitted, or
//! "keep". Kept means that the asset isn't materialized, that the reason is recorded in the run's log, and that `price_predictions` goes on
//! with the champion in the same run; it isn't skipped.
//!
//! ```sh
//! cargo run -p champion -- materialize                                     # the first model is the champion
//! cargo run -p champion -- materialize --set price_model.shrinkage=5000    # a worse one: the champion is kept
//! cargo run -p champion -- asset history price_model                       # one model …
//! cargo run -p champion -- asset history price_predictions                 # … and predictions of both runs
//! ```

use std::process::ExitCode;

use millwork::{Assets, Config, Output, Previous, Update, asset, definitions, multi_asset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One flat that was sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sale {
    /// The floor area, in square metres.
    size: f64,
    /// The price, in thousands.
    price: f64,
}

/// The sales in two parts.
#[derive(Assets)]
struct Sales {
    /// The sales that models are trained on.
    training_sales: Vec<Sale>,
    /// The sales on which champion and challenger are compared; neither was trained on them.
    held_out_sales: Vec<Sale>,
}

/// Fetches the sales. (Made up: five thousand a square metre, give or take.)
#[multi_asset(group = "data")]
fn sales() -> Sales {
    let sale = |n: u32| Sale {
        size: f64::from(30 + n),
        price: 5.0 * f64::from(30 + n) + f64::from(n * 37 % 41) - 20.0,
    };
    let (held_out_sales, training_sales) = (0..100).map(sale).partition(|sale: &Sale| sale.size % 5.0 == 0.0);
    Sales { training_sales, held_out_sales }
}

/// A model of the price of a flat by its size.
#[derive(Debug, Serialize, Deserialize)]
struct PriceModel {
    per_square_metre: f64,
}

impl PriceModel {
    /// Least squares through the origin; `shrinkage` pulls the price towards zero (ridge regression).
    fn fit(sales: &[Sale], shrinkage: f64) -> Self {
        let sum = |term: fn(&Sale) -> f64| sales.iter().map(term).sum::<f64>();
        Self {
            per_square_metre: sum(|sale| sale.size * sale.price)
                / (sum(|sale| sale.size * sale.size) + shrinkage),
        }
    }

    fn price(&self, size: f64) -> f64 {
        self.per_square_metre * size
    }

    /// The mean absolute error, in thousands.
    fn error(&self, sales: &[Sale]) -> f64 {
        let errors = sales.iter().map(|sale| (self.price(sale.size) - sale.price).abs());
        errors.sum::<f64>() / sales.len() as f64
    }
}

/// The parameters of fitting.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct FitParams {
    /// How strongly the price is pulled towards zero.
    #[schemars(range(min = 0.0))]
    shrinkage: f64,
}

impl Default for FitParams {
    fn default() -> Self {
        Self { shrinkage: 1_000.0 }
    }
}

/// The champion: the best model so far.
#[asset(group = "model")]
fn price_model(
    training_sales: &Vec<Sale>,
    held_out_sales: &Vec<Sale>,
    fit: Config<FitParams>,
    champion: Previous<price_model>,
) -> Update<PriceModel> {
    let challenger = PriceModel::fit(training_sales, fit.shrinkage);
    let error = challenger.error(held_out_sales);
    // The champion's error is computed anew: the held-out sales may be others than when it was fitted.
    let verdict = match champion.value().map(|champion| champion.error(held_out_sales)) {
        None => Update::new(challenger),
        Some(champion_error) if error < champion_error => {
            Update::new(challenger).metadata("error of the last champion", champion_error)
        }
        Some(champion_error) => {
            Update::keep(format!("the challenger's error is {error:.2}, the champion's {champion_error:.2}"))
        }
    };
    verdict.metadata("error", error)
}

/// Prices of the flats that are for sale now, by the champion.
#[asset(group = "serving")]
fn price_predictions(price_model: &PriceModel) -> Output<Vec<Sale>> {
    let sizes = [40.0, 75.0, 110.0];
    let predictions = sizes.map(|size| Sale { size, price: price_model.price(size) });
    Output::new(predictions.to_vec()).metadata("price per square metre", price_model.per_square_metre)
}

fn main() -> ExitCode {
    millwork::app(definitions![sales, price_model, price_predictions])
}
