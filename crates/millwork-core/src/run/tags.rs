//! The tags of runs that have a meaning in Millwork. Their keys begin with `millwork/`, a prefix that is reserved.
//!
//! Settings control how a run is treated, and any request may have them; the others record the origin of a run, and the
//! instigator that requests it sets them. [`RunTag::check`] is called by every interface for tags that are given: command line, API, pages,
//! jobs, schedules and [`RunSpec`](super::RunSpec)s. Stored tags are read leniently, since older runs were not checked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize as _, Deserializer};
use thiserror::Error;

use crate::graph::closest;
use crate::problem::{Advice, ErrorClass};

/// Former keys, each with its present tag.
const FORMER: [(&str, RunTag); 1] = [("millwork/retry-of", RunTag::RetryOf)];

/// The prefix of every key that has a meaning here.
pub const TAG_PREFIX: &str = "millwork/";

/// A tag with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunTag {
    /// The run is left to a daemon; others are executed in the process that requested them.
    Queue,
    /// The job that was run.
    Job,
    /// The schedule that requested the run.
    Schedule,
    /// The tick of the schedule.
    ScheduledFor,
    /// The sensor that requested the run.
    Sensor,
    /// The key that the run was requested with, behind the name of the sensor or schedule.
    RunKey,
    /// The run was requested by the conditions of its assets, or by that of its job.
    Automation,
    /// Why the condition of its job requested the run, in words.
    Reason,
    /// The run that this one repeats from scratch.
    RetryOf,
    /// How often the run was repeated from scratch by a daemon.
    Retry,
    /// The version of a model of which the run makes again what is made with it: `model@3`.
    Repair,
    /// The number of the backfill that the run is of.
    Backfill,
    /// Setting: how long the run may take, instead of the limit in [`RunLimits`](super::RunLimits).
    MaxRuntime,
    /// Setting of queued runs: a whole number; larger ones first, 0 if absent.
    Priority,
    /// Setting: `none` for a run whose steps don't look back, so that every `Previous` is empty. It is the remedy if
    /// a value that a step looks back at is damaged or gone.
    Previous,
    /// Setting of queued runs: how often the run is tried again, instead of the number in [`RunRetries`](super::RunRetries), after failures
    /// of the classes there.
    Retries,
}

/// The error of a tag that was given to a run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TagError {
    /// The key is empty.
    #[error("a tag has no key")]
    NoKey,
    /// The key has a `=`, which ends a key where tags are written.
    #[error("the key of the tag `{key}` has an `=`")]
    KeyWithEquals {
        /// The key that was given.
        key: String,
    },
    /// The prefix is reserved.
    #[error("`{key}` is not a known tag, and the prefix `millwork/` is reserved")]
    Unknown {
        /// The key that was given.
        key: String,
        /// The key that was meant, or those that can be given.
        hint: String,
    },
    /// Whatever requests a run sets the tag.
    #[error("the tag `{key}` is set by Millwork itself")]
    NotSettable {
        /// The key of the tag.
        key: &'static str,
    },
    /// A setting can't be read.
    #[error("the tag `{key}` can't be `{value}`")]
    Value {
        /// The key of the tag.
        key: &'static str,
        /// The value that was given.
        value: String,
        /// What could have been.
        expected: &'static str,
    },
}

