//! Which alerts are sent, occurrence by occurrence.

// Clippy lets tests unwrap, but not what they share.
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::alert::{
    Alert, AlertKind, AlertRule, AlertRules, AlertStates, Destination, Mail, Occurrence, OccurrenceKind,
    Secret, Trigger, decide,
};
use millwork_core::asset::{Computation, Decision, GateDefinition, StepFunction, StepResult, Verdict};
use millwork_core::automation::AtPromotion;
use millwork_core::event::{
    AliasChange, AliasMoved, Asked, CheckEvaluation, EventBody, Mover, NewEvent, Provenance, ShadowCalled,
    ShadowOutcome, VersionDecided, VersionJudged,
};
use millwork_core::outcome::{Failure, FailureKind};
use millwork_core::param::Requirements;
use millwork_core::run::{RunId, RunRequest, RunStatus};
use millwork_core::stored::Number;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{
    AssetDefinition, AssetFreshness, AssetMetric, Definitions, Freshness, FreshnessPolicy, Instigator,
    Metadata, MetadataValue, Severity,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn start() -> Timestamp {
    "2026-05-01T08:00:00Z".parse().unwrap()
}

fn minute(minute: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minute)
}

fn rule(trigger: Trigger) -> AlertRule {
    AlertRule::new("rule").when(trigger).to(Destination::webhook(Secret::env("HOOK")))
}

fn definitions() -> Definitions {
    let asset = |key: &str, group: &str| {
        let definition = AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        definition.describe(|spec| spec.group = Some(group.to_owned()))
    };
    let model = asset("model", "ml").describe(|spec| spec.metric = Some(AssetMetric::lower("error")));
    Definitions::new().asset(model).asset(asset("stories", "ingest"))
}

fn rules(rule: AlertRule) -> AlertRules {
    let pipeline = definitions().alert(rule).resolve().unwrap();
    AlertRules::new(pipeline.alerts(), pipeline.graph(), Some("https://mill.example/"))
}

/// Something that happens to an asset, in a run of the schedule `hourly`.
fn of_asset(at: i64, asset: &str, kind: OccurrenceKind) -> Occurrence {
    Occurrence {
        run: Some(RunId::from_u128(7)),
        tags: [("team".to_owned(), "ranking".to_owned())].into(),
        assets: vec![asset.into()],
        ..Occurrence::elsewhere(minute(at), kind)
    }
}

fn run(at: i64, status: RunStatus) -> Occurrence {
    let reason = (status == RunStatus::Failed).then(|| "step `model` failed: no memory".to_owned());
    of_asset(at, "model", OccurrenceKind::RunEnded { status, reason, origin: "schedule `hourly`".to_owned() })
}

fn metric(at: i64, value: f64, previous: Option<f64>) -> Occurrence {
    let metadata = |value: f64| {
        Metadata::from(["r2", "error"].map(|label| (label.to_owned(), MetadataValue::Float(value))))
    };
    let previous = previous.map(metadata);
    of_asset(
        at,
        "model",
        OccurrenceKind::Materialized { metadata: metadata(value), previous, at_promotion: None },
    )
}

fn fresh(at: i64, state: Freshness) -> Occurrence {
    let last = (state != Freshness::Unknown).then(start);
    let found = AssetFreshness { state, since: None, late_window: None };
    let kind = OccurrenceKind::Freshness { found, policy: FreshnessPolicy::time_window(DAY, None), last };
    Occurrence { assets: vec!["stories".into()], ..Occurrence::elsewhere(minute(at), kind) }
}

fn verdict(at: i64, passed: bool, severity: Severity) -> Occurrence {
    let evaluation = CheckEvaluation {
        check: "is_good".to_owned(),
        passed,
        severity,
        blocking: false,
        description: "it is worse".to_owned(),
        metadata: Metadata::new(),
    };
    of_asset(at, "model", OccurrenceKind::CheckEvaluated(evaluation))
}

fn tick(at: i64, error: Option<&str>) -> Occurrence {
    let (of, look) = (Instigator::Schedule("hourly".to_owned()), "schedules ticks hourly".to_owned());
    Occurrence::elsewhere(minute(at), OccurrenceKind::Ticked { of, error: error.map(str::to_owned), look })
}

fn alerts_of(rule: AlertRule, occurrences: &[Occurrence]) -> Vec<Alert> {
    let (rules, mut states) = (rules(rule), AlertStates::default());
    occurrences
        .iter()
        .flat_map(|occurrence| {
            let alerts = decide(&rules, &mut states, occurrence);
            // The states survive being stored.
            states = serde_json::from_str(&serde_json::to_string(&states).unwrap()).unwrap();
            alerts
        })
        .collect()
}

