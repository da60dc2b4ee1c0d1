//! Stories as a data frame, and back.

use millwork::Result;
use millwork::ml::features::RowKeys;
use polars::prelude::{Column, DataFrame, IdxCa, IdxSize};

use crate::{ItemCounts, Latest, Story};

/// Whether a story's comments were all there when it was fetched.
const SETTLED: &str = "settled";

/// One row a story; fields that the API doesn't have are null.
pub(super) fn frame(latest: &Latest) -> Result<DataFrame> {
    fn column<T>(stories: &[Story], cell: impl Fn(&Story) -> T) -> Vec<T> {
        stories.iter().map(cell).collect()
    }
    let stories = &latest.stories;
    let columns = vec![
        Column::new("id".into(), column(stories, |story| i64::try_from(story.id).unwrap_or(i64::MAX))),
        Column::new("title".into(), column(stories, |story| story.title.clone())),
        Column::new("url".into(), column(stories, |story| story.url.clone())),
        Column::new("by".into(), column(stories, |story| story.by.clone())),
        Column::new("score".into(), column(stories, |story| story.score)),
        Column::new("descendants".into(), column(stories, |story| story.descendants.map(i64::from))),
        Column::new("time".into(), column(stories, |story| story.time)),
        Column::new(SETTLED.into(), column(stories, |story| story.is_settled(latest.read_at))),
    ];
    Ok(DataFrame::new(stories.len(), columns)?)
}

/// The titles.
pub(super) fn titles(stories: &DataFrame) -> Result<Vec<&str>> {
    Ok(stories.column("title")?.str()?.iter().map(Option::unwrap_or_default).collect())
}

/// The numbers of comments; 0 for a story without one.
pub(super) fn comments(stories: &DataFrame) -> Result<Vec<f64>> {
    Ok(numbers(stories, "descendants")?.into_iter().map(|comments| comments.unwrap_or(0) as f64).collect())
}

/// The positions of the stories whose comments were all there when they were fetched. Stories that were stored before this was a column
/// count as such.
pub(super) fn settled(stories: &DataFrame) -> Result<Vec<usize>> {
    let Ok(column) = stories.column(SETTLED) else { return Ok((0..stories.height()).collect()) };
    let settled = column.bool()?.iter().enumerate();
    Ok(settled.filter(|(_, settled)| settled.unwrap_or(true)).map(|(row, _)| row).collect())
}

/// The IDs, by which a model knows the stories that it was fitted on. One that doesn't have an ID has its place among these stories.
pub(super) fn keys(stories: &DataFrame) -> Result<RowKeys> {
    let ids = numbers(stories, "id")?;
    Ok(RowKeys::new(ids.into_iter().enumerate().map(|(place, id)| id.unwrap_or(-1 - place as i64))))
}

/// A column of whole numbers.
pub(super) fn numbers(stories: &DataFrame, column: &str) -> Result<Vec<Option<i64>>> {
    Ok(stories.column(column)?.i64()?.iter().collect())
}

/// The rows at these positions.
pub(super) fn rows(stories: &DataFrame, positions: &[usize]) -> Result<DataFrame> {
    let positions: Vec<IdxSize> =
        positions.iter().map(|position| IdxSize::try_from(*position)).collect::<Result<_, _>>()?;
    Ok(stories.take(&IdxCa::from_vec("position".into(), positions))?)
}

/// The counts of the fetched items, as metadata.
pub(super) fn counts(counts: &ItemCounts) -> Vec<(&'static str, usize)> {
    vec![
        ("items", counts.requested),
        ("null items", counts.null),
        ("deleted", counts.deleted),
        ("dead", counts.dead),
        ("comments", counts.comments),
        ("jobs", counts.jobs),
        ("polls", counts.polls),
        ("without title", counts.without_title),
        ("unknown", counts.unknown),
        ("failed", counts.failed),
        ("without descendants", counts.without_descendants),
        ("with entities", counts.with_entities),
        ("retried", counts.retried),
    ]
}
