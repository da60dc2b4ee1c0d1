//! Lives of backfills as scripts: each line does something, and says what comes of it.

use std::num::NonZeroU32;

use super::support::{Given, Life, days, reports};
use crate::backfill::{BackfillOptions, BackfillPolicy, RunOrder, StopRule};
use crate::partition::mapping::{same, window};

fn at_a_time(runs: u32) -> BackfillOptions {
    BackfillOptions { runs_at_a_time: NonZeroU32::new(runs).unwrap(), ..BackfillOptions::default() }
}

/// Each line of a script with what comes of it, for a backfill of keys of the first asset.
#[track_caller]
fn check(given: &Given, keys: &str, options: BackfillOptions, script: &[(&str, &str)]) {
    let anchor = given.assets[0].name.as_str().to_owned();
    let mut life = Life::new(given.plan(&anchor, keys, options).unwrap());
    for (at, (line, expected)) in script.iter().enumerate() {
        assert_eq!(life.line(line), *expected, "line {at}: {line}");
        assert!(life.backfill.is_up_to_date());
    }
}

#[test]
fn a_partition_starts_when_those_that_it_takes_have_succeeded() {
    let given = reports().policy("days", BackfillPolicy::multi_run(7));
    check(
        &given,
        "2024-01-07..2024-01-20",
        at_a_time(2),
        &[
            ("start", "1=days:2024-01-07..2024-01-13 2=days:2024-01-14..2024-01-20"),
            ("ok 2", "running: 3 waiting, 7 running, 7 succeeded"),
        ],
    );
    let given = reports().policy("days", BackfillPolicy::multi_run(4));
    check(
        &given,
        "2024-01-07..2024-01-20",
        at_a_time(9),
        &[
            (
                "start",
                "1=days:2024-01-07..2024-01-10 2=days:2024-01-11..2024-01-14 3=days:2024-01-15..2024-01-18 \
             4=days:2024-01-19..2024-01-20",
            ),
            ("ok 1", "running: 3 waiting, 10 running, 4 succeeded"),
            ("start", ""),
            ("ok 2", "running: 3 waiting, 6 running, 8 succeeded"),
            ("reload", "running: 3 waiting, 6 running, 8 succeeded"),
            // The second week isn't ready, and its days run.
            ("start", "5=weeks:2024-01-07"),
            ("ok 4", "running: 2 waiting, 5 running, 10 succeeded"),
            ("ok 3", "running: 2 waiting, 1 running, 14 succeeded"),
            ("start", "6=weeks:2024-01-14"),
            ("ok 5", "running: 1 waiting, 1 running, 15 succeeded"),
            ("start", ""),
            ("ok 6", "running: 1 waiting, 16 succeeded"),
            ("start", "7=summary:"),
            ("ok 7", "succeeded: 17 succeeded"),
            ("start", ""),
            (
                "retry",
                "cannot retry a backfill that is succeeded → start another backfill, which makes what is missing",
            ),
        ],
    );
}

#[test]
fn what_needs_a_failed_partition_is_skipped_until_it_is_retried() {
    let given = reports().policy("days", BackfillPolicy::multi_run(7));
    check(
        &given,
        "2024-01-07..2024-01-20",
        at_a_time(2),
        &[
            ("start", "1=days:2024-01-07..2024-01-13 2=days:2024-01-14..2024-01-20"),
            (
                "ok 1 2024-01-07..2024-01-12",
                "running: 1 waiting, 7 running, 6 succeeded, 1 failed, 2 skipped",
            ),
            ("lost 2", "failed: 6 succeeded, 1 failed, 7 lost, 3 skipped"),
        ],
    );
    check(
        &given,
        "2024-01-07..2024-01-20",
        at_a_time(2),
        &[
            ("start", "1=days:2024-01-07..2024-01-13 2=days:2024-01-14..2024-01-20"),
            ("lost 1", "running: 1 waiting, 7 running, 7 lost, 2 skipped"),
            ("retry", "running: 10 waiting, 7 running"),
            ("lost 1", "the run 00000000-0000-0000-0000-000000000001 isn't a running run of the backfill"),
        ],
    );
}

