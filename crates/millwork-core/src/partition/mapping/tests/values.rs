//! The keys that are taken: tables, some texts, the latest, all, and several dimensions.

use super::support::Mapped;
use crate::partition::mapping::{Mapping, all, dimension, dimension_from, latest, only, same, table, window};
use crate::partition::{Dimension, TimeWindows, daily, dynamic, fixed, hourly, weekly};

const NOW: &str = "2024-01-10T06:00:00Z";

fn days() -> TimeWindows {
    daily("UTC").from("2024-01-01")
}

fn countries() -> Dimension {
    fixed(["de", "fr", "in"]).named("country")
}

#[test]
fn a_table_takes_what_its_rows_say() {
    let rows = table([("de", vec!["europe", "world"]), ("fr", vec!["europe"]), ("in", vec![])]);
    let regions = fixed(["world", "europe"]).named("region");
    let mapped = Mapped::new(rows, days().by(countries()), regions.by(days().from("2024-01-03")), NOW);
    mapped.check_upstream("2024-01-05|fr", "europe|2024-01-05", "");
    mapped.check_upstream("2024-01-05|de,in", "*|2024-01-05", "");
    mapped.check_upstream("2024-01-05|in", "", "");
    mapped.check_upstream("2024-01-02..2024-01-03|de", "*|2024-01-03", "2024-01-02|de");
    mapped.check_downstream("world|*", "2024-01-03..2024-01-09|de");
    mapped.check_downstream("europe|2024-01-05", "2024-01-05|de,fr");
    assert!(!mapped.mapping.is_single());
    let one = table([("de", ["world"]), ("fr", ["world"]), ("in", ["europe"])]);
    let one = Mapped::new(one, countries(), fixed(["world", "europe"]).named("region"), NOW);
    assert!(one.mapping.is_single());
    one.check_downstream("world", "de,fr");

    let mut dynamic_rows = Mapped::new(table([("de", ["world"])]), dynamic("users"), dynamic("regions"), NOW);
    dynamic_rows.down.texts_mut("users").unwrap().add("de");
    dynamic_rows.down.texts_mut("users").unwrap().add("fr");
    dynamic_rows.check_upstream("de,fr", "", "*");
    let missing = |place| dynamic_rows.mapping.missing(&[place], &dynamic_rows.down, &dynamic_rows.up);
    assert_eq!(missing(0), ["no `world` in `regions`"]);
    assert_eq!(missing(1), ["no row for `fr` in the table"]);
}

#[test]
fn some_all_or_the_latest_are_taken_of_any_key() {
    let of_two = Mapped::new(only(["fr", "de"]), days(), countries().by(days()), NOW);
    of_two.check_upstream("2024-01-05", "de,fr|2024-01-05", "");
    of_two.check_downstream("in|*", "");
    of_two.check_downstream("de|2024-01-01", "2024-01-01");
    let mut gone = Mapped::new(only(["ann", "bob"]), days(), dynamic("users"), NOW);
    gone.up.texts_mut("users").unwrap().add("ann");
    gone.check_upstream("2024-01-01..2024-01-02", "ann", "2024-01-01..2024-01-02");
    assert_eq!(gone.mapping.missing(&[19_723], &gone.down, &gone.up), ["no `bob` in `users`"]);

    let last = Mapped::new(latest(), countries(), days().by(countries()), NOW);
    last.check_upstream("de,in", "2024-01-09|de,in", "");
    last.check_downstream("2024-01-08|*", "");
    last.check_downstream("2024-01-01..|fr", "fr");
    let never = Mapped::new(latest(), countries(), days().from("2025-01-01"), NOW);
    never.check_upstream("de", "", "de");
    assert_eq!(never.mapping.missing(&[0], &never.down, &never.up), ["no `time`"]);

    let every = Mapped::new(all(), countries(), days(), NOW);
    every.check_upstream("de", "2024-01-01..2024-01-09", "");
    every.check_downstream("2024-01-09", "*");
    let none = Mapped::new(all(), countries(), dynamic("users"), NOW);
    none.check_upstream("de", "", "");
    assert!(none.downstream_of(&none.up.all()).is_empty());
}

