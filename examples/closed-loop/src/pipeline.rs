//! The model, its gate, its predictions and what came of them; when it is trained again, and when it is given up.

use std::time::Duration;

use millwork::monitor::{
    GroundTruth, MakePredictions, PairedOutcomes, Performance, PerformanceConfig, Predictions,
};
use millwork::{
    AutomationCondition as Condition, Challenger, Champion, Config, Decision, Definitions, FailureClass,
    History, Job, Output, Previous, Result, RunRetries, Schedule, Shadow, StepTime, Verdict, Watch, asset,
    gate,
};
use serde_json::json;

use crate::market;

const DAY: Duration = Duration::from_secs(86_400);
/// The least time between two trainings that are requested by the condition.
pub const COOLDOWN: Duration = Duration::from_secs(2 * 86_400);
/// The most trainings that the condition requests, and in which span.
pub const BUDGET: (u32, Duration) = (2, Duration::from_secs(12 * 86_400));
/// With how many new prices the model is trained again.
pub const MOST_ROWS: u64 = 540;
/// How many outcomes decide about a version in shadow.
const OUTCOMES: usize = 60;

/// The mean absolute error of a price per square metre.
fn error(per_square_metre: f64, sales: &[(f64, f64)]) -> f64 {
    let errors = sales.iter().map(|(size, price)| (per_square_metre * size - price).abs());
    errors.sum::<f64>() / sales.len() as f64
}

/// The price per square metre, in thousands: least squares through the origin, over the last three days.
#[asset(group = "model", metric = "training error" lower)]
pub fn price_model(now: StepTime) -> Output<f64> {
    let sales = market::export(*now);
    let products: f64 = sales.iter().map(|(size, price)| size * price).sum();
    let model = products / sales.iter().map(|(size, _)| size * size).sum::<f64>();
    Output::new(model).metadata("training error", error(model, &sales))
}

/// What is twice as good on the export comes into use at once. Else outcomes decide: better by 5 %; without enough of them in four days, the champion
/// stays.
#[gate(shadow = price_predictions)]
pub fn better_prices(
    challenger: Challenger<price_model>,
    champion: Option<Champion<price_model>>,
    live: Previous<live_performance>,
    now: StepTime,
) -> Result<Verdict> {
    let Some(champion) = champion else { return Ok(Verdict::promote().because("there was no model in use")) };
    let sales = market::export(*now);
    let (of_champion, of_challenger) = (error(*champion, &sales), error(*challenger, &sales));
    if of_challenger < 0.5 * of_champion {
        return Ok(
            Verdict::promote().because(format!("the error is {of_challenger:.1}, after {of_champion:.1}"))
        );
    }
    let outcomes = live.value().map(|live| live.paired(&champion, &challenger)).transpose()?;
    let count = outcomes.as_ref().map_or(0, PairedOutcomes::len);
    let Some(outcomes) = outcomes.filter(|outcomes| outcomes.len() >= OUTCOMES) else {
        return Ok(Verdict::shadow(format!("{count} outcomes")).within(4 * DAY, Decision::Keep));
    };
    let (of_champion, of_challenger) = outcomes.absolute_errors();
    let (of_champion, of_challenger): (f64, f64) = (of_champion.iter().sum(), of_challenger.iter().sum());
    let mean = |sum: f64| sum / count as f64;
    let reason = format!("MAE of {count}: {:.2}, after {:.2}", mean(of_challenger), mean(of_champion));
    Ok(Verdict::promote_if(of_challenger < 0.95 * of_champion).because(reason))
}

/// The prices of the flats that come on offer, by the version in use.
#[asset(group = "serving", shadow_safe)]
pub fn price_predictions(price_model: Champion<price_model>, now: StepTime) -> Result<Predictions<u64, f64>> {
    let flats = market::occasions(*now);
    let prices = flats.iter().map(|flat| *price_model * market::size(*flat));
    let predictions = price_model.predictions(flats.iter().copied(), prices)?;
    Ok(predictions.slice("district", flats.iter().map(|flat| market::district(*flat)))?)
}

/// The prices that were paid: what has become known.
#[asset(group = "serving")]
pub fn prices_paid(now: StepTime) -> Result<Output<GroundTruth<u64, f64>>> {
    let sales = market::sales_of(*now);
    let keys = sales.iter().map(|sale| sale.key);
    let prices = sales.iter().map(|sale| sale.price);
    let paid = GroundTruth::timed(keys, prices, sales.iter().map(|sale| sale.at))?;
    Ok(Output::new(paid).metadata("rows", sales.len() as u64))
}

/// How far the predictions were from the prices paid, day by day; of versions in shadow as well.
#[asset(group = "monitoring", metric = "MAE" lower, deps(price_predictions, prices_paid))]
pub fn live_performance(
    price_predictions: History<price_predictions>,
    in_shadow: Shadow<price_predictions>,
    prices_paid: History<prices_paid>,
    previous: Previous<live_performance>,
    settings: Config<PerformanceConfig>,
    now: StepTime,
) -> Result<Output<Performance<u64>>> {
    let performance = Performance::continued(previous.value(), &settings)?
        .predictions_of(&price_predictions)?
        .shadow(&in_shadow)?
        .ground_truth_of(&prices_paid)?
        .evaluate(*now)?;
    Ok(performance.output())
}

/// Decay, many new prices or age ask for a training; a version that is half as bad again as the one before gives way to it.
pub fn definitions() -> Definitions {
    let error = || Condition::metric("live_performance", "MAE").coverage(0.8);
    let is_due = Condition::any_of([
        error().worse_than_at_promotion(0.5).for_evaluations(2),
        Condition::new_rows("prices_paid", MOST_ROWS),
        Condition::older_than("price_model", 20 * DAY),
    ]);
    let is_due = is_due.cooldown(COOLDOWN).budget(BUDGET.0, BUDGET.1).unless_verdict_pending();
    let retry = millwork::Retry::constant(1_000_000, Duration::ZERO).jitter(false);
    millwork::definitions![price_model, better_prices, price_predictions, prices_paid, live_performance]
        .config(json!({ "live_performance": {
            "matures": "2d",
            "metrics": ["mean_absolute_error", "root_mean_squared_error"],
            "baselines": ["median", "last_known"],
            "slices": ["district"],
        }}))
        .job(Job::new("train", "price_model").automation(is_due))
        .watch(
            Watch::new("price_model").rollback_if(error().worse_than_before_promotion(0.5)).within(7 * DAY),
        )
        .schedule(
            Schedule::new(
                "quarterly_prices",
                ["0 */6 * * *"],
                "price_predictions or prices_paid or live_performance",
            )
            .on_by_default(),
        )
        // A process that is killed has its runs finished by the next one.
        .run_retries(RunRetries::of(0, [FailureClass::Killed, FailureClass::Lost]).retry(retry))
}
