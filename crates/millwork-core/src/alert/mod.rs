//! Alerts: who is told what, and when.
//!
//! An [`AlertRule`] says on which [`Trigger`] whom to tell: one or several [`Destination`]s. Events, freshness, ticks and the
//! daemon's own troubles become [`Occurrence`]s; [`decide`] turns an occurrence into [`Alert`]s, given what was told before
//! ([`AlertMemory`]), which is stored with the alerts in one commit. Sending is for a daemon. All of it is pure: the time is the
//! occurrence's, and a [`Secret`] is only a name here.

mod decide;
mod destination;
mod memory;
mod occurrence;
mod rule;
mod secret;
mod told;
mod trigger;
mod verdict;
mod words;

pub use decide::{AlertRules, decide};
pub use destination::{Channel, Destination, Encryption, Mail, WebhookShape};
pub use memory::{AlertMemory, Known};
pub use occurrence::{Occurrence, What};
pub use rule::AlertRule;
pub use secret::Secret;
pub use told::{Alert, AlertKind};
pub use trigger::Trigger;
