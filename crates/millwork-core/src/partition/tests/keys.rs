//! Keys as text, as identities and as names of files.

use std::collections::HashSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::support::said;
use crate::id::PartitionKey;
use crate::partition::{
    Dimensions, Key, KeySpace, KeyValue, cron, daily, dynamic, fixed, hourly, monthly, weekly,
};

fn now() -> Timestamp {
    "2025-01-01T00:00:00Z".parse().unwrap()
}

fn space(dimensions: impl Into<Dimensions>) -> KeySpace {
    dimensions.into().space(now()).unwrap_or_else(|problem| panic!("{}", said(&problem)))
}

fn check_round_trip(space: &KeySpace, key: &Key) {
    let text = key.text();
    assert_eq!(space.key(&text).as_ref(), Ok(key), "{text}");
    let index = space.index(key).unwrap();
    assert_eq!(space.key_at(&index).as_ref(), Some(key));
    assert_eq!(space.key_of_identity(&key.identity()).as_ref(), Some(key), "{}", key.identity());
    assert!(space.all().contains(&index));
    assert!(key.path_segment().len() <= 255);
}

const ODD: [&str; 18] = [
    "|", "/", "%", "%7C", " ", " a ", "🙂", "a|b", "a%7Cb", "*", "..", "a..b", ".", ",", ";", "a,b", "@2024",
    "\n",
];

#[test]
fn odd_texts_round_trip_in_any_number_of_dimensions() {
    let long = "🙂".repeat(200);
    let odd: Vec<&str> = ODD.into_iter().chain([long.as_str()]).collect();
    let one = space(fixed(odd.clone()));
    let two = space(fixed(odd.clone()).by(fixed(odd.clone()).named("other")));
    let three = space(
        daily("Asia/Kathmandu")
            .from("2024-01-01")
            .by(fixed(odd.clone()))
            .by(fixed(odd.clone()).named("other")),
    );
    for a in &odd {
        let key = Key::texts([*a]);
        assert_eq!(key.text(), *a, "with one dimension, a text is as it stands");
        check_round_trip(&one, &key);
        for b in &odd {
            check_round_trip(&two, &Key::texts([*a, *b]));
        }
    }
    for key in three.all().next(None, 50) {
        check_round_trip(&three, &three.key_at(&key).unwrap());
    }
}

#[test]
fn no_two_keys_share_an_identity_or_a_name_of_a_file() {
    let mut keys: Vec<Key> = Vec::new();
    let start = "2024-09-01";
    for windows in [daily("UTC"), weekly("UTC"), monthly("UTC"), hourly("UTC"), daily("Europe/Berlin")] {
        for space in [space(windows.clone().from(start)), space(windows.from(start).by(fixed(["a", "a,b"])))]
        {
            keys.extend(space.all().next(None, 100).iter().map(|key| space.key_at(key).unwrap()));
        }
    }
    let long = "🙂".repeat(200);
    let texts: Vec<&str> = ODD.into_iter().chain(["2024-09-01", long.as_str()]).collect();
    let pairs = texts.iter().flat_map(|a| texts.iter().map(move |b| Key::texts([*a, *b])));
    keys.extend(texts.iter().map(|text| Key::texts([*text])).chain(pairs));
    // An hour and a day that start together are two keys; with the same interval, they are one.
    let distinct: HashSet<&Key> = keys.iter().collect();
    let identities: HashSet<String> = keys.iter().map(Key::identity).collect();
    let segments: HashSet<String> = keys.iter().map(Key::path_segment).collect();
    assert_eq!((identities.len(), segments.len()), (distinct.len(), distinct.len()));
    let is_allowed = |character: char| character.is_alphanumeric() || "_-%@,~".contains(character);
    assert!(segments.iter().all(|segment| segment.chars().all(is_allowed)));
}

#[test]
fn keys_of_old_homes_are_named_as_before() {
    for text in ODD.into_iter().chain(["2024-01-01", "de", "größe"]) {
        assert_eq!(Key::texts([text]).path_segment(), PartitionKey::from(text).path_segment());
    }
    let days = space(daily("Europe/Berlin").from("2024-01-01").by(fixed(["de", "a b"])));
    assert_eq!(days.key("2024-01-01|a b").unwrap().identity(), "@20231231T2300Z-20240101T2300Z,a%20b");
}

#[test]
fn a_window_is_its_interval_whatever_it_is_called() {
    let days = space(daily("UTC").from("2024-01-01"));
    let renamed = space(daily("UTC").from("2023-06-01").format("%d.%m.%Y"));
    let (day, other) = (days.key("2024-01-31").unwrap(), renamed.key("31.01.2024").unwrap());
    assert_eq!((&day, day.identity()), (&other, other.identity()));
    assert_eq!(days.index(&day), renamed.index(&day));
    assert_eq!(renamed.key_of_identity(&day.identity()).unwrap().text(), "31.01.2024");
    let berlin = space(daily("Europe/Berlin").from("2024-01-01"));
    assert_eq!(berlin.index(&day), None);
    assert_eq!(berlin.key_of_identity(&day.identity()), None);
}

