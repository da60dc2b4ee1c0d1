//! What a pipeline is built from, and when that last changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that hold nothing that a pipeline is built from.
const LEFT_OUT: [&str; 4] = ["target", "node_modules", ".git", ".millwork"];

/// The source files below some folders. They are asked for their times again and again, which works on every file system
/// and costs next to nothing for as many files as a pipeline has.
#[derive(Debug)]
pub(super) struct Sources {
    folders: Vec<PathBuf>,
    seen: State,
}

/// How many files there are, and when the newest changed.
type State = (usize, Option<SystemTime>);

impl Sources {
    pub(super) fn of(folders: Vec<PathBuf>) -> Self {
        let seen = state(&folders);
        Self { folders, seen }
    }

    /// Whether something has changed since this was last asked.
    pub(super) fn have_changed(&mut self) -> bool {
        let now = state(&self.folders);
        let before = std::mem::replace(&mut self.seen, now);
        before != now
    }
}

fn state(folders: &[PathBuf]) -> State {
    let mut state = (0, None);
    folders.iter().for_each(|folder| look_at(folder, &mut state));
    state
}

fn look_at(folder: &Path, (count, newest): &mut State) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                let mut below = (*count, *newest);
                look_at(&path, &mut below);
                (*count, *newest) = below;
            }
        } else if is_source(&path) {
            *count += 1;
            *newest = (*newest).max(metadata.modified().ok());
        }
    }
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("rs" | "toml" | "sql" | "html" | "css" | "js" | "csv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("src");
        std::fs::create_dir_all(folder.path().join("target")).unwrap();
        std::fs::create_dir_all(&source).unwrap();
        let mut sources = Sources::of(vec![folder.path().to_owned()]);
        for (file, is_seen) in [
            ("src/main.rs", true),
            ("src/notes.txt", false),
            ("target/built.rs", false),
            ("Cargo.toml", true),
        ] {
            std::fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(sources.have_changed(), is_seen, "{file}");
            assert!(!sources.have_changed(), "{file}");
        }
        std::fs::remove_file(source.join("main.rs")).unwrap();
        assert!(sources.have_changed());
    }
}
