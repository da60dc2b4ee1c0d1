//! The run queue: which of the requested runs may start, and why the others wait.
//!
//! The decision is a function of the runs in progress and those that wait, so that the daemon, which acts on it, and the pages
//! that show it agree.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tags::priority;
use super::{RunId, RunRequest};

/// How many runs may be in progress at a time.
///
/// ```
/// use millwork_core::run::QueueLimits;
///
/// let limits = QueueLimits::of(8).tag("team", "ranking", 2).each_value("customer", 1);
/// assert_eq!(limits.max_runs, 8);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLimits {
    /// The most runs at a time, of all kinds together.
    pub max_runs: usize,
    /// Among those with a tag.
    pub tags: Vec<TagLimit>,
}

/// How many runs with a tag may be in progress at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagLimit {
    /// The key of the tag.
    pub key: String,
    /// Its value; `None` if the limit applies to each value separately.
    pub value: Option<String>,
    /// The most runs with the tag at a time.
    pub limit: usize,
}

impl Default for QueueLimits {
    /// At most four runs at a time, without limits by tag.
    fn default() -> Self {
        Self::of(4)
    }
}

impl QueueLimits {
    /// Limits the number of concurrent runs. Zero is an error of the definitions.
    pub fn of(max_runs: usize) -> Self {
        Self { max_runs, tags: Vec::new() }
    }

    /// Of the runs tagged `key=value`, at most `limit` at a time.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>, limit: usize) -> Self {
        self.tags.push(TagLimit { key: key.into(), value: Some(value.into()), limit });
        self
    }

    /// Of the runs with the same value of the tag `key`, at most `limit` at a time, for each value.
    #[must_use]
    pub fn each_value(mut self, key: impl Into<String>, limit: usize) -> Self {
        self.tags.push(TagLimit { key: key.into(), value: None, limit });
        self
    }
}

impl TagLimit {
    /// The value that counts against the limit, if the tags have one.
    fn counted<'a>(&self, tags: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let value = tags.get(&self.key)?;
        self.value.as_ref().is_none_or(|limited| limited == value).then_some(value)
    }
}

/// A requested run.
#[derive(Clone, Copy, Debug)]
pub struct WaitingRun<'a> {
    /// The id of the run.
    pub id: RunId,
    /// The request of the run.
    pub request: &'a RunRequest,
    /// The moment before which it must not start, if it was tried before.
    pub not_before: Option<Timestamp>,
}

/// Why a requested run doesn't start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The limit of all runs is reached.
    Runs {
        /// The most runs at a time.
        limit: usize,
    },
    /// The limit of runs with this tag is reached.
    Tag {
        /// The key of the tag.
        key: String,
        /// The value of the tag.
        value: String,
        /// The most runs with the tag at a time.
        limit: usize,
    },
    /// It failed, and is tried again later.
    Until(
        /// The end of its pause, before which it isn't tried again.
        Timestamp,
    ),
    /// It is not left to a daemon.
    NotQueued,
    /// No daemon is there to launch it.
    NoDaemon,
    /// The daemon fails to launch runs, and tries again.
    LaunchFails {
        /// The error of the last launch.
        error: String,
    },
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs { limit } => write!(f, "waits until fewer than {limit} runs are in progress"),
            Self::Tag { key, value, limit } => {
                write!(f, "waits until fewer than {limit} runs tagged `{key}={value}` are in progress")
            }
            Self::Until(at) => write!(f, "waits until {at} before it is tried again"),
            Self::NotQueued => f.write_str("waits for the process that requested it"),
            Self::LaunchFails { error } => {
                write!(f, "waits, as launching runs fails and is tried again: {error}")
            }
            Self::NoDaemon => f.write_str("waits for a daemon: `serve` or `daemon` starts one"),
        }
    }
}

/// Decides about every waiting run, those that come first first: `None` if it may start, or why it waits. `going_on`
/// are the tags of the runs in progress; `waiting` is in the order of the requests.
pub fn admit<'a>(
    limits: &QueueLimits,
    going_on: impl IntoIterator<Item = &'a BTreeMap<String, String>>,
    mut waiting: Vec<WaitingRun<'a>>,
    now: Timestamp,
) -> Vec<(RunId, Option<WaitReason>)> {
    let mut places = Places { limits, taken: 0, by_tag: HashMap::new() };
    going_on.into_iter().for_each(|tags| places.take(tags));
    waiting.sort_by_key(|run| Reverse(priority(&run.request.tags)));
    let decide = |run: WaitingRun<'a>| {
        let later = run.not_before.filter(|at| *at > now).map(WaitReason::Until);
        let reason = later.or_else(|| places.reason(&run.request.tags));
        if reason.is_none() {
            places.take(&run.request.tags);
        }
        (run.id, reason)
    };
    waiting.into_iter().map(decide).collect()
}

