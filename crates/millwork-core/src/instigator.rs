//! Instigators: the parts of a pipeline and of the daemon that request runs or read the log, each with a switch, a cursor or ticks in
//! the store.
//!
//! The store knows an instigator by one text. [`Instigator::stored`] writes it and [`Instigator::from_stored`] reads it;
//! nothing else knows its form. A schedule is stored under its own name, as the oldest homes have it, unless that name
//! could be mistaken for another instigator's.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::AssetKey;

/// How long the function of a schedule or sensor may take, unless it has a timeout of its own.
pub(crate) const FUNCTION_TIMEOUT: Duration = Duration::from_secs(300);
/// For how long the key of a run is taken, unless the schedule or sensor has a window of its own.
pub(crate) const DEDUP_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

const SENSOR: &str = "sensor:";
const ESCAPED_SCHEDULE: &str = "millwork/schedule:";
const AUTOMATION: &str = "millwork/automation";
const ALERTS: &str = "millwork/alerts";
const ALERT_TESTS: &str = "millwork/alert_tests";
const APPROVALS: &str = "millwork/approvals";
const SHADOW: &str = "millwork/shadow";
const RETRIES: &str = "millwork/run_retries";
const TRACES: &str = "millwork/traces";

/// What asks for runs, or reads the log on its own account.
///
/// ```
/// use millwork_core::Instigator;
///
/// let sensor = Instigator::Sensor("uploads".to_owned());
/// assert_eq!(sensor.stored(), "sensor:uploads");
/// assert_eq!(Instigator::from_stored("sensor:uploads"), sensor);
/// assert_eq!(sensor.to_string(), "sensor `uploads`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instigator {
    /// A schedule, by its name.
    Schedule(String),
    /// A sensor, by its name.
    Sensor(String),
    /// The automation condition of an asset; without an asset, automation as a whole, which has the cursor and the ticks.
    Automation(Option<AssetKey>),
    /// What decides on alerts.
    Alerts,
    /// Alerts that test a rule.
    AlertTests,
    /// What decides about versions of models whose time limit is over.
    Approvals,
    /// What has gates judge again about versions in shadow.
    Shadow,
    /// What queues failed runs again.
    Retries,
    /// What sends traces of ended runs.
    Traces,
}

/// What a switch does to the cursor of an instigator; [`Pipeline::switched_cursor`](crate::Pipeline::switched_cursor) decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchedCursor {
    /// It is kept: an instigator that is off and on again goes on where it was.
    Kept,
    /// It is cleared: what would have been due while the instigator was off is not made up for.
    Cleared,
}

impl Instigator {
    /// The text by which the store knows it.
    pub fn stored(&self) -> Cow<'_, str> {
        match self {
            Self::Schedule(name) if Self::from_stored(name) == *self => name.as_str().into(),
            Self::Schedule(name) => format!("{ESCAPED_SCHEDULE}{name}").into(),
            Self::Sensor(name) => format!("{SENSOR}{name}").into(),
            Self::Automation(None) => AUTOMATION.into(),
            Self::Automation(Some(asset)) => format!("{AUTOMATION}:{asset}").into(),
            Self::Alerts => ALERTS.into(),
            Self::AlertTests => ALERT_TESTS.into(),
            Self::Approvals => APPROVALS.into(),
            Self::Shadow => SHADOW.into(),
            Self::Retries => RETRIES.into(),
            Self::Traces => TRACES.into(),
        }
    }

    /// What [`stored`](Instigator::stored) wrote. Any other text is the name of a schedule.
    pub fn from_stored(stored: &str) -> Self {
        match stored {
            AUTOMATION => return Self::Automation(None),
            ALERTS => return Self::Alerts,
            ALERT_TESTS => return Self::AlertTests,
            APPROVALS => return Self::Approvals,
            SHADOW => return Self::Shadow,
            RETRIES => return Self::Retries,
            TRACES => return Self::Traces,
            _ => {}
        }
        if let Some(sensor) = stored.strip_prefix(SENSOR) {
            return Self::Sensor(sensor.to_owned());
        }
        let asset = stored.strip_prefix(AUTOMATION).and_then(|rest| rest.strip_prefix(':'));
        if let Some(asset) = asset {
            return Self::Automation(Some(asset.into()));
        }
        Self::Schedule(stored.strip_prefix(ESCAPED_SCHEDULE).unwrap_or(stored).to_owned())
    }
}

/// As a sentence names it, such as "schedule `hourly`".
impl fmt::Display for Instigator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule(name) => write!(f, "schedule `{name}`"),
            Self::Sensor(name) => write!(f, "sensor `{name}`"),
            Self::Automation(None) => f.write_str("automation"),
            Self::Automation(Some(asset)) => write!(f, "automation of `{asset}`"),
            Self::Alerts => f.write_str("alerts"),
            Self::AlertTests => f.write_str("tests of alerts"),
            Self::Approvals => f.write_str("approvals"),
            Self::Shadow => f.write_str("judgements of versions in shadow"),
            Self::Retries => f.write_str("retries of runs"),
            Self::Traces => f.write_str("traces"),
        }
    }
}

impl Serialize for Instigator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.stored())
    }
}

impl<'de> Deserialize<'de> for Instigator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_stored(&Cow::<'de, str>::deserialize(deserializer)?))
    }
}

/// Which switch keeps a condition from being evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionOff {
    /// Its own.
    Own,
    /// That of automation as a whole.
    Automation,
}

impl ConditionOff {
    /// The switch that keeps the condition of an asset, job or watch from being evaluated; `None` if none does. `switched` returns whether an
    /// instigator was switched on or off.
    pub fn of(key: &AssetKey, switched: impl Fn(&Instigator) -> Option<bool>) -> Option<Self> {
        let is_off = |asset| switched(&Instigator::Automation(asset)) == Some(false);
        if is_off(None) {
            return Some(Self::Automation);
        }
        is_off(Some(key.clone())).then_some(Self::Own)
    }
}

impl fmt::Display for ConditionOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "it is switched off",
            Self::Automation => "automation is switched off",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(instigator: &Instigator, stored: &str) {
        assert_eq!(instigator.stored(), stored);
        assert_eq!(Instigator::from_stored(stored), *instigator, "{stored}");
    }

    fn schedule(name: &str) -> Instigator {
        Instigator::Schedule(name.to_owned())
    }

    #[test]
    fn stored_names_are_those_of_the_first_homes() {
        check(&schedule("hourly"), "hourly");
        check(&Instigator::Sensor("inbox".to_owned()), "sensor:inbox");
        check(&Instigator::Sensor("sensor:x".to_owned()), "sensor:sensor:x");
        check(&Instigator::Automation(None), "millwork/automation");
        check(&Instigator::Automation(Some("a/b:c".into())), "millwork/automation:a/b:c");
        check(&Instigator::Alerts, "millwork/alerts");
        check(&Instigator::AlertTests, "millwork/alert_tests");
        check(&Instigator::Approvals, "millwork/approvals");
        check(&Instigator::Shadow, "millwork/shadow");
        check(&Instigator::Retries, "millwork/run_retries");
        check(&Instigator::Traces, "millwork/traces");
    }

    #[test]
    fn a_schedule_that_is_called_like_something_else_is_told_from_it() {
        for name in ["sensor:inbox", "millwork/alerts", "millwork/automation:a", "millwork/schedule:x"] {
            check(&schedule(name), &format!("millwork/schedule:{name}"));
        }
        for name in ["sensor", "millwork/nightly", "schedule:x", "automation", ""] {
            check(&schedule(name), name);
        }
    }
}
