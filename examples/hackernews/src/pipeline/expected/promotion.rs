//! The gate of the model: what a new version has to show before predictions are made by it.

use millwork::ml::comparison::{Comparison, PairedBootstrap};
use millwork::ml::features::RowKeys;
use millwork::{Challenger, Champion, Config, Result, Verdict, gate};
use polars::prelude::DataFrame;

use super::model::comments_model;
use crate::pipeline::ingest::test_data;
use crate::pipeline::promotion::GateLimits;
use crate::pipeline::reference::source::Row;

/// The least prediction that the deviance uses, in comments; at 0 it would be infinite.
const LEAST: f64 = 0.1;

/// The new version must have a lower Poisson deviance than the one in use, on the same stories, which neither was fitted on, and by more than
/// chance.
///
/// Stories that the version in use was fitted on are left out, as another window may have been fetched for it. The first version must not
/// be worse than guessing the mean.
#[gate]
pub fn better_comments(
    challenger: Challenger<comments_model>,
    champion: Option<Champion<comments_model>>,
    test_data: &DataFrame,
    limits: Config<GateLimits>,
) -> Result<Verdict> {
    let mut held_out = Row::in_order_of_time(test_data)?;
    let of_challenger = challenger.check_held_out(&RowKeys::new(held_out.iter().map(|row| row.id)))?;
    if let Some(used) = champion.as_ref().and_then(|champion| champion.used_rows()) {
        held_out.retain(|row| !used.fitted().contains(&row.id.into()));
    }
    if held_out.len() < limits.fewest {
        let reason = format!("{} held-out stories are too few to judge by", held_out.len());
        return Ok(match champion {
            Some(_) => Verdict::keep(reason),
            None => Verdict::promote().because(reason),
        });
    }
    let losses = deviances(&held_out, &challenger.of_rows(&held_out)?);
    let guess = vec![challenger.mean(); held_out.len()];
    let against_guess = compare(&deviances(&held_out, &guess), &losses)?;
    if against_guess.is_worse() {
        return Ok(Verdict::reject("guessing the mean is better").because(against_guess));
    }
    let Some(champion) = champion else {
        return Ok(Verdict::promote().because("there was no model in use").because(against_guess));
    };
    let comparison = compare(&deviances(&held_out, &champion.of_rows(&held_out)?), &losses)?;
    let is_better = comparison.improves_by(limits.gain);
    Ok(Verdict::promote_if(is_better).because(comparison).because(of_challenger.warning()))
}

/// The Poisson deviance of each story.
fn deviances(rows: &[Row], predicted: &[f64]) -> Vec<f64> {
    let deviance = |(row, predicted): (&Row, &f64)| {
        let (comments, mean) = (row.comments, predicted.max(LEAST));
        let entropy = if comments > 0.0 { comments * (comments / mean).ln() } else { 0.0 };
        2.0 * (entropy - comments + mean)
    };
    rows.iter().zip(predicted).map(deviance).collect()
}

fn compare(in_use: &[f64], challenger: &[f64]) -> Result<Comparison> {
    Ok(PairedBootstrap::of_losses(in_use, challenger).compare("Poisson deviance")?)
}
