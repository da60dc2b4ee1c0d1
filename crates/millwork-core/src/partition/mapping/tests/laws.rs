//! Several dimensions, texts that come and go, tables and functions: both ways agree key by key.

use proptest::prelude::*;

use super::support::{Mapped, check_laws, resolve};
use super::windows::two_windows;
use crate::partition::mapping::{
    Mapping, all, dimension, dimension_from, function, latest, only, overlap, same, single_function, table,
    window,
};
use crate::partition::{Dimensions, Key, KeyValue, daily, dynamic, fixed, hourly};

const NOW: &str = "2024-04-03T05:00:00Z";

/// A text moved on in the alphabet: `a` is `b`.
fn next(key: &Key) -> Option<Key> {
    let first = key.text().chars().next()?;
    Some(Key::texts([char::from_u32(first as u32 + 1)?.to_string()]))
}

fn previous(key: &Key) -> Option<Key> {
    let first = key.text().chars().next()?;
    Some(Key::texts([char::from_u32(first as u32 - 1)?.to_string()]))
}

fn days(zone: &str) -> Dimensions {
    daily(zone).from("2024-03-28").end_offset(1).into()
}

fn hours() -> Dimensions {
    hourly("America/New_York").from("2024-03-31").into()
}

/// Mappings of two definitions with the dynamic dimensions `users` and `items`.
fn mappings() -> Vec<(Mapping, Dimensions, Dimensions)> {
    let countries = || fixed(["a", "b", "c", "d"]).named("country");
    let markets = || fixed(["b", "c", "x"]).named("market");
    let regions = || table([("a", vec!["x", "b"]), ("b", vec![]), ("c", vec!["x"]), ("d", vec!["c"])]);
    let berlin = || days("Europe/Berlin");
    let of_time = |key: &Key| key.values().first().cloned().map(|time| Key::new([time]));
    vec![
        (Mapping::inferred(), dynamic("users").into(), dynamic("users").into()),
        (Mapping::inferred(), berlin().by(dynamic("users")), days("UTC").by(dynamic("users"))),
        (
            Mapping::inferred(),
            berlin().by(dynamic("users")).by(countries()),
            dynamic("users").by(hours_dimension()),
        ),
        (all(), berlin().by(dynamic("users")), hours().by(countries())),
        (latest(), dynamic("users").into(), hours().by(dynamic("users"))),
        (latest(), berlin(), hours().by(countries())),
        (only(["a", "d", "a"]), berlin(), countries().by(hours_dimension())),
        (only(["b", "none"]), berlin(), dynamic("users").into()),
        (regions(), countries().by(daily("UTC").from("2024-03-30")), days("UTC").by(markets())),
        (dimension_from("market", "country", same()), countries().into(), markets().by(dynamic("users"))),
        (
            window(-2, 0).dimension_from("users", "items", function(next).inverse(previous)),
            berlin().by(dynamic("items")),
            dynamic("users").by(daily("Europe/Berlin").from("2024-03-29")),
        ),
        (dimension_from("users", "items", function(next)), dynamic("items").into(), dynamic("users").into()),
        (
            single_function(|key: &Key| next(key).unwrap_or_else(|| key.clone())).into(),
            countries().into(),
            countries().into(),
        ),
        (function(of_time).into(), days("UTC").by(countries()), days("UTC")),
        (
            overlap().dimension("users", all()),
            hours().by(dynamic("users")),
            dynamic("users").by(daily("UTC").from("2024-03-31")),
        ),
        (
            dimension("country", all()).dimension("time", window(-1, 1)),
            berlin().by(countries()),
            countries().by(daily("Europe/Berlin").from("2024-03-20").except(["2024-03-31"])),
        ),
    ]
}

fn hours_dimension() -> crate::partition::TimeWindows {
    hourly("America/New_York").from("2024-04-01")
}

fn add(mapped: &mut Mapped, name: &str, added: &[&str], removed: &str) {
    for space in [&mut mapped.down, &mut mapped.up] {
        let Some(texts) = space.texts_mut(name) else { continue };
        for text in added {
            texts.add(text);
        }
        texts.remove(removed);
    }
}

