//! What is asked of each operation, and the status of the answer.

use super::home::{CANCELED, FAILED, QUEUED};

/// A request: the method, the path in the document, the path that is asked, and the body.
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<&'static str>,
    pub(crate) status: u16,
}

fn get(operation: &'static str, path: impl Into<String>, status: u16) -> Case {
    Case { method: "get", operation, path: path.into(), body: None, status }
}

fn post(operation: &'static str, path: impl Into<String>, body: Option<&'static str>, status: u16) -> Case {
    Case { method: "post", operation, path: path.into(), body, status }
}

/// In this order: what is pending is listed before it is dropped.
pub(crate) fn cases() -> Vec<Case> {
    [
        reads(),
        lists_with_parameters(),
        of_runs(),
        models(),
        model_changes(),
        switches(),
        decisions(),
        reports(),
        partitions(),
        backfills(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What has no parameters.
fn reads() -> Vec<Case> {
    let paths = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/graph",
        "/api/v1/models",
        "/api/v1/partitions",
        "/api/v1/queue",
        "/api/v1/pools",
        "/api/v1/schedules",
        "/api/v1/sensors",
        "/api/v1/automation",
        "/api/v1/alerts",
    ];
    paths.into_iter().map(|path| get(path, path, 200)).collect()
}

fn lists_with_parameters() -> Vec<Case> {
    let (assets, asset) = ("/api/v1/assets", "/api/v1/assets/{key}");
    let materializations = "/api/v1/materializations/{key}";
    let (events, stream) = ("/api/v1/events", "/api/v1/events/stream");
    let (deliveries, pending) = ("/api/v1/alerts/deliveries", "/api/v1/pending");
    let condition = "/api/v1/automation/{key}";
    let (schedule, sensor) = ("/api/v1/schedules/{name}/ticks", "/api/v1/sensors/{name}/ticks");
    vec![
        get(assets, "/api/v1/assets", 200),
        get(assets, "/api/v1/assets?limit=2", 200),
        get(assets, "/api/v1/assets?after=zzz", 200),
        get(assets, "/api/v1/assets?limit=many", 422),
        get(asset, "/api/v1/assets/load", 200),
        get(asset, "/api/v1/assets/daily", 200),
        get(asset, "/api/v1/assets/outside", 200),
        get(asset, "/api/v1/assets/deep/down", 200),
        get(asset, "/api/v1/assets/nothing", 404),
        get(asset, "/api/v1/assets/model@1", 200),
        get(asset, "/api/v1/assets/model@champion", 200),
        get(asset, "/api/v1/assets/model@9", 404),
        get(asset, "/api/v1/assets/model@shadow", 404),
        get(asset, "/api/v1/assets/model@", 422),
        get(asset, "/api/v1/assets/model?partition=monday", 422),
        get(asset, "/api/v1/assets/%FF", 422),
        get(materializations, "/api/v1/materializations/load", 200),
        get(materializations, "/api/v1/materializations/load?config=rounds=40&limit=1", 200),
        get(materializations, "/api/v1/materializations/daily?partition=monday", 200),
        get(materializations, "/api/v1/materializations/nothing", 404),
        get(materializations, "/api/v1/materializations/load?config=rounds", 422),
        get(materializations, "/api/v1/materializations/daily?partition=friday", 422),
        get(events, "/api/v1/events", 200),
        get(events, "/api/v1/events?after=1000000", 200),
        get(events, format!("/api/v1/events?run={FAILED}&limit=3"), 200),
        get(events, "/api/v1/events?run=nothing", 404),
        get(events, "/api/v1/events?after=x", 422),
        get(stream, "/api/v1/events/stream", 200),
        get(stream, "/api/v1/events/stream?run=nothing", 404),
        get(stream, "/api/v1/events/stream?after=x", 422),
        get(deliveries, "/api/v1/alerts/deliveries", 200),
        get(deliveries, "/api/v1/alerts/deliveries?state=dead", 200),
        get(deliveries, "/api/v1/alerts/deliveries?state=lost", 422),
        get(pending, "/api/v1/pending", 200),
        get(pending, "/api/v1/pending?limit=1", 200),
        get(pending, "/api/v1/pending?limit=-1", 422),
        get(condition, "/api/v1/automation/made", 200),
        get(condition, "/api/v1/automation/held", 200),
        get(condition, "/api/v1/automation/load", 404),
        get(condition, "/api/v1/automation/%FF", 422),
        get(schedule, "/api/v1/schedules/hourly/ticks", 200),
        get(schedule, "/api/v1/schedules/never/ticks", 404),
        get(schedule, "/api/v1/schedules/hourly/ticks?limit=x", 422),
        get(sensor, "/api/v1/sensors/inbox/ticks", 200),
        get(sensor, "/api/v1/sensors/never/ticks", 404),
        get(sensor, "/api/v1/sensors/inbox/ticks?limit=x", 422),
    ]
}

fn of_runs() -> Vec<Case> {
    let (runs, run) = ("/api/v1/runs", "/api/v1/runs/{run}");
    let (cancel, retry) = ("/api/v1/runs/{run}/cancel", "/api/v1/runs/{run}/retry");
    vec![
        get(runs, "/api/v1/runs", 200),
        get(runs, "/api/v1/runs?limit=1", 200),
        get(runs, "/api/v1/runs?status=failed", 200),
        get(runs, "/api/v1/runs?tag=team=data", 200),
        get(runs, format!("/api/v1/runs?before={FAILED}"), 200),
        get(runs, "/api/v1/runs?before=nothing", 404),
        get(runs, "/api/v1/runs?status=odd", 422),
        get(run, format!("/api/v1/runs/{FAILED}"), 200),
        get(run, format!("/api/v1/runs/{QUEUED}"), 200),
        get(run, format!("/api/v1/runs/{CANCELED}"), 200),
        get(run, "/api/v1/runs/nothing", 404),
        get(run, "/api/v1/runs/0", 422),
        post(runs, runs, Some(r#"{"selection": "load", "tags": {"team": "data"}}"#), 201),
        post(runs, runs, Some(r#"{"job": "nightly", "config": {"load": {"rows": 1}}}"#), 201),
        post(runs, runs, Some(r#"{"selection": "late", "stale_only": true}"#), 200),
        post(runs, runs, Some(r#"{"job": "never"}"#), 404),
        post(runs, runs, Some(r#"{"selection": "nothing"}"#), 422),
        post(runs, runs, Some(r#"{"selection": "load", "stale": true}"#), 422),
        post(retry, format!("/api/v1/runs/{FAILED}/retry"), Some(r#"{"from_scratch": true}"#), 200),
        post(retry, format!("/api/v1/runs/{FAILED}/retry"), None, 200),
        post(retry, format!("/api/v1/runs/{CANCELED}/retry"), Some(r#"{"whole": true}"#), 422),
        post(retry, "/api/v1/runs/nothing/retry", None, 404),
        post(cancel, format!("/api/v1/runs/{QUEUED}/cancel"), None, 200),
        post(cancel, "/api/v1/runs/nothing/cancel", None, 404),
        post(cancel, "/api/v1/runs/0/cancel", None, 422),
    ]
}

fn models() -> Vec<Case> {
    let (show, versions) = ("/api/v1/models/show/{key}", "/api/v1/models/versions/{key}");
    let (compare, card) = ("/api/v1/models/compare/{key}", "/api/v1/models/card/{key}");
    let (history, lineage) = ("/api/v1/models/history/{key}", "/api/v1/models/lineage/{key}");
    vec![
        get(show, "/api/v1/models/show/model", 200),
        get(show, "/api/v1/models/show/load", 200),
        get(show, "/api/v1/models/show/daily?partition=monday", 200),
        get(show, "/api/v1/models/show/daily", 422),
        get(show, "/api/v1/models/show/nothing", 404),
        get(versions, "/api/v1/models/versions/model?limit=2", 200),
        get(versions, "/api/v1/models/versions/model?limit=many", 422),
        get(versions, "/api/v1/models/versions/nothing", 404),
        get(compare, "/api/v1/models/compare/model", 200),
        get(compare, "/api/v1/models/compare/model?a=1&b=3", 200),
        get(compare, "/api/v1/models/compare/model?a=1&b=9", 404),
        get(compare, "/api/v1/models/compare/model?a=0", 422),
        get(card, "/api/v1/models/card/model", 200),
        get(card, "/api/v1/models/card/model?version=champion", 200),
        get(card, "/api/v1/models/card/model?version=shadow", 404),
        get(card, "/api/v1/models/card/model?version=@", 422),
        get(history, "/api/v1/models/history/model?version=1", 200),
        get(history, "/api/v1/models/history/model?version=champion", 200),
        get(history, "/api/v1/models/history/model", 200),
        get(history, "/api/v1/models/history/model?version=9", 404),
        get(history, "/api/v1/models/history/model?version=@", 422),
        get(lineage, "/api/v1/models/lineage/predicted", 200),
        get(lineage, "/api/v1/models/lineage/model?version=2&down=true", 200),
        get(lineage, "/api/v1/models/lineage/model?version=2&down=true&limit=1", 200),
        get(lineage, "/api/v1/models/lineage/made", 404),
        get(lineage, "/api/v1/models/lineage/model?depth=x", 422),
    ]
}

/// In this order, as each changes what the next finds: 2 is in use, 1 was, 3 is kept, 4 waits for an answer.
fn model_changes() -> Vec<Case> {
    let (promote, reject) = ("/api/v1/models/promote/{key}", "/api/v1/models/reject/{key}");
    let (keep, rollback) = ("/api/v1/models/keep/{key}", "/api/v1/models/rollback/{key}");
    let (alias, repair) = ("/api/v1/models/alias/{key}", "/api/v1/models/repair/{key}");
    let (backtest, judge) = ("/api/v1/models/backtest/{key}", "/api/v1/models/judge/{key}");
    let path = |operation: &str| operation.replace("{key}", "model");
    let unknown = |operation: &str| operation.replace("{key}", "nothing");
    let version = |number: u32| match number {
        3 => Some(r#"{"version": 3, "reason": "better", "by": "ada"}"#),
        4 => Some(r#"{"version": 4}"#),
        _ => Some(r#"{"version": 9}"#),
    };
    vec![
        post(keep, path(keep), Some(r#"{"version": 4, "expect": 1}"#), 409),
        post(keep, path(keep), version(4), 200),
        post(keep, path(keep), version(4), 422),
        post(keep, path(keep), version(9), 404),
        post(keep, path(keep), Some("{}"), 422),
        post(repair, path(repair), Some(r#"{"version": 2, "dry_run": true}"#), 200),
        post(repair, path(repair), Some(r#"{"version": 2}"#), 200),
        post(repair, path(repair), Some(r#"{"version": 1}"#), 200),
        post(repair, path(repair), version(9), 404),
        post(repair, path(repair), Some(r#"{"version": 0}"#), 422),
        // Whoever decided about 1 being in use was too late.
        post(promote, path(promote), Some(r#"{"version": 3, "expect": 1}"#), 409),
        post(rollback, path(rollback), Some(r#"{"to": 3}"#), 422),
        post(rollback, path(rollback), Some(r#"{"expect": 1}"#), 409),
        post(promote, path(promote), version(3), 200),
        post(promote, path(promote), version(3), 422),
        post(promote, path(promote), version(9), 404),
        post(rollback, path(rollback), None, 200),
        post(rollback, path(rollback), Some(r#"{"to": 2}"#), 422),
        post(rollback, unknown(rollback), None, 404),
        post(reject, path(reject), Some(r#"{"version": 4, "expect": 1}"#), 409),
        post(reject, path(reject), version(4), 200),
        post(reject, path(reject), version(4), 422),
        post(reject, path(reject), version(9), 404),
        post(alias, path(alias), Some(r#"{"alias": "staging", "version": 3}"#), 200),
        post(alias, path(alias), Some(r#"{"alias": "staging", "remove": true}"#), 200),
        post(alias, path(alias), Some(r#"{"alias": "staging", "remove": true}"#), 404),
        post(alias, path(alias), Some(r#"{"alias": "staging"}"#), 422),
        post(backtest, path(backtest), None, 200),
        post(backtest, path(backtest), Some(r#"{"last": 2, "config": {"gate": {}}}"#), 200),
        post(backtest, path(backtest), Some(r#"{"last": 1, "no_wait": true}"#), 202),
        post(backtest, path(backtest), Some(r#"{"last": 0}"#), 422),
        post(backtest, path(backtest), Some(r#"{"last": "all"}"#), 422),
        post(backtest, unknown(backtest), None, 404),
        post(judge, path(judge), None, 200),
        post(judge, path(judge), Some(r#"{"version": 2, "config": {"gate": {}}}"#), 200),
        post(judge, path(judge), Some(r#"{"version": 1, "no_wait": true}"#), 202),
        post(judge, path(judge), Some(r#"{"version": 0}"#), 422),
        post(judge, path(judge), version(9), 422),
        post(judge, unknown(judge), None, 404),
        get("/api/v1/models/show/{key}", "/api/v1/models/show/model", 200),
    ]
}

fn switches() -> Vec<Case> {
    let (schedule, sensor) = ("/api/v1/schedules/{name}", "/api/v1/sensors/{name}");
    let (automation, condition) = ("/api/v1/automation", "/api/v1/automation/{key}");
    let (on, odd) = (Some(r#"{"on": true}"#), Some(r#"{"on": "yes"}"#));
    vec![
        post(schedule, "/api/v1/schedules/hourly", on, 200),
        post(schedule, "/api/v1/schedules/never", on, 404),
        post(schedule, "/api/v1/schedules/hourly", odd, 422),
        post(sensor, "/api/v1/sensors/inbox", on, 200),
        post(sensor, "/api/v1/sensors/never", on, 404),
        post(sensor, "/api/v1/sensors/inbox", odd, 422),
        post(automation, automation, on, 200),
        post(automation, automation, odd, 422),
        post(condition, "/api/v1/automation/made", on, 200),
        post(condition, "/api/v1/automation/load", on, 404),
        post(condition, "/api/v1/automation/made", odd, 422),
    ]
}

/// About deliveries and what is pending.
fn decisions() -> Vec<Case> {
    let (resend, discard) = ("/api/v1/alerts/deliveries/{id}/retry", "/api/v1/alerts/deliveries/{id}/drop");
    let (retry, drop) = ("/api/v1/pending/{id}/retry", "/api/v1/pending/{id}/drop");
    let mut cases = Vec::new();
    for (operation, path) in [
        (resend, "/api/v1/alerts/deliveries/ID/retry"),
        (discard, "/api/v1/alerts/deliveries/ID/drop"),
        (retry, "/api/v1/pending/ID/retry"),
        (drop, "/api/v1/pending/ID/drop"),
    ] {
        for (id, status) in [("1", 200), ("999", 404), ("x", 422)] {
            cases.push(post(operation, path.replace("ID", id), None, status));
        }
    }
    cases
}

fn partitions() -> Vec<Case> {
    let change = "/api/v1/partitions/{name}";
    let texts = Some(r#"{"add": ["de", "fr"], "remove": ["it"]}"#);
    vec![
        post(change, "/api/v1/partitions/countries", texts, 200),
        post(change, "/api/v1/partitions/countries", Some(r#"{"added": []}"#), 422),
        post(change, "/api/v1/partitions/nothing", texts, 404),
    ]
}

fn backfills() -> Vec<Case> {
    let (all, plan) = ("/api/v1/backfills", "/api/v1/backfills/plan");
    let (one, operation) = ("/api/v1/backfills/{backfill}", "/api/v1/backfills/{backfill}/{operation}");
    let days = Some(r#"{"selection": "daily", "partitions": "*"}"#);
    let no_job = Some(r#"{"job": "none", "partitions": "*"}"#);
    let no_day = Some(r#"{"selection": "daily", "partitions": "friday"}"#);
    vec![
        post(plan, plan, days, 200),
        post(plan, plan, no_job, 404),
        post(plan, plan, no_day, 422),
        post(all, all, days, 201),
        post(all, all, no_job, 404),
        post(all, all, no_day, 422),
        get(all, all, 200),
        get(all, "/api/v1/backfills?open=true&limit=1&before=9", 200),
        get(all, "/api/v1/backfills?limit=many", 422),
        get(one, "/api/v1/backfills/1", 200),
        get(one, "/api/v1/backfills/9", 404),
        get(one, "/api/v1/backfills/%FF", 422),
        post(operation, "/api/v1/backfills/1/pause", None, 200),
        post(operation, "/api/v1/backfills/1/pause", None, 409),
        post(operation, "/api/v1/backfills/9/pause", None, 404),
        post(operation, "/api/v1/backfills/%FF/pause", None, 422),
    ]
}

fn reports() -> Vec<Case> {
    let (made, seen) = ("/api/v1/reports/materialization/{key}", "/api/v1/reports/observation/{key}");
    let check = "/api/v1/reports/check/{key}";
    let value = Some(r#"{"data_version": "v7", "metadata": {"rows": 3, "note": "x", "odd": [1]}}"#);
    let verdict = Some(r#"{"check": "is_complete", "passed": false, "warn": true, "metadata": {"rows": 3}}"#);
    let odd = Some(r#"{"version": 7}"#);
    vec![
        post(made, "/api/v1/reports/materialization/outside", value, 201),
        post(made, "/api/v1/reports/materialization/nothing", value, 404),
        post(made, "/api/v1/reports/materialization/outside", odd, 422),
        post(seen, "/api/v1/reports/observation/outside", value, 201),
        post(seen, "/api/v1/reports/observation/nothing", value, 404),
        post(seen, "/api/v1/reports/observation/outside", odd, 422),
        post(check, "/api/v1/reports/check/outside", verdict, 201),
        post(check, "/api/v1/reports/check/nothing", verdict, 404),
        post(check, "/api/v1/reports/check/outside", odd, 422),
        // With what was reported.
        get("/api/v1/models/card/{key}", "/api/v1/models/card/outside", 200),
        get("/api/v1/assets/{key}", "/api/v1/assets/outside", 200),
        get("/api/v1/events", "/api/v1/events", 200),
        get("/api/v1/pools", "/api/v1/pools", 200),
    ]
}
