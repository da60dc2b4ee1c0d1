//! Champion and challenger: a new model comes into use only if it is better than the one in use, on the same held-out data.
//!
//! `price_model` is stored as a new *version* each time it is fitted. The gate `better_prices` judges that version, the *challenger*, against
//! the version that the alias `champion` points at, and moves the alias if the challenger wins. `price_predictions` takes
//! `Champion<price_model>`: it goes on with the champion whatever is fitted, and is stale only when the alias moves.
//!
//! ```sh
//! cargo run -p champion -- materialize                                     # the first version is the champion
//! cargo run -p champion -- materialize --set price_model.shrinkage=5000    # a worse one: it is stored, and the champion stays
//! cargo run -p champion -- models show price_model                         # both, with their verdicts
//! cargo run -p champion -- models promote price_model 2 --reason "a test"  # by hand, against the gate
//! cargo run -p champion -- models rollback price_model                     # and back
//! ```

use std::process::ExitCode;

use millwork::{
    Assets, Challenger, Champion, Config, Output, Verdict, asset, definitions, gate, multi_asset,
};
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
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
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

/// A model of the training sales. Each one is a version; which one is in use is the gate's decision.
#[asset(group = "model", metric = "training error" lower)]
fn price_model(training_sales: &Vec<Sale>, fit: Config<FitParams>) -> Output<PriceModel> {
    let model = PriceModel::fit(training_sales, fit.shrinkage);
    let error = model.error(training_sales);
    Output::new(model).metadata("training error", error)
}

/// The challenger must have a smaller error than the champion, on the sales that are held out now.
///
/// The champion's error is computed anew: the held-out sales may be others than when it was judged.
#[gate]
fn better_prices(
    challenger: Challenger<price_model>,
    champion: Option<Champion<price_model>>,
    held_out_sales: &Vec<Sale>,
) -> Verdict {
    let error = challenger.error(held_out_sales);
    let Some(champion) = champion else {
        return Verdict::promote().because("there was no model in use").metadata("error", error);
    };
    let champion_error = champion.error(held_out_sales);
    Verdict::promote_if(error < champion_error)
        .because(format!("the challenger's error is {error:.2}, the champion's {champion_error:.2}"))
        .metadata("error", error)
        .metadata("error of the champion", champion_error)
}

/// Prices of the flats that are for sale now, by the champion.
#[asset(group = "serving")]
fn price_predictions(price_model: Champion<price_model>) -> Output<Vec<Sale>> {
    let sizes = [40.0, 75.0, 110.0];
    let predictions = sizes.map(|size| Sale { size, price: price_model.price(size) });
    Output::new(predictions.to_vec()).metadata("price per square metre", price_model.per_square_metre)
}

fn main() -> ExitCode {
    millwork::app(definitions![sales, price_model, better_prices, price_predictions])
}
