//! Where the environment of a run is looked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use millwork_core::event::{Environment, FileHash, WorkingTree};

use super::{binary, git, host};

/// How long runs of a process share what was found of the source folder: several that start at once ask git once.
const SHARED: Duration = Duration::from_secs(2);

/// How long the end of a run waits for its environment, unless something else is said: long enough for git on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks for what runs are executed with. Clones share what stays the same as long as the process lives.
#[derive(Clone, Debug)]
pub struct EnvironmentProbe {
    places: Arc<Places>,
    /// How long the end of a run waits.
    pub(super) patience: Duration,
}

#[derive(Debug)]
struct Places {
    /// The folder of the cache of hashes; `None` without one.
    home: Option<PathBuf>,
    source_folder: Option<PathBuf>,
    features: Vec<String>,
    /// The hash of the executable, once it is known; `None` in it if it can't be read.
    binary: OnceLock<Option<FileHash>>,
    /// The source folder as it was last seen, and when; `None` before.
    working_tree: Mutex<Option<(Instant, Option<WorkingTree>)>>,
}

impl EnvironmentProbe {
    /// The probe of a process that executes runs in `home`, where the hashes of binaries are cached. `source_folder` is that of the
    /// pipeline's package where it was compiled, and `features` are those of Millwork that it was compiled with.
    pub fn new(home: &Path, source_folder: Option<&Path>, features: &[&str]) -> Self {
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        let (home, source_folder) = (Some(home.to_owned()), source_folder.map(Path::to_owned));
        let (binary, working_tree) = (OnceLock::new(), Mutex::default());
        let places = Places { home, source_folder, features, binary, working_tree };
        Self { places: Arc::new(places), patience: PATIENCE }
    }

    /// The same probe, for which the end of a run waits for another span than ten seconds: what isn't found by then isn't recorded.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same probe, which neither reads nor writes the cache of hashes.
    pub(crate) fn without_cache(&self) -> Self {
        let Places { source_folder, features, .. } = &*self.places;
        let (source_folder, features) = (source_folder.clone(), features.clone());
        let (binary, working_tree) = (OnceLock::new(), Mutex::default());
        let places = Arc::new(Places { home: None, source_folder, features, binary, working_tree });
        Self { places, patience: self.patience }
    }

    /// The hash of the executable; `None` if it can't be read. Blocks while the file is read.
    pub(super) fn binary(&self) -> Option<FileHash> {
        self.places.binary.get_or_init(|| binary::hash_of_executable(self.places.home.as_deref())).clone()
    }

    /// The source folder as it is now. Blocks while git compares its files.
    pub(super) fn working_tree(&self) -> Option<WorkingTree> {
        // Held while git is at work, so that runs that start meanwhile take the same answer.
        let mut last = self.places.working_tree.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = &*last
            && at.elapsed() < SHARED
        {
            return found.clone();
        }
        let compiled = self.places.source_folder.clone().filter(|folder| folder.is_dir());
        let found = git::working_tree(&compiled.or_else(|| std::env::current_dir().ok())?);
        *last = Some((Instant::now(), found.clone()));
        found
    }

    /// The environment with what these two have found.
    pub(super) fn environment(
        &self,
        binary: Option<FileHash>,
        working_tree: Option<WorkingTree>,
    ) -> Environment {
        Environment {
            binary,
            millwork: env!("CARGO_PKG_VERSION").to_owned(),
            features: self.places.features.clone(),
            debug_assertions: cfg!(debug_assertions),
            target: host::target(),
            os: host::os(),
            host: host::name(),
            cpu: host::cpu(),
            processors: host::processors(),
            working_tree,
        }
    }

    /// All of it, looked for now. Blocks.
    pub(crate) fn look(&self) -> Environment {
        self.environment(self.binary(), self.working_tree())
    }
}
