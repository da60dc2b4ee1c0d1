//! What commands, requests and forms name: definitions, statuses, tags, and rows of the store. A name that is wrong has one message and
//! one hint, wherever it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use millwork_core::alert::AlertRule;
use millwork_core::automation::{job_name, watched_model};
use millwork_core::graph::{AssetGraph, AssetIndex, closest};
use millwork_core::run::RunStatus;
use millwork_core::{Advice, AssetKey, AutomationCondition, ErrorClass, Pipeline, Schedule, Sensor};
use millwork_storage::DeliveryState;

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The asset isn't defined.
    #[error("no asset is called `{name}`")]
    UnknownAsset {
        /// The name that was written.
        name: String,
        /// The name that was probably meant, or where all are listed.
        hint: String,
    },
    /// The schedule isn't defined.
    #[error("no schedule is called `{name}`")]
    UnknownSchedule {
        /// The name that was written.
        name: String,
        /// The name that was probably meant, or where all are listed.
        hint: String,
    },
    /// The sensor isn't defined.
    #[error("no sensor is called `{name}`")]
    UnknownSensor {
        /// The name that was written.
        name: String,
        /// The name that was probably meant, or where all are listed.
        hint: String,
    },
    /// The alert rule isn't defined.
    #[error("no alert rule is called `{name}`")]
    UnknownAlertRule {
        /// The name that was written.
        name: String,
        /// The name that was probably meant, or where all are listed.
        hint: String,
    },
    /// The asset has no automation condition.
    #[error("asset `{asset}` has no automation condition")]
    NoCondition {
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The job isn't defined.
    #[error("no job is called `{name}`")]
    UnknownJob {
        /// The name that was written.
        name: String,
        /// The name that was probably meant, or where all are listed.
        hint: String,
    },
    /// The job has no automation condition.
    #[error("job `{job}` has no automation condition")]
    NoJobCondition {
        /// The name of the job.
        job: String,
    },
    /// No watch is over the model.
    #[error("no watch is over `{model}`")]
    NoWatch {
        /// The key of the model.
        model: String,
    },
    /// No request with this number is pending.
    #[error("no pending request {id}")]
    UnknownPending {
        /// The number of the request.
        id: u64,
    },
    /// No delivery with this number can be decided about.
    #[error("no pending or dead delivery {ids}")]
    UnknownDelivery {
        /// The number of the delivery, or several, separated by commas.
        ids: String,
    },
    /// A run has no such status.
    #[error("`{name}` is not a status of a run")]
    UnknownRunStatus {
        /// The name that was written.
        name: String,
    },
    /// A delivery has no such state.
    #[error("`{name}` is not a state of a delivery")]
    UnknownDeliveryState {
        /// The name that was written.
        name: String,
    },
    /// A tag isn't written as a key and a value.
    #[error("`{tag}` is not a tag")]
    NotATag {
        /// The text that was written.
        tag: String,
    },
    /// A tag of one run is given twice.
    #[error("the tag `{key}` is given twice")]
    TagTwice {
        /// The key of the tag.
        key: String,
    },
}

impl NameError {
    /// Whether the thing that is named doesn't exist, in contrast to a text that can't be a name.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::UnknownAsset { .. }
            | Self::UnknownSchedule { .. }
            | Self::UnknownSensor { .. }
            | Self::UnknownAlertRule { .. }
            | Self::NoCondition { .. }
            | Self::UnknownJob { .. }
            | Self::NoJobCondition { .. }
            | Self::NoWatch { .. }
            | Self::UnknownPending { .. }
            | Self::UnknownDelivery { .. } => true,
            Self::UnknownRunStatus { .. }
            | Self::UnknownDeliveryState { .. }
            | Self::NotATag { .. }
            | Self::TagTwice { .. } => false,
        }
    }
}

