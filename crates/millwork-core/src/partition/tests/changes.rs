//! Changed definitions: a key means one thing whatever the definition, and what is kept, new and gone follows from sets.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::partition::{
    Dimensions, Key, KeySet, KeySpace, KeyValue, TimeWindows, cron, daily, fixed, hourly, monthly, weekly,
};

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"];

/// Around changes of the clocks.
const STARTS: [&str; 5] = ["2024-02-25", "2024-03-09", "2024-03-30", "2024-04-06", "2024-04-07T01:30"];

fn definitions(zone: &'static str) -> [TimeWindows; 7] {
    [
        hourly(zone),
        cron("*/30 * * * *", zone),
        daily(zone),
        daily(zone).except_cron("0 0 * * sat,sun"),
        weekly(zone),
        monthly(zone),
        cron("30 1 * * *", zone),
    ]
}

/// Definitions that a change may be from and to, each with its cron and its zone.
static SPACES: LazyLock<Vec<(String, KeySpace)>> = LazyLock::new(|| {
    let now: Timestamp = "2024-04-14T12:00:00Z".parse().unwrap();
    let windows = ZONES.into_iter().flat_map(definitions);
    let started = windows.flat_map(|windows| STARTS.map(|start| windows.clone().from(start)));
    let space = |windows: TimeWindows| {
        let timetable = format!("{} {}", windows.every.cron(), windows.zone);
        (timetable, fixed(["a", "b"]).by(windows.end_offset(40)).space(now).unwrap())
    };
    started.map(space).collect()
});

/// The identities of all keys, each with its window.
fn identities(space: &KeySpace) -> HashMap<String, (Timestamp, Timestamp, String)> {
    let keys = space.all().next(None, usize::MAX).into_iter().map(|index| space.key_at(&index).unwrap());
    keys.map(|key| {
        let [KeyValue::Text(text), KeyValue::Window(window)] = key.values() else { panic!("{key:?}") };
        (key.identity(), (window.start(), window.end(), text.to_string()))
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_key_means_one_thing_and_none_is_lost(before in 0..SPACES.len(), after in 0..SPACES.len(), place: prop::sample::Index) {
        let ((old_timetable, old), (new_timetable, new)) = (&SPACES[before], &SPACES[after]);
        let all = old.all();
        let index = all.page(place.index(all.count() as usize) as u64, 1).remove(0);
        let key = old.key_at(&index).unwrap();
        prop_assert_eq!(old.key_of_identity(&key.identity()), Some(key.clone()));
        prop_assert_eq!(&old.key(&key.text()), &Ok(key.clone()));
        let found = new.key_of_identity(&key.identity());
        prop_assert_eq!(found.clone().is_some(), new.index(&key).is_some());
        prop_assert!(found.is_none_or(|found| found == key));
        if old_timetable == new_timetable {
            // Nothing has to be renumbered.
            prop_assert_eq!(new.index(&key), Some(index));
        }
    }
}

/// That a set is carried as its keys are.
fn check_carried(old: &KeySpace, new: &KeySpace) {
    let (old_keys, new_keys) = (identities(old), identities(new));
    let kept: BTreeSet<&String> = old_keys.keys().filter(|key| new_keys.contains_key(*key)).collect();
    let carried = old.carried(&old.all(), new);
    let kept_set = carried.intersection(&new.all());
    let sets = [
        kept_set.clone(),
        old.all().difference(&new.carried(&kept_set, old)),
        new.all().difference(&carried),
    ];
    let expected = [kept.len(), old_keys.len() - kept.len(), new_keys.len() - kept.len()];
    assert_eq!(sets.map(|set| set.count() as usize), expected);
    assert!(kept.iter().all(|key| old_keys[*key] == new_keys[*key]));
}

#[test]
fn what_is_kept_new_and_gone_follows_from_sets() {
    for ((old_timetable, old), (new_timetable, new)) in SPACES.iter().zip(SPACES.iter().skip(1)).step_by(6) {
        check_carried(old, new);
        if old_timetable == new_timetable {
            assert_eq!(old.carried(&old.all(), new), old.all(), "nothing is renumbered");
        }
    }
    let now: Timestamp = "2024-04-14T12:00:00Z".parse().unwrap();
    let space = |windows: TimeWindows, texts: &[&str]| {
        windows.by(fixed(texts.to_vec()).named("country")).space(now).unwrap()
    };
    let days = || daily("UTC").from("2024-02-25");
    let old = space(days(), &["de", "fr", "it"]);
    for (new, keeps) in [
        (space(days(), &["it", "es", "de"]), true),
        (space(days().format("%d.%m.%Y"), &["fr"]), true),
        (space(weekly("UTC").from("2024-01-01"), &["de"]), false),
        (space(cron("@daily", "UTC").from("2024-04-01"), &["fr", "de"]), true),
        (fixed(["fr", "de"]).named("country").by(days()).space(now).unwrap(), true),
    ] {
        let carried = old.carried(&old.all(), &new);
        let naive = old.all().next(None, usize::MAX).into_iter().filter_map(|index| {
            let key = old.key_at(&index)?;
            let mut values = key.values().to_vec();
            if new.names().next() == Some("country") {
                values.reverse();
            }
            new.index(&Key::new(values))
        });
        assert_eq!(carried, KeySet::of(2, naive));
        assert_eq!(!carried.is_empty(), keeps, "a week is no day");
    }
    let other = Dimensions::from(days()).space(now).unwrap();
    assert!(old.carried(&old.all(), &other).is_empty() && other.carried(&other.all(), &old).is_empty());
}
