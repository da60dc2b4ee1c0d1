//! An evaluation covers only affected assets, and decides as if it had covered all.

use proptest::prelude::*;

use super::support::{Every, Runs, at, automation, changes};
use crate::asset::AssetDefinition;
use crate::automation::{AutomationCondition as Condition, *};
use crate::definitions::Definitions;
use crate::run::RunId;

#[test]
fn an_evaluation_costs_what_has_changed() {
    let count = 10_000;
    let asset = |index: usize| AssetDefinition::new(format!("x{index}")).produces::<u8, _>();
    let definitions =
        (1..count).map(|index| asset(index).input::<u8>(&format!("x{}", index / 2)).blocking(|_| Ok(0_u8)));
    let pipeline =
        Definitions::new().asset(asset(0).blocking(|_| Ok(0_u8))).assets(definitions).resolve().unwrap();
    let conditions = (0..count).map(|index| (format!("x{index}").into(), Condition::eager()));
    let automation = Automation::new(pipeline.graph(), conditions, FailureBackoff::default()).unwrap();
    let mut state = AutomationState::default();
    let mut looked_at = |happened: Vec<Change>, second| {
        automation.evaluate(&mut state, &happened, at(second), &Every).outcomes.len()
    };
    assert_eq!(looked_at(Vec::new(), 10), count);
    looked_at(Vec::new(), 20);
    looked_at(Vec::new(), 30);
    assert_eq!(looked_at(Vec::new(), 40), 0);
    let started = Change {
        asset: "x40".into(),
        at: at(41),
        run: Some(RunId::from_u128(1)),
        partition: None,
        kind: ChangeKind::Started,
    };
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
        let mut runs = Runs::new();
        for (pause, word) in history {
            now += pause;
            let happened = changes(words[word], now - 1, &mut runs);
            let incremental = automation.evaluate(&mut one, &happened, at(now), &Every);
            let full = automation.evaluate_all(&mut all, &happened, at(now), &Every);
            prop_assert_eq!(incremental.runs, full.runs);
            for (key, row) in &all.assets {
                let truths = |row: &AssetState| row.memory.as_ref().map(|memory| memory.truths.clone());
                prop_assert_eq!(truths(&one.assets[key]), truths(row));
            }
        }
    }

    #[test]
    fn a_tick_fires_once_at_any_cadence(pauses in prop::collection::vec(1_i64..=100, 1..60)) {
        let automation = automation(&[("a", Condition::on_cron("100", "UTC"))]);
        let (mut state, mut now, mut fired) = (AutomationState::default(), 0, 0);
        let mut runs = Runs::new();
        automation.evaluate(&mut state, &[], at(now), &Every);
        for pause in pauses {
            now += pause;
            let happened = if fired % 2 == 1 { changes("a", now, &mut runs) } else { Vec::new() };
            fired += automation.evaluate(&mut state, &happened, at(now), &Every).runs.len() as i64;
            prop_assert_eq!(fired, now / 100);
        }
    }
}
