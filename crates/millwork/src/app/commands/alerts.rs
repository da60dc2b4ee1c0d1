//! `alerts`: who is told what, and what has arrived.

use millwork_core::Problem;
use millwork_core::alert::{Alert, AlertRule};
use millwork_core::{Clock as _, Instigator, SystemClock};
use millwork_storage::{AlertStore as _, Commit, Delivery, DeliveryState, InstigatorStore as _, NewDelivery};
use serde_json::{Value, json};

use crate::app::arguments::Alerts;
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln};
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

pub(super) fn run(session: &Session, alerts: Alerts) -> Result<Exit, Failure> {
    match alerts {
        Alerts::List(json) => list(session, json.json),
        Alerts::Deliveries { dead, limit, json } => deliveries(session, dead, limit, json.json),
        Alerts::Retry { id } => retry(session, id),
        Alerts::Test { rule } => test(session, &rule),
    }
}

fn list(session: &Session, json: bool) -> Result<Exit, Failure> {
    let rules = session.pipeline()?.alerts();
    if json {
        outln!("{}", rules.iter().map(AlertRule::to_json).collect::<Value>());
    } else if rules.is_empty() {
        outln!("No alert rule is defined. `Definitions::alert` adds one.");
    } else {
        let row = |rule: &AlertRule| {
            let triggers: Vec<String> = rule.triggers.iter().map(ToString::to_string).collect();
            let names: Vec<String> = rule.destinations.iter().map(ToString::to_string).collect();
            [rule.name.clone(), triggers.join(" or "), names.join(", ")]
        };
        out!("{}", table(["RULE", "WHEN", "TELLS"], rules.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

fn deliveries(session: &Session, dead: bool, limit: u32, json: bool) -> Result<Exit, Failure> {
    let state = dead.then_some(DeliveryState::Dead);
    let deliveries = block_on(async { Ok(session.home().await?.store.deliveries(state, limit).await?) })?;
    if json {
        outln!("{}", json!(deliveries));
    } else if deliveries.is_empty() {
        outln!("Nothing was delivered, and nothing waits to be.");
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

fn retry(session: &Session, id: u64) -> Result<Exit, Failure> {
    let is_there = block_on(async {
        let opened = session.home().await?;
        let is_there = opened.store.retry_delivery(id, SystemClock.now()).await?;
        opened.store.close().await;
        Ok(is_there)
    })?;
    if !is_there {
        let problem = Problem::new(format!("no delivery {id} was given up"));
        return Err(Failure::usage(problem.with_hint("`alerts deliveries --dead` lists what was given up")));
    }
    outln!("Delivery {id} is tried again, if a daemon runs.");
    Ok(Exit::Success)
}

fn test(session: &Session, rule: &str) -> Result<Exit, Failure> {
    let unknown = || {
        let problem = Problem::new(format!("no alert rule is called `{rule}`"));
        Failure::usage(problem.with_hint("`alerts list` shows which there are"))
    };
    let rule = session.pipeline()?.alert(rule).ok_or_else(unknown)?;
    let at = SystemClock.now();
    let alert = Alert::test(&rule.name, at);
    let delivery = |destination: String| {
        let key = alert.idempotency_key(&destination);
        NewDelivery { key, destination, alert: alert.clone(), at }
    };
    let deliveries = rule.destinations.iter().map(|destination| delivery(destination.to_string())).collect();
    block_on(async {
        let opened = session.home().await?;
        let instigator = Instigator::AlertTests;
        let from = opened.store.state(&instigator).await?.cursor;
        opened.store.commit(Commit { deliveries, ..Commit::new(instigator, from, at.to_string()) }).await?;
        opened.store.close().await;
        Ok(())
    })?;
    outln!("A test is on its way, if a daemon runs. `alerts deliveries` tells whether it arrived.");
    Ok(Exit::Success)
}
