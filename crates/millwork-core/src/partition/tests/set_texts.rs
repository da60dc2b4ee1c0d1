//! Sets of keys as text.

use jiff::Timestamp;

use super::support::said;
use crate::partition::{Dimensions, KeySpace, daily, fixed, weekly};

fn space(dimensions: impl Into<Dimensions>) -> KeySpace {
    let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    dimensions.into().space(now).unwrap()
}

fn days_and_countries() -> KeySpace {
    space(daily("UTC").from("2024-01-01").by(fixed(["de", "fr", "a,b", "50%", "it"]).named("country")))
}

/// The text of the set that a text says, and its number of keys.
fn check(space: &KeySpace, text: &str, expected: &str, count: u64) {
    let set = space.set(text).unwrap_or_else(|problem| panic!("{text}: {}", said(&problem)));
    let written = space.set_text(&set);
    assert_eq!((written.as_str(), set.count()), (expected, count), "{text}");
    assert_eq!(space.set(&written), Ok(set));
}

#[test]
fn sets_are_read_and_written() {
    let days = space(daily("UTC").from("2024-01-01"));
    check(&days, "2024-01-01", "2024-01-01", 1);
    check(&days, "2024-01-01..2024-03-01", "2024-01-01..2024-03-01", 61);
    check(&days, " 2024-01-02 , 2024-01-01,2024-01-03..2024-01-05 ", "2024-01-01..2024-01-05", 5);
    check(&days, "2024-12-30..", "2024-12-30..2024-12-31", 2);
    check(&days, "..2024-01-02", "2024-01-01..2024-01-02", 2);
    check(&days, "..", "2024-01-01..2024-12-31", 366);
    check(&days, "*", "2024-01-01..2024-12-31", 366);
    check(&days, "2024-01-01;2024-01-05; 2024-01-02", "2024-01-01..2024-01-02,2024-01-05", 3);

    let keys = days_and_countries();
    check(&keys, "2024-01-01..2024-02-01|de,fr", "2024-01-01..2024-02-01|de,fr", 64);
    check(&keys, "*|fr", "2024-01-01..2024-12-31|fr", 366);
    check(&keys, "2024-05-01|*", "2024-05-01|*", 5);
    check(&keys, "2024-05-01|50%25,a%2Cb", "2024-05-01|a%2Cb,50%25", 2);
    check(&keys, "2024-01-01|de;2024-01-02|de;2024-01-02|fr", "2024-01-01|de; 2024-01-02|de,fr", 3);

    let countries = space(fixed(["de", "fr", "a|b"]));
    check(&countries, "de,fr", "de,fr", 2);
    check(&countries, "a%7Cb", "a%7Cb", 1);
    check(&countries, "*", "*", 3);
}

/// A set means the same whatever texts there are: what is written is read as one text only where it is no set.
#[test]
fn a_text_takes_nothing_over_that_a_set_says() {
    let texts = space(fixed(["de", "fr", "*", "de,fr", "com,ma", "..", " lead", "a|b", "50%"]));
    let lasting = |text: &str| texts.set_or_key(text).map(|set| texts.lasting_set_text(&set));
    for (text, expected) in [
        ("*", "de,fr,%2A,de%2Cfr,com%2Cma,%2E%2E,%20lead,a%7Cb,50%25"),
        ("de,fr", "de,fr"),
        ("%2A", "%2A"),
        ("de%2Cfr", "de%2Cfr"),
        // What is no set is the key that is called so.
        ("com,ma", "com%2Cma"),
        ("..", "%2E%2E"),
        (" lead", "%20lead"),
        ("a|b", "a%7Cb"),
        ("50%", "50%25"),
    ] {
        assert_eq!(lasting(text).as_deref(), Ok(expected), "{text}");
    }
    let problem = texts.set_or_key("lead").unwrap_err();
    assert_eq!(
        said(&problem),
        "the dimension `fixed`: the value `lead` is unknown → did you mean `%20lead`?"
    );
}

