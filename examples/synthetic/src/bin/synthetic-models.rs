//! Models whose configuration makes them better or worse, with gates: what the tests of `models` are run on.
//!
//! `model` is a number, and its error is how far it is from the numbers that are held out. `predictions` and `report` are made with the
//! one in use. `day_model` is the same by day, and `of_day` follows it.

use std::process::ExitCode;

use millwork::{
    Challenger, Champion, Config, Output, Partition, PartitionsDefinition, Verdict, asset, definitions, gate,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model is fitted with.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Fit {
    /// How far from right the model is.
    off: f64,
}

/// How a model is judged.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Judging {
    /// Whether people decide.
    ask: bool,
}

/// The numbers that models are compared on.
#[asset(group = "data")]
fn held_out() -> Vec<f64> {
    vec![9.0, 10.0, 11.0]
}

/// What models are fitted to.
#[asset(group = "data")]
fn training() -> f64 {
    10.0
}

/// A model: a number that should be 10.
#[asset(group = "model", kinds("number"), owners("ada@example.com"), metric = "error" lower)]
fn model(training: &f64, fit: Config<Fit>) -> Output<f64> {
    Output::new(training + fit.off).metadata("error", fit.off.abs())
}

fn error(model: f64, held_out: &[f64]) -> f64 {
    let mean = held_out.iter().sum::<f64>() / held_out.len() as f64;
    (model - mean).abs()
}

/// The new version must be nearer to the numbers that are held out.
#[gate]
fn better_model(
    challenger: Challenger<model>,
    champion: Option<Champion<model>>,
    held_out: &Vec<f64>,
    judging: Config<Judging>,
) -> Verdict {
    println!("the gate prints this");
    let own = error(*challenger, held_out);
    let verdict = match champion {
        _ if judging.ask => Verdict::ask("the team"),
        None => Verdict::promote().because("none was in use"),
        Some(champion) => {
            let standing = error(*champion, held_out);
            Verdict::promote_if(own < standing).because(format!("{standing} → {own}"))
        }
    };
    verdict.metadata("held-out error", own)
}

/// Made by the version in use.
#[asset(group = "serving")]
fn predictions(model: Champion<model>) -> Vec<f64> {
    vec![*model; 2]
}

/// Made from the predictions.
#[asset(group = "serving")]
fn report(predictions: &Vec<f64>) -> f64 {
    predictions.iter().sum()
}

fn days() -> PartitionsDefinition {
    PartitionsDefinition::fixed(["mon", "tue"])
}

/// A model of each day.
#[asset(group = "model", partitions = days())]
fn day_model(day: Partition<String>) -> f64 {
    day.len() as f64
}

/// Every model of a day will do.
#[gate]
fn any_model(challenger: Challenger<day_model>) -> Verdict {
    Verdict::promote().metadata("value", *challenger)
}

/// Made by the day's version in use.
#[asset(group = "serving", partitions = days())]
fn of_day(day_model: Champion<day_model>) -> f64 {
    *day_model
}

/// An asset that is no model.
#[asset(group = "data")]
fn plain() -> u32 {
    1
}

fn main() -> ExitCode {
    millwork::app(definitions![
        held_out,
        training,
        model,
        better_model,
        predictions,
        report,
        day_model,
        any_model,
        of_day,
        plain,
    ])
}
