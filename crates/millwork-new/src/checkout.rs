//! Sources of Millwork on this machine, on which a pipeline depends by path.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The folder of the package `millwork`: absolute, and text that TOML can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkout(String);

/// The reason why a folder isn't a checkout of Millwork.
#[derive(Debug, Error)]
pub(crate) enum CheckoutError {
    /// The folder has no manifest of Millwork's library.
    #[error(
        "`{path}` has no sources of Millwork: it contains neither `crates/millwork` nor the package itself"
    )]
    Missing {
        /// The path as it was given.
        path: String,
    },
    /// The folder's path can't be resolved.
    #[error("failed to find the folder `{path}`")]
    Path {
        /// The folder of the package.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The folder's path can't be written in a manifest.
    #[error("the path `{path}` is not printable UTF-8, so no manifest can name it")]
    Text {
        /// The path, with replacement characters for what isn't text.
        path: String,
    },
}

impl Checkout {
    /// Finds the package `millwork` in a checkout of the repository, or in the folder itself.
    pub(crate) fn find(path: &Path) -> Result<Self, CheckoutError> {
        let folder =
            [path.join("crates/millwork"), path.to_owned()].into_iter().find(|folder| is_millwork(folder));
        let folder = folder.ok_or_else(|| CheckoutError::Missing { path: path.display().to_string() })?;
        let canonical = folder.canonicalize();
        let folder: PathBuf =
            canonical.map_err(|source| CheckoutError::Path { path: folder.display().to_string(), source })?;
        match folder.to_str() {
            Some(text) if !text.contains(char::is_control) => Ok(Self(text.to_owned())),
            _ => Err(CheckoutError::Text { path: folder.display().to_string() }),
        }
    }

    /// The path as a string of TOML.
    pub(crate) fn as_toml(&self) -> String {
        format!("\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn is_millwork(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "name = \"millwork\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_found_in_a_checkout() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path").join("a \"quoted\" \\ folder");
        let package = root.join("crates/millwork");
        std::fs::create_dir_all(&package).expect("a folder");
        assert!(matches!(Checkout::find(&root), Err(CheckoutError::Missing { .. })));
        std::fs::write(package.join("Cargo.toml"), "[package]\nname = \"millwork\"\n").expect("a manifest");
        for path in [&root, &package] {
            let line = format!("path = {}", Checkout::find(path).expect("a checkout").as_toml());
            let table: toml::Table = line.parse().expect("TOML");
            assert_eq!(table["path"].as_str(), package.to_str());
        }
    }
}