#[test]
fn a_range_goes_over_excluded_windows() {
    let weekdays =
        space(daily("UTC").from("2024-01-01").except_cron("0 0 * * sat,sun").except(["2024-01-10"]));
    check(&weekdays, "2024-01-01..2024-01-31", "2024-01-01..2024-01-31", 22);
    check(&weekdays, "2024-01-06..2024-01-10", "2024-01-08..2024-01-09", 2);
    check(&weekdays, "2024-01-05,2024-01-08", "2024-01-05..2024-01-08", 2);
}

fn check_error(space: &KeySpace, text: &str, expected: &str) {
    assert_eq!(said(&space.set(text).unwrap_err()), expected, "{text}");
}

#[test]
fn a_set_that_is_none_is_named_with_a_remedy() {
    const EMPTY: &str =
        "write a key, a range such as `2024-01-01..2024-01-31`, a list such as `de,fr`, or `*` for every key";
    let days = space(daily("UTC").from("2024-01-01"));
    check_error(&days, "", &format!("the set of keys is empty → {EMPTY}"));
    check_error(&days, "2024-01-01;", &format!("the set of keys is empty → {EMPTY}"));
    check_error(&days, "2024-01-01,", &format!("a value of the dimension `time` is empty → {EMPTY}"));
    check_error(
        &days,
        "2024-03-01..2024-02-01",
        "the dimension `time`: the range `2024-03-01..2024-02-01` ends before it begins → write `2024-02-01..2024-03-01`",
    );
    check_error(
        &days,
        "2024-03-01...2024-02-01",
        "the dimension `time`: `.2024-02-01` is not the label of a daily window → labels are written as `2024-01-01`",
    );
    check_error(
        &days,
        "2024-12-01..2025-02-01",
        "the dimension `time`: the window `2025-02-01` has not ended: it ends at 2025-02-02T00:00:00Z → the last one is `2024-12-31`; `.end_offset(1)` would include the one in progress",
    );
    check_error(
        &days,
        "2023-12-01..2024-02-01",
        "the dimension `time`: `2023-12-01` is before the first window → write `2024-01-01`, or change the definition",
    );
    check_error(
        &days,
        "2024-01-01|de",
        "`2024-01-01|de` has 2 of the 1 dimensions: time → write one part for each dimension, and `%7C` for a `|` in a value",
    );

    let keys = days_and_countries();
    check_error(
        &keys,
        "2024-01-01..2024-02-01",
        "`2024-01-01..2024-02-01` has 1 of the 2 dimensions: time, country → write one part for each dimension; the set of partitions `2024-01-01..2024-02-01|*` has every value of the others",
    );
    check_error(
        &keys,
        "*|de..fr",
        "the dimension `country`: `de..fr` is a range, and texts have none → list them with commas, write `*` for all, or `%2E%2E` for two dots in a text",
    );
    check_error(&keys, "*|dee", "the dimension `country`: the value `dee` is unknown → did you mean `de`?");
    check_error(&keys, "*|", &format!("a value of the dimension `country` is empty → {EMPTY}"));

    let weekdays = space(daily("UTC").from("2024-01-01").except_cron("0 0 * * sat,sun"));
    check_error(
        &weekdays,
        "2024-01-06..2024-01-07",
        "the dimension `time`: the range `2024-01-06..2024-01-07` has no window that isn't excluded → write a longer one",
    );
    let future = space(weekly("UTC").from("2030-01-01"));
    check_error(&future, "..", "the dimension `time`: no window has ended → wait for the first one to end");
    check_error(&future, "*", "`*` names no key → it has no partition so far");
}

#[test]
fn ten_million_keys_by_mistake_are_refused_before_anything_starts() {
    let texts: Vec<String> = (0..30_000).map(|number| format!("customer-{number}")).collect();
    let keys = space(daily("UTC").from("2024-01-01").by(fixed(texts).named("customer")));
    let all = keys.set("*|*").unwrap();
    assert_eq!(all.count(), 366 * 30_000);
    assert!(all.bytes() < 2_000, "{} bytes", all.bytes());
    let problem = keys.too_many(&all, 100_000).unwrap();
    let expected = "the set has 10980000 keys, and may have 100000: 366 of `time` × 30000 of `customer` → name fewer values, or a range of windows such as `2024-01-01..2024-01-31`";
    assert_eq!(said(&problem), expected);
    assert_eq!(keys.too_many(&all, 20_000_000), None);
}