/// The alerts as `minute title`, and how many were held back before.
fn check(rule: AlertRule, occurrences: &[Occurrence], expected: &[&str]) {
    let alerts = alerts_of(rule, occurrences);
    let lines: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let minute = alert.at.duration_since(start()).as_mins();
            let held_back =
                if alert.held_back > 0 { format!(" +{}", alert.held_back) } else { String::new() };
            format!("{minute} {}{held_back}", alert.title)
        })
        .collect();
    assert_eq!(lines, expected);
}

/// What the model's live metric is, beside what it was when version 3 came into use.
fn live(at: i64, error: f64, coverage: f64, before: Option<f64>) -> Occurrence {
    let metadata = [("error", error), ("coverage", coverage)];
    let metadata = metadata.map(|(label, value)| (label.to_owned(), MetadataValue::Float(value))).into();
    let numbers = before.map(|before| ("error".to_owned(), Number(before))).into_iter().collect();
    let at_promotion = Some(AtPromotion { version: Some(number(3)), numbers, ..AtPromotion::default() });
    of_asset(at, "model", OccurrenceKind::Materialized { metadata, previous: None, at_promotion })
}

#[test]
fn a_live_metric_is_compared_with_that_at_promotion() {
    let gated = |rule: AlertRule| {
        let gate = {
            let mut requirements =
                Requirements { challenger: Some("model".into()), ..Requirements::default() };
            requirements.input::<u8>("model");
            let judge = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
            GateDefinition::new("better", "model", Computation::new(requirements, judge))
        };
        definitions().gate(gate).alert(rule).resolve()
    };
    let pipeline = gated(rule(Trigger::metric_worse_than_at_promotion("error", 0.15))).unwrap();
    let (rules, mut states) =
        (AlertRules::new(pipeline.alerts(), pipeline.graph(), None), AlertStates::default());
    let occurrences = [
        live(1, 12.0, 1.0, None),
        live(2, 12.0, 1.0, Some(12.0)),
        live(3, 14.4, 1.0, Some(12.0)),
        live(4, 15.0, 1.0, Some(12.0)),
        live(5, f64::NAN, 1.0, Some(12.0)),
        live(6, 12.6, 1.0, Some(12.0)),
    ];
    let alerts = occurrences.iter().flat_map(|occurrence| decide(&rules, &mut states, occurrence));
    assert_eq!(
        alerts
            .map(|alert| format!("{} {}", alert.at.duration_since(start()).as_mins(), alert.title))
            .collect::<Vec<_>>(),
        [
            "3 error of `model`: 14.4 is 20 % worse than 12 at promotion of version 3",
            "6 Over: error worse than at promotion by more than 15 %, `model`",
        ]
    );
    let asked = |asset: &str| rules.compared_with_promotion(pipeline.graph(), &asset.into()).is_some();
    assert_eq!((asked("model"), asked("stories")), (true, false));
    let wrong = gated(rule(Trigger::metric_worse_than_at_promotion("r2", 0.15))).unwrap_err().to_string();
    assert!(wrong.contains("no asset measures a model upstream by r2"), "{wrong}");
    let wrong = gated(rule(Trigger::metric_worse_than_at_promotion("error", -1.0))).unwrap_err().to_string();
    assert!(wrong.contains("can't be worse by a share of -1"), "{wrong}");
}

#[test]
fn coverage_and_spent_budgets_are_told() {
    let all =
        [live(1, 1.0, 0.9, None), live(2, 1.0, 0.41, None), live(3, 1.0, 0.8, None), metric(4, 1.0, None)];
    let expected = ["2 coverage of `model` is 0.41, below 0.8", "3 Over: coverage < 0.8, `model`"];
    check(rule(Trigger::coverage_below(0.8)), &all, &expected);
    let wrong = definitions().alert(rule(Trigger::coverage_below(80.0))).resolve().unwrap_err().to_string();
    assert!(wrong.contains("a coverage is never 80"), "{wrong}");
    let spent = |at: i64, subject: &str| {
        let kind = OccurrenceKind::BudgetSpent { subject: subject.into(), reason: "held back".to_owned() };
        Occurrence::elsewhere(minute(at), kind)
    };
    let all = [spent(1, "job:train"), spent(2, "model"), spent(3, "job:train")];
    let expected = [
        "1 The budget of job `train` is spent",
        "2 The budget of `model` is spent",
        "3 The budget of job `train` is spent",
    ];
    check(rule(Trigger::BudgetSpent), &all, &expected);
}

