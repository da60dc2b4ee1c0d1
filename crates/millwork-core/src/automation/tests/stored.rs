//! The state that an earlier version stored of a condition is read, for that condition only.

use super::support::{Every, Runs, at, automation, changes};
use crate::automation::{
    AssetState, AutomationCondition as Condition, AutomationCursor, AutomationState, explain,
};

/// A row of version 0.1: that of `b`, whose condition is `eager`, after three evaluations.
const ROW: &str = r#"{"facts":{},"memory":{"condition":"f62366c85d072a69","truths":[{"node":6,"asset":"b","since":"1970-01-01T00:00:42Z"},{"node":12,"asset":"a","since":"1970-01-01T00:00:42Z"},{"node":21,"asset":"b","since":"1970-01-01T00:00:42Z"},{"node":22,"asset":"b","since":"1970-01-01T00:00:42Z"},{"node":23,"asset":"a","since":"1970-01-01T00:00:42Z"},{"node":24,"asset":"a","since":"1970-01-01T00:00:42Z"},{"node":25,"asset":"a","since":"1970-01-01T00:00:42Z"},{"node":27,"asset":"b","since":"1970-01-01T00:00:42Z"},{"node":31,"asset":"b","since":"1970-01-01T00:00:42Z"}],"evaluated_at":"1970-01-01T00:02:23Z","outcome":"not_due"}}"#;
const CURSOR: &str = r#"{"events":1,"evaluated_at":"1970-01-01T00:02:23Z","conditions":"0000000000000000"}"#;

/// Whether `b` is requested when `a` is updated, and how the row is explained before.
fn evaluated(condition: &Condition) -> (bool, Option<String>) {
    let row: AssetState = serde_json::from_str(ROW).unwrap();
    assert_eq!(serde_json::to_string(&row).unwrap(), ROW);
    let explanation = explain(&"b".into(), condition, row.memory.as_ref().unwrap());
    let cursor: AutomationCursor = serde_json::from_str(CURSOR).unwrap();
    let mut state = AutomationState::at(&cursor).with_rows([("b".into(), row)]);
    let happened = changes("a", 149, &mut Runs::new());
    let evaluation = automation(&[("b", condition.clone())]).evaluate(&mut state, &happened, at(150), &Every);
    (!evaluation.runs.is_empty(), explanation.map(|explanation| explanation.verdict))
}

#[test]
fn what_an_earlier_version_stored_is_gone_on_with() {
    let verdict = "not requested: `newly_missing or any_deps_updated` doesn't hold, `any_deps_missing` holds";
    assert_eq!(evaluated(&Condition::eager()), (true, Some(verdict.to_owned())));
}

/// Its nodes have other numbers, so nothing of what was stored is taken for theirs: its first evaluation requests nothing.
#[test]
fn an_edited_condition_begins_anew() {
    assert_eq!(evaluated(&(!Condition::in_progress() & Condition::eager())), (false, None));
    assert_eq!(evaluated(&Condition::eager().with_label("mine")), (false, None));
}
