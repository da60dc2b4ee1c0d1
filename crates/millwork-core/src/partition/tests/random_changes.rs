//! Random sequences of definitions: whatever was made of a key stays with it, and no key means two things.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::partition::{
    Dimension, Dimensions, Key, KeyMoment, KeySpace, KeyValue, PartitionKey, PartitionsDefinition, Texts,
    TimeWindows, cron, daily, dynamic, fixed, hourly, monthly, weekly,
};

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"];
const STARTS: [&str; 4] = ["2024-01-01", "2024-02-25", "2024-03-30", "2024-04-07"];
const FORMATS: [&str; 3] = ["%Y-%m-%d %H:%M", "%Y%m%dT%H%M", "at %H.%M on %d/%m/%Y"];
/// Some look like labels of windows, like identities, or like several values.
const TEXTS: [&str; 9] =
    ["de", "fr", "a|b", "a,b", "2024-03-30", "@:de", "a%2Cb", "🙂 /;", "@20240330T0000Z-20240331T0000Z"];

/// A dimension of a random definition.
#[derive(Clone, Debug)]
enum Part {
    Windows { every: usize, zone: usize, start: usize, format: usize, without_weekends: bool },
    Fixed { name: usize, texts: u16 },
    Dynamic,
}

/// A random change: other dimensions, and texts that come and go at run time.
#[derive(Clone, Debug)]
struct Change {
    parts: Vec<Part>,
    added: u16,
    removed: u16,
    /// The keys that are made then, by their places.
    made: Vec<prop::sample::Index>,
}

fn part() -> impl Strategy<Value = Part> {
    let windows = (0..6_usize, 0..ZONES.len(), 0..STARTS.len(), 0..=FORMATS.len(), any::<bool>());
    prop_oneof![
        windows.prop_map(|(every, zone, start, format, without_weekends)| Part::Windows {
            every,
            zone,
            start,
            format,
            without_weekends
        }),
        (0..2_usize, 1_u16..512).prop_map(|(name, texts)| Part::Fixed { name, texts }),
        Just(Part::Dynamic),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let made = prop::collection::vec(any::<prop::sample::Index>(), 4);
    let parts = prop::collection::vec(part(), 1..=3);
    (parts, 0_u16..512, 0_u16..512, made).prop_map(|(parts, added, removed, made)| Change {
        parts,
        added,
        removed,
        made,
    })
}

/// The texts whose bits are set.
fn texts(bits: u16) -> impl Iterator<Item = &'static str> {
    TEXTS.into_iter().enumerate().filter(move |(place, _)| bits & (1 << place) != 0).map(|(_, text)| text)
}

impl Part {
    fn dimension(&self) -> Dimension {
        match self {
            Self::Windows { every, zone, start, format, without_weekends } => {
                let zone = ZONES[*zone];
                let windows: TimeWindows = match every {
                    0 => hourly(zone),
                    1 => daily(zone),
                    2 => weekly(zone),
                    3 => monthly(zone),
                    4 => cron("*/30 * * * *", zone),
                    _ => cron("30 1 * * *", zone),
                };
                let windows = windows.from(STARTS[*start]);
                let windows =
                    FORMATS.get(*format).into_iter().fold(windows, |windows, format| windows.format(*format));
                // Of weeks and months, nothing may be left.
                match *without_weekends && *every <= 1 {
                    true => windows.except_cron("0 0 * * sat,sun").named("time"),
                    false => windows.named("time"),
                }
            }
            Self::Fixed { name, texts: bits } => fixed(texts(*bits)).named(["country", "arm"][*name]),
            Self::Dynamic => dynamic("countries"),
        }
    }
}

/// The definition of some parts, each name once.
fn definition(parts: &[Part]) -> PartitionsDefinition {
    let mut dimensions: Vec<Dimension> = Vec::new();
    for dimension in parts.iter().map(Part::dimension) {
        if dimensions.iter().all(|known| known.name != dimension.name) {
            dimensions.push(dimension);
        }
    }
    let mut dimensions = dimensions.into_iter();
    let first = Dimensions::from(dimensions.next().unwrap());
    dimensions.fold(first, Dimensions::by).into()
}

