//! Alerts: rules, the occurrences that fire them, and their destinations.
//!
//! An [`AlertRule`] has the [`Trigger`]s that fire it, and one or several [`Destination`]s of its alerts. Events, freshness, ticks and
//! the daemon's own troubles become [`Occurrence`]s; [`decide`] turns an occurrence into [`Alert`]s, given the states before
//! ([`AlertStates`]), which are stored with the alerts in one commit. Sending is for a daemon. All of it is pure: the time is the
//! occurrence's, and a [`Secret`] is only a name here.
//!
//! Three names are stored and are not words that people read: [`Trigger::stored_name`], [`Destination::stored_name`], and that of what an
//! alert is about. They are spelt out where they are made, so that a title may be reworded without an alert being sent again.

mod decide;
mod destination;
mod message;
mod occurrence;
mod rule;
mod version_news;

pub use crate::secret::Secret;
pub use decide::{AlertRules, AlertState, AlertStates, decide};
pub use destination::{Channel, Destination, Encryption, Mail, WebhookShape};
pub use message::{Alert, AlertKind};
pub use occurrence::{Occurrence, OccurrenceKind};
pub use rule::{AlertRule, Trigger};
