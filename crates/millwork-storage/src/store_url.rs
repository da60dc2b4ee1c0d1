//! The URLs of stores, and connecting to them.
//!
//! A home keeps its store in its own folder, so a folder is a name as well. The scheme before the colon chooses the backend; a backend
//! joins with a variant of [`StoreUrl`], and nothing outside of this crate has to know its type.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::home::Processes;
use crate::{MemoryStore, SqliteStore, StorageError, Store};

/// The database file of a home.
const DATABASE: &str = "millwork.db";

/// Connects to the store at a URL:
///
/// | URL | store |
/// |---|---|
/// | `sqlite:FILE` | a SQLite database, which is made if it isn't there |
/// | `FOLDER` | the database of the home in this folder: `sqlite:FOLDER/millwork.db` |
/// | `memory:` | a new, empty store in the memory of this process, for tests |
///
/// Call it within a Tokio runtime, on which the store's writer runs from then on. A store that is connected to like this can't ask
/// whether the holders of claims still live and goes by their leases; [`Home::open`](crate::Home::open) can.
///
/// # Errors
///
/// [`StorageError::UnknownStore`] for other schemes; otherwise the error of opening the store.
pub async fn connect(url: &str) -> Result<Arc<dyn Store>, StorageError> {
    StoreUrl::parse(url)?.connect(None).await
}

/// The location of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// In the memory of this process.
    Memory,
}

impl StoreUrl {
    /// The store of the home in a folder.
    pub(crate) fn of_home(folder: &Path) -> Self {
        Self::Sqlite(folder.join(DATABASE))
    }

    /// Reads a URL. A folder whose name looks like one is written with `./` before it.
    pub(crate) fn parse(url: &str) -> Result<Self, StorageError> {
        let is_of_scheme = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
        let is_scheme = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(is_of_scheme)
        };
        match url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            None if url.is_empty() => Err(StorageError::UnknownStore { scheme: String::new() }),
            None => Ok(Self::of_home(Path::new(url))),
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            Some(("memory", "")) => Ok(Self::Memory),
            // Without what is behind the scheme, which may have a password in it.
            Some((scheme, _)) => Err(StorageError::UnknownStore { scheme: format!("{scheme}:") }),
        }
    }

    /// Connects to the store. The processes of a home are asked whether holders live.
    pub(crate) async fn connect(
        self,
        processes: Option<Arc<Processes>>,
    ) -> Result<Arc<dyn Store>, StorageError> {
        Ok(match self {
            Self::Sqlite(file) => Arc::new(SqliteStore::open_for(&file, processes).await?),
            // No other process can hold anything in it.
            Self::Memory => Arc::new(MemoryStore::new()),
        })
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Advice as _;

    use super::*;

    fn check(url: &str, expected: &Result<StoreUrl, &str>) {
        let found = StoreUrl::parse(url).map_err(|error| error.one_line());
        assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{url}");
    }

    #[test]
    fn urls() {
        let file = |path: &str| Ok(StoreUrl::Sqlite(path.into()));
        check("sqlite:past.db", &file("past.db"));
        check("sqlite:/data/a b.db", &file("/data/a b.db"));
        check(".millwork", &file(".millwork/millwork.db"));
        check("./sqlite:x", &file("./sqlite:x/millwork.db"));
        check("7:x", &file("7:x/millwork.db"));
        check("memory:", &Ok(StoreUrl::Memory));
        let hint = "hint: use `sqlite:FILE`, `memory:` or the folder of a home; write `./` before a folder with a colon in its name";
        for (url, scheme) in [
            ("postgres://me:secret@host/db", "postgres:"),
            ("sqlite:", "sqlite:"),
            ("memory:x", "memory:"),
            ("file:x", "file:"),
            ("", ""),
        ] {
            check(url, &Err(&format!("`{scheme}` names no store; {hint}")));
        }
    }
}