/// What a key means, in the order of its dimensions.
fn meaning(key: &Key) -> Vec<String> {
    let value = |value: &KeyValue| match value {
        KeyValue::Window(window) => format!("from {} to {}", window.start(), window.end()),
        KeyValue::Text(text) => format!("text {text}"),
    };
    key.values().iter().map(value).collect()
}

/// What was made so far.
#[derive(Default)]
struct Made {
    /// The meaning of each key, by its identity.
    meanings: BTreeMap<String, Vec<String>>,
    keys: Vec<PartitionKey>,
}

impl Made {
    /// Makes some keys of a definition; each means what a key of this identity always meant.
    fn make(&mut self, space: &KeySpace, places: &[prop::sample::Index]) {
        let all = space.all();
        let mut texts: HashMap<String, PartitionKey> = HashMap::new();
        for place in places.iter().filter(|_| !all.is_empty()) {
            let index = all.page(place.index(usize::try_from(all.count()).unwrap()) as u64, 1).remove(0);
            let (key, meant) =
                (space.partition_key_at(&index).unwrap(), meaning(&space.key_at(&index).unwrap()));
            let known = self.meanings.entry(key.identity().to_owned()).or_insert_with(|| meant.clone());
            assert_eq!(*known, meant, "`{}` means two things", key.identity());
            let other = texts.insert(key.label().to_owned(), key.clone());
            assert!(other.is_none_or(|other| other == key), "two keys are called {key}");
            // What people write, and what links have, is this key.
            let written = space.partition_key(&key.label().into());
            assert_eq!(written.as_ref(), Ok(&key), "{key}");
            assert_eq!(space.past_partition_key(&key.identity().into()), key);
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }

    /// That what was made of each key is found by its identity, whatever the definition is now.
    fn check_reachable(&self, space: &KeySpace) {
        for key in &self.keys {
            let stored = PartitionKey::of_identity(key.identity(), key.own_label());
            assert_eq!((&stored, stored.label()), (key, key.label()));
            let shown = space.past_partition_key(&stored);
            match space.index_of(key) {
                Some(index) => {
                    assert_eq!(meaning(&space.key_at(&index).unwrap()), self.meanings[key.identity()]);
                    assert_eq!(&shown, key, "`{}` is another key", key.identity());
                }
                // A text that the definition reads as a window is that window; what has values is never another key.
                None if key.own_label().is_some() => assert_eq!((&shown, shown.label()), (key, key.label())),
                None => assert!(shown == *key || shown.label() == key.label(), "{key} is {shown}"),
            }
        }
        let changes = space.changes(self.keys.iter().cloned());
        let kept = self.keys.iter().filter(|key| space.has(key)).count() as u64;
        assert_eq!((changes.kept.count(), changes.gone_count()), (kept, self.keys.len() as u64 - kept));
        assert_eq!(changes.new.count(), space.all().count() - kept);
    }
}

proptest! {
    // Two thousand changes: eight after each first definition.
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn no_history_is_lost_and_no_key_means_two_things(changes in prop::collection::vec(change(), 9)) {
        let now: Timestamp = "2024-04-14T12:00:00Z".parse().unwrap();
        let (mut made, mut countries) = (Made::default(), Texts::default());
        for Change { parts, added, removed, made: places } in &changes {
            for text in texts(*added) {
                countries.add(text);
            }
            for text in texts(*removed) {
                countries.remove(text);
            }
            let moment = KeyMoment::at(now).with_texts([("countries".to_owned(), countries.clone())].into());
            let definition = definition(parts);
            prop_assert!(definition.problems().is_empty(), "{:?}", definition.problems());
            let space = definition.space(&moment);
            made.check_reachable(&space);
            made.make(&space, places);
            made.check_reachable(&space);
        }
    }
}
