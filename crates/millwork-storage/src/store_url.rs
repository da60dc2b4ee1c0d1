//! The URLs of stores, and connecting to them.
//!
//! A home keeps its store in its own folder, so a folder is a name as well. The scheme before the colon chooses the backend. A backend
//! joins with a variant of [`StoreKind`], and the compiler names the rest: its scheme, where the store is ([`StoreUrl`]), connecting to
//! it, and the conformance tests. Nothing outside of this crate has to know its type.

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

/// The kinds of stores that [`connect`] knows: the backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A SQLite file.
    Sqlite,
    /// The memory of this process.
    Memory,
}

impl StoreKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Memory];

    /// The scheme of its URLs, which is what is before the colon.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
        }
    }

    /// The form of its URLs: `sqlite:FILE`.
    pub const fn url_form(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite:FILE",
            Self::Memory => "memory:",
        }
    }
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

    /// Checks that the path of a home isn't a URL such as `postgres://host/db`: it would be made as a folder, with the password in
    /// its name. Its absolute path is text without control characters, as values could not be stored below another.
    pub(crate) fn check_folder(folder: &Path) -> Result<(), StorageError> {
        let scheme = folder.to_str().and_then(|folder| folder.split_once("://")).map(|(scheme, _)| scheme);
        match scheme.filter(|scheme| is_scheme(scheme)) {
            Some(scheme) => Err(StorageError::HomeIsUrl { scheme: format!("{scheme}:") }),
            None => check_is_storable(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())),
        }
    }

    /// Reads a URL. A folder whose name looks like one is written with `./` before it.
    pub(crate) fn parse(url: &str) -> Result<Self, StorageError> {
        match url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            None if url.is_empty() => Err(StorageError::UnknownStore { scheme: String::new() }),
            None => Ok(Self::of_home(Path::new(url))),
            Some((scheme, place)) => {
                let kind = StoreKind::ALL.into_iter().find(|kind| kind.scheme() == scheme);
                // Without what is behind the scheme, which may have a password in it.
                let unknown = || StorageError::UnknownStore { scheme: format!("{scheme}:") };
                kind.and_then(|kind| Self::of_kind(kind, place)).ok_or_else(unknown)
            }
        }
    }

    /// The store at a place, which is what follows the colon of a URL; `None` if a store of this kind can't be there.
    fn of_kind(kind: StoreKind, place: &str) -> Option<Self> {
        match kind {
            StoreKind::Sqlite => (!place.is_empty()).then(|| Self::Sqlite(place.into())),
            StoreKind::Memory => place.is_empty().then_some(Self::Memory),
        }
    }

    /// Connects to the store. The processes of a home are asked whether holders live, and a store that several processes can open vouches
    /// for a holder before it writes its claim: without the lock, the holder would be taken for dead.
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

fn check_is_storable(folder: &Path) -> Result<(), StorageError> {
    let has = match folder.to_str() {
        Some(path) if !path.contains(|character: char| character.is_ascii_control()) => return Ok(()),
        Some(_) => "a control character",
        None => "bytes that are not UTF-8",
    };
    let path = folder.to_string_lossy().escape_debug().to_string();
    Err(StorageError::UnusableHome { has, path })
}

/// Whether a text can be the scheme of a URL.
fn is_scheme(text: &str) -> bool {
    let is_of_scheme = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(is_of_scheme)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use millwork_core::Advice as _;

    use super::*;

    fn check(url: &str, expected: &Result<StoreUrl, &str>) {
        let found = StoreUrl::parse(url).map_err(|error| error.one_line());
        assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{url}");
    }

    #[tokio::test]
    async fn a_url_is_no_folder_of_a_home() {
        let check = |home: &str| StoreUrl::check_folder(Path::new(home)).map_err(|error| error.one_line());
        for home in [".millwork", "file:x", "a:b", "./postgres://x", "/data/http://x", "7://x", "://x"] {
            assert_eq!(check(home), Ok(()));
        }
        let hint = "hint: the only store of a home is the SQLite database in its folder; write `./` before a folder of such a name";
        for (home, scheme) in [
            ("postgres://me:secret@host/db", "postgres:"),
            ("sqlite:///data/x.db", "sqlite:"),
            ("s3://bucket", "s3:"),
        ] {
            let expected = format!("a home is a folder, and `{scheme}//` begins a URL; {hint}");
            assert_eq!(check(home), Err(expected.clone()));
            for opened in [
                crate::Home::open(home).await.map(drop),
                crate::Home::open_with_store(home, "memory:").await.map(drop),
            ] {
                assert_eq!(opened.map_err(|error| error.one_line()), Err(expected.clone()));
            }
            assert!(!Path::new(scheme).exists());
        }
    }

    /// Values are stored below the path, whose parts are names of an object store.
    #[tokio::test]
    async fn a_home_has_a_path_that_values_can_be_stored_below() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, problem) in [
            (&b"a\nb"[..], "a control character: `"),
            (b"a\x7fb", "a control character: `"),
            (b"caf\xe9", "bytes that are not UTF-8: `"),
        ] {
            let path = folder.path().join(OsStr::from_bytes(name)).join("home");
            let refused = crate::Home::open(&path).await.map(drop).expect_err("refused").to_string();
            assert!(refused.starts_with(&format!("the path of the home has {problem}")), "{refused}");
            assert!(!refused.contains('\n') && !path.exists(), "{refused}");
        }
        for name in ["größe", "100% [a]", "a\\b"] {
            crate::Home::open(folder.path().join(name)).await.expect(name);
        }
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
