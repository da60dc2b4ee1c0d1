//! The places where XGBoost's library may be.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A way to read environment variables, so that tests need not set them.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A place where the library was looked for.
pub(super) struct Place {
    /// The place, for messages.
    pub(super) description: String,
    /// The files found; for the loader's own search, which only shows by loading whether there is one, the library's name.
    pub(super) files: Vec<PathBuf>,
}

/// The file that the user names, which then is the only one.
pub(super) fn named(environment: Environment<'_>) -> Option<PathBuf> {
    environment("MILLWORK_XGBOOST_LIB").filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// All other places, the preferred first: the active Python environment, that of `MILLWORK_PYTHON`, the user's and the
/// system's packages, the loader's own search, and the usual roots of conda.
pub(super) fn places(environment: Environment<'_>) -> Vec<Place> {
    let path = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = path("HOME").or_else(|| path("USERPROFILE"));
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let interpreter = path("MILLWORK_PYTHON");
    let environments = [
        path("VIRTUAL_ENV"),
        path("CONDA_PREFIX"),
        interpreter.as_deref().and_then(Path::parent).and_then(Path::parent).map(Path::to_path_buf),
        below_home(".local"),
        below_home("Library/Python/3*"),
        Some(PathBuf::from("/usr/local")),
        Some(PathBuf::from("/usr")),
    ];
    let conda = ["miniforge3", "mambaforge", "miniconda3", "anaconda3"].map(below_home);
    let conda = conda.into_iter().chain([Some(PathBuf::from("/opt/conda"))]);
    let mut places: Vec<Place> = environments
        .into_iter()
        .flatten()
        .filter(|root| root.is_absolute())
        .flat_map(|root| below(&root))
        .collect();
    places.push(Place { description: format!("`{NAME}` by the system's loader"), files: vec![NAME.into()] });
    places.extend(conda.flatten().flat_map(|root| below(&root)));
    places
}

const NAME: &str = if cfg!(windows) {
    "xgboost.dll"
} else if cfg!(target_os = "macos") {
    "libxgboost.dylib"
} else {
    "libxgboost.so"
};

/// Where packages lie below the root of a Python or conda environment; `3*` is any version.
const FOLDERS: &[&str] = if cfg!(windows) {
    &["Lib/site-packages/xgboost/lib", "Library/bin", "Library/mingw-w64/bin"]
} else {
    &["lib/python3*/site-packages/xgboost/lib", "lib/python3*/dist-packages/xgboost/lib", "lib"]
};

fn below(root: &Path) -> Vec<Place> {
    let place = |folder: &&str| {
        let pattern = root.join(folder).join(NAME);
        Place { description: format!("`{}`", pattern.display()), files: matches(&pattern) }
    };
    FOLDERS.iter().map(place).collect()
}

/// The files that a path names whose components may end with `*`; of several versions the newest first.
fn matches(pattern: &Path) -> Vec<PathBuf> {
    let step = |paths: Vec<PathBuf>, component: &OsStr| match component
        .to_str()
        .and_then(|name| name.strip_suffix('*'))
    {
        Some(prefix) => paths.iter().flat_map(|path| versions(path, prefix)).collect(),
        None => paths.into_iter().map(|path| path.join(component)).collect(),
    };
    let mut files = pattern.iter().fold(vec![PathBuf::new()], step);
    files.retain(|file| file.is_file());
    files
}

/// The entries of a folder that start with `prefix`, by descending numbers after it.
fn versions(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let numbers = |name: &str| -> Option<Vec<u32>> {
        let version = name.strip_prefix(prefix)?;
        Some(version.split('.').map(|number| number.parse().unwrap_or(0)).collect())
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((numbers(entry.file_name().to_str()?)?, entry.path()))).collect();
    found.sort_by(|left, right| right.cmp(left));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &Path)]) -> Vec<PathBuf> {
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, path)| path.as_os_str().to_owned())
        };
        places(&environment).into_iter().flat_map(|place| place.files).collect()
    }

    #[test]
    fn environments_are_searched_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |path: &str| {
            let path = folder.path().join(path).join(NAME);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, "").expect("a file");
            path
        };
        let old = file("venv/lib/python3.9/site-packages/xgboost/lib");
        let new = file("venv/lib/python3.12/site-packages/xgboost/lib");
        let conda = file("conda/lib");
        let interpreted = file("other/lib/python3.11/site-packages/xgboost/lib");
        let user = file("home/.local/lib/python3.11/site-packages/xgboost/lib");
        let root = file("home/miniconda3/lib/python3.11/site-packages/xgboost/lib");
        let at = |name: &str| folder.path().join(name);
        let all = found(&[
            ("HOME", &at("home")),
            ("MILLWORK_PYTHON", &at("other/bin/python")),
            ("VIRTUAL_ENV", &at("venv")),
            ("CONDA_PREFIX", &at("conda")),
        ]);
        let ours: Vec<_> =
            all.into_iter().filter(|path| path.starts_with(folder.path()) || path.is_relative()).collect();
        assert_eq!(ours, [new, old, conda, interpreted, user, NAME.into(), root]);
    }

    #[test]
    fn an_empty_environment_leaves_the_system() {
        let environment = |_: &str| None;
        assert_eq!(named(&environment), None);
        let described: Vec<String> =
            places(&environment).into_iter().map(|place| place.description).collect();
        assert!(
            described.iter().any(|place| place.contains("/usr/lib/python3*/dist-packages/xgboost/lib")),
            "{described:?}"
        );
        assert!(
            !described.iter().any(|place| place.starts_with("`lib")) || NAME.starts_with("lib"),
            "{described:?}"
        );
    }
}
