//! The tag by which runs that automation asked for are found.

/// The tag of runs that automation asked for.
pub const AUTOMATION_TAG: &str = "millwork/automation";
