//! Partitions: the reference job by days. Stories by day, a model for each week and kind of loss, and scores of each day by the model that is
//! in use for its week.
//!
//! | asset | partitions |
//! |---|---|
//! | `stories`, `features` | days |
//! | `words` | weeks |
//! | `comments_model`, with the gate `better_comments` | weeks × kinds of loss |
//! | `scores` | days × kinds of loss |
//! | `report` | none |
//!
//! Nothing says how they belong together: that a week is made from its days, and a day is scored by the model of its week, follows from
//! the definitions, and `graph --format json` has it in words. The stories are made up, so that no network is needed.
//!
//! ```sh
//! cargo run -p partitions -- materialize 'stories or features' --partitions '2026-01-04..2026-01-10'  # seven days
//! cargo run -p partitions -- materialize 'words' --partition 2026-01-04                               # their week
//! cargo run -p partitions -- materialize 'comments_model' --partitions '2026-01-04|*'                 # both of its models
//! cargo run -p partitions -- materialize 'scores' --partition '2026-01-07|poisson'                    # one day by one of them
//! cargo run -p partitions -- backfill create '*' --partitions '2026-01-11..2026-01-24' && cargo run -p partitions -- serve      # all of two weeks
//! cargo run -p partitions -- status
//! ```

use std::process::ExitCode;

use hackernews::{Archive, Timeline as _};
use millwork::ml::boost::{Booster, BoosterParams, Objective, Training};
use millwork::ml::comparison::PairedBootstrap;
use millwork::ml::features::LabelledFeatures;
use millwork::ml::text::TfidfVectorizer;
use millwork::partitions::{Dimensions, TimeWindows, daily, fixed_of, weekly};
use millwork::{
    BackfillPolicy, Batch, Challenger, Champion, FromPartitionKey, InputOf, Output, Partition, PartitionKeys,
    Partitions, Problem, Result, TimeWindow, Verdict, asset, definitions, gate,
};
use serde::{Deserialize, Serialize};

/// Four weeks from a Sunday on.
const FIRST: &str = "2026-01-04";
const END: &str = "2026-02-01";

/// The same Sunday in seconds since 1970, when the archive of made-up stories opens.
const FIRST_SECOND: i64 = 1_767_484_800;

fn days() -> TimeWindows {
    daily("UTC").from(FIRST).until(END)
}

fn weeks() -> TimeWindows {
    weekly("UTC").from(FIRST).until(END)
}

/// The loss that a model is fitted to: its texts as a dimension are `squared` and `poisson`.
#[derive(Clone, Copy, Debug, FromPartitionKey)]
enum Loss {
    /// The guide's.
    Squared,
    /// That of counts.
    Poisson,
}

fn weeks_and_losses() -> Dimensions {
    weeks().by(fixed_of::<Loss>())
}

/// A story and the comments that it got.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Story {
    id: u64,
    title: String,
    comments: u32,
}

impl Story {
    /// By how many comments a prediction is too low.
    fn off_by(&self, predicted: f32) -> f64 {
        f64::from(self.comments) - f64::from(predicted)
    }
}

/// The stories that were submitted on a day.
#[asset(group = "ingest", partitions = days())]
fn stories(day: Partition<TimeWindow>) -> Output<Vec<Story>> {
    let archive = Archive::new(1, FIRST_SECOND, 1);
    let (start, end) = (day.start().as_second(), day.end().as_second());
    let settled = end + 90 * 24 * 3_600;
    let ids = archive.newest_id(start) + 1..=archive.newest_id(end);
    let items = ids.filter_map(|id| archive.item(id, settled));
    let stories: Vec<Story> = items
        .filter_map(|item| Some(Story { id: item.id, title: item.title?, comments: item.descendants? }))
        .collect();
    let rows = stories.len();
    Output::new(stories).metadata("stories", rows)
}

/// The words of a day's titles with the comments that each story got. One call makes all days of a run, each of which succeeds or fails by
/// itself.
#[asset(group = "features", partitions = days(), backfill = BackfillPolicy::multi_run(7))]
fn features(
    days: PartitionKeys<TimeWindow>,
    stories: Partitions<stories>,
) -> Batch<TimeWindow, Result<Vec<(String, f64)>>> {
    let words = |title: &str| title.to_lowercase().replace(|char: char| !char.is_alphanumeric(), " ");
    days.map(|day| {
        let stories = stories.value_of(day)?.iter();
        Ok(stories.map(|story| (words(&story.title), f64::from(story.comments))).collect())
    })
}

