//! The source folder at run time: which commit is checked out, whether files differ from it, and its `Cargo.lock`.
//!
//! The commit is read without git: `HEAD` names a branch or a commit, and a branch is a file or a line of `packed-refs`. Whether files
//! differ only git knows, since it depends on its index, attributes and filters. So the program is asked, if there is one, with nothing
//! written and none of the repository's own programs run; one that takes too long is killed.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use millwork_core::event::WorkingTree;

use super::binary::hash_content;

/// How long git may take to compare the files of a repository with its commit.
const LONGEST_STATUS: Duration = Duration::from_secs(5);
/// The most bytes of a small file of git's.
const LARGEST_FILE: u64 = 16 << 20;

/// The working tree of a folder; `None` if it is in no repository and has no `Cargo.lock`.
pub(super) fn working_tree(folder: &Path) -> Option<WorkingTree> {
    let repository = Repository::around(folder);
    let commit = repository.as_ref().and_then(Repository::commit);
    let dirty = repository.as_ref().and_then(|repository| is_dirty(&repository.top));
    let cargo_lock = cargo_lock(folder).and_then(|file| hash_content(file).ok());
    if repository.is_none() && cargo_lock.is_none() {
        return None;
    }
    Some(WorkingTree { folder: folder.display().to_string(), commit, dirty, cargo_lock })
}

/// The `Cargo.lock` of a folder, or of the nearest folder above it.
fn cargo_lock(folder: &Path) -> Option<File> {
    folder.ancestors().find_map(|folder| File::open(folder.join("Cargo.lock")).ok())
}

/// A checked-out git repository.
struct Repository {
    /// The folder that is checked out.
    top: PathBuf,
    /// The folder with its `HEAD`.
    own: PathBuf,
    /// The folder with its branches, which several working trees share.
    common: PathBuf,
}

impl Repository {
    /// The repository that a folder belongs to.
    fn around(folder: &Path) -> Option<Self> {
        let top = folder.ancestors().find(|folder| folder.join(".git").exists())?.to_owned();
        let git = top.join(".git");
        let own = if git.is_dir() {
            git
        } else {
            // Of a further working tree, or a submodule: a file that names the folder.
            top.join(read(&git)?.strip_prefix("gitdir:")?.trim())
        };
        let common = read(&own.join("commondir")).map_or_else(|| own.clone(), |path| own.join(path.trim()));
        Some(Self { top, own, common })
    }

    /// The commit that is checked out; `None` before the first one.
    fn commit(&self) -> Option<String> {
        let mut head = read(&self.own.join("HEAD"))?;
        // A branch may be a symbolic name of another one, as `HEAD` is.
        for _ in 0..8 {
            let Some(name) = head.trim().strip_prefix("ref:").map(|name| name.trim().to_owned()) else {
                return commit_id(&head);
            };
            if !name.starts_with("refs/") || name.split('/').any(|part| part == "..") {
                return None;
            }
            match read(&self.own.join(&name)).or_else(|| read(&self.common.join(&name))) {
                Some(found) => head = found,
                None => return self.packed(&name),
            }
        }
        None
    }

    /// The commit of a branch that has no file of its own.
    fn packed(&self, name: &str) -> Option<String> {
        let packed = read(&self.common.join("packed-refs"))?;
        let line = packed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' '))?;
        commit_id(line)
    }
}

/// The text of a small file; `None` if it can't be read.
fn read(path: &Path) -> Option<String> {
    let is_small = std::fs::metadata(path).ok()?.len() <= LARGEST_FILE;
    is_small.then(|| std::fs::read_to_string(path).ok()).flatten()
}

