//! Schedules whose assets are partitioned differently: a tick requests a backfill.

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use millwork_core::id::BackfillId;
use millwork_core::partition::{daily, weekly};
use millwork_core::run::RunTag;
use millwork_core::{AssetDefinition, Definitions, Schedule, TestClock};
use millwork_storage::{BackfillQuery, Home, StoredBackfill};

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::FakeLauncher;

/// Days, and the weeks of them, made every night and a day late.
fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>();
    let weeks = weekly("UTC").from("2026-01-04");
    Definitions::new()
        .asset(asset("days").partitions(daily("UTC").from("2026-01-01")).blocking(|_| Ok(1_u32)))
        .asset(asset("weeks").partitions(weeks).blocking(|_| Ok(1_u32)).policy(|computation| {
            computation.requirements.mapped(&tolerant(), |requirements| {
                requirements.partitions::<u32>("days");
            });
        }))
        .schedule(Schedule::new("nightly", ["5 0 * * *"], "days or weeks").on_by_default())
        .schedule(Schedule::new("late", ["5 0 * * *"], "days").lag(1).on_by_default())
}

fn tolerant() -> millwork_core::partition::mapping::Mapping {
    millwork_core::partition::mapping::Mapping::inferred().tolerate_missing()
}

async fn daemon(folder: &Path, clock: &Arc<TestClock>) -> Daemon {
    let home = Home::open(folder).await.expect("a home");
    let pipeline = definitions().resolve().expect("definitions that fit together");
    let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
    Daemon::new(pipeline, home, Arc::new(FakeLauncher::default()), Arc::new(|_| {})).options(options)
}

/// What a backfill makes, as sets.
fn made(stored: &StoredBackfill) -> Vec<String> {
    let plan = stored.backfill.plan();
    let of = |asset: &millwork_core::backfill::PlannedAsset| {
        format!("{}: {}", asset.name, plan.space(asset).set_text(&asset.make))
    };
    plan.assets().iter().filter(|asset| !asset.make.is_empty()).map(of).collect()
}

#[tokio::test]
async fn a_tick_makes_the_latest_day_and_the_week_that_ends_with_it() {
    let folder = millwork_testing::folder();
    let clock = Arc::new(TestClock::at("2026-01-09T23:00:00Z".parse().expect("an instant")));
    let daemon = daemon(folder.path(), &clock).await;
    let mut schedules = daemon.schedules();
    schedules.begin().await.expect("a beginning");
    for _ in 0..2 {
        clock.advance(SignedDuration::from_hours(24));
        schedules.tick().await.expect("an evaluation");
        schedules.tick().await.expect("an evaluation");
    }
    let store = &daemon.store;
    let backfills = store.backfills(BackfillQuery::default()).await.expect("backfills");
    let ids: Vec<BackfillId> = backfills.iter().map(|record| record.id).collect();
    assert_eq!(ids, [2, 1].map(BackfillId::new));
    let mut found = Vec::new();
    for id in ids.into_iter().rev() {
        let stored = store.backfill(id).await.expect("a backfill").expect("it is stored");
        let tags = &stored.record.request.tags;
        assert_eq!(RunTag::Schedule.of(tags), Some("nightly"));
        let due = RunTag::ScheduledFor.of(tags).expect("a tick").to_owned();
        found.push((due, made(&stored)));
    }
    let expected = [
        ("2026-01-10T00:05:00Z".to_owned(), vec!["days: 2026-01-09".to_owned()]),
        (
            "2026-01-11T00:05:00Z".to_owned(),
            vec!["days: 2026-01-10".to_owned(), "weeks: 2026-01-04".to_owned()],
        ),
    ];
    assert_eq!(found, expected);
    let ticks = store.ticks(&[Instigator::Schedule("nightly".to_owned())], 10).await.expect("ticks");
    let outcomes: Vec<TickOutcome> = ticks.into_iter().map(|tick| tick.outcome).collect();
    assert_eq!(outcomes, [2, 1].map(|id| TickOutcome::Backfill { backfill: BackfillId::new(id) }));

    // One schedule makes the day before the latest.
    let runs = store.runs(RunQuery::default()).await.expect("runs");
    let partitions: Vec<String> = runs.iter().map(|run| run.request.partitions_in_words()).collect();
    assert_eq!(partitions, ["2026-01-09", "2026-01-08"]);
}
