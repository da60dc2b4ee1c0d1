//! The notation of scenarios.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::asset::{
    AssetDefinition, AssetKey, AssetSpec, CheckDefinition, CheckResult, Computation, StepFunction, StepResult,
};
use crate::automation::*;
use crate::definitions::{Definitions, Pipeline};
use crate::param::Requirements;
use crate::run::RunId;
use jiff::Timestamp;

/// Ticks at a fixed interval: the schedule is its number of seconds.
pub(super) struct Every;

impl Ticks for Every {
    fn latest(&self, cron: &str, _: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let period: i64 = cron.parse().unwrap();
        let tick = until.as_second().div_euclid(period) * period;
        (tick > after.as_second()).then(|| at(tick))
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// a → b → c, and a → d and e, which one step makes; a has a blocking check `ok`.
pub(super) fn chain() -> Pipeline {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
    let mut pair = asset("d").input::<u8>("a").blocking(|_| Ok(0_u8));
    pair.outputs.push(AssetSpec { value_type: pair.outputs[0].value_type, ..AssetSpec::new("e") });
    let verdict = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Check(CheckResult::pass()))));
    let check = CheckDefinition::new("ok", "a", Computation::new(Requirements::default(), verdict));
    Definitions::new()
        .asset(pair)
        .check(CheckDefinition { blocking: true, ..check })
        .asset(asset("a").blocking(|_| Ok(0_u8)))
        .asset(asset("b").input::<u8>("a").blocking(|_| Ok(0_u8)))
        .asset(asset("c").input::<u8>("b").blocking(|_| Ok(0_u8)))
        .resolve()
        .unwrap()
}

pub(super) fn automation(conditions: &[(&str, AutomationCondition)]) -> Automation {
    let conditions = conditions.iter().map(|(key, condition)| (AssetKey::from(*key), condition.clone()));
    Automation::new(chain().graph(), conditions, FailureBackoff::default()).unwrap()
}

/// The run that makes each asset.
pub(super) type Runs = BTreeMap<AssetKey, RunId>;

/// Reads `a` (updated), `!a` (failed), `~a` (started), `-a` (wiped), `a?` (check failed), `a*` (check passed), `a#2`
/// (code), `a=2` (updated with this data), `a+x` (updated with this tag), `a.` (kept), `a/` (ended); a `&` joins the
/// assets that one run makes.
pub(super) fn changes(text: &str, second: i64, runs: &mut Runs) -> Vec<Change> {
    let mut changes = Vec::new();
    for word in text.split_whitespace() {
        let asset = AssetKey::from(word.trim_start_matches(['!', '~', '-']).get(..1).unwrap());
        let targets = word.split('&').map(AssetKey::from).collect();
        let tags = word.split_once('+').map(|(_, tag)| (tag.to_owned(), "yes".to_owned()));
        let by = Arc::new(RunScope { targets, tags: tags.into_iter().collect(), ..RunScope::default() });
        let check = |passed| ChangeKind::Check { name: "ok".into(), passed };
        let kind = match (word.as_bytes()[0], word.as_bytes()[word.len() - 1], word.split_once(['#', '='])) {
            (b'!', ..) => ChangeKind::Failed,
            (b'~', ..) => ChangeKind::Started,
            (b'-', ..) => ChangeKind::Wiped,
            (_, b'?', _) => check(false),
            (_, b'*', _) => check(true),
            (_, b'.', _) => ChangeKind::Kept,
            (_, b'/', _) => ChangeKind::Ended,
            (_, _, Some((_, version))) if word.contains('#') => ChangeKind::Code(version.into()),
            (_, _, data) => updated(by, data.map(|(_, version)| version)),
        };
        if kind == ChangeKind::Started {
            runs.insert(asset.clone(), RunId::from_u128(u128::try_from(second).unwrap()));
        }
        changes.push(Change { run: runs.get(&asset).copied(), partition: None, asset, at: at(second), kind });
    }
    changes
}

/// An update without numbers.
pub(super) fn updated(by: Arc<RunScope>, data: Option<&str>) -> ChangeKind {
    let data_version = data.map(Into::into);
    ChangeKind::Updated(Updated { by, data_version, ..Updated::default() })
}

/// Evaluates at the seconds given, after what happened one second before, and compares the requested runs.
pub(super) fn check(conditions: &[(&str, AutomationCondition)], history: &[(i64, &str, &str)]) {
    let automation = automation(conditions);
    let (mut state, mut making) = (AutomationState::default(), Runs::new());
    let mut rows = BTreeMap::new();
    for (second, happened, expected) in history {
        let happened = changes(happened, second - 1, &mut making);
        let evaluation = automation.evaluate(&mut state, &happened, at(*second), &Every);
        let runs: Vec<_> = evaluation
            .runs
            .iter()
            .map(|run| run.assets.iter().map(AssetKey::as_str).collect::<Vec<_>>().join("&"))
            .collect();
        assert_eq!(runs.join(" "), *expected, "at {second}");
        // What was touched is all that has to be stored.
        rows.extend(state.take_touched());
        let stored = serde_json::to_string(&rows).unwrap();
        let stored: BTreeMap<AssetKey, Option<AssetState>> = serde_json::from_str(&stored).unwrap();
        let stored = stored.into_iter().filter_map(|(key, row)| Some((key, row?)));
        let empty = AutomationState {
            evaluated_at: state.evaluated_at,
            conditions: state.conditions,
            ..Default::default()
        };
        state = empty.with_rows(stored);
    }
}
