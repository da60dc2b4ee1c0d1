//! The destinations of alerts: those of a rule when an alert is decided, and that of a delivery when it is sent.
//!
//! Definitions may change between the two. A delivery keeps the name of its destination, which is looked up again, so that an alert of
//! yesterday reaches the channel of today.

use jiff::Timestamp;
use millwork_core::Pipeline;
use millwork_core::alert::{Alert, Channel, Destination, Secret};
use millwork_storage::{Delivery, NewDelivery};

use crate::send::Environment;

/// Finds the destination of a delivery: one of its rule or, if the rule was removed, the same destination of another rule.
pub(crate) fn destination<'a>(pipeline: &'a Pipeline, delivery: &Delivery) -> Option<&'a Destination> {
    let of_rule =
        pipeline.alert(&delivery.alert.rule).and_then(|rule| rule.destination(&delivery.destination));
    // The name of a command doesn't include its arguments.
    let is_same = |found: &&Destination| !matches!(found.channel, Channel::Command { .. });
    let of_others = || pipeline.alerts().iter().find_map(|rule| rule.destination(&delivery.destination));
    of_rule.or_else(|| of_others().filter(is_same))
}

/// The secret for lack of which nothing is sent to a destination: one that isn't set, of an optional destination.
pub(crate) fn left_out_for<'a>(
    destination: &'a Destination,
    environment: &Environment,
) -> Option<&'a Secret> {
    let secrets = if destination.is_optional { destination.secrets() } else { Vec::new() };
    secrets.into_iter().find(|secret| environment(secret.variable()).is_none())
}

/// The deliveries of an alert: one for each destination of its rule, except optional ones whose secrets aren't set.
pub fn deliveries_of(
    pipeline: &Pipeline,
    environment: &Environment,
    alert: &Alert,
    at: Timestamp,
) -> Vec<NewDelivery> {
    let is_wanted = |destination: &&Destination| left_out_for(destination, environment).is_none();
    let delivery = |destination: &Destination| {
        let destination = destination.stored_name();
        NewDelivery { key: alert.idempotency_key(&destination), destination, alert: alert.clone(), at }
    };
    let rule = pipeline.alert(&alert.rule);
    rule.into_iter().flat_map(|rule| &rule.destinations).filter(is_wanted).map(delivery).collect()
}
