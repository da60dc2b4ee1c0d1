//! The body of requests that switch a schedule, a sensor or a condition.

use serde::Deserialize;
use utoipa::ToSchema;

/// The requested state of a switch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    /// Whether to switch it on.
    pub(super) on: bool,
}
