//! The home of the reference job as version 0.1.0 wrote it: values as files, metadata of all kinds, checks, a failed run, a run that a
//! schedule requested, a condition that was evaluated.

use std::path::Path;

use crate::earlier::EarlierHome;

/// The commands that read values and metadata, and those that work with stored state.
const COMMANDS: [&str; 18] = [
    "status",
    "status --json",
    "runs show",
    "runs list --json",
    "schedules ticks --json",
    "automation explain comments_model_test_set_r_squared --json",
    "asset show xgboost_comments_model",
    "asset show xgboost_comments_model --json",
    "asset show comments_model_test_set_r_squared",
    "asset history comments_model_test_set_r_squared --json",
    "asset history hackernews_stories --config items=1000 --json",
    "asset value hackernews_stories --output stories.parquet",
    "asset value comments_model_test_set_r_squared",
    "why comments_model_test_set_r_squared --json",
    "store info --json",
    "materialize --stale --json",
    "materialize comments_model_test_set_r_squared --json",
    "runs retry c1b3248f --json",
];

fn home() -> EarlierHome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homes/0.1.0");
    EarlierHome::copied(&folder, env!("CARGO_BIN_EXE_hackernews"), &[])
}

#[test]
fn every_command_opens_it() {
    home().shows_everything();
    home().succeeds_with(&COMMANDS);
}

#[test]
fn every_page_and_route_shows_it() {
    home().is_served();
}

/// Its materializations have no configuration.
#[test]
fn its_configurations_were_not_recorded() {
    let home = home();
    home.prints("asset show hackernews_stories", "not recorded");
    home.prints("asset history hackernews_stories --config items=1000 --json", "[]");
}

/// Its predictions are a data frame, which stays readable. Those of today are by another model, which its stories are enough for.
#[test]
fn its_model_scores_what_it_scored() {
    let home = home();
    home.makes_again("comments_model_test_set_r_squared");
    // Which version is in use is nobody's decision yet.
    home.succeeds_with(&[
        "models list",
        "models show xgboost_comments_model",
        "models promote xgboost_comments_model 1",
        "models versions xgboost_comments_model --json",
        "models card xgboost_comments_model",
        "models lineage xgboost_comments_model@1",
        "models alias xgboost_comments_model candidate 1",
        "models repair xgboost_comments_model 1 --dry-run",
    ]);
    home.succeeds_with(&[
        "asset show latest_story_comment_predictions",
        "asset value latest_story_comment_predictions --output predictions.parquet",
        "materialize training_data,comments_model",
        "materialize --job predict",
        "asset value latest_story_comment_predictions --output predictions.parquet",
    ]);
}