/// The words of a week's titles: of its seven days.
#[asset(group = "features", partitions = weeks())]
fn words(days: Partitions<features>) -> Result<Output<TfidfVectorizer>> {
    let titles: Vec<&String> = days.values().flat_map(|day| day.iter().map(|(title, _)| title)).collect();
    let vectorizer = TfidfVectorizer::fit(&titles)?;
    let (terms, days) = (vectorizer.terms().len(), days.len());
    Ok(Output::new(vectorizer).metadata("terms", terms).metadata("days", days))
}

/// The model of a week, fitted to one of the losses.
#[asset(group = "model", kinds("xgboost"), partitions = weeks_and_losses())]
fn comments_model(
    slice: Partition<(TimeWindow, Loss)>,
    days: Partitions<features>,
    words: &TfidfVectorizer,
) -> Result<Output<Booster>> {
    let (_, loss) = *slice;
    let stories: Vec<&(String, f64)> = days.values().flat_map(|day| day.iter()).collect();
    if stories.len() < 2 {
        return Err(Problem::new("the week has too few stories to learn from").into());
    }
    let titles: Vec<&str> = stories.iter().map(|(title, _)| title.as_str()).collect();
    let comments = stories.iter().map(|(_, comments)| *comments).collect();
    let data = LabelledFeatures::new(words.transform(&titles), comments)?;
    let objective = match loss {
        Loss::Squared => Objective::SquaredError,
        Loss::Poisson => Objective::Poisson,
    };
    let params = BoosterParams { objective, max_depth: 3, ..BoosterParams::default() };
    let trained = Training::new(&params, 30, &data).run()?;
    let rounds = trained.booster.rounds();
    Ok(Output::new(trained.booster).metadata("rounds", rounds).metadata("stories", stories.len()))
}

/// A new version of a week's model must predict the last day of its week better than the one in use.
#[gate]
fn better_comments(
    challenger: Challenger<comments_model>,
    challenger_words: InputOf<words, Challenger<comments_model>>,
    champion: Option<Champion<comments_model>>,
    champion_words: Option<InputOf<words, Champion<comments_model>>>,
    days: Partitions<stories>,
) -> Result<Verdict> {
    let (Some(champion), Some(champion_words)) = (champion, champion_words) else {
        return Ok(Verdict::promote().because("there was no model in use"));
    };
    let Some(day) = days.values().next_back() else { return Ok(Verdict::keep("the week has no day")) };
    let titles: Vec<&str> = day.iter().map(|story| story.title.as_str()).collect();
    let errors = |model: &Booster, words: &TfidfVectorizer| -> Result<Vec<f64>> {
        let predicted = model.predict(&words.transform(&titles))?;
        Ok(day.iter().zip(predicted).map(|(story, predicted)| story.off_by(predicted).powi(2)).collect())
    };
    let (in_use, new) = (errors(&champion, &champion_words)?, errors(&challenger, &challenger_words)?);
    let comparison = PairedBootstrap::of_losses(&in_use, &new).compare("mean squared error")?;
    let is_better = comparison.improves_by(0.0);
    Ok(Verdict::promote_if(is_better).because(comparison))
}

/// How far off the model in use for the week of a day is on that day: the mean absolute error in comments.
#[asset(group = "score", metric = "MAE" lower, partitions = days().by(fixed_of::<Loss>()))]
fn scores(
    stories: &Vec<Story>,
    model: Champion<comments_model>,
    words: InputOf<words, Champion<comments_model>>,
) -> Result<Output<f64>> {
    let titles: Vec<&str> = stories.iter().map(|story| story.title.as_str()).collect();
    let predicted = model.predict(&words.transform(&titles))?;
    let off: f64 =
        stories.iter().zip(predicted).map(|(story, predicted)| story.off_by(predicted).abs()).sum();
    let mean = off / stories.len().max(1) as f64;
    Ok(Output::new(mean).metadata("MAE", mean).metadata("stories", stories.len()))
}

/// The mean error of each day that has been scored, by each loss. Days that haven't are no reason to wait.
#[asset(group = "score")]
fn report(
    #[input(map = millwork::partitions::all().tolerate_missing())] scores: Partitions<scores>,
) -> Output<Vec<(String, f64)>> {
    let rows: Vec<(String, f64)> = scores.iter().map(|(key, score)| (key.to_string(), **score)).collect();
    let count = rows.len();
    Output::new(rows).metadata("scores", count)
}

fn main() -> ExitCode {
    millwork::app(definitions![stories, features, words, comments_model, better_comments, scores, report])
}
