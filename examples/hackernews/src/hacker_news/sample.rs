//! The embedded sample: an archive of made-up items that needs no network and never changes.
//!
//! An item is a pure function of the seed and its id. Topic and form of a story set the mean of the logarithm
//! of its comments, and normal noise around it gives the heavy tail of the real counts: a model can learn from
//! the words of the titles, but not everything.

use super::filler::{author, filler};
use super::growth::SETTLED_AFTER;
use super::item::{Item, ItemKind};
use super::latest::Latest;
use super::sample_words::{FORMS, TOPICS, Topic};
use crate::dice::Dice;

const NEWEST_ID: u64 = 12_000;
const FIRST_TIME: i64 = 1_767_225_600;
const SECONDS_BETWEEN_ITEMS: i64 = 40;
const STORY_SHARE: f64 = 0.66;
const NOISE: f64 = 0.45;
const MOST_COMMENTS: f64 = 1_800.0;

/// An archive of made-up items; equal seeds make equal archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    seed: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Sample {
    /// The archive that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The newest item's id.
    pub fn newest_id(&self) -> u64 {
        NEWEST_ID
    }

    /// The item `id`; `None` where the API answers `null`.
    pub fn item(&self, id: u64) -> Option<Item> {
        if id == 0 || id > NEWEST_ID {
            return None;
        }
        let mut dice = Dice::new(self.seed, id);
        let time = FIRST_TIME + id as i64 * SECONDS_BETWEEN_ITEMS + dice.below(30) as i64;
        item_of(&mut dice, id, time, Mood::default())
    }

    /// The moment at which the sample is read, in seconds since 1970: all of its comments have come.
    pub(super) fn read_at(&self) -> i64 {
        FIRST_TIME + (NEWEST_ID as i64 + 1) * SECONDS_BETWEEN_ITEMS + SETTLED_AFTER
    }

    pub(super) fn latest(&self, items: usize, progress: impl Fn(usize, usize)) -> Latest {
        let requested = items.min(NEWEST_ID as usize);
        let mut latest = Latest { read_at: Some(self.read_at()), ..Latest::default() };
        latest.counts.requested = requested;
        for (done, id) in (NEWEST_ID - requested as u64 + 1..=NEWEST_ID).enumerate() {
            latest.add(self.item(id));
            progress(done + 1, requested);
        }
        latest
    }
}

/// What differs between times: the sample has one, an archive of weeks several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Mood {
    /// Whether the topics are turned over: what attracted many comments attracts few, and is submitted less.
    pub(super) turned: bool,
    /// What is added to the logarithm of each story's comments.
    pub(super) heat: f64,
}

/// The item with this `id` and `time`: a story, or another one between.
pub(super) fn item_of(dice: &mut Dice, id: u64, time: i64, mood: Mood) -> Option<Item> {
    if dice.chance(STORY_SHARE) {
        return Some(Item { id, time: Some(time), ..story(dice, id, mood) });
    }
    filler(dice, id, time)
}

fn story(dice: &mut Dice, id: u64, mood: Mood) -> Item {
    let topic = topic(dice, mood);
    let form = dice.pick(FORMS);
    let (name, detail) = (dice.pick(topic.names), dice.pick(topic.details));
    let title = capitalized(&form.text.replace("{name}", name).replace("{detail}", detail));
    let heat = heat(topic, mood) + form.heat + NOISE * dice.normal() + mood.heat;
    let comments = (heat.exp() - 1.0).round().clamp(0.0, MOST_COMMENTS);
    let points = (1.0 + comments * (0.5 + 2.0 * dice.unit())).round();
    Item {
        kind: Some(ItemKind::Story),
        by: Some(author(dice)),
        title: Some(title),
        url: form.links.then(|| format!("https://{}/{id}", topic.host)),
        text: (!form.links).then(|| "I&#x27;d like to hear how others do it.".to_owned()),
        score: Some(points as i64),
        descendants: (!dice.chance(0.01)).then_some(comments as u32),
        ..Item::default()
    }
}

/// Draws a topic; those that attract comments, at the list's start, are a little more common: a window of a thousand items has enough of
/// them to learn from.
fn topic(dice: &mut Dice, mood: Mood) -> &'static Topic {
    let position = (dice.unit().powf(1.1) * TOPICS.len() as f64) as usize;
    &TOPICS[if mood.turned { TOPICS.len() - 1 - position } else { position }]
}

