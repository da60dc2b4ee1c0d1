//! The names of runs and steps.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AssetKey;

/// Names a run: a UUID whose first half is the time of its creation, so ids sort by age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

impl RunId {
    /// A new id for a run created `now`.
    pub fn new(now: Timestamp) -> Self {
        // The time of a UUID begins in 1970.
        let now = now.max(Timestamp::UNIX_EPOCH);
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds)))
    }

    /// The id with this number.
    pub fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }

    /// The id of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id that comes after this one: that of the run that repeats it.
    #[must_use]
    pub fn following(self) -> Self {
        Self::from_u128(self.0.as_u128().wrapping_add(1))
    }

    /// The end of the id: enough to distinguish runs by eye, as the beginning is the time.
    pub fn short(&self) -> String {
        self.0.simple().to_string().split_off(24)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Names a step: the function that it calls. For one asset this is the asset's key, for a check `asset:check`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(#[serde(deserialize_with = "super::shared_text::deserialize")] Arc<str>);

impl StepKey {
    /// The step of a check.
    pub fn of_check(asset: &AssetKey, check: &str) -> Self {
        Self(format!("{asset}:{check}").into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StepKey {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for StepKey {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl Borrow<str> for StepKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_makes_ids_as_well() {
        for at in [Timestamp::MIN, Timestamp::from_second(-1).expect("a moment"), Timestamp::UNIX_EPOCH] {
            let [one, other] = [RunId::new(at), RunId::new(at)];
            assert!(one != other && one < RunId::new(Timestamp::from_second(1).expect("a moment")), "{at}");
        }
    }
}
