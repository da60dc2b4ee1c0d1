//! Switching something on or off.

use serde::Deserialize;
use utoipa::ToSchema;

/// On or off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    /// Whether it is to be on.
    pub(super) on: bool,
}
