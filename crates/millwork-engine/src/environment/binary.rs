//! The hash of the executable of this process.
//!
//! Hashing takes as long as reading: a tenth of a second for a large binary. So each home has a cache of the hashes of the binaries that
//! have executed runs in it, by path, size, modification time and inode: a build writes a new file. The file is
//! replaced as a whole. Two processes that write at once lose one entry, which is computed again.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use millwork_core::event::{FileHash, FileHasher};
use millwork_core::id::RunId;
use millwork_core::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

/// The name of the cache's file in a home.
const CACHE: &str = "binaries.json";
/// The number of binaries whose hashes are kept: the last ones that were seen.
const KEPT: usize = 8;
/// The number of bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// A file with its hash, as the cache stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hashed {
    #[serde(flatten)]
    file: FileIdentity,
    hash: FileHash,
}

/// By what a file is known to be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileIdentity {
    path: PathBuf,
    bytes: u64,
    /// The modification time: seconds and nanoseconds.
    modified: (i64, i64),
    inode: u64,
}

/// The hash of this process's executable; `None` if it can't be read. `home` is the folder of the cache, if there is
/// one.
pub(super) fn hash_of_executable(home: Option<&Path>) -> Option<FileHash> {
    let path = std::env::current_exe().ok()?;
    // The link leads to the running file also when another one has taken its name.
    let file = File::open("/proc/self/exe").or_else(|_| File::open(&path)).ok()?;
    match home {
        Some(home) => hash_of(file, path, home).ok(),
        None => hash_content(file).ok(),
    }
}

/// The hash of an opened file, from the cache if it is there.
fn hash_of(file: File, path: PathBuf, home: &Path) -> io::Result<FileHash> {
    let identity = FileIdentity::new(path, &file.metadata()?);
    let mut cached = read_cache(home);
    if let Some(known) = cached.iter().find(|known| known.file == identity) {
        return Ok(known.hash.clone());
    }
    let hash = hash_content(file)?;
    cached.retain(|other| other.file.path != identity.path);
    cached.insert(0, Hashed { file: identity, hash: hash.clone() });
    cached.truncate(KEPT);
    // Without the cache the hash is computed again.
    let _ = write_cache(home, &cached);
    Ok(hash)
}

impl FileIdentity {
    fn new(path: PathBuf, metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { path, bytes: metadata.len(), modified, inode: metadata.ino() }
    }
}

/// The hash of a file's content.
pub(super) fn hash_content(mut file: File) -> io::Result<FileHash> {
    let (mut hasher, mut piece) = (FileHasher::default(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&piece[..read]),
        }
    }
}

/// The cached hashes, the last seen first. A cache that can't be read is empty.
fn read_cache(home: &Path) -> Vec<Hashed> {
    let text = std::fs::read(home.join(CACHE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Replaces the cache as a whole.
fn write_cache(home: &Path, cached: &[Hashed]) -> io::Result<()> {
    let unique = RunId::new(SystemClock.now());
    let written = home.join(format!("{CACHE}.{unique}"));
    let result = std::fs::write(&written, serde_json::to_vec(cached)?)
        .and_then(|()| std::fs::rename(&written, home.join(CACHE)));
    if result.is_err() {
        let _ = std::fs::remove_file(&written);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(home: &Path, path: &Path) -> String {
        hash_of(File::open(path).unwrap(), path.to_owned(), home).unwrap().to_string()
    }

    fn files(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_known_file_is_not_read_again() {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = folder.path().join("binary");
        std::fs::write(&path, "").unwrap();
        let empty = hash(home.path(), &path);
        assert_eq!(empty, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        // What is in the cache is taken, whatever the file holds.
        let mut cached = read_cache(home.path());
        cached[0].hash = hash_content(File::open(home.path().join(CACHE)).unwrap()).unwrap();
        write_cache(home.path(), &cached).unwrap();
        assert_eq!(hash(home.path(), &path), cached[0].hash.as_str());
        std::fs::write(&path, "other").unwrap();
        assert_ne!(hash(home.path(), &path), cached[0].hash.as_str());
        assert_eq!((files(home.path()), read_cache(home.path()).len()), (vec![CACHE.to_owned()], 1));
    }

    #[test]
    fn the_cache_is_bounded_and_may_be_damaged_or_out_of_reach() {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for number in 0..KEPT + 3 {
            let path = folder.path().join(format!("binary-{number}"));
            std::fs::write(&path, number.to_string()).unwrap();
            hash(home.path(), &path);
        }
        assert_eq!(read_cache(home.path()).len(), KEPT);
        std::fs::write(home.path().join(CACHE), "{").unwrap();
        let path = folder.path().join("binary-0");
        let expected = hash(home.path(), &path);
        assert_eq!(hash(&folder.path().join("absent"), &path), expected);
    }

    #[test]
    fn this_process_has_a_binary() {
        let home = tempfile::tempdir().unwrap();
        let hash = hash_of_executable(Some(home.path()));
        assert_eq!(hash.as_ref().map(|hash| hash.as_str().len()), Some(64));
        assert_eq!(hash_of_executable(None), hash);
    }
}
