//! What mappings are called.

use super::support::resolve;
use crate::partition::mapping::{
    Mapping, all, dimension, dimension_from, function, latest, only, overlap, same, single_function, table,
    window,
};
use crate::partition::{Dimensions, Key, cron, daily, dynamic, fixed, hourly, weekly};

#[track_caller]
fn check(mapping: impl Into<Mapping>, down: impl Into<Dimensions>, up: impl Into<Dimensions>, words: &str) {
    let mapping = resolve(&mapping.into(), &down.into(), &up.into()).unwrap();
    assert_eq!(mapping.words(), words);
}

#[test]
fn mappings_have_names_in_words() {
    let days = || daily("UTC").from("2024-01-01");
    let countries = || fixed(["de", "fr"]).named("country");
    for (from, to, words) in [
        (0, 0, "the same partition"),
        (-6, 0, "the 7 windows up to it"),
        (-1, -1, "the window before it"),
        (-3, -3, "the window 3 before it"),
        (-7, -1, "the 7 windows before it"),
        (-7, -3, "the windows from 7 to 3 before it"),
        (0, 2, "the 3 windows from it on"),
        (1, 1, "the window after it"),
        (2, 2, "the window 2 after it"),
        (1, 3, "the 3 windows after it"),
        (2, 3, "the windows from 2 to 3 after it"),
        (-2, 1, "the windows from 2 before it to 1 after it"),
    ] {
        check(window(from, to), days(), days(), words);
    }
    let weeks = || weekly("UTC").from("2024-01-01");
    check(window(-3, 0), weeks(), days(), "the days of the week and 3 before");
    check(window(-3, 2), weeks(), days(), "the days of the week, 3 before and 2 after");
    check(window(-7, -1), weeks(), days(), "the 7 days before the week");
    check(window(-1, -1), hourly("UTC").from("2024-01-01"), days(), "the day before the hour");
    check(
        overlap(),
        cron("30 6 * * *", "UTC").from("2024-01-01"),
        days(),
        "the days that overlap the window of `30 6 * * *`",
    );
    check(same(), days(), days(), "the same partition");
    check(latest(), countries(), days(), "the latest");
    check(latest(), countries(), days().by(countries()), "`time`: the latest; `country`: the same");
    check(all(), days(), days(), "all partitions");
    check(only(["de"]), days(), countries(), "only `de`");
    check(table([("de", ["fr"]), ("fr", ["de"])]), countries(), countries(), "by a table of `country`");
    check(
        dimension("country", all()),
        days().by(countries()),
        days().by(countries()),
        "`time`: the same; `country`: all",
    );
    check(dimension_from("users", "country", same()), countries(), dynamic("users"), "the same partition");
    let trips = || dynamic("trips").by(days());
    let vehicle = || single_function(|trip: &Key| trip.clone());
    check(vehicle(), trips(), trips(), "by a function");
    check(
        dimension("vehicles", vehicle()),
        trips(),
        days().by(dynamic("vehicles")),
        "`time`: the same; `vehicles`: by a function of `trips`",
    );
    let named = Mapping::from(function(|trip: &Key| [trip.clone()])).called("the vehicle of the trip");
    check(named, trips(), trips(), "the vehicle of the trip");
}