#[test]
fn what_tolerates_missing_partitions_waits_until_they_have_ended() {
    let given = Given::default()
        .asset("days", days(), &[])
        .asset("trends", days(), &[("days", window(-1, 0).tolerate_missing())])
        .asset("rounded", days(), &[("trends", same())]);
    check(
        &given,
        "2024-01-07..2024-01-08",
        at_a_time(2),
        &[
            ("start", "1=days:2024-01-07 2=days:2024-01-08"),
            ("fail 1", "running: 3 waiting, 1 running, 1 failed"),
            ("start", "3=trends+rounded:2024-01-07"),
            ("ok 3", "running: 2 waiting, 1 running, 1 succeeded, 1 failed"),
            ("fail 2", "running: 2 waiting, 1 succeeded, 2 failed"),
            ("start", "4=trends+rounded:2024-01-08 5=trends+rounded:2024-01-09"),
            ("fail 4", "running: 1 running, 1 succeeded, 3 failed"),
            ("ok 5", "failed: 2 succeeded, 3 failed"),
            ("retry", "running: 3 waiting, 2 succeeded"),
            ("start", "6=days:2024-01-07 7=days:2024-01-08"),
            ("ok 6", "running: 1 waiting, 1 running, 3 succeeded"),
            ("start", ""),
        ],
    );
}

#[test]
fn full_runs_come_before_those_that_may_grow() {
    let given = Given::default()
        .asset("days", days(), &[])
        .asset("means", days(), &[("days", window(0, 1).tolerate_missing())])
        .policy("means", BackfillPolicy::multi_run(3));
    check(
        &given,
        "2024-01-07..2024-01-13",
        at_a_time(2),
        &[
            ("start", "1=days:2024-01-07 2=days:2024-01-08"),
            ("ok 1", "running: 12 waiting, 1 running, 1 succeeded"),
            ("ok 2", "running: 12 waiting, 2 succeeded"),
            // One mean is ready, and others may join it.
            ("start", "3=days:2024-01-09 4=days:2024-01-10"),
            ("ok 3", "running: 10 waiting, 1 running, 3 succeeded"),
            ("ok 4", "running: 10 waiting, 4 succeeded"),
            ("start", "5=means:2024-01-07..2024-01-09 6=days:2024-01-11"),
            ("ok 5", "running: 6 waiting, 1 running, 7 succeeded"),
            ("ok 6", "running: 6 waiting, 8 succeeded"),
            ("start", "7=days:2024-01-12 8=days:2024-01-13"),
            ("ok 7", "running: 4 waiting, 1 running, 9 succeeded"),
            // No day is left to run beside the last one.
            ("start", "9=means:2024-01-10..2024-01-11"),
            ("ok 8", "running: 2 waiting, 2 running, 10 succeeded"),
            ("start", "10=means:2024-01-12..2024-01-13"),
            ("ok 9", "running: 2 running, 12 succeeded"),
            ("ok 10", "succeeded: 14 succeeded"),
        ],
    );
}

#[test]
fn one_run_waits_for_all() {
    let given = Given::default()
        .asset("days", days(), &[])
        .asset("copy", days(), &[("days", same())])
        .policy("copy", BackfillPolicy::one_run());
    check(
        &given,
        "2024-01-07..2024-01-09",
        at_a_time(5),
        &[
            ("start", "1=days:2024-01-07 2=days:2024-01-08 3=days:2024-01-09"),
            ("ok 1", "running: 3 waiting, 2 running, 1 succeeded"),
            ("fail 2", "running: 2 waiting, 1 running, 1 succeeded, 1 failed, 1 skipped"),
            ("start", ""),
            ("ok 3", "running: 2 waiting, 2 succeeded, 1 failed, 1 skipped"),
            ("start", "4=copy:2024-01-07,2024-01-09"),
            ("ok 4 2024-01-09", "failed: 3 succeeded, 2 failed, 1 skipped"),
        ],
    );
}

