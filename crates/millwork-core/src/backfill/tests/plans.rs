//! What is planned of a request, and why a request is refused.

use std::num::NonZeroU64;

use super::support::{Given, days, plan_text, reports, said, weeks};
use crate::backfill::{BackfillOptions, BackfillPolicy, StopRule};
use crate::partition::fixed;
use crate::partition::mapping::{Mapping, function, same, window};

/// The plan of keys of an asset with the default options, or the problem.
#[track_caller]
fn check(given: &Given, anchor: &str, keys: &str, expected: &str) {
    check_with(given, anchor, keys, BackfillOptions::default(), expected);
}

#[track_caller]
fn check_with(given: &Given, anchor: &str, keys: &str, options: BackfillOptions, expected: &str) {
    let found = match given.plan(anchor, keys, options) {
        Ok(plan) => plan_text(&plan),
        Err(problem) => said(&problem),
    };
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(found, expected.join("\n"), "{anchor} {keys}");
}

#[test]
fn sets_follow_from_the_anchor() {
    check(
        &reports(),
        "days",
        "2024-01-07..2024-01-20",
        "days[2024-01-07..2024-01-20]: 14 in 14 runs
        weeks[2024-01-07..2024-01-14]: 2 in 2 runs
        summary[]: 1 in 1 runs",
    );
    check(
        &reports(),
        "weeks",
        "2024-01-14",
        "days[2024-01-14..2024-01-20]: 7 in 7 runs
        weeks[2024-01-14]: 1 in 1 runs
        summary[]: 1 in 1 runs",
    );
}

#[test]
fn assets_beside_the_anchor_follow_too() {
    let given = Given::default()
        .asset("days", days(), &[])
        .asset("weeks", weeks(), &[("days", Mapping::inferred())])
        .asset("arms", fixed(["a", "b"]), &[])
        .asset(
            "table",
            weeks().by(fixed(["a", "b"])),
            &[("weeks", Mapping::inferred()), ("arms", Mapping::inferred())],
        )
        .asset("tomorrow", days(), &[("days", window(-1, 0))]);
    check(
        &given,
        "weeks",
        "2024-01-14",
        "days[2024-01-14..2024-01-20]: 7 in 7 runs
        weeks[2024-01-14]: 1 in 1 runs
        arms[*]: 2 in 2 runs
        table[2024-01-14|*]: 2 in 2 runs
        tomorrow[2024-01-15..2024-01-20]: 6 in 6 runs
        2 partitions of `tomorrow` are left out, such as `2024-01-14`: `days` has partitions without a value that the backfill doesn't make",
    );
}

#[test]
fn fresh_partitions_are_skipped() {
    let given = reports().fresh("days", "2024-01-07..2024-01-11").fresh("weeks", "2024-01-07");
    check(
        &given,
        "days",
        "2024-01-07..2024-01-13",
        "days[2024-01-12..2024-01-13]: 2 in 2 runs
        weeks[2024-01-07]: 1 in 1 runs
        summary[]: 1 in 1 runs
        fresh: days[2024-01-07..2024-01-11]",
    );
    check_with(
        &given,
        "days",
        "2024-01-07..2024-01-13",
        BackfillOptions { all: true, ..BackfillOptions::default() },
        "days[2024-01-07..2024-01-13]: 7 in 7 runs
        weeks[2024-01-07]: 1 in 1 runs
        summary[]: 1 in 1 runs",
    );
}

#[test]
fn what_lacks_upstream_partitions_is_left_out() {
    check(
        &reports(),
        "days",
        "2024-01-08",
        "days[2024-01-08]: 1 in 1 runs
        summary[]: 1 in 1 runs
        `2024-01-07` of `weeks` is left out: `days` has partitions without a value that the backfill doesn't make",
    );
    check(
        &reports().existing("weeks", "2024-01-14"),
        "days",
        "2024-01-07..2024-01-13",
        "days[2024-01-07..2024-01-13]: 7 in 7 runs
        weeks[2024-01-07]: 1 in 1 runs
        `summary` is left out: `weeks` has partitions without a value that the backfill doesn't make",
    );
    // Stale days are taken as they are.
    check(
        &reports().existing("days", "2024-01-07..2024-01-13"),
        "days",
        "2024-01-08",
        "days[2024-01-08]: 1 in 1 runs
        weeks[2024-01-07]: 1 in 1 runs
        summary[]: 1 in 1 runs",
    );
    let given = Given::default()
        .asset("days", days(), &[])
        .asset("averages", days(), &[("days", window(-2, 0))])
        .asset("trends", days(), &[("days", window(-2, 0).tolerate_missing())]);
    check(
        &given,
        "days",
        "2024-01-07..2024-01-10",
        "days[2024-01-07..2024-01-10]: 4 in 4 runs
        averages[2024-01-09..2024-01-10]: 2 in 2 runs
        trends[2024-01-07..2024-01-12]: 6 in 6 runs
        2 partitions of `averages` are left out, such as `2024-01-07`: `days` doesn't have every partition that is taken
        2 partitions of `averages` are left out, such as `2024-01-11`: `days` has partitions without a value that the backfill doesn't make",
    );
}

