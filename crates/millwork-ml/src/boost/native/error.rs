//! Errors of finding, loading and calling XGBoost's library.

use std::borrow::Cow;
use std::path::PathBuf;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why XGBoost's library cannot be used, or what it refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NativeError {
    /// The library is nowhere.
    #[error("failed to find XGBoost's library; looked for {}",
        places.join(", ")
    )]
    NotFound {
        /// Where it was looked for, each with what was wrong with a file that was there.
        places: Vec<String>,
    },
    /// A file does not open as a library.
    #[error("failed to open `{}` as a library: {reason}", path.display())]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The system's error.
        reason: String,
    },
    /// A library is not XGBoost's.
    #[error("`{}` is not XGBoost's library: it has no function `{function}`", path.display())]
    OtherLibrary {
        /// The path of the library.
        path: PathBuf,
        /// The name of the missing function.
        function: &'static str,
    },
    /// A library is older than what this crate knows.
    #[error("`{}` is XGBoost {}.{}.{}, and 2.0 is the oldest that is supported", path.display(), version.0, version.1, version.2)]
    TooOld {
        /// The path of the library.
        path: PathBuf,
        /// The version of the library: major, minor, patch.
        version: (i32, i32, i32),
    },
    /// A library cannot use the device that is asked for.
    #[error("the device is `{device}`, but `{}` is built without CUDA", path.display()
    )]
    NoCuda {
        /// The name of the device.
        device: String,
        /// The path of the library.
        path: PathBuf,
    },
    /// The machine lacks the device that is asked for.
    #[error("the device is `{device}`, but XGBoost found no such device and would train on `{found}`")]
    NoDevice {
        /// The name of the device.
        device: String,
        /// What it would use.
        found: String,
    },
    /// The library refused a call.
    #[error("failed to {action}: {message}")]
    Refused {
        /// What was being done.
        action: &'static str,
        /// The library's error message.
        message: String,
    },
    /// The library's answer is invalid.
    #[error("failed to {action}: XGBoost's answer is not understood: `{answer}`")]
    Answer {
        /// What was being done.
        action: &'static str,
        /// The answer of the library.
        answer: String,
    },
    /// Rows of a group weigh differently, which the library cannot do.
    #[error("rows of group {group} have different weights, but XGBoost weighs groups")]
    GroupWeights {
        /// The number of the group, from 0.
        group: usize,
    },
}

impl Advice for NativeError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NotFound { .. } => "install `xgboost` or `xgboost-cpu` from PyPI or conda in the active environment, or set `MILLWORK_XGBOOST_LIB` to the library's file".into(),
            Self::TooOld { .. } => "upgrade it".into(),
            Self::NoCuda { .. } => "install `xgboost` instead of `xgboost-cpu`, or set `device` to `cpu`".into(),
            Self::GroupWeights { .. } => "give the rows of a group the same weight, or set `backend` to `embedded`".into(),
            Self::Open { .. } | Self::OtherLibrary { .. } | Self::NoDevice { .. } | Self::Refused { .. } | Self::Answer { .. } => return None,
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use crate::boost::native::library::Library;

    /// The error of a search with these variables set and no others.
    fn check(variables: &[(&str, &Path)], expected: &[&str]) {
        let environment = |name: &str| -> Option<OsString> {
            variables.iter().find(|(known, _)| *known == name).map(|(_, path)| path.as_os_str().to_owned())
        };
        // A machine may have the library among the system's.
        if let Err(error) = Library::search(&environment) {
            let error = millwork_core::Advice::one_line(&error);
            assert!(expected.iter().all(|part| error.contains(part)), "{error}");
        } else {
            assert!(!variables.iter().any(|(name, _)| *name == "MILLWORK_XGBOOST_LIB"), "{variables:?}");
        }
    }

    #[test]
    fn a_named_file_is_the_only_one_that_is_tried() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = folder.path().join("text.so");
        std::fs::write(&text, "no library").expect("a file");
        for file in [&text, &folder.path().join("missing.so")] {
            let expected = format!("failed to open `{}` as a library: ", file.display());
            check(&[("MILLWORK_XGBOOST_LIB", file)], &[&expected]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_library_is_not_taken_for_xgboost() {
        let expected = "`libc.so.6` is not XGBoost's library: it has no function `XGBoostVersion`";
        check(&[("MILLWORK_XGBOOST_LIB", Path::new("libc.so.6"))], &[expected]);
    }

    #[test]
    fn a_failed_search_lists_where_it_looked() {
        let folder = tempfile::tempdir().expect("a folder");
        let lib = folder.path().join("lib");
        std::fs::create_dir(&lib).expect("a folder");
        std::fs::write(lib.join("libxgboost.so"), "no library").expect("a file");
        let place = format!("`{}`", lib.join("libxgboost.so").display());
        let broken = format!("{place} (failed to open ");
        let found = if cfg!(target_os = "macos") { &place } else { &broken };
        check(&[("CONDA_PREFIX", folder.path())], &["looked for `", found, "MILLWORK_XGBOOST_LIB"]);
    }
}
