//! Thirty days with prices that shift on a stated day: what is asked for, when and why.

use std::path::Path;

use closed_loop::{opening, shift_days};
use jiff::Timestamp;
use millwork_core::asset::Decision;
use millwork_core::event::AliasChange;
use millwork_core::run::RunTag;
use millwork_storage::{Home, TickOutcome};

use crate::past::Past;

const DAYS: u32 = 30;

/// How many days after the opening.
fn day(time: Timestamp) -> u64 {
    time.duration_since(opening()).unsigned_abs().as_secs() / 86_400
}

/// The days on which the job was held back because its budget was spent.
async fn days_without_budget(home: &Path) -> Vec<u64> {
    let store = Home::open(home).await.unwrap().store();
    let ticks = store.ticks(&[], 10_000).await.unwrap();
    store.close().await;
    let is_spent = |outcome: &TickOutcome| matches!(outcome, TickOutcome::BudgetSpent { .. });
    ticks.iter().filter(|tick| is_spent(&tick.outcome)).map(|tick| day(tick.at)).collect()
}

#[tokio::test]
async fn thirty_days_with_a_shift_are_explained() {
    let home = millwork_testing::folder();
    assert!(crate::start(home.path(), DAYS).wait().unwrap().success());
    let past = Past::read(home.path()).await;
    crate::account::check(&past);

    let shift = shift_days(u64::from(DAYS)).next().unwrap();
    let reason = |run: &millwork_storage::RunRecord| RunTag::Reason.of(&run.request.tags).unwrap().to_owned();
    let (before, after): (Vec<_>, Vec<_>) =
        past.trainings().map(|run| (day(run.created_at), reason(run))).partition(|(day, _)| *day < shift);
    assert!(
        before.iter().all(|(_, reason)| !reason.contains("MAE")),
        "prices haven't shifted yet: {before:?}"
    );
    let decayed = after.iter().find(|(_, reason)| reason.contains("worse than")).map(|(day, _)| *day);
    // The first day of other prices is final three days later.
    assert!(decayed.is_some_and(|day| day >= shift + 3), "{after:?}");
    let spent = days_without_budget(home.path()).await;
    assert!(spent.iter().any(|day| (shift + 3..decayed.unwrap()).contains(day)), "{spent:?}, {decayed:?}");

    let back = past.model.moves.iter().find(|moved| moved.what.change == AliasChange::RolledBack);
    assert!(back.is_some_and(|back| day(back.at) < shift), "the broken export: {:?}", past.model.moves);
    let tried = past.model.versions.values().filter(|version| version.verdicts[0].what.shadow.is_some());
    let kept = tried.filter(|version| {
        version.verdicts.get(1).is_some_and(|verdict| verdict.what.decision == Some(Decision::Keep))
    });
    assert!(kept.count() > 0 && !past.in_shadow.is_empty(), "nothing was decided by outcomes");
}
