//! The stories in the order of time, with what was known when each was submitted.

use std::path::PathBuf;

use millwork::ml::split::{self, ThreeParts};
use millwork::polars::preview;
use millwork::{Config, Output, Result, asset};
use polars::prelude::{Column, DataFrame};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::past::Past;
use super::traits;
use crate::pipeline::ingest::hackernews_stories;
use crate::pipeline::stories;
use crate::replay::{FileStory, StoryFile};

/// The minimum number of stories for a comparison: a twentieth of fewer is no meaningful test set.
const FEWEST: usize = 200;

/// The share of the newest stories to evaluate on, and of those before to stop training by.
const TEST_SHARE: f64 = 0.2;
const VALIDATION_SHARE: f64 = 0.12;

/// The source of the stories.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceSource {
    /// A file of stories in the format of `replay`; the fetched stories if absent.
    csv: Option<PathBuf>,
}

/// A story and its number of comments.
struct Row {
    time: i64,
    title: String,
    url: Option<String>,
    author: Option<String>,
    comments: f64,
}

/// Stories from old to new, each with what was known when it was submitted. Fewer than 200 are not worth a comparison: the asset isn't
/// materialized then.
#[asset(group = "reference", kinds("polars"))]
pub fn reference_stories(
    hackernews_stories: &DataFrame,
    source: Config<ReferenceSource>,
) -> Result<Option<Output<DataFrame>>> {
    let mut rows = match &source.csv {
        Some(csv) => StoryFile::open(csv)?.stories.into_iter().map(Row::from).collect(),
        None => fetched(hackernews_stories)?,
    };
    if rows.len() < FEWEST {
        tracing::warn!(stories = rows.len(), "too few stories to compare models on");
        return Ok(None);
    }
    rows.sort_by_key(|row| row.time);
    let frame = known(&rows)?;
    let preview = preview(&frame, 5);
    Ok(Some(Output::new(frame).metadata("rows", rows.len()).metadata("preview", preview)))
}

/// The fetched stories that have a time and a number of comments.
fn fetched(frame: &DataFrame) -> Result<Vec<Row>> {
    let texts = |column: &str| -> Result<Vec<Option<String>>> {
        Ok(frame.column(column)?.str()?.iter().map(|text| text.map(str::to_owned)).collect())
    };
    let (titles, urls, authors) = (stories::titles(frame)?, texts("url")?, texts("by")?);
    let (times, comments) = (stories::numbers(frame, "time")?, stories::numbers(frame, "descendants")?);
    let row = |row: usize| {
        Some(Row {
            time: times[row]?,
            title: titles[row].to_owned(),
            url: urls[row].clone(),
            author: authors[row].clone(),
            comments: comments[row]? as f64,
        })
    };
    Ok((0..frame.height()).filter_map(row).collect())
}

impl From<FileStory> for Row {
    fn from(story: FileStory) -> Self {
        let known = |text: String| (!text.is_empty()).then_some(text);
        Self {
            time: story.time,
            title: story.title,
            url: known(story.url),
            author: known(story.author),
            comments: f64::from(story.comments),
        }
    }
}

/// A column of numbers; `None` is null.
type Numbers = Vec<Option<f64>>;

fn known(rows: &[Row]) -> Result<DataFrame> {
    let domains: Vec<Option<String>> =
        rows.iter().map(|row| row.url.as_deref().and_then(traits::domain)).collect();
    let times: Vec<_> = rows.iter().map(|row| traits::hour_and_weekday(row.time)).collect();
    let (author_stories, author_mean) = past(rows, rows.iter().map(|row| row.author.as_deref()));
    let (domain_stories, domain_mean) = past(rows, domains.iter().map(Option::as_deref));
    let mut columns = vec![
        Column::new("time".into(), rows.iter().map(|row| row.time).collect::<Vec<_>>()),
        Column::new("title".into(), rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>()),
        Column::new("kind".into(), rows.iter().map(|row| traits::kind(&row.title)).collect::<Vec<_>>()),
        Column::new("domain".into(), domains),
        Column::new("hour".into(), times.iter().map(|time| time.map(|(hour, _)| hour)).collect::<Numbers>()),
        Column::new("weekday".into(), times.iter().map(|time| time.map(|(_, day)| day)).collect::<Numbers>()),
        Column::new("author stories".into(), author_stories),
        Column::new("author mean".into(), author_mean),
        Column::new("domain stories".into(), domain_stories),
        Column::new("domain mean".into(), domain_mean),
    ];
    let of_titles: Vec<_> = rows.iter().map(|row| traits::of_title(&row.title)).collect();
    for (place, (name, _)) in traits::of_title("").into_iter().enumerate() {
        let numbers: Numbers = of_titles.iter().map(|numbers| Some(numbers[place].1)).collect();
        columns.push(Column::new(name.into(), numbers));
    }
    columns.push(Column::new("comments".into(), rows.iter().map(|row| row.comments).collect::<Vec<_>>()));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// The number of earlier stories with each story's key, and the mean of their comments.
fn past<'a>(rows: &[Row], keys: impl Iterator<Item = Option<&'a str>>) -> (Numbers, Numbers) {
    let mut past = Past::default();
    let known = |(row, key): (&Row, Option<&str>)| {
        let known = past.know(row.time, key, row.comments);
        (Some(known.stories), known.mean)
    };
    rows.iter().zip(keys).map(known).unzip()
}

/// The stories to train on, to stop training by, and to evaluate on, from old to new.
pub(super) fn parts(stories: &DataFrame) -> Result<ThreeParts> {
    let times = stories::numbers(stories, "time")?;
    Ok(split::temporal_in_three(&times, VALIDATION_SHARE, TEST_SHARE)?)
}

/// A column of numbers.
pub(super) fn numbers(stories: &DataFrame, column: &str) -> Result<Numbers> {
    Ok(stories.column(column)?.f64()?.iter().collect())
}

/// The numbers of comments.
pub(super) fn comments(stories: &DataFrame) -> Result<Vec<f64>> {
    Ok(numbers(stories, "comments")?.into_iter().map(Option::unwrap_or_default).collect())
}