/// The heat of a topic, or of the one that it has changed places with.
fn heat(topic: &Topic, mood: Mood) -> f64 {
    let turned = |place: usize| TOPICS[TOPICS.len() - 1 - place].heat;
    let place = TOPICS.iter().position(|other| std::ptr::eq(other, topic)).filter(|_| mood.turned);
    place.map_or(topic.heat, turned)
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn stories(items: usize) -> Latest {
        Sample::default().latest(items, |_, _| {})
    }

    fn words(title: &str) -> BTreeSet<String> {
        let lower = title.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1).map(String::from).collect()
    }

    #[test]
    fn the_same_id_gives_the_same_bytes() {
        let bytes =
            |seed| serde_json::to_vec(&(0..500).map(|id| Sample::new(seed).item(id)).collect::<Vec<_>>());
        assert_eq!(bytes(1).unwrap(), bytes(1).unwrap());
        assert_ne!(bytes(1).unwrap(), bytes(2).unwrap());
    }

    #[test]
    fn the_archive_has_ends() {
        let sample = Sample::default();
        assert_eq!((sample.item(0), sample.item(sample.newest_id() + 1)), (None, None));
        assert_eq!(stories(1_000_000).counts.requested, 12_000);
        let nothing = stories(0);
        assert_eq!((nothing.stories, nothing.counts), (Vec::new(), Latest::default().counts));
    }

    #[test]
    fn a_thousand_items_hold_everything_that_the_api_has() {
        let counts = stories(1_000).counts;
        assert!((600..=700).contains(&counts.stories), "{counts:?}");
        let odd = [counts.null, counts.deleted, counts.dead, counts.comments, counts.jobs, counts.polls];
        assert!(odd.iter().all(|&count| count > 0), "{counts:?}");
        let odd = [counts.without_title, counts.without_descendants, counts.with_entities];
        assert!(odd.iter().all(|&count| count > 0), "{counts:?}");
        assert_eq!((counts.failed, counts.retried, counts.unknown), (0, 0, 0));
    }

    #[test]
    fn times_ascend_with_ids() {
        let times: Vec<_> = (1..=2_000).filter_map(|id| Sample::default().item(id)?.time).collect();
        assert!(times.is_sorted());
    }

    #[test]
    fn comments_are_heavy_tailed() {
        let mut comments: Vec<_> =
            stories(12_000).stories.iter().filter_map(|story| story.descendants).collect();
        comments.sort_unstable();
        let mean = comments.iter().sum::<u32>() as usize / comments.len();
        let median = comments[comments.len() / 2] as usize;
        let top = comments[comments.len() * 99 / 100] as usize;
        assert!((2..=8).contains(&median) && mean >= 4 * median && top >= 6 * mean, "{median} {mean} {top}");
    }

    #[test]
    fn titles_vary() {
        let latest = stories(1_000);
        let titles: BTreeSet<_> = latest.stories.iter().map(|story| &story.title).collect();
        let vocabulary: BTreeSet<_> = latest.stories.iter().flat_map(|story| words(&story.title)).collect();
        assert!(titles.len() * 10 > latest.stories.len() * 9, "{} titles", titles.len());
        assert!((250..600).contains(&vocabulary.len()), "{} words", vocabulary.len());
    }

    /// Boosted stumps on the presence of words, far weaker than the pipeline's model, are trained on the first 80 % of a window and scored
    /// on the rest.
    #[test]
    fn comments_can_be_learned_from_the_words_of_titles() {
        let rows: Vec<_> = stories(1_000)
            .stories
            .iter()
            .map(|story| (words(&story.title), f64::from(story.descendants.unwrap_or(0))))
            .collect();
        let (training, test) = rows.split_at(rows.len() * 4 / 5);
        let stumps = boost(training, 60);
        let mean = test.iter().map(|row| row.1).sum::<f64>() / test.len() as f64;
        let left: f64 = test.iter().map(|row| (row.1 - predict(&stumps, &row.0)).powi(2)).sum();
        let total: f64 = test.iter().map(|row| (row.1 - mean).powi(2)).sum();
        let r_squared = 1.0 - left / total;
        assert!(r_squared > 0.3, "{r_squared}");
    }

    type Row = (BTreeSet<String>, f64);

    fn boost(rows: &[Row], rounds: usize) -> Vec<(String, f64)> {
        let mut stumps = Vec::new();
        let mut residuals: Vec<f64> = rows.iter().map(|row| row.1).collect();
        for _ in 0..rounds {
            let (word, step) = best_stump(rows, &residuals);
            for (row, residual) in rows.iter().zip(&mut residuals) {
                *residual -= if row.0.contains(&word) { step } else { 0.0 };
            }
            stumps.push((word, step));
        }
        stumps
    }

    fn best_stump(rows: &[Row], residuals: &[f64]) -> (String, f64) {
        let mut sums = BTreeMap::<&String, (f64, f64)>::new();
        for (row, residual) in rows.iter().zip(residuals) {
            for word in &row.0 {
                let (sum, count) = sums.entry(word).or_default();
                (*sum, *count) = (*sum + residual, *count + 1.0);
            }
        }
        let gain = |&(sum, count): &(f64, f64)| sum * sum / (count + 1.0);
        let best = sums.iter().max_by(|a, b| gain(a.1).total_cmp(&gain(b.1))).unwrap();
        ((*best.0).clone(), 0.5 * best.1.0 / (best.1.1 + 1.0))
    }

    fn predict(stumps: &[(String, f64)], words: &BTreeSet<String>) -> f64 {
        stumps.iter().filter(|stump| words.contains(&stump.0)).map(|stump| stump.1).sum()
    }
}
