//! A million partitions: no operation goes through all of them.

use std::num::{NonZeroU32, NonZeroU64};

use super::support::{Given, run_id};
use crate::backfill::{Backfill, BackfillOptions, BackfillPolicy, BackfillStatus, Plan, RunOutcome};
use crate::partition::mapping::{Mapping, window};
use crate::partition::{KeySet, TimeWindows, daily, hourly};

fn hours() -> TimeWindows {
    hourly("UTC").from("1909-12-26")
}

/// A million hours, their days, and a summary.
fn plan(options: BackfillOptions) -> Plan {
    let given = Given::default()
        .asset("hours", hours(), &[])
        .asset("smooth", hours(), &[("hours", window(-2, 0).tolerate_missing())])
        .asset("days", daily("UTC").from("1909-12-26"), &[("smooth", Mapping::inferred())])
        .unpartitioned("summary", &[("days", Mapping::inferred())])
        .policy("hours", BackfillPolicy::multi_run(1_000))
        .policy("smooth", BackfillPolicy::multi_run(1_000))
        .policy("days", BackfillPolicy::multi_run(100))
        .policy("summary", BackfillPolicy::one_run());
    given.plan("hours", "*", options).unwrap()
}

#[test]
fn a_million_partitions_are_made_by_thousands_of_runs() {
    let options =
        BackfillOptions { runs_at_a_time: NonZeroU32::new(20).unwrap(), ..BackfillOptions::default() };
    let given = plan(options);
    let preview = given.preview();
    assert!(preview.stages[0].keys > 1_000_000, "{preview:?}");
    let mut backfill = Backfill::new(given);
    let (mut runs, mut first) = (0_u64, true);
    while !backfill.status().is_ended() {
        for run in backfill.next_runs() {
            runs += 1;
            backfill.started(run_id(u128::from(runs)), run).unwrap();
        }
        // The oldest run ends last, so that what is ready has gaps.
        let ended: Vec<_> =
            backfill.state().runs().iter().map(|(id, run)| (*id, run.keys.clone())).rev().collect();
        for (id, keys) in ended {
            if first {
                first = false;
                backfill.lost(id).unwrap();
            } else {
                backfill.finished(id, &RunOutcome::made(keys)).unwrap();
            }
        }
    }
    let counts = backfill.state().counts();
    assert_eq!((backfill.status(), counts.lost), (BackfillStatus::Failed, 1_000));
    assert_eq!(counts.total(), preview.stages.iter().map(|stage| stage.keys).sum::<u64>());
    assert!(runs < 2 * preview.runs, "{runs} runs");
}

#[test]
fn single_partitions_of_a_million_start_and_end() {
    const STARTED: u64 = 2_000;
    let options = BackfillOptions {
        partitions_per_run: NonZeroU64::new(1),
        most_runs: 10_000_000,
        ..BackfillOptions::default()
    };
    let mut backfill = Backfill::new(plan(options));
    let total = backfill.state().counts().total();
    for number in 0..STARTED {
        let run = backfill.next_runs().remove(0);
        assert_eq!(run.keys.count(), 1);
        let keys = run.keys.clone();
        let id = run_id(u128::from(number));
        backfill.started(id, run).unwrap();
        // Every third fails, so that sets have many runs of indexes.
        let made = if number % 3 == 2 { KeySet::empty(1) } else { keys };
        backfill.finished(id, &RunOutcome::made(made)).unwrap();
    }
    let counts = backfill.state().counts();
    assert_eq!((counts.total(), counts.finished()), (total, STARTED));
    // The state doesn't list a million keys.
    assert!(serde_json::to_string(backfill.state()).unwrap().len() < 100_000);
    assert!(backfill.is_up_to_date());
}
