//! From Hacker News to training and test data.

use millwork::polars::preview;
use millwork::{Assets, Config, Output, Previous, Resource, Result, Retry, StepLog, asset, multi_asset};
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stories;
use crate::HackerNews;

/// How far back to look.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ItemRange {
    /// How many of the newest items to fetch; not all of them are stories.
    items: usize,
}

impl Default for ItemRange {
    fn default() -> Self {
        Self { items: 1_000 }
    }
}

/// Stories among the newest items that have a title. How many of them weren't among the last ones is the number `new stories`.
#[asset(group = "ingest", kinds("polars", "http"), retry = Retry::exponential(2), timeout = "30m")]
pub async fn hackernews_stories(
    api: Resource<HackerNews>,
    range: Config<ItemRange>,
    before: Previous<hackernews_stories>,
    log: StepLog,
) -> Result<Output<DataFrame>> {
    let latest = api.latest_stories(range.items, |done, of| log.progress(done as u64, of as u64)).await?;
    tracing::info!(stories = latest.stories.len(), origin = api.origin(), "fetched");
    // IDs rise with time.
    let newest = before.value().map(|before| stories::numbers(before, "id")).transpose()?;
    let newest = newest.into_iter().flatten().flatten().max().and_then(|id| u64::try_from(id).ok());
    let new = latest.stories.iter().filter(|story| newest.is_none_or(|newest| story.id > newest)).count();
    let mut output = Output::new(stories::frame(&latest)?);
    for (label, count) in stories::counts(&latest.counts) {
        output = output.metadata(label, count);
    }
    let preview = preview(&output.value, 5);
    Ok(output
        .metadata("rows", latest.stories.len())
        .metadata("new stories", new)
        .metadata("origin", api.origin())
        .metadata("preview", preview))
}

/// The division of the stories.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SplitParams {
    /// How the held-back stories are chosen.
    by: SplitBy,
    /// The share that is held back, from 0 to 1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    test_share: f64,
    /// The seed of a random split: the same seed draws the same split.
    seed: u64,
}

/// How the held-back stories are chosen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// At random.
    Random,
    /// The newest ones.
    Time,
}

impl Default for SplitParams {
    fn default() -> Self {
        Self { by: SplitBy::Time, test_share: 0.2, seed: 42 }
    }
}

/// The two parts of the stories.
#[derive(Assets)]
pub struct Split {
    /// What the model learns from.
    training_data: Output<DataFrame>,
    /// Held back to score the model.
    test_data: Output<DataFrame>,
}

/// The fewest stories to learn from and to score with that are taken without those whose comments are still coming.
const ENOUGH_SETTLED: usize = 200;

/// Divides the stories into those to learn from and those to score with: the newest, as a model is asked about stories that come later.
///
/// Stories that are younger than three days are left out, since their comments are still coming. Where too few are older, all of them are
/// taken.
#[multi_asset(group = "ingest", kinds("polars"))]
pub fn training_test_data(hackernews_stories: &DataFrame, split: Config<SplitParams>) -> Result<Split> {
    let settled = stories::settled(hackernews_stories)?;
    let (all, enough) = (hackernews_stories.height(), settled.len() >= ENOUGH_SETTLED);
    if !enough && settled.len() < all {
        tracing::warn!(
            settled = settled.len(),
            all,
            "too few stories are three days old: comments are still coming"
        );
    }
    let stories = match enough && settled.len() < all {
        true => &stories::rows(hackernews_stories, &settled)?,
        false => hackernews_stories,
    };
    let rows = stories.height();
    if rows < 2 {
        let problem =
            millwork::Problem::new(format!("too few stories to split into training and test data: {rows}"));
        return Err(problem.with_hint("fetch more with `--set hackernews_stories.items=…`").into());
    }
    let parts = match split.by {
        SplitBy::Random => millwork::ml::split::random(rows, split.test_share, split.seed)?,
        SplitBy::Time => {
            // IDs rise with time, and every story has another one.
            let ids = stories::numbers(stories, "id")?;
            millwork::ml::split::temporal(&ids, split.test_share)?
        }
    };
    let part = |positions: &[usize]| -> Result<Output<DataFrame>> {
        let rows = stories::rows(stories, positions)?;
        Ok(Output::new(rows).metadata("rows", positions.len()))
    };
    Ok(Split { training_data: part(&parts.train)?, test_data: part(&parts.test)? })
}
