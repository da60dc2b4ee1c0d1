//! What a run is executed with: the binary, the host, and the source folder as it was at run time.
//!
//! Everything here is a fact about an execution, found beside its steps. What can't be found, or not in time, is absent, and no run fails for
//! it. The binary's hash identifies the code that ran. The working tree is that of the source folder *at run time*: the binary may have
//! been built from an earlier state of it, so it is evidence and not identity.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The BLAKE3 hash of a file's content, as 64 hexadecimal digits: what `b3sum` prints.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileHash(String);

impl FileHash {
    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first twelve digits, which people compare.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Hashes the content of a file piece by piece.
#[derive(Clone, Debug, Default)]
pub struct FileHasher(blake3::Hasher);

impl FileHasher {
    /// Adds the next bytes of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes so far.
    pub fn finish(&self) -> FileHash {
        FileHash(self.0.finalize().to_hex().to_string())
    }
}

/// What one execution of a run was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The hash of the executable's file; `None` if it couldn't be read in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<FileHash>,
    /// The version of Millwork that the binary was built with.
    pub millwork: String,
    /// The features of Millwork that the binary was built with, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Whether the binary was compiled with debug assertions, as Cargo's profile `dev` does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub debug_assertions: bool,
    /// The architecture, system and ABI that the binary was compiled for, such as `x86_64-linux-gnu`.
    pub target: String,
    /// The operating system's name and release, such as `Linux 6.8.0`.
    pub os: String,
    /// The name of the host.
    pub host: String,
    /// The model of the processor; `None` if the system doesn't report one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// The number of processors that the process could use.
    pub processors: u32,
    /// The source folder at run time; `None` if there is neither a repository nor a `Cargo.lock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_tree: Option<WorkingTree>,
}

/// The source folder of a pipeline at run time. The binary may be older than it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingTree {
    /// The folder: that of the pipeline's package where it was compiled, or the current folder if that doesn't exist.
    pub folder: String,
    /// The commit that is checked out, in hexadecimal digits; `None` outside of a git repository, and before its first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether a file that git tracks differs from the commit; `None` if git couldn't be asked in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// The hash of the `Cargo.lock` of the folder, or of the nearest folder above; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cargo_lock: Option<FileHash>,
}

impl Environment {
    /// The parts in which this environment and another one differ, by the names of the fields. A part that one of them doesn't know is no
    /// difference, and neither is the folder of the working tree.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_some_and(|(one, other)| one != other)
        }
        let tree = |environment: &Self| environment.working_tree.clone();
        let (own, others) = (tree(self), tree(other));
        let (own, others) = (own.as_ref(), others.as_ref());
        let commit = |tree: Option<&WorkingTree>| tree.and_then(|tree| tree.commit.clone());
        let lock = |tree: Option<&WorkingTree>| tree.and_then(|tree| tree.cargo_lock.clone());
        let dirty = |tree: Option<&WorkingTree>| tree.and_then(|tree| tree.dirty);
        [
            ("binary", differ(self.binary.as_ref(), other.binary.as_ref())),
            ("millwork", self.millwork != other.millwork),
            ("features", self.features != other.features),
            ("debug_assertions", self.debug_assertions != other.debug_assertions),
            ("target", self.target != other.target),
            ("os", self.os != other.os),
            ("host", self.host != other.host),
            ("cpu", differ(self.cpu.as_ref(), other.cpu.as_ref())),
            ("processors", self.processors != other.processors),
            ("commit", differ(commit(own).as_ref(), commit(others).as_ref())),
            ("dirty", differ(dirty(own).as_ref(), dirty(others).as_ref())),
            ("cargo_lock", differ(lock(own).as_ref(), lock(others).as_ref())),
        ]
        .into_iter()
        .filter_map(|(name, is_different)| is_different.then_some(name))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventBody, EventKind};

    fn hash(content: &str) -> FileHash {
        let mut hasher = FileHasher::default();
        hasher.update(content.as_bytes());
        hasher.finish()
    }

    fn environment() -> Environment {
        Environment {
            binary: Some(hash("")),
            millwork: "0.1.0".into(),
            features: vec!["ml".into()],
            debug_assertions: true,
            target: "x86_64-linux-gnu".into(),
            os: "Linux 6.8.0".into(),
            host: "loom".into(),
            cpu: Some("Zen".into()),
            processors: 2,
            working_tree: Some(WorkingTree {
                folder: "/src".into(),
                commit: Some("c0ffee".into()),
                dirty: Some(false),
                cargo_lock: Some(hash("")),
            }),
        }
    }

    /// These are on people's disks.
    #[test]
    fn stored_form() {
        let check = |environment: Environment, json: &str| {
            let body = EventBody::EnvironmentRecorded(environment);
            assert_eq!(body.to_stored().unwrap(), (EventKind::EnvironmentRecorded, Some(json.to_owned())));
            assert_eq!(EventBody::from_stored(EventKind::EnvironmentRecorded, Some(json)).unwrap(), body);
        };
        check(
            environment(),
            concat!(
                r#"{"binary":"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262","millwork":"0.1.0","#,
                r#""features":["ml"],"debug_assertions":true,"target":"x86_64-linux-gnu","os":"Linux 6.8.0","#,
                r#""host":"loom","cpu":"Zen","processors":2,"working_tree":{"folder":"/src","commit":"c0ffee","#,
                r#""dirty":false,"cargo_lock":"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"}}"#
            ),
        );
        let least = Environment {
            binary: None,
            features: vec![],
            debug_assertions: false,
            cpu: None,
            working_tree: None,
            ..environment()
        };
        check(
            least,
            r#"{"millwork":"0.1.0","target":"x86_64-linux-gnu","os":"Linux 6.8.0","host":"loom","processors":2}"#,
        );
    }

    #[test]
    fn what_is_unknown_is_no_difference() {
        let check = |other: Environment, expected: &[&str]| {
            assert_eq!(environment().differences(&other), expected);
            assert_eq!(other.differences(&environment()), expected);
        };
        check(environment(), &[]);
        check(Environment { binary: None, cpu: None, working_tree: None, ..environment() }, &[]);
        let tree = |commit: &str| WorkingTree {
            folder: "/elsewhere".into(),
            commit: Some(commit.into()),
            dirty: None,
            cargo_lock: None,
        };
        check(Environment { working_tree: Some(tree("c0ffee")), ..environment() }, &[]);
        let other = Environment {
            binary: Some(hash("x")),
            processors: 64,
            working_tree: Some(tree("beef")),
            ..environment()
        };
        check(other, &["binary", "processors", "commit"]);
    }
}
