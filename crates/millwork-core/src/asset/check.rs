//! Tests of an asset's value, run after it was materialized.

use serde::{Deserialize, Serialize};

use super::{AssetKey, Computation, Metadata, MetadataValue};
use crate::BoxError;

/// A test of one asset: its function, and what a failure means.
#[derive(Clone, Debug)]
pub struct CheckDefinition {
    /// Its name, unique among the asset's checks.
    pub name: String,
    /// The asset it tests.
    pub asset: AssetKey,
    /// What it tests, in Markdown.
    pub description: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// Whether a failure skips the steps downstream of the asset in the same run.
    pub blocking: bool,
    /// How the result is computed.
    pub computation: Computation,
}

impl CheckDefinition {
    /// The check `name` of `asset`, whose failure is an error that stops nothing.
    pub fn new(name: impl Into<String>, asset: impl Into<AssetKey>, computation: Computation) -> Self {
        Self {
            name: name.into(),
            asset: asset.into(),
            description: String::new(),
            severity: Severity::default(),
            blocking: false,
            computation,
        }
    }
}

/// How bad a failed check is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The failure is a warning.
    Warn,
    /// The failure is an error.
    #[default]
    Error,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// Whether the asset is as it should be.
    pub passed: bool,
    /// The result in words.
    pub description: String,
    /// The figures behind it.
    pub metadata: Metadata,
    /// The severity of this failure; `None` for the severity of the check's definition.
    pub severity: Option<Severity>,
}

impl CheckResult {
    /// A result without description and metadata.
    pub fn new(passed: bool) -> Self {
        Self { passed, description: String::new(), metadata: Metadata::new(), severity: None }
    }

    /// A passed check.
    pub fn pass() -> Self {
        Self::new(true)
    }

    /// A failed check, with the reason.
    pub fn fail(description: impl Into<String>) -> Self {
        Self { description: description.into(), ..Self::new(false) }
    }

    /// The result with one more entry of metadata.
    #[must_use]
    pub fn metadata(mut self, label: &str, value: impl Into<MetadataValue>) -> Self {
        self.metadata.insert(label.into(), value.into());
        self
    }

    /// The result with a severity of its own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}

/// A return type of a check's function.
#[diagnostic::on_unimplemented(
    message = "a check cannot return `{Self}`",
    label = "not a verdict",
    note = "return `CheckResult`, `bool`, or a `Result` of one of them"
)]
pub trait IntoCheckResult {
    /// Converts the returned value into the result of the check.
    fn into_check_result(self) -> Result<CheckResult, BoxError>;
}

impl IntoCheckResult for CheckResult {
    fn into_check_result(self) -> Result<CheckResult, BoxError> {
        Ok(self)
    }
}

impl IntoCheckResult for bool {
    fn into_check_result(self) -> Result<CheckResult, BoxError> {
        Ok(CheckResult::new(self))
    }
}

impl<T: IntoCheckResult, E: Into<BoxError>> IntoCheckResult for Result<T, E> {
    fn into_check_result(self) -> Result<CheckResult, BoxError> {
        self.map_err(Into::into)?.into_check_result()
    }
}
