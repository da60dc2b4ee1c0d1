//! A longer archive than the embedded sample: made-up items of any number of weeks, whose topics and numbers of comments shift at stated
//! moments.
//!
//! Items are like the sample's, a pure function of the seed and the id. What shifts is stated in [`SHIFTS`].

use super::item::Item;
use super::sample::{Mood, item_of};
use super::timeline::{Timeline, item_at};
use crate::dice::Dice;

const SECONDS_BETWEEN_ITEMS: i64 = 240;
/// Items are up to this much later than evenly spaced ones.
const JITTER: u64 = 120;
const DAY: i64 = 24 * 3_600;

/// The shifts, each from a day after the opening on.
pub(crate) const SHIFTS: [Shift; 2] = [
    Shift {
        day: 10,
        what: "other topics attract comments, and are submitted more",
        mood: Mood { turned: true, heat: 0.0 },
    },
    Shift {
        day: 20,
        what: "every story gets twice as many comments",
        mood: Mood { turned: true, heat: 0.7 },
    },
];

/// A moment from which on stories are others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shift {
    /// The day after the opening at whose beginning it is.
    pub(crate) day: i64,
    /// What changes, for people.
    pub(crate) what: &'static str,
    mood: Mood,
}

/// An archive of made-up items; equal seeds and openings make equal archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archive {
    seed: u64,
    first_time: i64,
    opening: i64,
}

impl Archive {
    /// The archive that belongs to `seed`, with items from `days_before` days before `opening` on, which is in seconds since 1970.
    ///
    /// Shifts are counted from the opening. The archive has no end.
    pub fn new(seed: u64, opening: i64, days_before: u32) -> Self {
        Self { seed, first_time: opening - i64::from(days_before) * DAY, opening }
    }

    fn mood(&self, time: i64) -> Mood {
        let shifted = SHIFTS.iter().rev().find(|shift| time >= self.opening + shift.day * DAY);
        shifted.map_or(Mood::default(), |shift| shift.mood)
    }
}

impl Timeline for Archive {
    fn newest_id(&self, now: i64) -> u64 {
        let since = now - self.first_time - JITTER as i64;
        u64::try_from(since.div_euclid(SECONDS_BETWEEN_ITEMS)).unwrap_or(0)
    }

    fn item(&self, id: u64, now: i64) -> Option<Item> {
        if id == 0 || id > self.newest_id(now) {
            return None;
        }
        let mut dice = Dice::new(self.seed, id);
        let time = self.first_time + id as i64 * SECONDS_BETWEEN_ITEMS + dice.below(JITTER) as i64;
        item_of(&mut dice, id, time, self.mood(time)).map(|item| item_at(item, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hacker_news::ItemKind;

    const OPENING: i64 = 1_767_571_200;

    fn archive() -> Archive {
        Archive::new(1, OPENING, 14)
    }

    /// All stories of a span of days, as they end.
    fn stories(days: std::ops::Range<i64>) -> Vec<Item> {
        let (archive, end) = (archive(), OPENING + 1_000 * DAY);
        let ids = archive.newest_id(OPENING + days.start * DAY)..archive.newest_id(OPENING + days.end * DAY);
        ids.filter_map(|id| archive.item(id, end)).filter(|item| item.kind == Some(ItemKind::Story)).collect()
    }

    fn mean(stories: &[Item], word: &str) -> f64 {
        let about = stories
            .iter()
            .filter(|story| story.title.as_deref().is_some_and(|title| title.to_lowercase().contains(word)));
        let comments: Vec<f64> = about.filter_map(|story| story.descendants).map(f64::from).collect();
        assert!(comments.len() > 20, "{word}: {}", comments.len());
        comments.iter().sum::<f64>() / comments.len() as f64
    }

    #[test]
    fn nothing_is_there_before_its_time() {
        let archive = archive();
        assert_eq!(archive.newest_id(OPENING - 15 * DAY), 0);
        let newest = archive.newest_id(OPENING);
        assert!(archive.item(newest + 1, OPENING).is_none() && archive.item(0, OPENING).is_none());
        let times: Vec<i64> = (1..=newest).filter_map(|id| archive.item(id, OPENING)?.time).collect();
        assert!(times.is_sorted() && *times.last().unwrap() <= OPENING);
        assert!((2_000..6_000).contains(&newest), "{newest}");
    }

    #[test]
    fn topics_and_comments_shift_at_the_stated_moments() {
        let [calm, turned, busy] = [-14..10, 10..20, 20..40].map(stories);
        assert!(mean(&calm, "salary") > 4.0 * mean(&turned, "salary"));
        assert!(mean(&turned, "typography") > 4.0 * mean(&calm, "typography"));
        let ratio = mean(&busy, "") / mean(&turned, "");
        assert!((1.6..2.6).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_same_seed_gives_the_same_items() {
        let items = |seed| {
            let archive = Archive::new(seed, OPENING, 14);
            (1..300).map(|id| archive.item(id, OPENING)).collect::<Vec<_>>()
        };
        assert_eq!(items(1), items(1));
        assert_ne!(items(1), items(2));
    }
}
