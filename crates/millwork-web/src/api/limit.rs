//! The `limit` parameter of lists.

use std::borrow::Cow;
use std::num::IntErrorKind;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The maximum number of rows; `ABSENT` if the parameter is absent, `LARGEST` if it is larger, however many digits it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit<const ABSENT: u32, const LARGEST: u32>(u32);

impl<const ABSENT: u32, const LARGEST: u32> Limit<ABSENT, LARGEST> {
    pub(super) fn rows(self) -> u32 {
        self.0
    }
}

impl<const ABSENT: u32, const LARGEST: u32> Default for Limit<ABSENT, LARGEST> {
    fn default() -> Self {
        Self(ABSENT)
    }
}

impl<'de, const ABSENT: u32, const LARGEST: u32> Deserialize<'de> for Limit<ABSENT, LARGEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Cow::<str>::deserialize(deserializer)?;
        match written.parse::<u32>() {
            Ok(rows) => Ok(Self(rows.min(LARGEST))),
            Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(Self(LARGEST)),
            Err(error) => Err(D::Error::custom(error)),
        }
    }
}
