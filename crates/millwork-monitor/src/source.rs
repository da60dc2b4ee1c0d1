//! The source of predictions: which version of a model made them, in which role, and when.

use std::fmt;
use std::str::FromStr as _;

use jiff::Timestamp;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{Alias, Asset, Challenger, NamedAlias, StoredVersion};

use crate::{MonitorError, Predictions, RowKey, RowValue};

/// The role in which a version predicted: `champion`, `shadow`, or the name of another alias.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(String);

impl Role {
    /// The role of the version in use.
    pub fn champion() -> Self {
        Self(AliasName::CHAMPION.to_owned())
    }

    /// The role of a version that is tried out beside the one in use.
    pub fn shadow() -> Self {
        Self(AliasName::SHADOW.to_owned())
    }

    /// The role of an alias by its name; `None` for a text that isn't the name of one.
    pub fn of_alias(name: &str) -> Option<Self> {
        AliasName::from_str(name).is_ok().then(|| Self(name.to_owned()))
    }

    /// The name of the role.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role as the name of an alias; `None` if an alias can't be called so.
    pub(crate) fn alias(&self) -> Option<AliasName> {
        AliasName::from_str(&self.0).ok()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A version of a model in a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelVersion {
    /// The number of the version.
    pub version: VersionNumber,
    /// The role in which it predicted.
    pub role: Role,
}

/// What made predictions, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionSource {
    /// The version of the model, in its role.
    pub model: ModelVersion,
    /// When the predictions were made; kept in microseconds.
    pub at: Timestamp,
}

/// Makes predictions that name the version of the model and the time of the step.
///
/// It is implemented for [`Champion<A>`](millwork_core::Champion) and [`Alias<A, N>`](Alias), whose role is the name of the alias, and for
/// [`Challenger<A>`](Challenger), whose role is `shadow`. Where the function is called in shadow, `Alias` has the version in shadow, and its
/// role is `shadow` as well.
pub trait MakePredictions {
    /// The number of the version.
    ///
    /// # Errors
    ///
    /// When it has none.
    fn version(&self) -> Result<VersionNumber, MonitorError>;

    /// Predictions by this version, made at the time of the step, with a row for each key.
    ///
    /// # Errors
    ///
    /// When there are not as many values as keys, a key is there twice, a value can't be computed with, a time is at the end of the calendar, or the version has no number.
    fn predictions<K: RowKey, T: RowValue>(
        &self,
        keys: impl IntoIterator<Item = K>,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Predictions<K, T>, MonitorError>;
}

impl<A: Asset, N: NamedAlias> MakePredictions for Alias<A, N> {
    fn version(&self) -> Result<VersionNumber, MonitorError> {
        number_of(self.stored())
    }

    fn predictions<K: RowKey, T: RowValue>(
        &self,
        keys: impl IntoIterator<Item = K>,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Predictions<K, T>, MonitorError> {
        let role = if self.is_in_shadow() { Role::shadow() } else { Role(N::NAME.to_owned()) };
        Predictions::new(source(self.stored(), role, self.step_time())?, keys, values)
    }
}

impl<A: Asset> MakePredictions for Challenger<A> {
    fn version(&self) -> Result<VersionNumber, MonitorError> {
        number_of(self.stored())
    }

    fn predictions<K: RowKey, T: RowValue>(
        &self,
        keys: impl IntoIterator<Item = K>,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Predictions<K, T>, MonitorError> {
        Predictions::new(source(self.stored(), Role::shadow(), self.step_time())?, keys, values)
    }
}

fn source(stored: &StoredVersion, role: Role, at: Timestamp) -> Result<PredictionSource, MonitorError> {
    Ok(PredictionSource { model: ModelVersion { version: number_of(stored)?, role }, at })
}

fn number_of(stored: &StoredVersion) -> Result<VersionNumber, MonitorError> {
    stored.version.ok_or(MonitorError::NoVersion)
}
