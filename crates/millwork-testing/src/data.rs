//! The real stories, which aren't part of the repository.

use std::path::{Path, PathBuf};

use crate::require;

/// The file of real Hacker News stories: in the folder that `MILLWORK_DATA` names, or in `shared/data` beside the workspace.
///
/// # Panics
///
/// Under `CI`, if the file doesn't exist.
#[track_caller]
pub fn stories() -> Option<PathBuf> {
    // Read at run time: a target folder in which another checkout was built holds the paths of that checkout.
    let package =
        || std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let folder = std::env::var_os("MILLWORK_DATA")
        .map_or_else(|| Path::new(&package()).join("../../../shared/data"), PathBuf::from);
    let file = folder.join("hackernews/hacker_news.csv");
    let missing = || format!("there is no `{}`: MILLWORK_DATA names another folder", file.display());
    require(file.is_file().then(|| file.clone()), missing)
}
