//! The gate of the model: what a new version has to show before predictions are made by it.

use millwork::ml::boost::Booster;
use millwork::ml::comparison::{Comparison, PairedBootstrap};
use millwork::ml::text::TfidfVectorizer;
use millwork::{Challenger, Champion, Config, InputOf, Result, Verdict, gate};
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::{tfidf_vectorizer, transformed_training_data};
use super::ingest::test_data;
use super::model::{median, xgboost_comments_model};
use super::stories;

/// What a new version has to show.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GateLimits {
    /// By how much the mean error has to fall, in its own unit; 0 demands no more than a difference that isn't chance.
    #[schemars(range(min = 0.0))]
    pub(super) gain: f64,
    /// The smallest number of held-out stories to judge by.
    #[schemars(range(min = 2))]
    pub(super) fewest: usize,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self { gain: 0.0, fewest: 20 }
    }
}

/// The new version must predict better than the one in use, on the same stories, which neither was fitted on, and by more than chance.
///
/// Where the window of stories was another one when the version in use was trained, it may have been fitted on some of those that are held
/// out now: these are left out, and if too few remain, that is an error.
///
/// Each version sees the titles through the words that it was fitted with. The first one must not be worse than guessing the same median
/// for every story. The guide's model is fitted to squared errors, so that is what is compared.
#[gate]
pub fn better_comments_model(
    challenger: Challenger<xgboost_comments_model>,
    challenger_words: InputOf<tfidf_vectorizer, Challenger<xgboost_comments_model>>,
    trained_on: InputOf<transformed_training_data, Challenger<xgboost_comments_model>>,
    champion: Option<Champion<xgboost_comments_model>>,
    champion_words: Option<InputOf<tfidf_vectorizer, Champion<xgboost_comments_model>>>,
    test_data: &DataFrame,
    limits: Config<GateLimits>,
) -> Result<Verdict> {
    let of_challenger = challenger.check_held_out(Some(&stories::keys(test_data)?))?;
    let held_out = match &champion {
        Some(champion) => unseen(test_data, champion)?,
        None => test_data.clone(),
    };
    let (titles, comments) = (stories::titles(&held_out)?, stories::comments(&held_out)?);
    if titles.len() < limits.fewest {
        if let Some(champion) = &champion {
            // Where the champion has seen the others, that is the reason.
            let _ = champion.check_held_out(Some(&stories::keys(test_data)?))?;
        }
        let reason = format!("{} held-out stories are too few to judge by", titles.len());
        return Ok(match champion {
            Some(_) => Verdict::keep(reason),
            None => Verdict::promote().because(reason),
        });
    }
    let losses = squared_errors(&comments, &predict(&challenger, &challenger_words, &titles)?);
    let guess = vec![median(trained_on.targets()) as f32; titles.len()];
    let against_guess = compare(&squared_errors(&comments, &guess), &losses)?;
    if against_guess.is_worse() {
        return Ok(Verdict::reject("guessing the median is better").because(against_guess));
    }
    let (Some(champion), Some(champion_words)) = (champion, champion_words) else {
        return Ok(Verdict::promote().because("there was no model in use").because(against_guess));
    };
    let in_use = squared_errors(&comments, &predict(&champion, &champion_words, &titles)?);
    let comparison = compare(&in_use, &losses)?;
    let is_better = comparison.improves_by(limits.gain);
    Ok(Verdict::promote_if(is_better).because(comparison).because(of_challenger.warning()))
}

/// The held-out stories that a model wasn't fitted on.
fn unseen(held_out: &DataFrame, model: &Booster) -> Result<DataFrame> {
    let Some(used) = model.used_rows() else { return Ok(held_out.clone()) };
    let keys = stories::keys(held_out)?;
    let unseen = keys.iter().enumerate().filter(|(_, key)| !used.fitted().contains(key));
    stories::rows(held_out, &unseen.map(|(row, _)| row).collect::<Vec<_>>())
}

fn predict(model: &Booster, words: &TfidfVectorizer, titles: &[&str]) -> Result<Vec<f32>> {
    Ok(model.predict(&words.transform(titles))?)
}

fn squared_errors(comments: &[f64], predictions: &[f32]) -> Vec<f64> {
    comments
        .iter()
        .zip(predictions)
        .map(|(comments, predicted)| (comments - f64::from(*predicted)).powi(2))
        .collect()
}

fn compare(in_use: &[f64], challenger: &[f64]) -> Result<Comparison> {
    Ok(PairedBootstrap::of_losses(in_use, challenger).compare("mean squared error")?)
}