impl Advice for NameError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::UnknownAsset { hint, .. }
            | Self::UnknownSchedule { hint, .. }
            | Self::UnknownSensor { hint, .. }
            | Self::UnknownJob { hint, .. }
            | Self::UnknownAlertRule { hint, .. } => Cow::Borrowed(hint),
            Self::NoCondition { .. } => "`automation list` shows which assets have one".into(),
            Self::NoJobCondition { .. } => "`Job::automation` gives it one".into(),
            Self::NoWatch { .. } => "`Definitions::watch` adds one; `automation list` lists all".into(),
            Self::UnknownPending { .. } => {
                "`sensors pending list` and `schedules pending list` list all".into()
            }
            Self::UnknownDelivery { .. } => "`alerts deliveries list` lists all with their states".into(),
            Self::UnknownRunStatus { .. } => {
                "queued, running, canceling, succeeded, failed, canceled or lost".into()
            }
            Self::UnknownDeliveryState { .. } => "pending, delivered, dead or dropped".into(),
            Self::NotATag { .. } => "write `KEY=VALUE`".into(),
            Self::TagTwice { .. } => "a tag of a run has one value".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// The asset of a key, also of one that it had before it was renamed.
///
/// # Errors
///
/// If no asset has this key.
pub fn find_asset(graph: &AssetGraph, key: &str) -> Result<AssetIndex, NameError> {
    let unknown = || NameError::UnknownAsset { name: key.to_owned(), hint: graph.asset_hint(key) };
    graph.index(key).or_else(|| graph.renamed_from(key)).ok_or_else(unknown)
}

/// The key of an asset, of a job (`job:` and its name) or of a watch (`watch:` and its model), with its automation condition.
///
/// # Errors
///
/// If no asset has this key or no job this name, or it has no condition; if no watch is over the model.
pub fn find_condition<'a>(
    pipeline: &'a Pipeline,
    key: &str,
) -> Result<(AssetKey, &'a AutomationCondition), NameError> {
    let asset = AssetKey::from(key);
    let without = match (job_name(&asset), watched_model(&asset)) {
        (Some(name), _) => {
            let names = || pipeline.jobs().iter().map(|job| job.name.as_str());
            let hint = || hint(name, names(), "`list jobs` lists all jobs");
            if pipeline.job(name).is_none() {
                return Err(NameError::UnknownJob { name: name.to_owned(), hint: hint() });
            }
            NameError::NoJobCondition { job: name.to_owned() }
        }
        (None, Some(model)) => NameError::NoWatch { model: model.to_owned() },
        (None, None) => {
            find_asset(pipeline.graph(), key)?;
            NameError::NoCondition { asset: asset.clone() }
        }
    };
    let condition = pipeline.condition(&asset).ok_or(without)?;
    Ok((asset, condition))
}

/// The schedule of a name.
///
/// # Errors
///
/// If no schedule has this name.
pub fn find_schedule<'a>(pipeline: &'a Pipeline, name: &str) -> Result<&'a Schedule, NameError> {
    let names = || pipeline.schedules().iter().map(|schedule| schedule.name.as_str());
    let unknown = || NameError::UnknownSchedule {
        name: name.to_owned(),
        hint: hint(name, names(), "`schedules list` lists all"),
    };
    pipeline.schedule(name).ok_or_else(unknown)
}

/// The sensor of a name.
///
/// # Errors
///
/// If no sensor has this name.
pub fn find_sensor<'a>(pipeline: &'a Pipeline, name: &str) -> Result<&'a Sensor, NameError> {
    let names = || pipeline.sensors().iter().map(|sensor| sensor.name.as_str());
    let unknown = || NameError::UnknownSensor {
        name: name.to_owned(),
        hint: hint(name, names(), "`sensors list` lists all"),
    };
    pipeline.sensor(name).ok_or_else(unknown)
}

/// The alert rule of a name.
///
/// # Errors
///
/// If no rule has this name.
pub fn find_alert_rule<'a>(pipeline: &'a Pipeline, name: &str) -> Result<&'a AlertRule, NameError> {
    let names = || pipeline.alerts().iter().map(|rule| rule.name.as_str());
    let unknown = || NameError::UnknownAlertRule {
        name: name.to_owned(),
        hint: hint(name, names(), "`alerts list` lists all"),
    };
    pipeline.alert(name).ok_or_else(unknown)
}

/// The status of a run by its name.
///
/// # Errors
///
/// If no status has this name.
pub fn run_status(name: &str) -> Result<RunStatus, NameError> {
    RunStatus::from_name(name).ok_or_else(|| NameError::UnknownRunStatus { name: name.to_owned() })
}