const FAILED: &str = "Run 00000007 of schedule `hourly` failed";

#[test]
fn runs_are_told_each_time() {
    use RunStatus::{Canceled, Failed, Lost, Succeeded};
    let all = [run(1, Failed), run(2, Succeeded), run(3, Lost), run(4, Canceled), run(5, Failed)];
    let lost = "3 Run 00000007 of schedule `hourly` was lost";
    check(rule(Trigger::RunFailed), &all, &[&format!("1 {FAILED}"), lost, &format!("5 {FAILED}")]);
    check(rule(Trigger::Run(Lost)), &all, &[lost]);
    check(rule(Trigger::Run(Canceled)), &all, &["4 Run 00000007 of schedule `hourly` canceled"]);
    check(rule(Trigger::Run(Succeeded)), &all, &["2 Run 00000007 of schedule `hourly` succeeded"]);
    check(rule(Trigger::AssetFailed), &all, &[]);
}

#[test]
fn a_cooldown_holds_back_and_counts() {
    let failures: Vec<Occurrence> = (0..8).map(|minute| run(minute, RunStatus::Failed)).collect();
    let calm = rule(Trigger::RunFailed).cooldown(Duration::from_secs(180));
    let expected = [format!("0 {FAILED}"), format!("3 {FAILED} +2"), format!("6 {FAILED} +2")];
    check(calm, &failures, &expected.each_ref().map(String::as_str));
}

#[test]
fn what_is_read_out_of_order_is_told_all_the_same() {
    let failures = [run(2, RunStatus::Failed), run(1, RunStatus::Failed), run(3, RunStatus::Failed)];
    let expected = [2, 1, 3].map(|minute| format!("{minute} {FAILED}"));
    check(rule(Trigger::RunFailed), &failures, &expected.each_ref().map(String::as_str));
}

#[test]
fn a_clock_that_was_ahead_silences_nothing() {
    let year = 365 * 24 * 60;
    let calm = || rule(Trigger::RunFailed).cooldown(Duration::from_secs(180));
    let failures = [run(year, RunStatus::Failed), run(1, RunStatus::Failed), run(2, RunStatus::Failed)];
    check(calm(), &failures, &[&format!("{year} {FAILED}"), &format!("1 {FAILED}")]);
    let falls = [metric(year, 0.2, None), metric(2, 0.4, None), metric(3, 0.2, None)];
    let below = "r2 of `model` is 0.2, below 0.3";
    let expected = [format!("{year} {below}"), "2 Over: r2 < 0.3, `model`".to_owned(), format!("3 {below}")];
    let calm = rule(Trigger::metric_below("r2", 0.3)).cooldown(Duration::from_secs(180));
    let alerts = alerts_of(calm.clone(), &falls);
    assert!(alerts[1].text.contains("the clock was set back meanwhile"), "{}", alerts[1].text);
    check(calm, &falls, &expected.each_ref().map(String::as_str));
    let dated = "1 How fresh `stories` is is not known: it is dated in the future";
    let over = "3 Over: freshness fails, `stories`";
    let in_the_future = |at: i64| {
        let found = AssetFreshness { state: Freshness::Unknown, since: None, late_window: None };
        let (policy, last) = (FreshnessPolicy::time_window(DAY, None), Some(minute(year)));
        let kind = OccurrenceKind::Freshness { found, policy, last };
        Occurrence { kind, ..fresh(at, Freshness::Unknown) }
    };
    let unknown = [in_the_future(1), in_the_future(2), fresh(3, Freshness::Pass)];
    check(rule(Trigger::NotFresh(Freshness::Fail)), &unknown, &[dated, over]);
}