#[test]
fn more_or_fewer_keys_on_either_side() {
    let fewer = Mapped::new(same(), days(), days().from("2024-01-04").until("2024-01-08"), NOW);
    fewer.check_upstream("*", "2024-01-04..2024-01-07", "2024-01-01..2024-01-03,2024-01-08..2024-01-09");
    let missing = |index| fewer.mapping.missing(&[index], &fewer.down, &fewer.up);
    assert_eq!(missing(19_723), ["no `time` before `2024-01-04`"]);
    assert_eq!(missing(19_731), ["no `time` after `2024-01-07`"]);
    assert_eq!(missing(19_727), [""; 0]);
    let more = Mapped::new(same(), days().from("2024-01-04").until("2024-01-08"), days(), NOW);
    more.check_upstream("*", "2024-01-04..2024-01-07", "");
    more.check_downstream("*", "2024-01-04..2024-01-07");
    let mut removed = Mapped::new(same(), fixed(["ann", "bob"]).named("users"), dynamic("users"), NOW);
    removed.up.texts_mut("users").unwrap().add("ann");
    removed.up.texts_mut("users").unwrap().add("bob");
    let all = removed.up.all();
    removed.up.texts_mut("users").unwrap().remove("ann");
    assert_eq!(removed.down.set_text(&removed.downstream_of(&all)), "bob");
    removed.check_upstream("ann,bob", "bob", "ann");
    let texts = Mapped::new(same(), countries(), fixed(["us", "in", "de"]).named("country"), NOW);
    texts.check_upstream("*", "in,de", "fr");
    texts.check_downstream("us,de", "de");
}

#[test]
fn each_dimension_has_its_own_choice() {
    let up = dynamic("users").by(hourly("America/New_York").from("2024-01-01")).by(countries());
    let down = weekly("UTC").from("2023-12-01").named("week").by(countries());
    let mapping = dimension_from("time", "week", window(0, 1)).dimension("country", only(["in"]));
    let mut mapped = Mapped::new(mapping, down, up, NOW);
    mapped.up.texts_mut("users").unwrap().add("ann");
    mapped.check_upstream("2023-12-31|de", "ann|2024-01-01-00:00..2024-01-06-19:00|in", "2023-12-31|de");
    let week = &mapped.down.set("2023-12-31|de").unwrap();
    assert_eq!(
        mapped.mapping.missing(&week.next(None, 1)[0], &mapped.down, &mapped.up),
        ["no `time` before `2024-01-01-00:00`"]
    );
    mapped.check_downstream("ann|2024-01-01-00:00|in", "2023-12-31|*");
    mapped.check_downstream("ann|2024-01-01-00:00|de", "");
    let words = "`users`: all; `time`: the hours in America/New_York of the week in UTC and 1 after; `country`: only `in`";
    assert_eq!(mapped.mapping.words(), words);
}

#[test]
fn other_spaces_than_those_of_the_definitions_map_nothing() {
    let days_only = Mapped::new(Mapping::inferred(), days().by(countries()), days(), NOW);
    let texts = Mapped::new(dimension("country", all()), countries(), countries(), NOW);
    let swapped =
        Mapped { mapping: days_only.mapping.clone(), down: texts.down.clone(), up: texts.up.clone() };
    let found = swapped.upstream_of(&texts.down.all());
    assert_eq!((found.keys.is_empty(), found.lacking), (true, texts.down.all()));
    assert!(swapped.downstream_of(&texts.up.all()).is_empty());
    let empty = crate::partition::KeySet::empty(1);
    let found = days_only.upstream_of(&empty);
    assert!(found.keys.is_empty() && found.lacking.is_empty());
}
