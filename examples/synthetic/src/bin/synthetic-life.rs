//! A model with a life: versions, a gate, a rollback, a shadow, and its live performance. The pages of models are looked at with it.
//!
//! `synthetic-life past HOME` writes the past into an empty home; everything else is a pipeline's command line: `synthetic-life serve`.

use std::process::ExitCode;

use millwork::{BoxError, Challenger, Champion, Output, Verdict, asset, definitions, gate};
use millwork_storage::Home;
use synthetic::write_life;

/// The price of a flat by its size.
#[asset(group = "model", metric = "MAE" lower)]
fn price_model() -> Output<f64> {
    Output::new(5_200.0).metadata("MAE", 1.7)
}

/// A new version must be better on the flats that were held out.
#[gate]
fn better_prices(challenger: Challenger<price_model>, champion: Option<Champion<price_model>>) -> Verdict {
    Verdict::promote_if(champion.is_none_or(|champion| *challenger > *champion))
}

/// The prices of the flats on sale, by the version in use.
#[asset(group = "serving")]
fn price_predictions(price_model: Champion<price_model>) -> Vec<f64> {
    [48.0, 71.0, 96.0].map(|size| size * *price_model).into()
}

/// The prices that flats were sold for.
#[asset(group = "serving")]
fn prices_paid() -> Vec<f64> {
    vec![251_000.0, 368_500.0, 502_000.0]
}

/// How far the predictions were from the prices paid, day by day.
#[asset(group = "monitoring", metric = "MAE" lower)]
fn live_performance(price_predictions: &Vec<f64>, prices_paid: &Vec<f64>) -> Output<f64> {
    let errors = price_predictions.iter().zip(prices_paid).map(|(predicted, paid)| (predicted - paid).abs());
    let error = errors.sum::<f64>() / prices_paid.len().max(1) as f64;
    Output::new(error).metadata("MAE", error)
}

#[tokio::main]
async fn past(home: &str) -> Result<(), BoxError> {
    let home = Home::open(home).await?;
    write_life(&*home.store()).await?;
    home.store().close().await;
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, home] = arguments.as_slice()
        && command == "past"
    {
        return match past(home) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
    millwork::app(definitions![price_model, better_prices, price_predictions, prices_paid, live_performance])
}