#[test]
fn the_newest_can_come_first() {
    let given = Given::default().asset("days", days(), &[]).policy("days", BackfillPolicy::multi_run(2));
    let options = BackfillOptions { order: RunOrder::NewestFirst, ..at_a_time(9) };
    check(
        &given,
        "2024-01-07..2024-01-11",
        options,
        &[("start", "1=days:2024-01-10..2024-01-11 2=days:2024-01-08..2024-01-09 3=days:2024-01-07")],
    );
}

#[test]
fn pausing_lets_runs_end() {
    let given = Given::default().asset("days", days(), &[]);
    check(
        &given,
        "2024-01-07..2024-01-08",
        at_a_time(1),
        &[
            ("resume", "cannot resume a backfill that is requested → it isn't paused"),
            ("pause", "paused: 2 waiting"),
            ("start", ""),
            ("resume", "running: 2 waiting"),
            ("start", "1=days:2024-01-07"),
            ("pause", "paused: 1 waiting, 1 running"),
            ("pause", "cannot pause a backfill that is paused → resume it, and it goes on"),
            ("ok 1", "paused: 1 waiting, 1 succeeded"),
            ("reload", "paused: 1 waiting, 1 succeeded"),
            ("resume", "running: 1 waiting, 1 succeeded"),
            ("start", "2=days:2024-01-08"),
            ("pause", "paused: 1 running, 1 succeeded"),
            ("ok 2", "succeeded: 2 succeeded"),
        ],
    );
}

#[test]
fn canceling_waits_for_the_runs() {
    let given = reports();
    check(
        &given,
        "2024-01-07..2024-01-13",
        at_a_time(3),
        &[
            ("start", "1=days:2024-01-07 2=days:2024-01-08 3=days:2024-01-09"),
            ("cancel", "canceling: 3 running, 6 canceled"),
            (
                "cancel",
                "cannot cancel a backfill that is canceling → it ends as soon as its runs have stopped",
            ),
            ("start", ""),
            ("stop 1", "canceling: 2 running, 7 canceled"),
            ("ok 2", "canceling: 1 running, 1 succeeded, 7 canceled"),
            ("reload", "canceling: 1 running, 1 succeeded, 7 canceled"),
            ("lost 3", "canceled: 1 succeeded, 1 lost, 7 canceled"),
            (
                "retry",
                "cannot retry a backfill that is canceled → start another backfill, which makes what is missing",
            ),
        ],
    );
    check(&given, "2024-01-07", at_a_time(3), &[("cancel", "canceled: 2 canceled")]);
}

#[test]
fn a_run_that_is_canceled_by_itself_can_be_retried() {
    check(
        &reports(),
        "2024-01-07..2024-01-13",
        at_a_time(1),
        &[
            ("start", "1=days:2024-01-07"),
            ("stop 1", "running: 6 waiting, 2 skipped, 1 canceled"),
            ("retry", "running: 9 waiting"),
            ("retry", "there is nothing to retry: no partition has failed or was lost"),
        ],
    );
}

#[test]
fn too_many_failures_end_it() {
    let given = Given::default().asset("days", days(), &[]);
    let stop = StopRule::Share { share: 0.5, finished: 3 };
    check(
        &given,
        "2024-01-07..2024-01-12",
        BackfillOptions { stop, ..at_a_time(2) },
        &[
            ("start", "1=days:2024-01-07 2=days:2024-01-08"),
            ("fail 1", "running: 4 waiting, 1 running, 1 failed"),
            ("fail 2", "running: 4 waiting, 2 failed"),
            ("start", "3=days:2024-01-09 4=days:2024-01-10"),
            ("ok 3", "failing: 2 waiting, 1 running, 1 succeeded, 2 failed"),
            ("start", ""),
            ("reload", "failing: 2 waiting, 1 running, 1 succeeded, 2 failed"),
            // That it succeeds changes nothing.
            ("ok 4", "failed: 2 waiting, 2 succeeded, 2 failed"),
            ("start", ""),
            ("resume", "cannot resume a backfill that is failed → retry it"),
            ("retry", "running: 4 waiting, 2 succeeded"),
            ("start", "5=days:2024-01-07 6=days:2024-01-08"),
        ],
    );
}
