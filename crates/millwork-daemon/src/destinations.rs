//! The destinations of alerts: those of a rule when an alert is decided, and that of a delivery when it is sent.
//!
//! Definitions may change between the two. A delivery keeps the name of its destination, which is looked up again, so that an alert of
//! yesterday reaches the channel of today.

use jiff::Timestamp;
use millwork_core::Pipeline;
use millwork_core::alert::{Alert, Channel, Destination};
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

/// The deliveries of an alert: one for each destination of its rule, except optional ones whose secrets aren't set.
pub fn deliveries_of(
    pipeline: &Pipeline,
    environment: &Environment,
    alert: &Alert,
    at: Timestamp,
) -> Vec<NewDelivery> {
    let is_wanted = |destination: &&Destination| {
        let has_secrets =
            || destination.secrets().iter().all(|secret| environment(secret.variable()).is_some());
        !destination.is_optional || has_secrets()
    };
    let delivery = |destination: &Destination| {
        let destination = destination.stored_name();
        NewDelivery { key: alert.idempotency_key(&destination), destination, alert: alert.clone(), at }
    };
    let rule = pipeline.alert(&alert.rule);
    rule.into_iter().flat_map(|rule| &rule.destinations).filter(is_wanted).map(delivery).collect()
}
