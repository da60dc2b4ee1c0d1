//! The source files of a pipeline, and the detection of changes in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that contain no sources.
const LEFT_OUT: [&str; 4] = ["target", "node_modules", ".git", ".millwork"];

/// The files that a pipeline is built from: the Rust files and manifests below a folder, and other files that the compiler lists
/// as read, such as a text that is included. Data that steps write isn't among them. Their modification times are polled,
/// which works on every file system and is cheap for the number of files that a pipeline has.
#[derive(Debug)]
pub(super) struct Sources {
    folder: PathBuf,
    /// The dependency file in which the compiler lists the files that it has read.
    dependencies: PathBuf,
    /// The folder of the home.
    home: PathBuf,
    seen: State,
}

/// The number of files, and the modification time of the newest.
type State = (usize, Option<SystemTime>);

impl Sources {
    pub(super) fn new(folder: PathBuf, dependencies: PathBuf, home: PathBuf) -> Self {
        let mut sources = Self { folder, dependencies, home, seen: (0, None) };
        sources.seen = sources.state();
        sources
    }

    /// Whether a file has changed since the last call.
    pub(super) fn have_changed(&mut self) -> bool {
        let now = self.state();
        let before = std::mem::replace(&mut self.seen, now);
        before != now
    }

    fn state(&self) -> State {
        let mut files = inputs(&std::fs::read_to_string(&self.dependencies).unwrap_or_default());
        self.find(&self.folder, &mut files);
        let changed = files.iter().filter_map(|file| std::fs::metadata(file).ok()?.modified().ok());
        changed.fold((0, None), |(count, newest), changed| (count + 1, newest.max(Some(changed))))
    }

    /// Finds the Rust files and manifests below a folder.
    fn find(&self, folder: &Path, files: &mut BTreeSet<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            if !kind.is_dir() {
                if is_source(&path) {
                    files.insert(path);
                }
            } else if !LEFT_OUT.iter().any(|left_out| name == *left_out) && path != self.home {
                self.find(&path, files);
            }
        }
    }
}

fn is_source(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_configuration = || path.parent().is_some_and(|folder| folder.ends_with(".cargo"));
    match name {
        "Cargo.toml" | "rust-toolchain.toml" | "rust-toolchain" => true,
        "config.toml" => is_configuration(),
        _ => path.extension().is_some_and(|extension| extension == "rs"),
    }
}

/// The files that a binary was built from, as the compiler lists them: `binary: file file …`, with blanks in names after a
/// backslash.
fn inputs(listed: &str) -> BTreeSet<PathBuf> {
    let files = listed.lines().filter_map(|line| line.split_once(": ")).flat_map(|(_, files)| {
        files.replace("\\ ", "\0").split(' ').map(|file| file.replace('\0', " ")).collect::<Vec<_>>()
    });
    files.filter(|file| !file.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_sources_are_seen_once_and_data_never() {
        let folder = tempfile::tempdir().unwrap();
        let (root, home) = (folder.path(), folder.path().join("home"));
        for below in ["src", "target", "home", ".cargo", "data"] {
            std::fs::create_dir_all(root.join(below)).unwrap();
        }
        let listed = root.join("target/pipeline.d");
        let include =
            format!("{}/target/pipeline: {0}/src/main.rs {0}/data/with\\ blank.csv", root.display());
        std::fs::write(&listed, include).unwrap();
        let mut sources = Sources::new(root.to_owned(), listed, home);
        for (file, is_seen) in [
            ("src/main.rs", true),
            ("src/notes.txt", false),
            ("target/built.rs", false),
            ("home/value.rs", false),
            ("Cargo.toml", true),
            ("Cargo.lock", false),
            (".cargo/config.toml", true),
            ("data/config.toml", false),
            ("data/written.csv", false),
            ("data/page.html", false),
            ("data/query.sql", false),
            ("data/params.toml", false),
            ("data/with blank.csv", true),
        ] {
            std::fs::write(root.join(file), "").unwrap();
            assert_eq!(sources.have_changed(), is_seen, "{file}");
            assert!(!sources.have_changed(), "{file}");
        }
        std::fs::remove_file(root.join("src/main.rs")).unwrap();
        assert!(sources.have_changed());
    }
}
