//! What is inferred where nothing is written, what it is called, and whether it is one key.

use super::support::{resolve, said};
use crate::partition::mapping::{Mapping, window};
use crate::partition::{Dimensions, daily, dynamic, fixed, hourly, monthly, weekly};

/// The words of what is inferred, and whether each downstream key takes one upstream key.
#[track_caller]
fn check(down: impl Into<Dimensions>, up: impl Into<Dimensions>, words: &str, is_single: bool) {
    let mapping = resolve(&Mapping::inferred(), &down.into(), &up.into());
    let mapping = mapping.unwrap_or_else(|problem| panic!("{}", said(&problem)));
    assert_eq!((mapping.words(), mapping.is_single()), (words, is_single));
}

#[test]
fn one_obvious_choice_is_inferred() {
    let days = || daily("UTC").from("2024-01-01");
    let countries = || fixed(["de", "fr"]).named("country");
    check(days(), days(), "the same partition", true);
    check(
        days(),
        days().from("2020-01-01").until("2030-01-01").except(["2024-01-02"]),
        "the same partition",
        true,
    );
    check(days(), days().named("day"), "the same partition", true);
    check(countries(), fixed(["fr", "it"]).named("country"), "the same partition", true);
    check(countries(), fixed(["fr", "de"]).named("market"), "the same partition", true);
    check(dynamic("users"), dynamic("users"), "the same partition", true);
    check(fixed(["de"]).named("users"), dynamic("users"), "the same partition", true);
    check(days().by(countries()), countries().by(days()), "the same partition", true);

    check(days(), days().by(countries()), "`time`: the same; `country`: all", false);
    check(days(), days().by(fixed(["de"])), "`time`: the same; `fixed`: all", false);
    check(days().by(countries()), days(), "the same `time`", true);
    check(
        days().by(countries()),
        countries().by(dynamic("users")),
        "`country`: the same; `users`: all",
        false,
    );
    check(countries(), days(), "all partitions", false);
    check(fixed(["a", "b"]).named("arm"), countries(), "all partitions", false);
    check(days().by(countries()), fixed(["fr", "de"]).named("market"), "the same as `country`", true);

    check(weekly("UTC").from("2024-01-01"), days(), "the days of the week", false);
    check(days(), weekly("UTC").from("2024-01-01"), "the week of the day", true);
    check(days(), hourly("UTC").from("2024-01-01"), "the hours of the day", false);
    check(
        days(),
        hourly("Europe/Berlin").from("2024-01-01"),
        "the hours in Europe/Berlin of the day in UTC",
        false,
    );
    check(
        days(),
        daily("Europe/Berlin").from("2024-01-01"),
        "the days in Europe/Berlin that overlap the day in UTC",
        false,
    );
    check(
        weekly("UTC").from("2024-01-01"),
        monthly("UTC").from("2024-01-01"),
        "the months that overlap the week",
        false,
    );
    check(
        days().by(countries()),
        hourly("UTC").from("2024-01-01").by(dynamic("users")).by(countries()),
        "`time`: the hours of the day; `users`: all; `country`: the same",
        false,
    );
}

#[test]
fn dimensions_are_inferred_beside_those_that_are_written() {
    let days = || daily("UTC").from("2024-01-01");
    let down = days().by(dynamic("users"));
    let up = dynamic("users").by(days()).by(fixed(["a", "b"]));
    let mapping = resolve(&window(-6, 0), &down, &up).unwrap();
    assert_eq!(mapping.words(), "`users`: the same; `time`: the 7 windows up to it; `fixed`: all");
    assert!(!mapping.is_single() && !mapping.tolerates_missing());
    assert!(resolve(&window(-6, 0).tolerate_missing(), &down, &up).unwrap().tolerates_missing());
}
