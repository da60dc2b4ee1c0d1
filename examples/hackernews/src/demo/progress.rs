//! How far a demo is: a file in its home.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::DemoError;

const FILE: &str = "demo.json";

/// How far a demo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The seed of its items.
    pub(super) seed: u64,
    /// Where its clock began.
    pub(super) opening: Timestamp,
    /// The time that was reached.
    pub(super) reached: Timestamp,
}

impl Progress {
    /// How far the demo in a home is; `None` if it is yet to begin.
    ///
    /// # Errors
    ///
    /// When the home has other runs, another seed is asked for, or the file can't be read.
    pub(super) fn of(home: &Path, seed: Option<u64>) -> Result<Option<Self>, DemoError> {
        let file = home.join(FILE);
        let failed = |source| DemoError::Progress { action: "read", file: file.clone(), source };
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !home.join("millwork.db").exists() => {
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(DemoError::OtherHome { home: home.to_owned() });
            }
            Err(error) => return Err(failed(error)),
        };
        let damaged = |source| DemoError::Damaged { file: file.clone(), source };
        let progress: Self = serde_json::from_slice(&text).map_err(damaged)?;
        match seed.filter(|asked| *asked != progress.seed) {
            Some(asked) => Err(DemoError::OtherSeed { home: home.to_owned(), begun: progress.seed, asked }),
            None => Ok(Some(progress)),
        }
    }

    /// Holds a home until the file is dropped: a second demo there is refused.
    ///
    /// # Errors
    ///
    /// When a demo runs there, or the home can't be written.
    pub(super) fn hold(home: &Path) -> Result<File, DemoError> {
        let file = home.join("demo.lock");
        let failed = |source| DemoError::Progress { action: "write", file: file.clone(), source };
        std::fs::create_dir_all(home).map_err(failed)?;
        let held = File::create(&file).map_err(failed)?;
        match held.try_lock() {
            Ok(()) => Ok(held),
            Err(TryLockError::WouldBlock) => Err(DemoError::Running { home: home.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub(super) fn write(&self, home: &Path) -> Result<(), DemoError> {
        let (file, new) = (home.join(FILE), home.join("demo.json.new"));
        let failed = |file: PathBuf| move |source| DemoError::Progress { action: "write", file, source };
        std::fs::create_dir_all(home).map_err(failed(home.to_owned()))?;
        std::fs::write(&new, serde_json::to_vec(self).unwrap_or_default()).map_err(failed(new.clone()))?;
        std::fs::rename(&new, &file).map_err(failed(file))
    }
}

#[cfg(test)]
mod tests {
    use millwork::Advice as _;

    use super::*;

    #[test]
    fn a_demo_goes_on_where_it_stood_and_spares_other_homes() {
        let folder = millwork_testing::folder();
        let home = folder.path().join("home");
        assert_eq!(Progress::of(&home, None).unwrap(), None);
        let opening = Timestamp::UNIX_EPOCH;
        let progress = Progress { seed: 7, opening, reached: opening };
        let held = Progress::hold(&home).unwrap();
        let error = Progress::hold(&home).unwrap_err().one_line();
        assert!(error.contains("a demo is running in"), "{error}");
        drop(held);
        let _held = Progress::hold(&home).unwrap();
        progress.write(&home).unwrap();
        assert_eq!(Progress::of(&home, Some(7)).unwrap(), Some(progress));
        let error = Progress::of(&home, Some(8)).unwrap_err().one_line();
        assert!(error.contains("has the seed 7, not 8; hint:"), "{error}");
        std::fs::write(home.join(FILE), "{").unwrap();
        let error = Progress::of(&home, None).unwrap_err().one_line();
        assert!(
            error.contains("doesn't say how far") && error.contains("remove the folder and begin anew"),
            "{error}"
        );
        std::fs::remove_file(home.join(FILE)).unwrap();
        std::fs::write(home.join("millwork.db"), "").unwrap();
        assert!(
            Progress::of(&home, None).unwrap_err().one_line().contains("is the home of other runs; hint:")
        );
    }
}
