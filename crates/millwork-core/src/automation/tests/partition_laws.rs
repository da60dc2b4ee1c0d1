//! Partitions are evaluated as sets, and decided about as if each were an asset of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::support::{Every, at, updated};
use crate::asset::{AssetDefinition, CheckDefinition, CheckResult, Computation, StepFunction, StepResult};
use crate::automation::{AutomationCondition as Condition, *};
use crate::definitions::{Definitions, Pipeline};
use crate::param::Requirements;
use crate::partition::mapping::window;
use crate::partition::{PartitionKey, daily, fixed};
use crate::run::RunId;

const KEYS: [&str; 3] = ["x", "y", "z"];
const ASSETS: [&str; 3] = ["a", "b", "c"];

/// a → b → c, once with partitions, and once with assets of their own for each key: `a_x`.
fn pipelines() -> (Pipeline, Pipeline) {
    let chain = |definitions: Definitions, of_key: &str, partitioned: bool| {
        let name = |asset: &str| format!("{asset}{of_key}");
        let assets = ASSETS.iter().enumerate().map(|(place, key)| {
            let asset = AssetDefinition::new(name(key)).produces::<u8, _>().blocking(|_| Ok(0_u8));
            let asset = if partitioned { asset.partitions(fixed(KEYS)) } else { asset };
            if place > 0 { asset.after(&name(ASSETS[place - 1])) } else { asset }
        });
        let verdict = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Check(CheckResult::pass()))));
        let check = CheckDefinition::new("ok", name("b"), Computation::new(Requirements::default(), verdict));
        definitions.assets(assets).check(CheckDefinition { blocking: true, ..check })
    };
    let alone = KEYS.iter().fold(Definitions::new(), |all, key| chain(all, &format!("_{key}"), false));
    (chain(Definitions::new(), "", true).resolve().unwrap(), alone.resolve().unwrap())
}

