//! Indexes and positions of windows against lists of them.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::partition::{IndexSet, TimeWindow, TimeWindows, cron};
use crate::timetable::Timetable;

const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca"];

/// From every minute to a day in four years, evenly and in bursts.
const LINES: [&str; 9] = [
    "* * * * *",
    "0 * * * *",
    "*/7 1-4 * jan *",
    "30 2 * * *",
    "0 0 * * 0",
    "59 23 15,L * *",
    "0 0 13 * fri",
    "0 12 1 jan,jul *",
    "0 0 29 2 *",
];

const EXCLUDED: [&str; 5] = ["0 0 * * sat,sun", "0 3 * * *", "30 2 1-7 * *", "* * 24-26 12 *", "15 * * * *"];

fn windows(line: usize, zone: usize) -> TimeWindows {
    cron(LINES[line], ZONES[zone]).from("2024-01-01")
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// Where something was found before is where the next search begins, and changes nothing that is found.
    #[test]
    fn what_is_found_does_not_depend_on_what_was_asked_before(
        line in 0..LINES.len(),
        zone in 0..ZONES.len(),
        asked in prop::collection::vec((0..2_i64, -3_000_i64..3_000), 1..20),
    ) {
        let warm = windows(line, zone).check().unwrap();
        let first = warm.0.numbering.last_at(instant("2024-03-30T00:00:00Z"));
        for (far, index) in asked {
            let index = first + index * (1 + far * 200);
            let cold = windows(line, zone).check().unwrap();
            let window = cold.at_index(index);
            prop_assert_eq!(warm.at_index(index), window.clone());
            if let Some(window) = window {
                prop_assert_eq!(warm.index(&window), Some(index));
                prop_assert_eq!(warm.0.numbering.last_at(window.end()), index + 1);
            }
        }
    }

    #[test]
    fn an_index_leads_to_its_window_and_back(line in 0..LINES.len(), zone in 0..ZONES.len(), days in -20_000_i64..40_000) {
        let calendar = windows(line, zone).check().unwrap();
        let start = instant("2024-01-01T00:00:00Z").as_second();
        let Some(tick) = calendar.timetable().next(Timestamp::from_second(start + days * 86_407).unwrap()) else {
            return Ok(());
        };
        let window = calendar.at_index(calendar.0.numbering.last_at(tick)).unwrap();
        prop_assert_eq!(window.start(), tick);
        let index = calendar.index(&window).unwrap();
        prop_assert_eq!(calendar.at_index(index), Some(window.clone()));
        let after = calendar.at_index(index + 1).unwrap();
        prop_assert_eq!((after.start(), calendar.index(&after)), (window.end(), Some(index + 1)));
        // What is found does not depend on what was asked before.
        let other = windows(line, zone).from("1990-05-05").check().unwrap();
        prop_assert_eq!(other.at_index(index - 1).map(|before| before.end()), Some(window.start()));
        prop_assert_eq!(other.index(&window), Some(index));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn exclusions_are_counted_as_they_are_listed(
        line in 1..5_usize,
        zone in 0..ZONES.len(),
        excluded in prop::collection::btree_set(0..EXCLUDED.len(), 0..3),
        listed in prop::collection::btree_set(0_usize..100, 0..4),
        days in 0_i64..20,
    ) {
        let all = windows(line, zone).from("2024-12-12").check().unwrap();
        let labels = listed.iter().filter_map(|position| Some(all.nth(*position as u64)?.label().to_owned()));
        let definition = excluded.iter().fold(all.definition().clone(), |windows, line| windows.except_cron(EXCLUDED[*line]));
        let checked = definition.except(labels).check();
        // Weeks that begin on Sundays, and Sundays are excluded.
        prop_assert_eq!(checked.is_err(), line == 4 && excluded.contains(&0));
        let Ok(calendar) = checked else { return Ok(()) };
        let now = instant("2024-12-12T12:00:00Z") + SignedDuration::from_hours(24 * days);

        let timetable = |line: &usize| Timetable::new([EXCLUDED[*line]], ZONES[zone]).unwrap();
        let excluded: Vec<Timetable> = excluded.iter().map(timetable).collect();
        let is_excluded = |position: usize, window: &TimeWindow| {
            let comes = |excluded: &Timetable| excluded.previous(window.start()) == Some(window.start());
            listed.contains(&position) || excluded.iter().any(comes)
        };
        let windows = all.windows(Timestamp::UNIX_EPOCH, now).take_while(|window| window.end() <= now).enumerate();
        let naive: Vec<TimeWindow> = windows
            .filter(|(position, window)| !is_excluded(*position, window))
            .map(|(_, window)| window)
            .collect();
        let found: Vec<TimeWindow> =
            calendar.windows(Timestamp::UNIX_EPOCH, now).filter(|window| window.end() <= now).collect();
        prop_assert_eq!(&found, &naive);
        prop_assert_eq!(calendar.count(now), naive.len() as u64);
        prop_assert_eq!(calendar.last_ended(now), naive.last().cloned());
        let indexes: IndexSet = naive.iter().map(|window| all.index(window).unwrap()).collect();
        prop_assert_eq!(calendar.indexes(now), indexes);
        for (position, window) in naive.iter().enumerate().step_by(naive.len() / 5 + 1) {
            prop_assert_eq!(calendar.nth(position as u64), Some(window.clone()));
            prop_assert_eq!(calendar.position(window), Some(position as u64));
        }
    }
}
