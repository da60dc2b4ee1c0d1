//! Programs that a test runs beside those of the workspace.

use std::path::PathBuf;

use crate::require;

/// The path of a program of the `PATH`; `None`, with a printed line, if it isn't installed.
///
/// # Panics
///
/// Under `CI`, if it isn't installed.
#[track_caller]
pub fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    require(found, || format!("`{name}` is not on the PATH"))
}