fn conditions() -> [(&'static str, Condition); 3] {
    let failed = Condition::execution_failed() | Condition::check_failed("ok").newly_true();
    let tagged = Condition::newly_updated() & Condition::executed_with_tag("team", "x");
    [
        ("a", Condition::on_cron("100", "UTC") | Condition::missing() | Condition::execution_failed()),
        ("b", Condition::eager() | Condition::code_version_changed() | failed | tagged),
        (
            "c",
            Condition::on_cron("70", "UTC")
                | Condition::any_deps_match(Condition::any_deps_updated().newly_true())
                | (Condition::on_missing() & Condition::all_deps_blocking_checks_passed())
                | Condition::data_version_changed().since(Condition::newly_requested()),
        ),
    ]
}

/// Failures are never followed by a pause: partitions that have failed equally often share the last moment.
fn undamped() -> FailureBackoff {
    FailureBackoff { free: u32::MAX, ..FailureBackoff::default() }
}

/// Something that happens to a key of an asset; a run makes a key of all assets from this one on.
#[derive(Clone, Debug)]
struct Happened {
    asset: usize,
    key: usize,
    what: u8,
}

/// What has happened, once to partitions and once to assets of their own.
fn changes(happened: &[Happened], second: i64, running: &mut [Option<RunId>; 9]) -> [Vec<Change>; 2] {
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for (place, Happened { asset, key, what }) in happened.iter().enumerate() {
        let (name, own) = (ASSETS[*asset], format!("{}_{}", ASSETS[*asset], KEYS[*key]));
        let slot = &mut running[asset * 3 + key];
        let scope = |of_key: &str| {
            let targets = ASSETS[*asset..].iter().map(|asset| format!("{asset}{of_key}").into());
            let targets = if *what == 1 { targets.take(1).collect() } else { targets.collect() };
            let team = if *what == 2 { "x" } else { "y" };
            let tags = [("team".to_owned(), team.to_owned())].into();
            Arc::new(RunScope { targets, tags, ..RunScope::default() })
        };
        let partition: PartitionKey = KEYS[*key].into();
        let kind = |of_key: &str, starts: ChangeKind| match what {
            0..3 => updated(scope(of_key), None),
            3 => updated(scope(of_key), Some("same")),
            4 => starts,
            5 => ChangeKind::Failed,
            6 => ChangeKind::Ended,
            7 => ChangeKind::Wiped,
            8 => ChangeKind::Kept,
            9 => ChangeKind::Check { name: "ok".into(), passed: true },
            10 => ChangeKind::Check { name: "ok".into(), passed: false },
            _ => ChangeKind::Code(format!("{second}").into()),
        };
        if *what == 4 {
            *slot = Some(RunId::from_u128((second as u128) * 100 + place as u128));
        }
        let (at, run) = (at(second - 1), *slot);
        let starts = ChangeKind::StartedFor([partition.clone()].into());
        let of_run = *what == 4 || *what == 6;
        let of_all = *what == 11;
        let partition = Some(partition).filter(|_| !of_run && !of_all);
        together.push(Change { asset: name.into(), partition, at, run, kind: kind("", starts) });
        let others = if of_all { &KEYS[..] } else { &KEYS[*key..=*key] };
        alone.extend(others.iter().map(|key| Change {
            asset: if of_all { format!("{name}_{key}").into() } else { (&*own).into() },
            partition: None,
            at,
            run,
            kind: kind(&format!("_{key}"), ChangeKind::Started),
        }));
    }
    [together, alone]
}

fn requested(evaluation: &Evaluation) -> BTreeSet<String> {
    let runs = evaluation.runs.iter();
    let names = runs.flat_map(|run| {
        let of_keys = |asset: &crate::asset::AssetKey| match run.partitions.is_empty() {
            true => vec![asset.to_string()],
            false => run.partitions.iter().map(|key| format!("{asset}_{key}")).collect(),
        };
        run.assets.iter().flat_map(of_keys).collect::<Vec<_>>()
    });
    names.collect()
}

proptest! {
    /// Each key of a partitioned asset is requested when an asset of its own would be.
    #[test]
    fn keys_are_as_assets_of_their_own(
        history in prop::collection::vec(
            (1_i64..60, prop::collection::vec((0_usize..3, 0_usize..3, 0_u8..12), 0..4)),
            1..30,
        )
    ) {
        let (together, alone) = pipelines();
        let of_keys = conditions().map(|(key, one)| (key.into(), one));
        let of_assets = conditions().into_iter().flat_map(|(asset, one)| {
            KEYS.map(|key| (format!("{asset}_{key}").into(), one.clone()))
        });
        let together = Automation::new(together.graph(), of_keys, undamped()).unwrap();
        let alone = Automation::new(alone.graph(), of_assets, undamped()).unwrap();
        let (mut one, mut full, mut other) =
            (AutomationState::default(), AutomationState::default(), AutomationState::default());
        let (mut now, mut running) = (0, [None; 9]);
        for (pause, happened) in history {
            now += pause;
            let happened: Vec<Happened> =
                happened.into_iter().map(|(asset, key, what)| Happened { asset, key, what }).collect();
            let [of_keys, of_assets] = changes(&happened, now, &mut running);
            let as_sets = together.evaluate(&mut one, &of_keys, at(now), &Every);
            let of_all = together.evaluate_all(&mut full, &of_keys, at(now), &Every);
            let expected = alone.evaluate(&mut other, &of_assets, at(now), &Every);
            prop_assert_eq!(requested(&as_sets), requested(&expected), "at {} after {:?}", now, happened);
            prop_assert_eq!(as_sets.runs, of_all.runs);
        }
    }

    /// What a window takes is looked at, and nothing else.
    #[test]
    fn a_part_about_upstream_looks_at_what_is_taken(
        made in prop::collection::btree_set(1_u32..=20, 0..20), from in -3_i32..=0, length in 0_i32..=3,
    ) {
        let days = || daily("UTC").from("2026-01-01");
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8)).partitions(days());
        let to = (from + length).min(0);
        let rolling = asset("rolling").policy(|computation| {
            let mapping = window(from, to);
            computation.requirements.mapped(&mapping, |requirements| requirements.partitions::<u8>("a"));
        });
        let pipeline = Definitions::new().assets([asset("a"), rolling]).resolve().unwrap();
        let all = std::time::Duration::from_secs(365 * 24 * 3600);
        let now = "2026-01-21T00:05:00Z".parse().unwrap();
        let index = pipeline.graph().index("a").unwrap();
        let moment = crate::partition::KeyMoment::at(now);
        let keys = pipeline.graph().key_space(index, &moment);
        let keys = keys.partition_keys(&keys.all());
        let changes: Vec<Change> = made.iter().map(|day| Change {
            asset: "a".into(),
            partition: Some(keys[*day as usize - 1].clone()),
            at: now,
            run: None,
            kind: updated(Default::default(), None),
        }).collect();
        let taken = |day: i32| (day + from)..=(day + to);
        let there = |day: &i32| (1..=20).contains(day);
        let is_made = |day: i32| u32::try_from(day).is_ok_and(|day| made.contains(&day));
        for (condition, expected) in [
            (Condition::any_deps_missing(), Box::new(|day| taken(day).any(|day| !is_made(day))) as Box<dyn Fn(i32) -> bool>),
            (Condition::any_deps_match(!Condition::missing()), Box::new(|day| taken(day).any(is_made))),
            (Condition::all_deps_match(!Condition::missing()), Box::new(|day| taken(day).all(is_made))),
            (Condition::any_deps_updated(), Box::new(|day| taken(day).any(|day| there(&day) && is_made(day)))),
            (Condition::all_deps_match(Condition::newly_updated()), Box::new(|day| taken(day).all(is_made))),
        ] {
            let condition = condition & Condition::in_latest_time_window(all);
            let conditions = [("rolling".into(), condition)];
            let automation = Automation::new(pipeline.graph(), conditions, undamped()).unwrap();
            let runs = automation.evaluate(&mut AutomationState::default(), &changes, now, &Every).runs;
            let found: Vec<&PartitionKey> = runs.iter().flat_map(|run| &run.partitions).collect();
            let expected: Vec<&PartitionKey> =
                (1..=20).filter(|day| expected(*day)).map(|day| &keys[day as usize - 1]).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