#[test]
fn texts_that_are_removed_keep_their_index() {
    let mut countries = space(dynamic("countries"));
    assert_eq!(countries.all().count(), 0);
    let texts = countries.texts_mut("countries").unwrap();
    assert_eq!(["de", "fr", "it", "fr"].map(|text| texts.add(text)), [0, 1, 2, 1]);
    assert!(texts.remove("fr") && !texts.remove("fr") && !texts.remove("es"));
    assert_eq!(countries.all().count(), 2);
    let problem = said(&countries.key("fr").unwrap_err());
    assert_eq!(problem, "the dimension `countries`: the value `fr` has been removed → it has `de`, `it`");
    let key = countries.key_at(&[1]).unwrap();
    assert_eq!(key, Key::texts(["fr"]));
    assert_eq!(countries.texts_mut("countries").unwrap().add("fr"), 1);
    assert_eq!(countries.key("fr"), Ok(key));
    assert!(space(daily("UTC").from("2024-01-01")).texts_mut("time").is_none());
}

fn check_error(space: &KeySpace, text: &str, expected: &str) {
    assert_eq!(said(&space.key(text).unwrap_err()), expected, "{text}");
}

#[test]
fn a_key_that_is_none_is_named_with_a_remedy() {
    let keys = space(daily("UTC").from("2024-01-01").by(fixed(["de", "fr"]).named("country")));
    check_error(
        &keys,
        "2024-01-01",
        "`2024-01-01` has 1 of the 2 dimensions: time, country → write one part for each dimension; the set of partitions `2024-01-01|*` has every value of the others",
    );
    check_error(
        &keys,
        "2024-01-01|de|fr",
        "`2024-01-01|de|fr` has 3 of the 2 dimensions: time, country → write one part for each dimension, and `%7C` for a `|` in a value",
    );
    check_error(
        &keys,
        "2024-01-01|ed",
        "the dimension `country`: the value `ed` is unknown → did you mean `de`?",
    );
    check_error(
        &keys,
        "2024-01-01|spain",
        "the dimension `country`: the value `spain` is unknown → it has `de`, `fr`",
    );
    check_error(
        &keys,
        "2024-01-01|50%",
        "`%` in `50%` is not an escaped character → write `%25` for a percent sign, `%7C` for `|`, `%2C` for a comma",
    );
    check_error(
        &keys,
        "de|2024-01-01",
        "the dimension `time`: `de` is not the label of a daily window → labels are written as `2024-01-01`",
    );
    check_error(
        &keys,
        "2025-01-01|de",
        "the dimension `time`: the window `2025-01-01` has not ended: it ends at 2025-01-02T00:00:00Z → the last one is `2024-12-31`; `.end_offset(1)` would include the one in progress",
    );
    assert_eq!(keys.index(&Key::texts(["de"])), None);
    assert_eq!(keys.index(&Key::texts(["2024-01-01", "de"])), None);
    assert_eq!(keys.index(&Key::new([])), None);
    assert_eq!((keys.key_at(&[]), keys.key_at(&[0]), keys.key_at(&[0, 9])), (None, None, None));
    assert_eq!(Key::new([]).problem().unwrap().to_string(), "a key has no value");
}

proptest! {
    #[test]
    fn any_texts_round_trip(a in "\\PC{1,40}", b in "[|%,;.*a ]{1,8}", c in "[a%|]{1,5}") {
        let keys = space(fixed([a.clone()]).named("a").by(fixed([b.clone()]).named("b")).by(fixed([c.clone()]).named("c")));
        check_round_trip(&keys, &Key::texts([a.as_str(), &b, &c]));
        let set = keys.all();
        prop_assert_eq!(keys.set(&keys.set_text(&set)), Ok(set));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_panics(text in "\\PC{0,30}", odd in "[0-9|%,;.*+:a -]{0,24}") {
        let keys = space(daily("Europe/Berlin").from("2024-01-01").by(fixed(["de"])));
        let hours = space(hourly("Europe/Berlin").from("2024-01-01"));
        for text in [text, odd] {
            let _ = (keys.key(&text), keys.set(&text), hours.key(&text), hours.set(&text));
            let _ = (keys.key_of_identity(&text), hours.key_of_identity(&text));
            let _ = (daily(text.clone()).from("2024-01-01").problems(), daily("UTC").from(text.clone()).problems());
            let _ = daily("UTC").from("2024-01-01").format(text.clone()).problems();
            let odd = cron(text.clone(), "UTC").from("2024-01-01").except_cron(text.clone());
            let _ = odd.except([text.clone()]).until(text.clone()).problems();
            let _ = Dimensions::from(fixed([text.clone()]).named(text)).problems();
        }
    }
}

#[test]
fn values_are_what_a_key_was_made_of() {
    let keys = space(daily("UTC").from("2024-01-01").by(fixed(["de"])));
    let key = keys.key("2024-02-01|de").unwrap();
    let [KeyValue::Window(window), KeyValue::Text(text)] = key.values() else { panic!("{key:?}") };
    assert_eq!((window.date().to_string().as_str(), &**text), ("2024-02-01", "de"));
}