/// The places taken so far.
struct Places<'a> {
    limits: &'a QueueLimits,
    taken: usize,
    /// By the position of the limit, and the value that counts.
    by_tag: HashMap<(usize, &'a str), usize>,
}

impl<'a> Places<'a> {
    fn take(&mut self, tags: &'a BTreeMap<String, String>) {
        self.taken += 1;
        for (index, limit) in self.limits.tags.iter().enumerate() {
            if let Some(value) = limit.counted(tags) {
                *self.by_tag.entry((index, value)).or_default() += 1;
            }
        }
    }

    fn reason(&self, tags: &BTreeMap<String, String>) -> Option<WaitReason> {
        let limit = self.limits.max_runs;
        if self.taken >= limit {
            return Some(WaitReason::Runs { limit });
        }
        self.limits.tags.iter().enumerate().find_map(|(index, limit)| {
            let value = limit.counted(tags)?;
            let taken = self.by_tag.get(&(index, value)).copied().unwrap_or(0);
            let (key, value) = (limit.key.clone(), value.to_owned());
            (taken >= limit.limit).then_some(WaitReason::Tag { key, value, limit: limit.limit })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::RunTag;

    /// Parses a request with the tags `a=1 b=2`.
    fn request(text: &str) -> RunRequest {
        let tag = |word: &str| {
            let (key, value) = word.split_once('=').unwrap();
            (key.replace("priority", RunTag::Priority.key()), value.to_owned())
        };
        RunRequest { tags: text.split_whitespace().map(tag).collect(), ..RunRequest::default() }
    }

    /// Compares who may start, and why the others wait.
    fn check(limits: &QueueLimits, going_on: &[&str], waiting: &[&str], expected: &[&str]) {
        let going_on: Vec<RunRequest> = going_on.iter().map(|text| request(text)).collect();
        let requests: Vec<RunRequest> = waiting.iter().map(|text| request(text)).collect();
        let runs = requests.iter().enumerate().map(|(index, request)| {
            let not_before = request.tags.get("later").map(|_| Timestamp::from_second(10).unwrap());
            WaitingRun { id: RunId::from_u128(index as u128), request, not_before }
        });
        let now = Timestamp::from_second(9).unwrap();
        let decided = admit(limits, going_on.iter().map(|run| &run.tags), runs.collect(), now);
        let lines: Vec<String> = decided
            .into_iter()
            .map(|(run, reason)| {
                let index = (0..).find(|index| RunId::from_u128(*index) == run).unwrap();
                let reason = reason.map_or("starts".to_owned(), |reason| reason.to_string());
                format!("{index} {}", reason.replace("waits until fewer than ", "< "))
            })
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn admissions() {
        let two = QueueLimits::of(2);
        check(&two, &[], &["", "", ""], &["0 starts", "1 starts", "2 < 2 runs are in progress"]);
        check(&two, &["", ""], &[""], &["0 < 2 runs are in progress"]);
        check(
            &two,
            &[""],
            &["", "priority=5", "priority=-1"],
            &["1 starts", "0 < 2 runs are in progress", "2 < 2 runs are in progress"],
        );
        let later = "0 waits until 1970-01-01T00:00:10Z before it is tried again";
        check(&two, &[], &["later=1", "", ""], &[later, "1 starts", "2 starts"]);
    }

    #[test]
    fn limits_of_tags() {
        let limits = QueueLimits::of(9).tag("team", "a", 1).each_value("customer", 1);
        let team = "< 1 runs tagged `team=a` are in progress";
        check(
            &limits,
            &["team=a"],
            &["team=a", "team=b", "team=b"],
            &[&format!("0 {team}"), "1 starts", "2 starts"],
        );
        check(
            &limits,
            &["customer=x"],
            &["customer=x", "customer=y", "customer=y"],
            &[
                "0 < 1 runs tagged `customer=x` are in progress",
                "1 starts",
                "2 < 1 runs tagged `customer=y` are in progress",
            ],
        );
    }
}
