//! Scenarios on a virtual clock: what happens, and what is requested then.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::asset::{AssetDefinition, AssetKey};
use crate::definitions::{Definitions, Pipeline};

/// Ticks every so many seconds; the number is the schedule.
struct Every;

impl Ticks for Every {
    fn latest(&self, cron: &str, _: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let period: i64 = cron.parse().unwrap();
        let tick = until.as_second().div_euclid(period) * period;
        (tick > after.as_second()).then(|| at(tick))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// a → b → c.
fn chain() -> Pipeline {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
    Definitions::new()
        .asset(asset("a").blocking(|_| Ok(0_u8)))
        .asset(asset("b").input::<u8>("a").blocking(|_| Ok(0_u8)))
        .asset(asset("c").input::<u8>("b").blocking(|_| Ok(0_u8)))
        .resolve()
        .unwrap()
}

fn automation(conditions: &[(&str, AutomationCondition)]) -> Automation {
    let conditions = conditions.iter().map(|(key, condition)| (AssetKey::from(*key), condition.clone()));
    Automation::new(chain().graph(), conditions, Damping::default()).unwrap()
}

/// Reads `a` (updated), `!a` (failed), `~a` (started), `-a` (wiped), `a?` (check failed), `a#2` (code); a `&` joins
/// the assets that one run makes.
fn changes(text: &str, second: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    for word in text.split_whitespace() {
        let targets: BTreeSet<AssetKey> = word.split('&').map(AssetKey::from).collect();
        let (asset, kind) = match word.as_bytes()[0] {
            b'!' => (&word[1..], ChangeKind::Failed),
            b'~' => (&word[1..], ChangeKind::Started),
            b'-' => (&word[1..], ChangeKind::Wiped),
            _ if word.ends_with('?') => (&word[..1], ChangeKind::Check { name: "ok".into(), passed: false }),
            _ if word.contains('#') => (&word[..1], ChangeKind::Code(word[2..].into())),
            _ => (&word[..1], ChangeKind::Updated { targets }),
        };
        changes.push(Change { asset: asset.into(), at: at(second), kind });
    }
    changes
}

/// Evaluates at the seconds given, after what happened one second before, and compares the requested runs.
fn check(conditions: &[(&str, AutomationCondition)], history: &[(i64, &str, &str)]) {
    let automation = automation(conditions);
    let mut state = AutomationState::default();
    for (second, happened, expected) in history {
        let evaluation = automation.evaluate(&mut state, &changes(happened, second - 1), at(*second), &Every);
        let runs: Vec<_> = evaluation
            .runs
            .iter()
            .map(|run| run.iter().map(AssetKey::as_str).collect::<Vec<_>>().join("&"))
            .collect();
        assert_eq!(runs.join(" "), *expected, "at {second}");
        let stored = serde_json::to_string(&state).unwrap();
        state = serde_json::from_str(&stored).unwrap();
    }
}

type Condition = AutomationCondition;

#[test]
fn eager() {
    let both = [("b", Condition::eager()), ("c", Condition::eager())];
    check(&both, &[(10, "", ""), (20, "", ""), (30, "a", "b&c"), (40, "", "")]);
    check(&both[..1], &[(10, "a b", ""), (20, "~a", ""), (30, "a", "b"), (40, "b", ""), (50, "-b", "b")]);
    check(&both[..1], &[(10, "a b", ""), (20, "a ~b", ""), (30, "b", "")]);
    check(&both[..1], &[(10, "a b", ""), (20, "a&b ~b", ""), (30, "!b", "")]);
}

#[test]
fn on_cron() {
    let b = [("b", Condition::on_cron("100", "UTC"))];
    check(&b, &[(10, "a b", ""), (100, "", ""), (110, "a", "b"), (120, "a", ""), (130, "b", "")]);
    // The run of the last tick ends after this one.
    check(&b, &[(10, "a", ""), (100, "", ""), (190, "a", "b"), (201, "b", ""), (210, "a", "b")]);
    let a = [("a", Condition::on_cron("100", "UTC"))];
    check(&a, &[(10, "", ""), (100, "", "a"), (200, "a", "a"), (500, "", "a"), (501, "", "")]);
}

#[test]
fn on_missing_and_on_every_tick() {
    let b = [("b", Condition::on_missing())];
    check(&b, &[(10, "b", ""), (20, "-b", ""), (30, "a", "b"), (40, "", "")]);
    let b = [("b", Condition::on_every_tick("100", "UTC"))];
    check(
        &b,
        &[(10, "", ""), (100, "", ""), (110, "a", "b"), (199, "", ""), (200, "b", "b"), (300, "", "b")],
    );
}

#[test]
fn operands_and_operators() {
    let b = |condition: Condition| [("b", condition)];
    check(
        &b(Condition::code_version_changed()),
        &[(10, "b#1", ""), (20, "b#1", ""), (30, "b#2", "b"), (40, "", "")],
    );
    check(&b(Condition::check_failed("ok").newly_true()), &[(10, "", ""), (20, "b?", "b"), (30, "b?", "")]);
    check(&b(Condition::initial_evaluation()), &[(10, "", "b"), (20, "", "")]);
    check(&b(Condition::eager().ignore("a")), &[(10, "a b", ""), (20, "a", "")]);
    check(&b(Condition::eager().allow("a")), &[(10, "a b", ""), (20, "a", "b")]);
    let never = Condition::missing() & !Condition::missing();
    check(&b(Condition::eager().replace("any_deps_updated", &never)), &[(10, "a b", ""), (20, "a", "")]);
}

#[test]
fn failures_are_damped_and_explained() {
    let condition = Condition::execution_failed();
    let b = [("b", condition.clone())];
    check(&b, &[(10, "!b", "b"), (20, "!b", ""), (30, "", ""), (78, "", ""), (79, "", "b"), (90, "!b", "")]);
    let automation = automation(&b);
    let mut state = AutomationState::default();
    automation.evaluate(&mut state, &changes("!b !b", 9), at(10), &Every);
    let text = explain(&"b".into(), &condition, &state.memory["b"]);
    assert_eq!(
        text,
        "b, evaluated at 1970-01-01T00:00:10Z: held back until 1970-01-01T00:01:09Z after 2 failures\n  \
         + execution_failed since 1970-01-01T00:00:10Z\n"
    );
}

#[test]
fn an_evaluation_costs_what_has_changed() {
    let count = 10_000;
    let asset = |index: usize| AssetDefinition::new(format!("x{index}")).produces::<u8, _>();
    let definitions =
        (1..count).map(|index| asset(index).input::<u8>(&format!("x{}", index / 2)).blocking(|_| Ok(0_u8)));
    let pipeline =
        Definitions::new().asset(asset(0).blocking(|_| Ok(0_u8))).assets(definitions).resolve().unwrap();
    let conditions = (0..count).map(|index| (format!("x{index}").into(), Condition::eager()));
    let automation = Automation::new(pipeline.graph(), conditions, Damping::default()).unwrap();
    let mut state = AutomationState::default();
    let mut looked_at = |happened: Vec<Change>, second| {
        automation.evaluate(&mut state, &happened, at(second), &Every).outcomes.len()
    };
    assert_eq!(looked_at(Vec::new(), 10), count);
    looked_at(Vec::new(), 20);
    looked_at(Vec::new(), 30);
    assert_eq!(looked_at(Vec::new(), 40), 0);
    let started = Change { asset: "x40".into(), at: at(41), kind: ChangeKind::Started };
    assert_eq!(looked_at(vec![started], 50), 3);
}

proptest! {
    #[test]
    fn incremental_is_as_full(history in prop::collection::vec((1_i64..90, 0_usize..18), 1..40)) {
        let words = ["", "", "", "a", "b", "c", "a&b", "!a", "!b", "!c", "~a", "~b", "-b", "-c", "b?", "b#1", "b#2", "a b"];
        let failed = Condition::execution_failed() | Condition::check_failed("ok").newly_true();
        let automation = automation(&[
            ("a", Condition::on_cron("100", "UTC") | failed.clone()),
            ("b", Condition::eager() | Condition::code_version_changed() | failed),
            ("c", Condition::on_cron("70", "UTC") | Condition::any_deps_match(Condition::any_deps_updated().newly_true())),
        ]);
        let (mut one, mut all, mut now) = (AutomationState::default(), AutomationState::default(), 0);
        for (pause, word) in history {
            now += pause;
            let happened = changes(words[word], now - 1);
            let incremental = automation.evaluate(&mut one, &happened, at(now), &Every);
            let full = automation.evaluate_all(&mut all, &happened, at(now), &Every);
            prop_assert_eq!(incremental.runs, full.runs);
            for (key, memory) in &all.memory {
                prop_assert_eq!(&one.memory[key].truths, &memory.truths);
            }
        }
    }

    #[test]
    fn a_tick_fires_once_at_any_cadence(pauses in prop::collection::vec(1_i64..=100, 1..60)) {
        let automation = automation(&[("a", Condition::on_cron("100", "UTC"))]);
        let (mut state, mut now, mut fired) = (AutomationState::default(), 0, 0);
        automation.evaluate(&mut state, &[], at(now), &Every);
        for pause in pauses {
            now += pause;
            let happened = if fired % 2 == 1 { changes("a", now) } else { Vec::new() };
            fired += automation.evaluate(&mut state, &happened, at(now), &Every).runs.len() as i64;
            prop_assert_eq!(fired, now / 100);
        }
    }
}
