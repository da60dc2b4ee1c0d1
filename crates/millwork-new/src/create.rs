//! Writes a new folder, completely or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The reason why a folder wasn't written. No part of it is left.
#[derive(Debug, Error)]
pub(crate) enum CreateError {
    /// The path exists and must not be overwritten.
    #[error("`{path}` exists and is not an empty folder")]
    Exists {
        /// The path of the folder.
        path: PathBuf,
    },
    /// The parent folder doesn't exist.
    #[error("the folder `{parent}` does not exist: create it first, or choose another place")]
    NoParent {
        /// The path of the missing folder.
        parent: PathBuf,
    },
    /// A file or folder can't be written.
    #[error("failed to write `{path}`")]
    Write {
        /// The path of the file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Creates a folder with these files, given by their relative paths. The files are written into a temporary folder beside it, which is then
/// renamed. An existing empty folder stays: the files are written into a temporary folder in it, and then moved up.
pub(crate) fn create(folder: &Path, files: &[(&str, String)]) -> Result<(), CreateError> {
    // A path that ends with `/` is the same folder.
    let folder: PathBuf = folder.components().collect();
    let is_there = is_empty_folder(&folder)?;
    let name = format!(".{}.unfinished", std::process::id());
    let unfinished = if is_there { folder.join(name) } else { folder.with_file_name(name) };
    fs::create_dir(&unfinished).map_err(|error| match folder.parent() {
        Some(parent) if error.kind() == ErrorKind::NotFound && !parent.exists() => {
            CreateError::NoParent { parent: parent.to_owned() }
        }
        _ => failed(&folder)(error),
    })?;
    let written = write(&unfinished, files).and_then(|()| match is_there {
        true => move_up(&unfinished, &folder),
        false => take_place(&unfinished, &folder),
    });
    if written.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

/// Whether the path is an empty folder; anything else there is an error.
fn is_empty_folder(folder: &Path) -> Result<bool, CreateError> {
    let is_something = folder.symlink_metadata().is_ok();
    let exists = || CreateError::Exists { path: folder.to_owned() };
    let is_empty = fs::read_dir(folder).map(|mut entries| entries.next().is_none());
    match is_empty {
        Ok(true) => Ok(true),
        Ok(false) => Err(exists()),
        Err(error) if is_something && error.kind() == ErrorKind::NotADirectory => Err(exists()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if is_something {
                Err(exists())
            } else {
                Ok(false)
            }
        }
        Err(error) => Err(failed(folder)(error)),
    }
}

/// Moves the entries of a folder to its parent, which has no others.
fn move_up(unfinished: &Path, folder: &Path) -> Result<(), CreateError> {
    for entry in fs::read_dir(unfinished).map_err(failed(unfinished))? {
        let entry = entry.map_err(failed(unfinished))?;
        fs::rename(entry.path(), folder.join(entry.file_name())).map_err(failed(folder))?;
    }
    fs::remove_dir(unfinished).map_err(failed(unfinished))
}

fn write(folder: &Path, files: &[(&str, String)]) -> Result<(), CreateError> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(text.as_bytes())?;
            // Some file systems report a full disk only now.
            file.sync_all()
        };
        write().map_err(failed(&path))?;
    }
    Ok(())
}

/// Renames a folder. A folder of that name that was filled meanwhile is not replaced.
fn take_place(unfinished: &Path, folder: &Path) -> Result<(), CreateError> {
    fs::rename(unfinished, folder).map_err(|error| {
        if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory) {
            CreateError::Exists { path: folder.to_owned() }
        } else {
            failed(folder)(error)
        }
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CreateError {
    let path = path.to_owned();
    move |source| CreateError::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 2] = [("a", "1"), ("b/c", "2")];

    fn files() -> Vec<(&'static str, String)> {
        FILES.map(|(path, text)| (path, text.to_owned())).to_vec()
    }

    #[test]
    fn a_folder_is_written_and_an_empty_one_filled() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("empty")).expect("a folder");
        std::os::unix::fs::symlink("linked", root.path().join("link")).expect("a link");
        fs::create_dir(root.path().join("linked")).expect("a folder");
        for name in ["new", "empty", "slash/", "link"] {
            let folder = root.path().join(name);
            create(&folder, &files()).expect(name);
            for (path, text) in FILES {
                assert_eq!(fs::read_to_string(folder.join(path)).expect(path), text);
            }
            assert_eq!(
                fs::read_dir(&folder).expect("a folder").count(),
                FILES.len(),
                "{name}: nothing else is there"
            );
        }
        assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 5, "nothing else is there");
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let root = tempfile::tempdir().expect("a folder");
        let path = |name: &str| root.path().join(name);
        fs::create_dir(path("full")).expect("a folder");
        fs::write(path("full/kept"), "").expect("a file");
        fs::write(path("file"), "").expect("a file");
        std::os::unix::fs::symlink("nowhere", path("link")).expect("a link");
        std::os::unix::fs::symlink("full", path("link to full")).expect("a link");
        for name in ["full", "file", "link", "link to full"] {
            let refused = create(&path(name), &files()).expect_err(name);
            assert!(matches!(refused, CreateError::Exists { .. }), "{name}: {refused:?}");
        }
        assert_eq!(fs::read_dir(path("full")).expect("a folder").count(), 1);
        assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 4, "nothing else is there");
    }

    #[test]
    fn nothing_is_left_of_what_fails() {
        let root = tempfile::tempdir().expect("a folder");
        // The second file can't be written, as its folder is a file.
        let files = [("a", String::new()), ("a/b", String::new())];
        let failed = create(&root.path().join("new"), &files).expect_err("no folder");
        assert!(matches!(failed, CreateError::Write { .. }), "{failed:?}");
        fs::create_dir(root.path().join("empty")).expect("a folder");
        assert!(create(&root.path().join("empty"), &files).is_err());
        fs::remove_dir(root.path().join("empty")).expect("an empty folder");
        let failed = create(&root.path().join("no/parent"), &[]).expect_err("no parent");
        assert_eq!(
            failed.to_string(),
            format!(
                "the folder `{}` does not exist: create it first, or choose another place",
                root.path().join("no").display()
            )
        );
        let failed = create(&root.path().join("x".repeat(300)), &[]).expect_err("too long a name");
        assert!(matches!(failed, CreateError::Write { .. }), "{failed:?}");
        assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 0);
    }
}