impl Advice for TagError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoKey => "write `KEY=VALUE`".into(),
            Self::KeyWithEquals { .. } => {
                "a tag is found as `KEY=VALUE`; put what follows into the value".into()
            }
            Self::Unknown { hint, .. } => Cow::Borrowed(hint),
            Self::NotSettable { .. } => "use a key without the prefix `millwork/`".into(),
            Self::Value { expected, .. } => format!("it is {expected}").into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl RunTag {
    /// All tags that Millwork knows.
    pub const ALL: [Self; 16] = [
        Self::Queue,
        Self::Job,
        Self::Schedule,
        Self::ScheduledFor,
        Self::Sensor,
        Self::RunKey,
        Self::Automation,
        Self::Reason,
        Self::RetryOf,
        Self::Retry,
        Self::Repair,
        Self::Backfill,
        Self::MaxRuntime,
        Self::Priority,
        Self::Previous,
        Self::Retries,
    ];

    /// The key of the tag, as stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Queue => "millwork/queue",
            Self::Job => "millwork/job",
            Self::Schedule => "millwork/schedule",
            Self::ScheduledFor => "millwork/scheduled_for",
            Self::Sensor => "millwork/sensor",
            Self::RunKey => "millwork/run_key",
            Self::Automation => "millwork/automation",
            Self::Reason => "millwork/reason",
            Self::RetryOf => "millwork/retry_of",
            Self::Retry => "millwork/retry",
            Self::Repair => "millwork/repair",
            Self::Backfill => "millwork/backfill",
            Self::MaxRuntime => "millwork/max_runtime",
            Self::Priority => "millwork/priority",
            Self::Previous => "millwork/previous",
            Self::Retries => "millwork/retries",
        }
    }

    /// The tag with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.key() == key)
    }

    /// The keys under which the tag with this key may be stored: the key, and how it was spelt before.
    pub fn stored_keys(key: &str) -> Vec<&str> {
        let former = FORMER.iter().filter(|(_, tag)| tag.key() == key).map(|(former, _)| *former);
        std::iter::once(key).chain(former).collect()
    }

    /// The tag's value in `tags`.
    pub fn of(self, tags: &BTreeMap<String, String>) -> Option<&str> {
        tags.get(self.key()).map(String::as_str)
    }

    /// Whether it is a setting that a daemon reads, so that it has no effect on a run which isn't left to one.
    pub fn is_of_daemons(self) -> bool {
        match self {
            Self::Priority | Self::Retries => true,
            Self::MaxRuntime
            | Self::Previous
            | Self::Queue
            | Self::Job
            | Self::Schedule
            | Self::ScheduledFor
            | Self::Sensor
            | Self::RunKey
            | Self::Automation
            | Self::Reason
            | Self::RetryOf
            | Self::Retry
            | Self::Repair
            | Self::Backfill => false,
        }
    }

    /// Checks one tag that is given to a run.
    ///
    /// # Errors
    ///
    /// When the key is empty or has an `=`, or begins with `millwork/` and is not a setting; when a setting's value can't be read.
    pub fn check(key: &str, value: &str) -> Result<(), TagError> {
        if key.is_empty() {
            return Err(TagError::NoKey);
        }
        if key.contains('=') {
            return Err(TagError::KeyWithEquals { key: key.to_owned() });
        }
        if !key.starts_with(TAG_PREFIX) {
            return Ok(());
        }
        let tag = Self::from_key(key).ok_or_else(|| unknown(key))?;
        let setting = tag.setting().ok_or(TagError::NotSettable { key: tag.key() })?;
        match (setting.reads)(value) {
            true => Ok(()),
            false => {
                let (value, expected) = (value.to_owned(), setting.expected);
                Err(TagError::Value { key: tag.key(), value, expected })
            }
        }
    }

    /// Checks all tags that are given to a run.
    ///
    /// # Errors
    ///
    /// The first of [`check`](Self::check).
    pub fn check_all(tags: &BTreeMap<String, String>) -> Result<(), TagError> {
        tags.iter().try_for_each(|(key, value)| Self::check(key, value))
    }

    /// What a setting's value has to be; `None` for a tag that isn't a setting.
    fn setting(self) -> Option<Setting> {
        match self {
            Self::MaxRuntime => Some(Setting {
                expected: "a time above zero: a number of seconds, or `90s`, `10m`, `1h30m`",
                reads: |value| read_duration(value).is_some(),
            }),
            Self::Priority => Some(Setting {
                expected: "a whole number, larger ones first",
                reads: |value| value.parse::<i64>().is_ok(),
            }),
            Self::Previous => Some(Setting { expected: "`none`", reads: |value| value == "none" }),
            Self::Retries => Some(Setting {
                expected: "the number of retries, 0 or more",
                reads: |value| value.parse::<u32>().is_ok(),
            }),
            Self::Queue
            | Self::Job
            | Self::Schedule
            | Self::ScheduledFor
            | Self::Sensor
            | Self::RunKey
            | Self::Automation
            | Self::Reason
            | Self::RetryOf
            | Self::Retry
            | Self::Repair
            | Self::Backfill => None,
        }
    }
}

/// The values that a setting takes.
struct Setting {
    expected: &'static str,
    reads: fn(&str) -> bool,
}

/// Reads stored tags, with the keys that are written now.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut tags = BTreeMap::<String, String>::deserialize(deserializer)?;
    for (former, tag) in FORMER {
        if let Some(value) = tags.remove(former) {
            tags.entry(tag.key().to_owned()).or_insert(value);
        }
    }
    Ok(tags)
}

/// What requested a run with these tags: its kind, such as `schedule`, and its name; `None` for a person.
pub(crate) fn origin(tags: &BTreeMap<String, String>) -> Option<(&'static str, &str)> {
    let origins = [RunTag::Backfill, RunTag::Schedule, RunTag::Sensor, RunTag::Automation, RunTag::Job];
    let found = origins.into_iter().find_map(|tag| Some((tag, tag.of(tags)?)));
    found.map(|(tag, name)| (&tag.key()[TAG_PREFIX.len()..], name))
}

/// The longest time that a run with these tags may take; `None` if they don't set it.
pub(super) fn max_runtime(tags: &BTreeMap<String, String>) -> Option<Duration> {
    read_duration(RunTag::MaxRuntime.of(tags)?)
}