#[test]
fn both_ways_agree_in_several_dimensions() {
    for (mapping, down, up) in mappings() {
        let mut mapped = Mapped::new(mapping, down, up, NOW);
        check_laws(&mapped);
        add(&mut mapped, "users", &["a", "b", "c"], "b");
        check_laws(&mapped);
        if let Some(texts) = mapped.up.texts_mut("users") {
            texts.add("d");
            texts.add("b");
            texts.remove("a");
        }
        add(&mut mapped, "items", &["z", "b", "a", "c"], "c");
        check_laws(&mapped);
    }
}

#[test]
fn an_asset_without_partitions_has_one_key() {
    use crate::partition::KeySpace;
    use crate::partition::mapping::MappedAsset;
    let users = days("UTC").by(fixed(["a", "b"]));
    let now = NOW.parse().unwrap();
    let one = KeySpace::unpartitioned(now);
    for mapping in [Mapping::inferred(), all(), latest(), only(["b"])] {
        let resolved =
            mapping.resolve(MappedAsset::new("b", None), MappedAsset::new("a", Some(&users))).unwrap();
        let mapped = Mapped { mapping: resolved, down: one.clone(), up: users.space(now).unwrap() };
        check_laws(&mapped);
    }
    for mapping in [Mapping::inferred(), all(), same()] {
        let resolved =
            mapping.resolve(MappedAsset::new("b", Some(&users)), MappedAsset::new("a", None)).unwrap();
        assert!(resolved.is_single());
        let mapped = Mapped { mapping: resolved, down: users.space(now).unwrap(), up: one.clone() };
        check_laws(&mapped);
        assert_eq!(mapped.downstream_of(&one.all()), mapped.down.all());
    }
    let neither =
        Mapping::inferred().resolve(MappedAsset::new("b", None), MappedAsset::new("a", None)).unwrap();
    let mapped = Mapped { mapping: neither, down: one.clone(), up: one.clone() };
    assert_eq!(mapped.upstream_of(&one.all()).keys, one.all());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn both_ways_agree_of_any_windows_and_texts(
        (now, down, up) in two_windows(),
        (time, text) in (0..5_usize, 0..4_usize),
        has_arms in any::<bool>(),
    ) {
        let time = match time {
            0 => Mapping::inferred(),
            1 => window(-2, 0),
            2 => window(1, 2),
            3 => all(),
            _ => latest(),
        };
        let text = match text {
            0 => Mapping::inferred(),
            1 => all(),
            2 => only(["c"]),
            _ => table([("a", vec!["d", "b"]), ("b", vec![]), ("c", vec!["b"])]),
        };
        let (own, other) = (fixed(["a", "b", "c"]).named("country"), fixed(["b", "c", "d"]).named("country"));
        let down = if has_arms { own.by(down).by(fixed(["x", "y"]).named("arm")) } else { down.by(own) };
        let up = other.by(up);
        let mapping = dimension("country", text).dimension("time", time);
        // Windows without a time in common are refused.
        if let Ok(mapping) = resolve(&mapping, &down, &up) {
            check_laws(&Mapped { mapping, down: down.space(now).unwrap(), up: up.space(now).unwrap() });
        }
    }
}

/// Texts of a few letters, some of which are removed again.
fn texts() -> impl Strategy<Value = (Vec<char>, Vec<char>)> {
    let letters = || prop::collection::vec(prop::char::range('a', 'f'), 0..6);
    (letters(), letters())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn texts_come_and_go(down in texts(), up in texts()) {
        let mut mapped = Mapped::new(same(), fixed(["x", "y"]).by(dynamic("users")), dynamic("users"), NOW);
        for (space, (added, removed)) in [(&mut mapped.down, &down), (&mut mapped.up, &up)] {
            let texts = space.texts_mut("users").unwrap();
            added.iter().for_each(|letter| { texts.add(&letter.to_string()); });
            removed.iter().for_each(|letter| { texts.remove(&letter.to_string()); });
        }
        check_laws(&mapped);
        let there = |(added, removed): &(Vec<char>, Vec<char>), letter: char| added.contains(&letter) && !removed.contains(&letter);
        for key in mapped.down.all().next(None, usize::MAX) {
            let text = mapped.down.key_at(&key).unwrap();
            let [_, KeyValue::Text(letter)] = text.values() else { panic!("{text}") };
            let lacking = mapped.upstream_of(&crate::partition::KeySet::of(2, [key])).lacking;
            prop_assert_eq!(lacking.is_empty(), there(&up, letter.chars().next().unwrap()));
        }
    }
}
