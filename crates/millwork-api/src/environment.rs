//! What runs are executed with.

use jiff::Timestamp;
use millwork_core::event::{Environment, Event, EventBody, WorkingTree};
use serde::Serialize;
use utoipa::ToSchema;

/// What an execution of a run was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EnvironmentView {
    /// When it was recorded.
    pub at: Timestamp,
    /// The BLAKE3 hash of the executable's file; `null` if it couldn't be read in time.
    #[schema(required)]
    pub binary: Option<String>,
    /// The version of Millwork that the binary was built with.
    pub millwork: String,
    /// The features of Millwork that the binary was built with.
    pub features: Vec<String>,
    /// Whether the binary was compiled with debug assertions, as Cargo's profile `dev` does.
    pub debug_assertions: bool,
    /// The architecture, system and ABI that the binary was compiled for.
    pub target: String,
    /// The name and the release of the operating system.
    pub os: String,
    /// The name of the host.
    pub host: String,
    /// The model of the processor; `null` if the system doesn't report one.
    #[schema(required)]
    pub cpu: Option<String>,
    /// The number of processors that the process could use.
    pub processors: u32,
    /// The source folder at run time; `null` if there was neither a repository nor a `Cargo.lock`. The binary may be older.
    #[schema(required)]
    pub working_tree: Option<WorkingTreeView>,
}

/// The source folder of a pipeline at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkingTreeView {
    /// The folder: that of the pipeline's package, or the current folder if that doesn't exist.
    pub folder: String,
    /// The git commit that was checked out; `null` if there was none.
    #[schema(required)]
    pub commit: Option<String>,
    /// Whether a file that git tracks differed from the commit; `null` if git couldn't be asked in time.
    #[schema(required)]
    pub dirty: Option<bool>,
    /// The BLAKE3 hash of the `Cargo.lock`; `null` if there was none.
    #[schema(required)]
    pub cargo_lock: Option<String>,
}

impl EnvironmentView {
    /// The environments that the events of a run have recorded, oldest first.
    pub fn of_events(events: &[Event]) -> Vec<Self> {
        let recorded = events.iter().filter_map(|event| {
            let EventBody::EnvironmentRecorded(environment) = &event.body else { return None };
            Some(Self::new(event.at, environment))
        });
        recorded.collect()
    }

    fn new(at: Timestamp, environment: &Environment) -> Self {
        let Environment {
            binary,
            millwork,
            features,
            debug_assertions,
            target,
            os,
            host,
            cpu,
            processors,
            working_tree,
        } = environment.clone();
        Self {
            at,
            binary: binary.map(|hash| hash.to_string()),
            millwork,
            features,
            debug_assertions,
            target,
            os,
            host,
            cpu,
            processors,
            working_tree: working_tree.map(Into::into),
        }
    }

    /// The binary in words: its hash, Millwork's version and what it was compiled for and with.
    pub fn binary_in_words(&self) -> String {
        let hash = self.binary.as_deref().map_or("unknown hash", short);
        let mut words = format!("{hash}, Millwork {}, {}", self.millwork, self.target);
        if !self.features.is_empty() {
            words.push_str(&format!(", features {}", self.features.join(" ")));
        }
        if self.debug_assertions {
            words.push_str(", debug assertions");
        }
        words
    }

    /// The host in words: its name, system and processors.
    pub fn host_in_words(&self) -> String {
        let cpu = self.cpu.as_ref().map(|cpu| format!(", {cpu}")).unwrap_or_default();
        let processors = if self.processors == 1 { "processor" } else { "processors" };
        format!("{}, {}{cpu}, {} {processors}", self.host, self.os, self.processors)
    }
}

impl WorkingTreeView {
    /// The state of the folder in words: the commit, whether files differ from it, and the lock file.
    pub fn in_words(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.commit.as_deref().map(|commit| format!("commit {}", short(commit))));
        words.extend(
            self.dirty.map(|dirty| if dirty { "modified".to_owned() } else { "unmodified".to_owned() }),
        );
        words.extend(self.cargo_lock.as_deref().map(|hash| format!("Cargo.lock {}", short(hash))));
        format!("{} in {}", words.join(", "), self.folder)
    }
}

impl From<WorkingTree> for WorkingTreeView {
    fn from(WorkingTree { folder, commit, dirty, cargo_lock }: WorkingTree) -> Self {
        Self { folder, commit, dirty, cargo_lock: cargo_lock.map(|hash| hash.to_string()) }
    }
}

/// The beginning of a hash, which people compare.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
