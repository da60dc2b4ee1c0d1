//! What a function that makes many partitions by one call can take: errors of the definitions.

use millwork_core::advice::Advice;
use millwork_core::asset::{CheckDefinition, Computation};
use millwork_core::partition::mapping::{all, latest, window};
use millwork_core::partition::{TimeWindow, TimeWindows, daily};
use millwork_core::version::{AliasName, ReadAs};
use millwork_core::{
    Absent, AssetDefinition, CheckResult, Definitions, PartitionKeys, PartitionsDefinition, Requirements,
    StepFunction, StepResult,
};

fn days() -> TimeWindows {
    daily("UTC").from("2026-01-01").until("2026-02-01")
}

fn of_days(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().partitions(days()).blocking(|_| Ok(0_u8))
}

/// A function that makes all days at once, with more requirements.
fn batch(change: impl FnOnce(&mut Requirements)) -> AssetDefinition {
    let features = AssetDefinition::new("features").produces::<u8, _>().partitions(days());
    let features = features.batch(|_, days: PartitionKeys<TimeWindow>| Ok(days.map(|_| Ok(0_u8))));
    features.policy(|computation| change(&mut computation.requirements))
}

#[track_caller]
fn check(features: AssetDefinition, expected: &[&str]) {
    let unpartitioned = AssetDefinition::new("rate").produces::<u8, _>().blocking(|_| Ok(0_u8));
    check_all(Definitions::new().assets([of_days("clicks"), unpartitioned, features]), expected);
}

#[track_caller]
fn check_all(definitions: Definitions, expected: &[&str]) {
    let errors = definitions.resolve().map(|_| Vec::new()).unwrap_or_else(|errors| errors.0);
    let errors: Vec<String> = errors.iter().map(Advice::one_line).collect();
    assert_eq!(errors, expected);
}

#[test]
fn what_is_the_same_for_all_keys_can_be_taken() {
    check(batch(|_| {}), &[]);
    check(batch(|takes| takes.input::<u8>("rate")), &[]);
    check(batch(|takes| takes.previous.push("rate".into())), &[]);
    check(batch(|takes| takes.after("clicks")), &[]);
    check(batch(|takes| takes.mapped(&latest(), |takes| takes.input::<u8>("clicks"))), &[]);
    let champion = ReadAs::Alias(AliasName::champion());
    check(batch(|takes| takes.version::<u8>("rate", champion, Absent::SkipsTheStep)), &[]);
}

#[test]
fn partitions_of_every_key_are_taken_together() {
    check(batch(|takes| takes.partitions::<u8>("clicks")), &[]);
    for mapping in [window(-6, 0).tolerate_missing(), all()] {
        check(batch(|takes| takes.mapped(&mapping, |takes| takes.partitions::<u8>("clicks"))), &[]);
    }
}

#[test]
fn what_each_key_has_of_its_own_can_not() {
    check(
        batch(|takes| takes.input::<u8>("clicks")),
        &[
            "`features` cannot map its partitions to those of `clicks`: one call of `features` makes many partitions, and each has a `clicks` \
             of its own; hint: take `Partitions<clicks>`, and those of a key with `clicks.of(&key)`",
        ],
    );
    let champion = ReadAs::Alias(AliasName::champion());
    check(
        batch(|takes| takes.version::<u8>("clicks", champion, Absent::SkipsTheStep)),
        &[
            "`features` cannot map its partitions to those of `clicks`: one call of `features` makes many partitions, and each has a `clicks` \
             of its own; hint: write a mapping to one that is the same for all, such as `#[input(map = latest())]`, or take `Partition<K>` \
             instead of `PartitionKeys<K>`",
        ],
    );
    check(
        batch(|takes| takes.previous.push("features".into())),
        &[
            "the partitions of `features` are invalid: it takes `Previous<features>`, of which each partition has one of its own, and one call \
             of it makes many partitions; hint: take `Partition<K>` instead of `PartitionKeys<K>`",
        ],
    );
    check(
        batch(|takes| takes.history::<u8>("rate")),
        &[
            "the partitions of `features` are invalid: it takes `History<rate>`, of which each partition has read another part, and one call of \
             it makes many partitions; hint: take `Partition<K>` instead of `PartitionKeys<K>`",
        ],
    );
}

#[test]
fn its_own_earlier_partitions() {
    let mapping = window(-2, -1).tolerate_missing();
    check(
        batch(|takes| takes.mapped(&mapping, |takes| takes.partitions::<u8>("features"))),
        &["dependency cycle: features → features; hint: break it, or take one as `Previous<…>`"],
    );
}

#[test]
fn keys_that_do_not_fit() {
    let texts = PartitionsDefinition::fixed(["de", "fr"]);
    check(
        batch(|_| {}).partitions(texts),
        &[
            "the partitions of `features` are invalid: it takes its keys as `millwork_core::partition::window::TimeWindow`: the dimension `fixed` has texts, and \
             the key takes a window of time there; hint: write `String` for it, as in `Partition<String>`",
        ],
    );
    let mut without = batch(|_| {});
    without.partitions = None;
    check(
        without,
        &[
            "the partitions of `features` are invalid: it takes `PartitionKeys`, but has no partitions; hint: add `partitions = …`",
        ],
    );
}

#[test]
fn one_of_many_and_many_of_one() {
    check(
        batch(Requirements::partition_key::<TimeWindow>),
        &[
            "the partitions of `features` are invalid: it takes a `Partition`, and one call of it makes many partitions; hint: take all of their \
             keys as `PartitionKeys<K>`",
        ],
    );
    check(
        of_days("features").policy(|computation| computation.requirements.partition_keys::<TimeWindow>()),
        &[
            "the partitions of `features` are invalid: it takes `PartitionKeys`, and returns no `Batch`; hint: return a `Batch<K, …>`, or take \
             `Partition<K>`",
        ],
    );
    check(
        of_days("features").policy(|computation| computation.requirements.returns_batch::<TimeWindow>()),
        &[
            "the partitions of `features` are invalid: it returns a `Batch`, and doesn't take the keys that are asked for; hint: take \
             `PartitionKeys<K>`",
        ],
    );
    let mut requirements = Requirements::default();
    requirements.input::<u8>("clicks");
    requirements.partition_keys::<TimeWindow>();
    let verdict = StepFunction::Blocking(std::sync::Arc::new(|_| Ok(StepResult::Check(CheckResult::pass()))));
    let check = CheckDefinition::new("enough", "clicks", Computation::new(requirements, verdict));
    check_all(
        Definitions::new().asset(of_days("clicks")).check(check),
        &[
            "the partitions of `enough` are invalid: a check is called for one partition at a time; hint: take `Partition<K>` instead of \
             `PartitionKeys<K>`",
        ],
    );
}
