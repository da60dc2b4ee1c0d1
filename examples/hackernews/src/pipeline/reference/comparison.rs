//! The quality of each model's predictions for the newest stories.

use millwork::ml::boost::Booster;
use millwork::ml::features::LabelledFeatures;
use millwork::ml::metrics;
use millwork::{Output, Result, Table, asset};
use serde::{Deserialize, Serialize};

use super::features::{reference_test, reference_training, reference_validation};
use super::models::{expected_comments_model, guide_predictions, typical_comments_model};

/// The least prediction that the deviance uses, in comments; at 0 it would be infinite.
const LEAST: f32 = 0.1;

/// The quality of one way to predict the test stories' comments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The way: a model, or a guess.
    pub by: String,
    /// The share of the variance that is explained; `None` if all stories have as many comments.
    pub r_squared: Option<f64>,
    /// The mean absolute error, in comments.
    pub mae: f64,
    /// The mean Poisson deviance.
    pub poisson_deviance: f64,
    /// The rank correlation of predictions and comments; `None` if either are all equal.
    pub spearman: Option<f64>,
}

/// The models and guesses, evaluated on the newest stories, which none of them was chosen or trained by.
#[asset(group = "reference", kinds("score"))]
pub fn model_comparison(
    reference_training: &LabelledFeatures,
    reference_validation: &LabelledFeatures,
    reference_test: &LabelledFeatures,
    guide_predictions: &Vec<f32>,
    expected_comments_model: &Booster,
    typical_comments_model: &Booster,
) -> Result<Output<Vec<Judged>>> {
    let mut known = [reference_training.targets(), reference_validation.targets()].concat();
    known.sort_by(f64::total_cmp);
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let guess = |number: f64| vec![number as f32; reference_test.rows()];
    let ways = [
        ("the mean", guess(mean)),
        ("the median", guess(known[known.len() / 2])),
        ("the guide's model", guide_predictions.clone()),
        ("expected comments", expected_comments_model.predict(reference_test.features())?),
        ("typical comments", typical_comments_model.predict(reference_test.features())?),
    ];
    let judged = ways.into_iter().map(|(by, predictions)| judge(by, reference_test.targets(), &predictions));
    let judged: Vec<Judged> = judged.collect::<Result<_>>()?;
    print(&judged);
    let (table, rows) = (table(&judged), reference_test.rows());
    Ok(Output::new(judged).metadata("comparison", table).metadata("test stories", rows))
}

fn judge(by: &str, comments: &[f64], predictions: &[f32]) -> Result<Judged> {
    let positive: Vec<f32> = predictions.iter().map(|prediction| prediction.max(LEAST)).collect();
    Ok(Judged {
        by: by.to_owned(),
        r_squared: metrics::r_squared(comments, predictions).ok(),
        mae: metrics::mean_absolute_error(comments, predictions)?,
        poisson_deviance: metrics::mean_poisson_deviance(comments, &positive)?,
        spearman: metrics::spearman_correlation(comments, predictions).ok(),
    })
}

/// Prints the table into the step's log.
fn print(judged: &[Judged]) {
    let number =
        |value: Option<f64>, decimals| value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"));
    println!("{:<20} {:>8} {:>8} {:>10} {:>9}", "predicted by", "R²", "MAE", "deviance", "Spearman");
    for Judged { by, r_squared, mae, poisson_deviance, spearman } in judged {
        let (r_squared, spearman) = (number(*r_squared, 3), number(*spearman, 3));
        println!("{by:<20} {r_squared:>8} {mae:>8.2} {poisson_deviance:>10.1} {spearman:>9}");
    }
}

fn table(judged: &[Judged]) -> Table {
    let columns = [
        ("predicted by", "text"),
        ("R²", "f64"),
        ("MAE", "f64"),
        ("Poisson deviance", "f64"),
        ("Spearman", "f64"),
    ];
    judged.iter().fold(Table::new(columns), |table, judged| {
        table.row([
            judged.by.as_str().into(),
            judged.r_squared.into(),
            judged.mae.into(),
            judged.poisson_deviance.into(),
            judged.spearman.into(),
        ])
    })
}