/// The state of a delivery by its name.
///
/// # Errors
///
/// If no state has this name.
pub fn delivery_state(name: &str) -> Result<DeliveryState, NameError> {
    DeliveryState::from_name(name).ok_or_else(|| NameError::UnknownDeliveryState { name: name.to_owned() })
}

/// The key and the value of a tag that is written as `key=value`.
///
/// # Errors
///
/// If it is written in another way, or the key is empty.
pub fn parse_tag(tag: &str) -> Result<(String, String), NameError> {
    let parts = tag.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = parts.ok_or_else(|| NameError::NotATag { tag: tag.to_owned() })?;
    Ok((key.to_owned(), value.to_owned()))
}

/// The tags of a run, each written as `key=value`.
///
/// # Errors
///
/// If one is written in another way, or two have the same key: one of their values would be lost.
pub fn parse_tags<'a>(
    tags: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, NameError> {
    let mut parsed = BTreeMap::new();
    for tag in tags {
        let (key, value) = parse_tag(tag)?;
        match parsed.entry(key) {
            Entry::Vacant(vacant) => vacant.insert(value),
            Entry::Occupied(occupied) => return Err(NameError::TagTwice { key: occupied.key().clone() }),
        };
    }
    Ok(parsed)
}

fn hint<'a>(written: &str, known: impl Iterator<Item = &'a str>, overview: &str) -> String {
    match closest(written, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => overview.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Definitions;

    use super::*;

    fn check<T>(found: Result<T, NameError>, expected: &str) {
        assert_eq!(found.err().map(|error| error.one_line()).as_deref(), Some(expected));
    }

    #[test]
    fn a_wrong_name_has_a_hint() {
        let schedule = Schedule::new("hourly", ["@hourly"], "all");
        let plain = millwork_core::Job::new("plain", "all");
        let asset = millwork_core::AssetDefinition::new("all").produces::<u8, _>().blocking(|_| Ok(0_u8));
        let pipeline =
            Definitions::new().asset(asset).job(plain).schedule(schedule).resolve().expect("definitions");
        check(
            find_schedule(&pipeline, "hourli"),
            "no schedule is called `hourli`; hint: did you mean `hourly`?",
        );
        check(find_schedule(&pipeline, "x"), "no schedule is called `x`; hint: `schedules list` lists all");
        check(find_sensor(&pipeline, "x"), "no sensor is called `x`; hint: `sensors list` lists all");
        check(find_alert_rule(&pipeline, "x"), "no alert rule is called `x`; hint: `alerts list` lists all");
        check(find_asset(pipeline.graph(), "al"), "no asset is called `al`; hint: did you mean `all`?");
        let without =
            "asset `all` has no automation condition; hint: `automation list` shows which assets have one";
        check(find_condition(&pipeline, "all"), without);
        let without =
            "no watch is over `plain`; hint: `Definitions::watch` adds one; `automation list` lists all";
        check(find_condition(&pipeline, "watch:plain"), without);
        check(find_condition(&pipeline, "job:x"), "no job is called `x`; hint: `list jobs` lists all jobs");
        let without = "job `plain` has no automation condition; hint: `Job::automation` gives it one";
        check(find_condition(&pipeline, "job:plain"), without);
        check(parse_tag("=x"), "`=x` is not a tag; hint: write `KEY=VALUE`");
        check(parse_tags(["a=1", "x"]), "`x` is not a tag; hint: write `KEY=VALUE`");
        let twice = "the tag `a` is given twice; hint: a tag of a run has one value";
        check(parse_tags(["a=1", "b=1", "a=2"]), twice);
        let tags = parse_tags(["b=1=2", "a="]).expect("tags").into_iter();
        assert_eq!(tags.map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>(), ["a:", "b:1=2"]);
    }

    #[test]
    fn hints_name_every_status_and_state() {
        let statuses = run_status("odd").expect_err("no status");
        let states = delivery_state("odd").expect_err("no state");
        for state in DeliveryState::ALL {
            assert!(states.hint().is_some_and(|hint| hint.contains(state.as_str())), "{state:?}");
        }
        for status in ["queued", "running", "canceling", "succeeded", "failed", "canceled", "lost"] {
            assert!(run_status(status).is_ok());
            assert!(statuses.hint().is_some_and(|hint| hint.contains(status)), "{status}");
        }
    }
}