/// What version 0.1 remembered: the names under which it is stored never change.
#[test]
fn what_was_told_before_an_upgrade_is_not_told_again() {
    let states = |what: &str| {
        let known = r#"{"since":"2026-05-01T08:00:00Z","told_at":"2026-05-01T08:00:00Z","told_level":2}"#;
        serde_json::from_str::<AlertStates>(&format!(r#"{{"rule: {what}":{known}}}"#)).unwrap()
    };
    let check = |trigger: Trigger, stored: &str, bad: Occurrence| {
        let alerts = decide(&rules(rule(trigger)), &mut states(stored), &bad);
        assert_eq!(alerts, [], "{stored}");
    };
    check(Trigger::NotFresh(Freshness::Fail), "freshness fails: `stories`", fresh(1, Freshness::Fail));
    check(
        Trigger::NotFresh(Freshness::Warn),
        "freshness warns or fails: `stories`",
        fresh(1, Freshness::Warn),
    );
    check(Trigger::metric_below("r2", 0.3), "r2 < 0.3: `model`", metric(1, 0.2, None));
    check(Trigger::metric_above("r2", 0.3), "r2 > 0.3: `model`", metric(1, 0.4, None));
    let failed = |severity| verdict(1, false, severity);
    check(Trigger::CheckFailed(Severity::Warn), "check failed: `is_good` of `model`", failed(Severity::Warn));
    let (error, stored) =
        (Trigger::CheckFailed(Severity::Error), "check failed (error): `is_good` of `model`");
    check(error, stored, failed(Severity::Error));
    check(Trigger::coverage_below(0.8), "coverage below 0.8: `model`", live(1, 1.0, 0.5, None));
    assert_eq!(Trigger::BudgetSpent.stored_name(), "budget spent");
    let worse = Trigger::metric_worse_than_at_promotion("error", 0.15);
    assert_eq!(worse.stored_name(), "error worse than at promotion by 0.15");
    check(Trigger::TickFailed, "tick failed: schedule `hourly`", tick(1, Some("no such zone")));
    let of = |of: Instigator| {
        let (error, look) = (Some("no such zone".to_owned()), String::new());
        Occurrence::elsewhere(minute(1), OccurrenceKind::Ticked { of, error, look })
    };
    check(Trigger::TickFailed, "tick failed: sensor `inbox`", of(Instigator::Sensor("inbox".to_owned())));
    check(Trigger::TickFailed, "tick failed: automation", of(Instigator::Automation(None)));
    let model = Instigator::Automation(Some("model".into()));
    check(Trigger::TickFailed, "tick failed: automation of `model`", of(model));
    let (stored_name, of) = ("the run queue".to_owned(), "the queue of runs".to_owned());
    let looped = OccurrenceKind::Looped { stored_name, of, error: Some("full".to_owned()) };
    check(Trigger::DaemonTrouble, "daemon trouble: the run queue", Occurrence::elsewhere(minute(1), looped));
    let partition = Occurrence { partition: Some("monday".into()), ..metric(1, 0.2, None) };
    check(Trigger::metric_below("r2", 0.3), "r2 < 0.3: `model` (monday)", partition);
}

/// A receiver takes alerts with the same key for the same alert, also after an upgrade.
#[test]
fn keys_of_an_older_version_are_made_again() {
    let alerts = alerts_of(rule(Trigger::RunFailed), &[run(1, RunStatus::Failed)]);
    assert_eq!(alerts[0].key, "run failed or lost: schedule `hourly`");
    assert_eq!(alerts[0].idempotency_key("webhook $HOOK"), "c66db10b272e9340479bb383616e43c4");
}

#[test]
fn destinations_of_an_older_home_are_found() {
    let mail = Mail::new("smtp.example.org", "millwork@example.org", "a@example.org").and_to("b@example.org");
    let rule = rule(Trigger::RunFailed)
        .to(Destination::slack(Secret::env("SLACK")))
        .to(Destination::mail(mail))
        .to(Destination::command(["notify", "--token", "abc"]));
    let stored = [
        "webhook $HOOK",
        "slack $SLACK",
        "mail to a@example.org, b@example.org by smtp.example.org:587",
        "command notify",
    ];
    assert_eq!(rule.destinations.iter().map(Destination::stored_name).collect::<Vec<_>>(), stored);
    assert!(stored.iter().all(|name| rule.destination(name).is_some()));
}

#[test]
fn only_what_the_rule_is_for() {
    let failed = [run(1, RunStatus::Failed)];
    let expected = [format!("1 {FAILED}")];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let base = || rule(Trigger::RunFailed);
    check(base().assets("group:ml"), &failed, &expected);
    check(base().assets("group:ingest"), &failed, &[]);
    check(base().tag("team", "ranking"), &failed, &expected);
    check(base().tag("team", "other"), &failed, &[]);
    check(rule(Trigger::NotFresh(Freshness::Fail)).assets("model"), &[fresh(1, Freshness::Fail)], &[]);
}

#[test]
fn metrics() {
    let falls = [metric(1, 0.5, None), metric(2, 0.2, None), metric(3, 0.1, None), metric(4, 0.4, None)];
    let below = "2 r2 of `model` is 0.2, below 0.3";
    let over = "4 Over: r2 < 0.3, `model`";
    check(rule(Trigger::metric_below("r2", 0.3)), &falls, &[below, over]);
    check(rule(Trigger::metric_below("mae", 0.3)), &falls, &[]);
    check(
        rule(Trigger::metric_above("r2", 0.45)),
        &falls,
        &["1 r2 of `model` is 0.5, above 0.45", "2 Over: r2 > 0.45, `model`"],
    );
    let nan = [metric(1, f64::NAN, None)];
    check(rule(Trigger::metric_below("r2", 0.3)), &nan, &["1 r2 of `model` is not a number"]);
    // It falls again within the cooldown: that alert is sent when the cooldown is over and the metric is still low.
    let calm = rule(Trigger::metric_below("r2", 0.3)).cooldown(Duration::from_secs(300));
    let again = [metric(2, 0.2, None), metric(3, 0.4, None), metric(4, 0.2, None), metric(8, 0.2, None)];
    check(calm, &again, &[below, "3 Over: r2 < 0.3, `model`", "8 r2 of `model` is 0.2, below 0.3"]);
}

#[test]
fn changes_of_a_metric() {
    let changed = |value, previous| [metric(1, value, previous)];
    let by_a_tenth = || rule(Trigger::metric_changed("r2", 10.0));
    check(by_a_tenth(), &changed(0.5, None), &[]);
    check(by_a_tenth(), &changed(0.54, Some(0.5)), &[]);
    check(by_a_tenth(), &changed(0.56, Some(0.5)), &["1 r2 of `model` went from 0.5 to 0.56 (+12.0 %)"]);
    check(by_a_tenth(), &changed(0.2, Some(-0.2)), &["1 r2 of `model` went from -0.2 to 0.2 (+200.0 %)"]);
    check(by_a_tenth(), &changed(0.1, Some(0.0)), &["1 r2 of `model` went from 0 to 0.1 (+inf %)"]);
    check(by_a_tenth(), &changed(0.0, Some(0.0)), &[]);
    // The metric of the asset, of which lower values are better.
    let of_error = || rule(Trigger::metric_changed("error", 10.0));
    let worse = "1 error of `model` went from 0.5 to 0.6 (+20.0 %), which is worse";
    check(of_error(), &changed(0.6, Some(0.5)), &[worse]);
    let better = "1 error of `model` went from 0.5 to 0.4 (-20.0 %), which is better";
    check(of_error(), &changed(0.4, Some(0.5)), &[better]);
}

#[test]
fn states_are_told_when_they_begin_and_end() {
    use Freshness::{Fail, Pass, Unknown, Warn};
    let day = [
        fresh(0, Unknown),
        fresh(1, Pass),
        fresh(2, Warn),
        fresh(3, Warn),
        fresh(4, Fail),
        fresh(5, Fail),
        fresh(6, Pass),
    ];
    let over = "6 Over: freshness warns or fails, `stories`";
    check(
        rule(Trigger::NotFresh(Warn)),
        &day,
        &["2 `stories` is about to be no longer fresh", "4 `stories` is not fresh", over],
    );
    check(
        rule(Trigger::NotFresh(Fail)),
        &day,
        &["4 `stories` is not fresh", "6 Over: freshness fails, `stories`"],
    );
    // What isn't due yet is not dated in the future.
    let (policy, last) = (FreshnessPolicy::latest_window(DAY, None), Some(start()));
    let found = AssetFreshness { state: Unknown, since: None, late_window: None };
    let kind = OccurrenceKind::Freshness { found, policy, last };
    check(rule(Trigger::NotFresh(Warn)), &[Occurrence { kind, ..fresh(1, Unknown) }], &[]);
    let checks = [
        verdict(1, false, Severity::Warn),
        verdict(2, false, Severity::Error),
        verdict(3, false, Severity::Error),
        verdict(4, true, Severity::Error),
    ];
    check(
        rule(Trigger::CheckFailed(Severity::Error)),
        &checks,
        &["2 Check `is_good` of `model` fails", "4 Over: check failed (error), `is_good` of `model`"],
    );
    check(
        rule(Trigger::CheckFailed(Severity::Warn)),
        &checks,
        &["1 Check `is_good` of `model` fails", "4 Over: check failed, `is_good` of `model`"],
    );
    check(
        rule(Trigger::TickFailed),
        &[tick(1, None), tick(2, Some("no such zone")), tick(3, Some("again")), tick(4, None)],
        &["2 The schedule `hourly` fails", "4 Over: tick failed, schedule `hourly`"],
    );
}

#[test]
fn texts() {
    let failures = [run(1, RunStatus::Failed), run(9, RunStatus::Failed)];
    let alerts = alerts_of(rule(Trigger::RunFailed), &failures);
    insta::assert_snapshot!(alerts[1].text, @r##"
    step `model` failed: no memory
    Run: 00000000-0000-0000-0000-000000000007
    Since: 2026-05-01 08:01:00 UTC
    Details: runs show 00000007
    https://mill.example/runs/00000000-0000-0000-0000-000000000007
    "##);
    let over =
        alerts_of(rule(Trigger::metric_below("r2", 0.3)), &[metric(2, 0.2, None), metric(4, 0.4, None)]);
    insta::assert_snapshot!(over[1].text, @r##"
    Asset: model
    Run: 00000000-0000-0000-0000-000000000007
    It lasted from 2026-05-01 08:02:00 UTC to 2026-05-01 08:04:00 UTC.
    Details: asset history model
    https://mill.example/runs/00000000-0000-0000-0000-000000000007
    "##);
    let stale = alerts_of(rule(Trigger::NotFresh(Freshness::Fail)), &[fresh(4, Freshness::Fail)]);
    insta::assert_snapshot!(stale[0].text, @r##"
    It was last materialized 2026-05-01 08:00:00 UTC; its policy: at most 24h old.
    Asset: stories
    Since: 2026-05-01 08:04:00 UTC
    Details: asset history stories
    https://mill.example/assets/stories
    "##);
}

fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).unwrap()
}

/// What an event about a version of the model means to rules; without a run if it isn't a gate's.
fn of_version(at: i64, body: EventBody) -> Occurrence {
    let graph = definitions().resolve().unwrap().graph().clone();
    let is_of_gate = matches!(&body, EventBody::VersionJudged(_));
    let run = is_of_gate.then(|| RunId::from_u128(7));
    let of_run = NewEvent::of_run(RunId::from_u128(7), minute(at), body);
    let event = NewEvent { run, asset: Some("model".into()), ..of_run };
    Occurrence::of_event(&event.at_sequence(1), &graph, None, None, None).unwrap()
}

fn judged(at: i64, version: u32, decision: Option<Decision>, reason: &str) -> Occurrence {
    let until = Some(minute(600));
    let asked = Asked { of: "the release team".to_owned(), until, then: Some(Decision::Keep) };
    let judged = VersionJudged {
        gate: "better".to_owned(),
        version: number(version),
        against: VersionNumber::new(version - 1),
        decision,
        asked: decision.is_none().then_some(asked),
        shadow: None,
        answers: None,
        reason: reason.to_owned(),
        metadata: Metadata::new(),
        provenance: Provenance { code_version: "1".into(), inputs: Vec::new(), config: None },
    };
    of_version(at, EventBody::VersionJudged(judged))
}

fn decided(at: i64, version: u32, decision: Decision, by: Mover, reason: &str) -> Occurrence {
    let (version, reason) = (number(version), reason.to_owned());
    let decided = VersionDecided { version, decision, answers: None, after_shadow: false, by, reason };
    of_version(at, EventBody::VersionDecided(decided))
}

fn moved(at: i64, change: AliasChange, from: u32, to: u32, by: Mover, reason: &str) -> Occurrence {
    let (from, to) = (VersionNumber::new(from), VersionNumber::new(to));
    let (alias, reason) = (AliasName::champion(), reason.to_owned());
    of_version(
        at,
        EventBody::AliasMoved(AliasMoved { alias, from, to, data_version: None, change, by, reason }),
    )
}

/// A model's day: two versions come into use, one is kept, one rejected, one asked about and kept, and one that went wrong is left again.
fn life_of_a_model() -> Vec<Occurrence> {
    let gate = || Mover::Gate("better".to_owned());
    let ada = || Mover::Person("ada".to_owned());
    vec![
        judged(1, 1, Some(Decision::Promote), "there is no other"),
        moved(1, AliasChange::Promoted, 0, 1, gate(), "there is no other"),
        judged(2, 2, Some(Decision::Keep), "the error is 0.2 higher"),
        judged(3, 3, Some(Decision::Reject), "it predicts NaN"),
        judged(4, 4, None, "the error is 0.1 lower (-0.1 to 0.3)"),
        decided(5, 4, Decision::Keep, Mover::TimeLimit, "no answer"),
        decided(6, 4, Decision::Promote, ada(), "late, but yes"),
        moved(6, AliasChange::Promoted, 1, 4, ada(), "late, but yes"),
        moved(7, AliasChange::RolledBack, 4, 1, ada(), "complaints"),
        decided(8, 4, Decision::Reject, ada(), ""),
        moved(9, AliasChange::Removed, 1, 0, ada(), ""),
    ]
}

#[test]
fn what_becomes_of_versions_is_sent_each_time() {
    let day = life_of_a_model();
    check(
        rule(Trigger::Promoted),
        &day,
        &["1 Version 1 of `model` is the champion now", "6 Version 4 of `model` is the champion now"],
    );
    check(
        rule(Trigger::Kept),
        &day,
        &[
            "2 Version 2 of `model` is kept, and not promoted",
            "5 Version 4 of `model` is kept, and not promoted",
        ],
    );
    check(
        rule(Trigger::Rejected),
        &day,
        &["3 Version 3 of `model` is rejected", "8 Version 4 of `model` is rejected"],
    );
    let asked = "4 Version 4 of `model` awaits approval by the release team";
    check(rule(Trigger::ApprovalAsked), &day, &[asked]);
    let back = "7 The champion of `model` went back to version 1, from version 4";
    check(rule(Trigger::RolledBack), &day, &[back]);
    check(rule(Trigger::RolledBack).assets("group:ml"), &day, &[back]);
    check(rule(Trigger::RolledBack).assets("group:ingest"), &day, &[]);
    check(rule(Trigger::RunFailed).when(Trigger::metric_below("r2", 1.0)), &day, &[]);
    let calm = rule(Trigger::Rejected).cooldown(Duration::from_secs(600));
    check(calm, &day, &["3 Version 3 of `model` is rejected"]);
}

/// Two trials in shadow: one is ended by the gate, one by the time limit.
#[test]
fn what_came_of_shadow_is_sent() {
    let by_gate = |decision| {
        let mut occurrence = judged(2, 2, Some(decision), "510 outcomes");
        if let OccurrenceKind::VersionJudged(judged) = &mut occurrence.kind {
            judged.answers = Some(1);
        }
        occurrence
    };
    let mut by_limit = decided(4, 3, Decision::Reject, Mover::TimeLimit, "outcomes have not decided");
    if let OccurrenceKind::VersionDecided(decided) = &mut by_limit.kind {
        decided.after_shadow = true;
    }
    let mut goes_into_shadow = judged(1, 2, None, "no outcomes");
    if let OccurrenceKind::VersionJudged(judged) = &mut goes_into_shadow.kind {
        judged.asked = None;
    }
    let day = [life_of_a_model(), vec![goes_into_shadow, by_gate(Decision::Keep), by_limit]].concat();
    check(
        rule(Trigger::ShadowDecided),
        &day,
        &["2 Version 2 of `model` after shadow: keep", "4 Version 3 of `model` after shadow: reject"],
    );
    let kept = "2 Version 2 of `model` is kept after shadow, and not promoted";
    check(rule(Trigger::Kept), &day[11..], &[kept]);
    check(rule(Trigger::Rejected), &day[11..], &["4 Version 3 of `model` is rejected after shadow"]);
}

/// A call in shadow fails no run, so it is an alert of its own: one for each version, until a call succeeds.
#[test]
fn calls_in_shadow_that_fail_are_sent() {
    let failed = || ShadowOutcome::Failed { failure: Failure::new(FailureKind::Error, "no such column") };
    let called = |at: i64, version: u32, outcome: ShadowOutcome| {
        let provenance = Provenance { code_version: "1".into(), inputs: Vec::new(), config: None };
        let model = "model".into();
        let called = ShadowCalled { model, version: number(version), beside: None, outcome, provenance };
        of_asset(at, "stories", OccurrenceKind::ShadowCalled(called))
    };
    let calls = [
        called(0, 4, ShadowOutcome::Begun),
        called(1, 4, failed()),
        called(2, 4, failed()),
        called(3, 4, ShadowOutcome::Stopped),
        called(4, 4, ShadowOutcome::Nothing),
        called(5, 5, failed()),
        called(6, 6, failed()),
        called(7, 6, ShadowOutcome::NotCalled),
    ];
    let of_stories = "of `model` in shadow fails for `stories`";
    let expected = [
        format!("1 Version 4 {of_stories}"),
        "4 Over: shadow failed, version 4 of `model` for `stories`".to_owned(),
        format!("5 Version 5 {of_stories}"),
        format!("6 Version 6 {of_stories}"),
        format!("7 Version 6 {of_stories}"),
    ];
    let expected = expected.each_ref().map(String::as_str);
    check(rule(Trigger::ShadowFailed), &calls, &expected);
    check(rule(Trigger::ShadowFailed).assets("group:ml"), &calls, &[]);
    check(rule(Trigger::AssetFailed).when(Trigger::ShadowDecided), &calls, &[]);
    let text = &alerts_of(rule(Trigger::ShadowFailed), &calls[7..])[0].text;
    assert!(text.contains("`models reject` ends its trial"), "{text}");
    assert!(text.contains("Details: models show model@6"), "{text}");
}

#[test]
fn texts_about_versions() {
    let texts = |trigger| {
        let alerts = alerts_of(rule(trigger), &life_of_a_model());
        alerts.into_iter().map(|alert| alert.text).collect::<Vec<_>>()
    };
    insta::assert_snapshot!(texts(Trigger::Promoted)[1], @r##"
    By ada, instead of version 1: late, but yes
    Asset: model
    Since: 2026-05-01 08:06:00 UTC
    Details: models show model
    https://mill.example/models/model
    "##);
    insta::assert_snapshot!(texts(Trigger::Kept)[0], @r##"
    By gate `better`, against version 1: the error is 0.2 higher
    Asset: model
    Run: 00000000-0000-0000-0000-000000000007
    Since: 2026-05-01 08:02:00 UTC
    Details: models show model
    https://mill.example/models/model
    "##);
    insta::assert_snapshot!(texts(Trigger::ApprovalAsked)[0], @r##"
    Answer with `models promote model 4` or `models reject model 4`; without an answer by 2026-05-01 18:00:00 UTC: keep
    By gate `better`, against version 3: the error is 0.1 lower (-0.1 to 0.3)
    Asset: model
    Run: 00000000-0000-0000-0000-000000000007
    Since: 2026-05-01 08:04:00 UTC
    Details: models show model
    https://mill.example/models/model
    "##);
    insta::assert_snapshot!(texts(Trigger::Rejected)[1], @r##"
    By ada
    Asset: model
    Since: 2026-05-01 08:08:00 UTC
    Details: models show model
    https://mill.example/models/model
    "##);
    insta::assert_snapshot!(texts(Trigger::RolledBack)[0], @r##"
    By ada: complaints
    Asset: model
    Since: 2026-05-01 08:07:00 UTC
    Details: models show model
    https://mill.example/models/model
    "##);
    let monday =
        life_of_a_model().into_iter().map(|one| Occurrence { partition: Some("monday".into()), ..one });
    let alerts = alerts_of(rule(Trigger::ApprovalAsked), &monday.collect::<Vec<_>>());
    assert_eq!(alerts[0].title, "Version 4 of `model` (monday) awaits approval by the release team");
    assert!(alerts[0].text.contains("`models promote model 4 --partition monday`"), "{}", alerts[0].text);
    assert_eq!(
        (alerts[0].version, &alerts[0].key[..]),
        (Some(number(4)), "approval asked: `model` (monday)")
    );
}

#[test]
fn a_delivery_has_one_key() {
    let alert = Alert::test("rule", start());
    assert_eq!(alert.idempotency_key("a"), alert.clone().idempotency_key("a"));
    assert_ne!(alert.idempotency_key("a"), alert.idempotency_key("b"));
    let over = Alert { kind: AlertKind::Recovered, ..alert.clone() };
    assert_ne!(alert.idempotency_key("a"), over.idempotency_key("a"));
}

#[test]
fn where_runs_come_from() {
    let graph = definitions().resolve().unwrap().graph().clone();
    let origin = |tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let request = RunRequest { selection: "+model".to_owned(), tags, ..RunRequest::default() };
        let ended = millwork_core::event::NewEvent::of_run(
            RunId::from_u128(7),
            start(),
            millwork_core::event::EventBody::RunSucceeded,
        );
        let occurrence =
            Occurrence::of_event(&ended.at_sequence(1), &graph, Some(&request), None, None).unwrap();
        let OccurrenceKind::RunEnded { origin, .. } = occurrence.kind else {
            panic!("it is the end of a run")
        };
        origin
    };
    assert_eq!(origin(&[("millwork/schedule", "hourly")]), "schedule `hourly`");
    assert_eq!(origin(&[("millwork/job", "train")]), "job `train`");
    assert_eq!(origin(&[]), "selection `+model`");
}

#[test]
fn secrets_are_names() {
    let rule = rule(Trigger::RunFailed).to(Destination::command(["notify", "--token", "abc"]));
    let shown: Vec<String> = rule.destinations.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["webhook $HOOK", "command notify"]);
    assert_eq!(format!("{:?}", Secret::env("HOOK")), "Secret($HOOK)");
}