/// A commit's id, of SHA-1 or SHA-256.
fn commit_id(text: &str) -> Option<String> {
    let id = text.trim();
    let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

/// Whether a file that git tracks differs from the commit; `None` if git isn't there, refuses, or takes too long.
fn is_dirty(top: &Path) -> Option<bool> {
    let mut git = Command::new("git");
    git.arg("-C").arg(top).args(["-c", "core.fsmonitor=false", "--no-optional-locks"]);
    git.args(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty"]);
    // While git runs a hook, its variables name another repository.
    let is_of_git = |name: &OsString| name.to_str().is_some_and(|name| name.split('_').next() == Some("GIT"));
    for name in std::env::vars_os().map(|(name, _)| name).filter(is_of_git) {
        git.env_remove(name);
    }
    let output =
        finished(git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?)?;
    Some(!output.is_empty())
}

/// What a program has printed, if it has ended with success in time.
fn finished(mut program: Child) -> Option<Vec<u8>> {
    let mut stdout = program.stdout.take()?;
    let (sender, printed) = mpsc::channel();
    let read = move || {
        let mut printed = Vec::new();
        if stdout.read_to_end(&mut printed).is_ok() {
            // The answer of a program that has taken too long isn't awaited.
            let _ = sender.send(printed);
        }
    };
    let reads = std::thread::Builder::new().name("git status".to_owned()).spawn(read).is_ok();
    let printed = printed.recv_timeout(LONGEST_STATUS).ok().filter(|_| reads);
    if printed.is_none() {
        // It may have ended meanwhile.
        let _ = program.kill();
    }
    let has_succeeded = program.wait().ok()?.success();
    printed.filter(|_| has_succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], at: &str, expected: Option<&str>) {
        let folder = folder(files);
        let at = folder.path().join(at);
        std::fs::create_dir_all(&at).unwrap();
        assert_eq!(Repository::around(&at).unwrap().commit().as_deref(), expected, "{files:?}");
    }

    #[test]
    fn the_commit_is_read_without_git() {
        let line = |commit: &str| format!("{commit}\n");
        let packed = format!(
            "# pack-refs with: peeled fully-peeled sorted \n{OTHER} refs/heads/a/main\n{COMMIT} refs/heads/main\n^{OTHER}\n"
        );
        check(&[(".git/HEAD", &line(COMMIT))], "", Some(COMMIT));
        let on_main = (".git/HEAD", "ref: refs/heads/main\n");
        check(&[on_main, (".git/refs/heads/main", &line(COMMIT))], "crates/one", Some(COMMIT));
        check(&[on_main, (".git/packed-refs", &packed)], "", Some(COMMIT));
        check(&[on_main, (".git/packed-refs", &packed), (".git/refs/heads/main", OTHER)], "", Some(OTHER));
        check(&[on_main], "", None);
        check(&[(".git/HEAD", "ref: refs/heads/../../HEAD\n")], "", None);
        check(
            &[(".git/HEAD", "ref: refs/heads/main\n"), (".git/refs/heads/main", "ref: refs/heads/main")],
            "",
            None,
        );
        check(&[(".git/HEAD", "damaged")], "", None);
        check(&[(".git/config", "")], "", None);
        let linked = [
            ("main/.git/worktrees/tree/HEAD", "ref: refs/heads/main\n"),
            ("main/.git/worktrees/tree/commondir", "../..\n"),
            ("main/.git/packed-refs", &*packed),
            ("tree/.git", "gitdir: ../main/.git/worktrees/tree\n"),
        ];
        check(&linked, "tree/src", Some(COMMIT));
    }

    #[test]
    fn a_folder_without_a_repository_may_have_a_lock_file() {
        assert_eq!(working_tree(folder(&[]).path()).filter(|tree| tree.commit.is_some()), None);
        let folder = folder(&[("Cargo.lock", ""), ("crates/one/Cargo.toml", "")]);
        let tree = working_tree(&folder.path().join("crates/one")).unwrap();
        assert_eq!(
            tree.cargo_lock.unwrap().as_str(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
        assert_eq!((tree.commit, tree.dirty), (None, None));
    }

    #[test]
    fn a_program_that_fails_or_is_absent_says_nothing() {
        let program = |name: &str, argument: &str| {
            let program = Command::new(name).arg(argument).stdout(Stdio::piped()).spawn();
            program.ok().and_then(finished)
        };
        assert_eq!(program("echo", "changed"), Some(b"changed\n".to_vec()));
        assert_eq!(program("false", ""), None);
        assert_eq!(program("/absent/git", ""), None);
    }

    /// The answer of the program itself; without one there is nothing to compare with.
    #[test]
    fn changed_files_make_a_tree_dirty() {
        let folder = folder(&[("code.rs", "one"), ("untracked.rs", "")]);
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(folder.path()).args(["-c", "user.name=a", "-c", "user.email=a@localhost"]);
            git.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok().and_then(finished)
        };
        if git(&["init"]).is_none() {
            assert_eq!(std::env::var_os("CI"), None, "git isn't installed");
            return;
        }
        assert_eq!(working_tree(folder.path()).unwrap().commit, None);
        git(&["add", "code.rs"]).expect("added");
        git(&["commit", "--message", "one", "--no-gpg-sign"]).expect("committed");
        let head = String::from_utf8(git(&["rev-parse", "HEAD"]).expect("a commit")).unwrap();
        let tree = working_tree(folder.path()).unwrap();
        assert_eq!((tree.commit.as_deref(), tree.dirty), (Some(head.trim()), Some(false)));
        std::fs::write(folder.path().join("code.rs"), "another").unwrap();
        assert_eq!(working_tree(folder.path()).unwrap().dirty, Some(true));
    }
}