#[test]
fn assets_that_are_partitioned_alike_are_one_stage() {
    let given = Given::default()
        .asset("a", days(), &[])
        .asset("b", days(), &[])
        .asset("c", days(), &[("a", same()), ("b", Mapping::inferred())])
        .asset("d", days(), &[("c", window(-1, 0))])
        .asset("e", days().from("2024-01-08"), &[("c", same())]);
    check(
        &given,
        "c",
        "2024-01-07..2024-01-09",
        "a[2024-01-07..2024-01-09] + b[2024-01-07..2024-01-09] + c[2024-01-07..2024-01-09]: 9 in 3 runs
        d[2024-01-08..2024-01-09]: 2 in 2 runs
        e[2024-01-08..2024-01-09]: 2 in 2 runs
        `2024-01-07` of `d` is left out: `c` doesn't have every partition that is taken
        `2024-01-10` of `d` is left out: `c` has partitions without a value that the backfill doesn't make",
    );
}

#[test]
fn a_stage_never_waits_for_itself() {
    let given = Given::default()
        .asset("days", days(), &[])
        .asset("weeks", weeks(), &[("days", Mapping::inferred())])
        .asset("shares", days(), &[("days", same()), ("weeks", Mapping::inferred())])
        .asset("rounded", days(), &[("shares", same())]);
    check(
        &given,
        "days",
        "2024-01-07..2024-01-13",
        "days[2024-01-07..2024-01-13]: 7 in 7 runs
        weeks[2024-01-07]: 1 in 1 runs
        shares[2024-01-07..2024-01-13] + rounded[2024-01-07..2024-01-13]: 14 in 7 runs",
    );
}

#[test]
fn a_stage_comes_behind_what_any_of_its_assets_takes() {
    let given = Given::default().asset("days", days(), &[]).asset("weeks", weeks(), &[]).asset(
        "shares",
        days(),
        &[("days", same()), ("weeks", Mapping::inferred())],
    );
    check(
        &given,
        "days",
        "2024-01-07..2024-01-08",
        "weeks[2024-01-07]: 1 in 1 runs
        days[2024-01-07..2024-01-08] + shares[2024-01-07..2024-01-08]: 4 in 2 runs",
    );
}

#[test]
fn policies_and_the_request_limit_the_partitions_of_a_run() {
    let given = Given::default()
        .asset("a", days(), &[])
        .asset("b", days(), &[("a", same())])
        .asset("c", days(), &[("b", same())])
        .policy("a", BackfillPolicy::multi_run(10))
        .policy("b", BackfillPolicy::multi_run(4))
        .policy("c", BackfillPolicy::one_run());
    check(
        &given,
        "a",
        "2024-01-07..2024-01-16",
        "a[2024-01-07..2024-01-16] + b[2024-01-07..2024-01-16]: 20 in 3 runs
        c[2024-01-07..2024-01-16]: 10 in 1 runs",
    );
    check_with(
        &given,
        "a",
        "2024-01-07..2024-01-16",
        BackfillOptions { partitions_per_run: NonZeroU64::new(6), ..BackfillOptions::default() },
        "a[2024-01-07..2024-01-16] + b[2024-01-07..2024-01-16]: 20 in 3 runs
        c[2024-01-07..2024-01-16]: 10 in 2 runs",
    );
}

#[test]
fn a_function_is_asked_once() {
    let given = Given::default().asset("days", days(), &[]).asset(
        "again",
        days(),
        &[("days", function(|key: &crate::partition::Key| [key.clone()]).into())],
    );
    check(
        &given,
        "days",
        "2024-01-07..2024-01-08",
        "days[2024-01-07..2024-01-08]: 2 in 2 runs
        again[2024-01-07..2024-01-08]: 2 in 2 runs",
    );
}

#[test]
fn requests_that_make_nothing_or_too_much_say_what_to_write() {
    let all_fresh = reports().fresh("days", "*").fresh("weeks", "*").fresh("summary", "*");
    check(
        &all_fresh,
        "days",
        "2024-01-07",
        "there is nothing to make: all partitions are fresh → ask for all of them (`--all`) to make them again, or name other partitions",
    );
    let lacking =
        Given::default().asset("days", days(), &[]).asset("averages", days(), &[("days", window(-2, 0))]);
    check(
        &lacking.fresh("days", "2024-01-07"),
        "averages",
        "2024-01-07",
        "there is nothing to make: `2024-01-07` of `averages` is left out: `days` doesn't have every partition that is taken → make `days` first, or name other partitions",
    );
    let few = BackfillOptions { most_runs: 10, ..BackfillOptions::default() };
    check_with(
        &reports(),
        "days",
        "2024-01-07..2024-01-20",
        few,
        "the backfill has 17 runs, and may have 10: 14 are of `days` → name fewer partitions, make more of them in one run, as with `BackfillPolicy::multi_run(100)`, or allow more runs",
    );
    let share =
        BackfillOptions { stop: StopRule::Share { share: 20.0, finished: 5 }, ..BackfillOptions::default() };
    check_with(
        &reports(),
        "days",
        "2024-01-07",
        share,
        "the share of failures is 20, and must be between 0 and 1 → write a share such as `0.2` for one in five",
    );
    let apart = reports().asset("arms", fixed(["a"]), &[]);
    check(
        &apart,
        "days",
        "*",
        "`arms` neither depends on `days` nor on what it takes → leave out `arms`, or start another backfill for it",
    );
}
