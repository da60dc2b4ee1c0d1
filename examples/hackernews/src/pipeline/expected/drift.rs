//! Whether newer stories are still like those that the model in use has learned from.

use millwork::ml::drift::{DriftReport, DriftThresholds, Profile};
use millwork::{Champion, CheckResult, Config, Output, Plot, Result, asset, asset_check};
use polars::prelude::DataFrame;

use super::model::comments_model;
use crate::pipeline::ingest::hackernews_stories;
use crate::pipeline::reference::source::Row;
use crate::pipeline::reference::traits;

/// How many of the newest stories are compared: enough that the index of a column with twenty categories stays below 0.1 by chance.
const NEWEST: usize = 300;

/// The distance of the newest stories from those that the model in use has learned from, by trait: kind, domain, length of the title, and the
/// number of comments that the model predicts, which is how it sees their words.
///
/// Hour and weekday are left out, since the newest stories are those of a part of a day or a week.
#[asset(group = "monitoring", kinds("score"), metric = "drifted columns" lower)]
pub fn story_drift(
    hackernews_stories: &DataFrame,
    model: Champion<comments_model>,
    thresholds: Config<DriftThresholds>,
) -> Result<Output<DriftReport>> {
    let rows = Row::in_order_of_time(hackernews_stories)?;
    let newest = &rows[rows.len().saturating_sub(NEWEST)..];
    let report = profile(newest, &model.of_rows(newest)?)?.drift_from(model.profile(), &thresholds)?;
    let drifted = report.drifted().count();
    Ok(Output::new(report.clone())
        .metadata("drift", &report)
        .metadata("drift by column", Plot::from(&report))
        .metadata("drifted columns", drifted)
        .metadata("stories", newest.len()))
}

/// No trait has changed so much that the model should not be trusted.
#[asset_check(severity = "warn")]
pub fn stories_have_not_drifted(story_drift: &DriftReport) -> CheckResult {
    let drifted = story_drift.drifted().map(|column| column.column.as_str());
    let drifted: Vec<&str> = drifted.chain(story_drift.missing.iter().map(String::as_str)).collect();
    if drifted.is_empty() {
        return CheckResult::pass();
    }
    CheckResult::fail(format!("drifted or missing: {}", drifted.join(", ")))
}

/// The distributions of stories and of what is predicted for them.
pub(super) fn profile(rows: &[Row], predicted: &[f64]) -> Result<Profile> {
    let domains: Vec<Option<String>> =
        rows.iter().map(|row| row.url.as_deref().and_then(traits::domain)).collect();
    let profile =
        Profile::new()
            .categories("kind", rows.iter().map(|row| Some(traits::kind(&row.title))))?
            .categories("domain", domains.iter().map(|domain| Some(domain.as_deref().unwrap_or("none"))))?;
    let numbers = |of: fn(&str) -> f64| rows.iter().map(move |row| Some(of(&row.title)));
    Ok(profile
        .numbers("characters", numbers(|title| title.chars().count() as f64))?
        .numbers("words", numbers(|title| title.split_whitespace().count() as f64))?
        .numbers("predicted comments", predicted.iter().map(|comments| Some(*comments)))?)
}
