//! The workspace that would enclose a new folder.
//!
//! Cargo looks for a manifest with `[workspace]` in the folders above a package. A package in it that is a workspace of its own breaks the
//! outer one where its `members` match the folder, and the profile of a member is ignored: both belong to the root.

use std::path::{Path, PathBuf};

/// The manifest of the workspace that encloses a folder; `None` if there is none or it excludes the folder. As in cargo, the nearest one
/// counts; a manifest that can't be read or parsed is ignored.
pub(crate) fn enclosing_workspace(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().skip(1).find_map(|root| {
        let manifest = root.join("Cargo.toml");
        let table: toml::Table = std::fs::read_to_string(&manifest).ok()?.parse().ok()?;
        let workspace = table.get("workspace")?;
        let excluded = workspace.get("exclude").and_then(toml::Value::as_array);
        let is_excluded = excluded
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .any(|excluded| folder.starts_with(root.join(excluded)));
        (!is_excluded).then_some(manifest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_workspace_that_does_not_exclude_the_folder_is_found() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        let manifest = |folder: &str, text: &str| {
            std::fs::create_dir_all(root.join(folder)).expect("a folder");
            std::fs::write(root.join(folder).join("Cargo.toml"), text).expect("a file");
        };
        manifest("outer", "[workspace]\nmembers = ['*']\nexclude = ['apart']\n");
        manifest("outer/inner", "workspace.members = []\n");
        manifest("outer/package", "[package]\nname = 'package'\n");
        manifest("outer/broken", "[workspace\n");
        for (folder, expected) in [
            ("alone", None),
            ("outer/prices", Some("outer")),
            ("outer/apart/prices", None),
            ("outer/apart-not/prices", Some("outer")),
            ("outer/inner/prices", Some("outer/inner")),
            ("outer/package/prices", Some("outer")),
            ("outer/broken/prices", Some("outer")),
        ] {
            let expected = expected.map(|folder| root.join(folder).join("Cargo.toml"));
            assert_eq!(enclosing_workspace(&root.join(folder)), expected, "{folder}");
        }
    }
}
