//! The stories in the order of time, with what was known when each was submitted.

use std::path::PathBuf;

use millwork::ml::split::{self, ThreeParts};
use millwork::polars::preview;
use millwork::{Config, Output, Result, asset};
use polars::prelude::{Column, DataFrame};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::past::{Known, Past, Pasts};
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
pub(in crate::pipeline) struct Row {
    /// Its ID, or its place where it has none.
    pub(in crate::pipeline) id: i64,
    /// When it was submitted, in seconds since 1970; `None` if that isn't known.
    time: Option<i64>,
    pub(in crate::pipeline) title: String,
    pub(in crate::pipeline) url: Option<String>,
    author: Option<String>,
    /// The number of its comments; 0 if that isn't known.
    pub(in crate::pipeline) comments: f64,
}

impl Row {
    /// All stories of a frame, in its order.
    pub(in crate::pipeline) fn all(frame: &DataFrame) -> Result<Vec<Self>> {
        let texts = |column: &str| -> Result<Vec<Option<String>>> {
            Ok(frame.column(column)?.str()?.iter().map(|text| text.map(str::to_owned)).collect())
        };
        let (titles, urls, authors) = (stories::titles(frame)?, texts("url")?, texts("by")?);
        let (ids, times) = (stories::numbers(frame, "id")?, stories::numbers(frame, "time")?);
        let comments = stories::comments(frame)?;
        let row = |row: usize| Self {
            id: ids[row].unwrap_or(-1 - row as i64),
            time: times[row],
            title: titles[row].to_owned(),
            url: urls[row].clone(),
            author: authors[row].clone(),
            comments: comments[row],
        };
        Ok((0..frame.height()).map(row).collect())
    }

    /// The stories of a frame from old to new; one whose time isn't known is taken for an old one.
    pub(in crate::pipeline) fn in_order_of_time(frame: &DataFrame) -> Result<Vec<Self>> {
        let mut rows = Self::all(frame)?;
        rows.sort_by_key(|row| row.time);
        Ok(rows)
    }
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
    let (frame, _) = with_known_past(&rows)?;
    let preview = preview(&frame, 5);
    Ok(Some(Output::new(frame).metadata("rows", rows.len()).metadata("preview", preview)))
}

/// The fetched stories that have a time and a number of comments.
fn fetched(frame: &DataFrame) -> Result<Vec<Row>> {
    let comments = stories::numbers(frame, "descendants")?;
    let known = Row::all(frame)?.into_iter().zip(comments);
    Ok(known.filter(|(row, comments)| row.time.is_some() && comments.is_some()).map(|(row, _)| row).collect())
}

impl From<FileStory> for Row {
    fn from(story: FileStory) -> Self {
        let known = |text: String| (!text.is_empty()).then_some(text);
        Self {
            id: i64::try_from(story.id).unwrap_or(i64::MAX),
            time: Some(story.time),
            title: story.title,
            url: known(story.url),
            author: known(story.author),
            comments: f64::from(story.comments),
        }
    }
}

/// A column of numbers; `None` is null.
type Numbers = Vec<Option<f64>>;

/// Stories in the order of time as a frame, each with what was known when it was submitted, and what is known of authors and of domains once
/// all of their comments are.
pub(in crate::pipeline) fn with_known_past(rows: &[Row]) -> Result<(DataFrame, [Pasts; 2])> {
    let domains = domains(rows);
    let (mut authors, mut hosts) = (Past::default(), Past::default());
    let of = |past: &mut Past, row: &Row, key: Option<&str>| {
        past.know(row.time.unwrap_or(i64::MIN), key, row.comments)
    };
    let known: Vec<[Known; 2]> = rows
        .iter()
        .zip(&domains)
        .map(|(row, domain)| {
            [of(&mut authors, row, row.author.as_deref()), of(&mut hosts, row, domain.as_deref())]
        })
        .collect();
    Ok((frame(rows, domains, &known)?, [authors.settled(), hosts.settled()]))
}

/// Stories as a frame, each with what is known of its author and its domain.
pub(in crate::pipeline) fn with_past(rows: &[Row], authors: &Pasts, hosts: &Pasts) -> Result<DataFrame> {
    let domains = domains(rows);
    let known: Vec<[Known; 2]> = rows
        .iter()
        .zip(&domains)
        .map(|(row, domain)| [authors.of(row.author.as_deref()), hosts.of(domain.as_deref())])
        .collect();
    frame(rows, domains, &known)
}

fn domains(rows: &[Row]) -> Vec<Option<String>> {
    rows.iter().map(|row| row.url.as_deref().and_then(traits::domain)).collect()
}

/// Stories with their traits, and what is known of the author and the domain of each.
fn frame(rows: &[Row], domains: Vec<Option<String>>, known: &[[Known; 2]]) -> Result<DataFrame> {
    let times: Vec<_> = rows.iter().map(|row| row.time.and_then(traits::hour_and_weekday)).collect();
    let [author_stories, domain_stories] =
        [0, 1].map(|of| known.iter().map(|known| Some(known[of].stories)).collect::<Numbers>());
    let [author_mean, domain_mean] =
        [0, 1].map(|of| known.iter().map(|known| known[of].mean).collect::<Numbers>());
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
