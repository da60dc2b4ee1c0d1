//! Functions of whole keys, their inverses and their indexes.

use super::support::{Mapped, check_laws, keys, said, some_sets};
use crate::partition::mapping::{KeyFunction, dimension, function, single_function};
use crate::partition::{Dimensions, Key, KeyValue, daily, dynamic, fixed};

fn trips() -> Dimensions {
    daily("UTC").from("2024-01-01").by(fixed(["bus-1", "bus-2", "tram-1", "ship-1"]).named("trip"))
}

fn vehicles() -> Dimensions {
    fixed(["bus", "tram", "car"]).named("vehicle").by(daily("UTC").from("2024-01-02"))
}

/// The vehicle of a trip, on the same day.
fn vehicle(key: &Key) -> Key {
    let [day, trip] = key.values() else { panic!("{key}") };
    let vehicle = trip.text().split('-').next().unwrap_or_default();
    Key::new([KeyValue::Text(vehicle.into()), day.clone()])
}

fn trips_of(numbers: std::ops::RangeInclusive<u8>) -> impl Fn(&Key) -> Vec<Key> {
    move |key| {
        let [vehicle, day] = key.values() else { panic!("{key}") };
        let trip = |number| KeyValue::Text(format!("{}-{number}", vehicle.text()).into());
        numbers.clone().map(|number| Key::new([day.clone(), trip(number)])).collect()
    }
}

fn mapped(function: KeyFunction) -> Mapped {
    Mapped::new(function, trips(), vehicles(), "2024-01-06T00:00:00Z")
}

#[test]
fn a_function_is_taken_back_by_its_inverse_or_by_an_index() {
    let indexed = mapped(single_function(vehicle));
    let inverted = mapped(single_function(vehicle).inverse(trips_of(1..=9)));
    for mapped in [&indexed, &inverted] {
        check_laws(mapped);
        mapped.check_upstream("2024-01-03|bus-1,bus-2", "bus|2024-01-03", "");
        mapped.check_upstream("2024-01-01..2024-01-02|tram-1", "tram|2024-01-02", "2024-01-01|tram-1");
        mapped.check_upstream("2024-01-03|ship-1", "", "2024-01-03|ship-1");
        mapped.check_downstream("bus|2024-01-04..", "2024-01-04..2024-01-05|bus-1,bus-2");
        mapped.check_downstream("car|*", "");
        assert!(mapped.mapping.is_single());
        let first = keys(&mapped.down.all()).remove(0);
        let missing = mapped.mapping.missing(&first, &mapped.down, &mapped.up);
        assert_eq!(missing, ["no partition `bus|2024-01-01`"]);
    }
    assert!(inverted.mapping.function_index(&inverted.down, &inverted.up).is_none());
    let index = indexed.mapping.function_index(&indexed.down, &indexed.up).unwrap();
    for set in some_sets(&indexed.up.all()) {
        assert_eq!(index.downstream_of(&set), indexed.downstream_of(&set));
        assert_eq!(index.downstream_of(&set), inverted.downstream_of(&set));
    }
}

#[track_caller]
fn check_inverse(function: KeyFunction, expected: Option<&str>) {
    let mapped = mapped(function);
    let problem = mapped.mapping.inverse_problem(&mapped.down, &mapped.up);
    assert_eq!(problem.map(|problem| said(&problem)).as_deref(), expected);
}

#[test]
fn an_inverse_that_is_none_is_found() {
    check_inverse(single_function(vehicle), None);
    check_inverse(single_function(vehicle).inverse(trips_of(1..=9)), None);
    let remedy = "let both functions name the same pairs of keys, or leave out the inverse";
    check_inverse(
        single_function(vehicle).inverse(trips_of(1..=1)),
        Some(&format!(
            "the function of `2024-01-01|bus-2` has `bus|2024-01-01`, and the inverse of `bus|2024-01-01` lacks `2024-01-01|bus-2` → {remedy}"
        )),
    );
    check_inverse(
        function(|_: &Key| Vec::new()).inverse(trips_of(1..=1)),
        Some(&format!(
            "the inverse of `bus|2024-01-02` has `2024-01-02|bus-1`, and the function of `2024-01-02|bus-1` lacks `bus|2024-01-02` → {remedy}"
        )),
    );
    let same = |key: &Key| [key.clone()];
    let wrong = function(same).inverse(|_: &Key| Vec::new());
    let mut mapped =
        Mapped::new(dimension("users", wrong), dynamic("users"), dynamic("users"), "2024-01-06T00:00:00Z");
    assert_eq!(mapped.mapping.inverse_problem(&mapped.down, &mapped.up), None);
    mapped.down.texts_mut("users").unwrap().add("ann");
    let problem = mapped.mapping.inverse_problem(&mapped.down, &mapped.up).unwrap();
    assert_eq!(problem.to_string(), "the function of `ann` has `ann`, and the inverse of `ann` lacks `ann`");
}