/// The priority of a run with these tags.
pub(super) fn priority(tags: &BTreeMap<String, String>) -> i64 {
    RunTag::Priority.of(tags).and_then(|priority| priority.parse().ok()).unwrap_or(0)
}

/// How often a run with these tags is tried again; `None` if they don't set it.
pub(super) fn retries(tags: &BTreeMap<String, String>) -> Option<u32> {
    RunTag::Retries.of(tags)?.parse().ok()
}

/// Reads whole seconds, or a time as in `1h30m`; not zero.
fn read_duration(text: &str) -> Option<Duration> {
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    let written = || Duration::try_from(text.parse::<SignedDuration>().ok()?).ok();
    seconds.or_else(written).filter(|duration| !duration.is_zero())
}

fn unknown(key: &str) -> TagError {
    let settings = RunTag::ALL.into_iter().filter(|tag| tag.setting().is_some()).map(RunTag::key);
    let names: Vec<&str> = settings.filter_map(|key| key.strip_prefix(TAG_PREFIX)).collect();
    let written = key.strip_prefix(TAG_PREFIX).unwrap_or(key);
    let hint = match closest(written, names.iter().copied()) {
        Some(meant) => format!("did you mean `{TAG_PREFIX}{meant}`?"),
        None => {
            let settings: Vec<_> = names.iter().map(|name| format!("`{TAG_PREFIX}{name}`")).collect();
            format!("{} can be given", settings.join(", "))
        }
    };
    TagError::Unknown { key: key.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, value: &str, expected: Result<(), &str>) {
        let checked = RunTag::check(key, value).map_err(|error| error.one_line());
        assert_eq!(checked, expected.map_err(str::to_owned), "{key}={value}");
    }

    #[test]
    fn settings_are_read_strictly() {
        for value in ["600", "10m", "1h30m", "90s", "1h 30m"] {
            check("millwork/max_runtime", value, Ok(()));
        }
        for value in ["", "0", "0s", "-5m", "soon", "10 parsecs", "1e3", "18446744073709551616"] {
            let expected = format!(
                "the tag `millwork/max_runtime` can't be `{value}`; hint: it is a time above zero: a number of seconds, or `90s`, `10m`, `1h30m`"
            );
            check("millwork/max_runtime", value, Err(&expected));
        }
        check("millwork/priority", "-3", Ok(()));
        let high =
            "the tag `millwork/priority` can't be `high`; hint: it is a whole number, larger ones first";
        check("millwork/priority", "high", Err(high));
        check("millwork/retries", "0", Ok(()));
        let many = "the tag `millwork/retries` can't be `many`; hint: it is the number of retries, 0 or more";
        check("millwork/retries", "many", Err(many));
    }

    #[test]
    fn the_prefix_is_reserved() {
        check("team", "ranking", Ok(()));
        check("millworks/x", "", Ok(()));
        check("", "x", Err("a tag has no key; hint: write `KEY=VALUE`"));
        let equals = "the key of the tag `a=b` has an `=`; hint: a tag is found as `KEY=VALUE`; put what follows into the value";
        check("a=b", "x", Err(equals));
        let misspelt = "`millwork/priorty` is not a known tag, and the prefix `millwork/` is reserved; hint: did you mean `millwork/priority`?";
        check("millwork/priorty", "1", Err(misspelt));
        let unknown = "`millwork/colour` is not a known tag, and the prefix `millwork/` is reserved; hint: `millwork/max_runtime`, `millwork/priority`, `millwork/previous`, `millwork/retries` can be given";
        check("millwork/colour", "red", Err(unknown));
        let origin = "the tag `millwork/sensor` is set by Millwork itself; hint: use a key without the prefix `millwork/`";
        check("millwork/sensor", "inbox", Err(origin));
    }

    #[test]
    fn keys_are_told_apart() {
        for tag in RunTag::ALL {
            assert_eq!(RunTag::from_key(tag.key()), Some(tag));
            assert!(tag.key().starts_with(TAG_PREFIX));
            assert!(!tag.is_of_daemons() || tag.setting().is_some(), "{tag:?} can be given");
        }
    }

    #[test]
    fn settings_are_used() {
        let tags = |tag: RunTag, value: &str| BTreeMap::from([(tag.key().to_owned(), value.to_owned())]);
        assert_eq!(max_runtime(&tags(RunTag::MaxRuntime, "10m")), Some(Duration::from_secs(600)));
        assert_eq!(max_runtime(&tags(RunTag::MaxRuntime, "600")), Some(Duration::from_secs(600)));
        assert_eq!(priority(&tags(RunTag::Priority, "7")), 7);
        assert_eq!(retries(&tags(RunTag::Retries, "2")), Some(2));
    }
}
