//! `alerts`: the alert rules and their deliveries.

use std::collections::HashSet;

use clap::Subcommand;
use millwork_api::{AlertRuleView, DeliveryView, NameError, find_alert_rule};
use millwork_core::alert::{Alert, AlertRule};
use millwork_core::{Clock as _, Instigator, SystemClock};
use millwork_daemon::{deliveries_of, process_variable};
use millwork_storage::{Commit, Delivery, DeliveryState};

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Alerts {
    /// List the rules and their destinations
    #[command(arg(json_flag()))]
    List,
    /// Deliveries: list, retry or drop them
    #[command(subcommand)]
    Deliveries(Deliveries),
    /// Send a test alert to the destinations of a rule, through the daemon
    Test {
        /// Name of the rule
        rule: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Deliveries {
    /// List deliveries, newest first
    #[command(arg(json_flag()))]
    List {
        /// Only deliveries in this state
        #[arg(long, value_parser = ["pending", "delivered", "dead", "dropped"])]
        state: Option<String>,
        /// Maximum number of deliveries
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
    /// Retry pending or dead deliveries now
    Retry {
        /// Numbers of the deliveries
        #[arg(required = true)]
        ids: Vec<u64>,
    },
    /// Drop pending or dead deliveries, so that they aren't sent
    Drop {
        /// Numbers of the deliveries
        #[arg(required = true)]
        ids: Vec<u64>,
    },
}

pub(super) fn run(session: &Session, alerts: Alerts) -> Result<Exit, Failure> {
    match alerts {
        Alerts::List => list(session, session.wants_json()),
        Alerts::Deliveries(Deliveries::List { state, limit }) => {
            let state = state.as_deref().and_then(DeliveryState::from_name);
            list_deliveries(session, state, limit, session.wants_json())
        }
        Alerts::Deliveries(Deliveries::Retry { ids }) => decide(session, &ids, Decision::Retry),
        Alerts::Deliveries(Deliveries::Drop { ids }) => decide(session, &ids, Decision::Drop),
        Alerts::Test { rule } => test(session, &rule),
    }
}

fn list(session: &Session, json: bool) -> Result<Exit, Failure> {
    let rules = session.pipeline()?.alerts();
    if json {
        print_json(&rules.iter().map(AlertRuleView::from).collect::<Vec<_>>())?;
    } else if rules.is_empty() {
        outln!("No alert rule is defined. `Definitions::alert` adds one.");
    } else {
        let row = |rule: &AlertRule| {
            let triggers: Vec<String> = rule.triggers.iter().map(ToString::to_string).collect();
            let names: Vec<String> = rule.destinations.iter().map(ToString::to_string).collect();
            [rule.name.clone(), triggers.join(" or "), names.join(", ")]
        };
        out!("{}", table(["RULE", "WHEN", "DESTINATIONS"], rules.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

fn list_deliveries(
    session: &Session,
    state: Option<DeliveryState>,
    limit: u32,
    json: bool,
) -> Result<Exit, Failure> {
    let deliveries = block_on(async { Ok(session.home().await?.store.deliveries(state, limit).await?) })?;
    if json {
        print_json(&deliveries.into_iter().map(DeliveryView::from).collect::<Vec<_>>())?;
    } else if deliveries.is_empty() {
        match state {
            Some(state) => outln!("No delivery is {}.", state.as_str()),
            None => outln!("No alerts sent yet."),
        }
    } else {
        let row = |delivery: &Delivery| {
            [
                delivery.id.to_string(),
                when::moment(delivery.created_at),
                delivery.state.as_str().to_owned(),
                delivery.attempts.to_string(),
                delivery.destination.clone(),
                delivery.alert.title.clone(),
                delivery.error.clone().unwrap_or_default(),
            ]
        };
        let heading = ["ID", "DECIDED", "STATE", "ATTEMPTS", "TO", "ALERT", "ERROR"];
        out!("{}", table(heading, deliveries.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

/// A decision about deliveries that haven't arrived.
#[derive(Clone, Copy)]
enum Decision {
    Retry,
    Drop,
}

fn decide(session: &Session, ids: &[u64], decision: Decision) -> Result<Exit, Failure> {
    let missing = block_on(async {
        let opened = session.home().await?;
        let (now, mut missing, mut decided) = (SystemClock.now(), Vec::new(), HashSet::new());
        for id in ids.iter().copied().filter(|id| decided.insert(*id)) {
            let is_there = match decision {
                Decision::Retry => opened.store.retry_delivery(id, now).await?,
                Decision::Drop => opened.store.drop_delivery(id, now).await?,
            };
            match (is_there, decision) {
                (false, _) => missing.push(id.to_string()),
                (true, Decision::Retry) => outln!("Delivery {id} is sent again, if a daemon runs."),
                (true, Decision::Drop) => outln!("Delivery {id} is dropped."),
            }
        }
        opened.store.close().await;
        Ok(missing)
    })?;
    if missing.is_empty() {
        return Ok(Exit::Success);
    }
    Err(NameError::UnknownDelivery { ids: missing.join(", ") }.into())
}

fn test(session: &Session, rule: &str) -> Result<Exit, Failure> {
    let pipeline = session.pipeline()?;
    let rule = find_alert_rule(pipeline, rule)?;
    let at = SystemClock.now();
    let alert = Alert::test(&rule.name, at);
    let deliveries = deliveries_of(pipeline, &process_variable, &alert, at);
    let is_sent = |name: &str| deliveries.iter().any(|delivery| delivery.destination == name);
    for left_out in rule.destinations.iter().filter(|destination| !is_sent(&destination.stored_name())) {
        outln!("{left_out} is skipped: it is optional, and its secret is not set.");
    }
    if deliveries.is_empty() {
        outln!("The rule has no destination to send a test to.");
        return Ok(Exit::Success);
    }
    block_on(async {
        let opened = session.home().await?;
        let instigator = Instigator::AlertTests;
        let from = opened.store.state(&instigator).await?.cursor;
        opened.store.commit(Commit { deliveries, ..Commit::new(instigator, from, at.to_string()) }).await?;
        opened.store.close().await;
        Ok(())
    })?;
    outln!("The test is queued, and a daemon sends it. `alerts deliveries list` shows whether it arrived.");
    Ok(Exit::Success)
}
