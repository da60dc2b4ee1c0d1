//! Whether the distribution of the newest stories still is that of the training stories.

use millwork::ml::drift::{DriftReport, DriftThresholds, Profile};
use millwork::{CheckResult, Config, Output, Plot, Result, asset, asset_check};
use polars::prelude::DataFrame;

use super::source::{numbers, parts, reference_stories};
use crate::pipeline::stories;

/// The numeric columns that are watched.
const WATCHED: [&str; 5] = ["hour", "weekday", "characters", "author stories", "comments"];

/// The distributions of the training stories: the reference that newer stories are compared with.
#[asset(group = "reference", kinds("profile"))]
pub fn story_profile(reference_stories: &DataFrame) -> Result<Profile> {
    profile(&stories::rows(reference_stories, &parts(reference_stories)?.train)?)
}

/// The distance of the newest stories from the reference, by column.
#[asset(group = "reference", kinds("score"), metric = "drifted columns" lower)]
pub fn story_drift(
    reference_stories: &DataFrame,
    story_profile: &Profile,
    thresholds: Config<DriftThresholds>,
) -> Result<Output<DriftReport>> {
    let newest = profile(&stories::rows(reference_stories, &parts(reference_stories)?.test)?)?;
    let report = newest.drift_from(story_profile, &thresholds)?;
    let drifted = report.drifted().count();
    Ok(Output::new(report.clone())
        .metadata("drift", &report)
        .metadata("drift by column", Plot::from(&report))
        .metadata("drifted columns", drifted))
}

/// No column has changed so much that the model should not be trusted.
#[asset_check(severity = "warn")]
pub fn stories_have_not_drifted(story_drift: &DriftReport) -> CheckResult {
    let drifted = story_drift.drifted().map(|column| column.column.as_str());
    let drifted: Vec<&str> = drifted.chain(story_drift.missing.iter().map(String::as_str)).collect();
    if drifted.is_empty() {
        return CheckResult::pass();
    }
    CheckResult::fail(format!("drifted or missing: {}", drifted.join(", ")))
}

fn profile(stories: &DataFrame) -> Result<Profile> {
    let kinds = stories.column("kind")?.str()?;
    let profile = Profile::new().categories("kind", kinds.iter())?;
    WATCHED
        .iter()
        .try_fold(profile, |profile, column| Ok(profile.numbers(column, numbers(stories, column)?)?))
}
