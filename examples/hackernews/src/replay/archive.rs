//! The items that a replay serves: a file's stories in order of time, with other items between them.

use axum::body::Bytes;

use super::story_file::{FileStory, StoryFile};
use crate::dice::Dice;
use crate::hacker_news::{Item, ItemKind, Timeline, filler, item_at};

/// Every item's answer, serialised once: serving one is a lookup. On a virtual clock it is made again for the time.
#[derive(Debug)]
pub(super) struct Archive {
    /// All answers, concatenated.
    bodies: Bytes,
    /// The end of each answer, by id; position 0 is for the id 0, which doesn't exist.
    ends: Vec<usize>,
    /// When each item was created, by id: ascending.
    times: Vec<i64>,
    stories: usize,
}

impl Archive {
    /// Numbers the file's stories and draws the items between them, so that stories are about `story_share` of all.
    pub(super) fn new(file: &StoryFile, story_share: f64, seed: u64) -> Self {
        let mut bodies = Vec::new();
        let mut ends = vec![0];
        let mut times = vec![i64::MIN];
        let mut dice = Dice::new(seed, 0);
        for story in &file.stories {
            while !dice.chance(story_share) {
                let id = ends.len() as u64;
                let item = filler(&mut Dice::new(seed, id), id, story.time);
                append(&mut bodies, item.as_ref());
                ends.push(bodies.len());
                times.push(story.time);
            }
            append(&mut bodies, Some(&item(ends.len() as u64, story)));
            ends.push(bodies.len());
            times.push(story.time);
        }
        Self { bodies: bodies.into(), ends, times, stories: file.stories.len() }
    }

    /// When the first item was created, in seconds since 1970; 0 if there is none.
    pub(super) fn first_time(&self) -> i64 {
        self.times.get(1).copied().unwrap_or(0)
    }

    /// When the last item was created, in seconds since 1970; 0 if there is none.
    pub(super) fn last_time(&self) -> i64 {
        self.times.last().copied().filter(|time| *time != i64::MIN).unwrap_or(0)
    }

    pub(super) fn items(&self) -> usize {
        self.ends.len() - 1
    }

    pub(super) fn stories(&self) -> usize {
        self.stories
    }

    /// The answer for item `id`: its JSON, or `null` where there is none, as the API does it.
    pub(super) fn body(&self, id: u64) -> Bytes {
        let range = usize::try_from(id).ok().filter(|&id| id > 0).and_then(|id| {
            let end = *self.ends.get(id)?;
            Some(self.ends[id - 1]..end)
        });
        range.map_or(Bytes::from_static(b"null"), |range| self.bodies.slice(range))
    }
}

impl Timeline for Archive {
    fn newest_id(&self, now: i64) -> u64 {
        self.times.partition_point(|time| *time <= now) as u64 - 1
    }

    fn item(&self, id: u64, now: i64) -> Option<Item> {
        if id > self.newest_id(now) {
            return None;
        }
        let item = Item::parse(id, &self.body(id)).ok()??;
        Some(item_at(item, now))
    }
}

fn append(bodies: &mut Vec<u8>, item: Option<&Item>) {
    serde_json::to_writer(bodies, &item).expect("an item is serialised into memory");
}

fn item(id: u64, story: &FileStory) -> Item {
    Item {
        id,
        kind: Some(ItemKind::Story),
        by: Some(story.author.clone()),
        time: Some(story.time),
        title: Some(story.title.clone()),
        url: Some(story.url.clone()).filter(|url| !url.is_empty()),
        score: Some(story.points),
        descendants: Some(story.comments),
        ..Item::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(stories: u64) -> StoryFile {
        let story = |id| FileStory {
            id,
            title: format!("Story {id}"),
            url: String::new(),
            points: 1,
            comments: 2,
            author: "ada".to_owned(),
            time: 1_000 + id as i64,
        };
        StoryFile { stories: (0..stories).map(story).collect() }
    }

    fn items(archive: &Archive) -> Vec<Option<Item>> {
        (1..=archive.items() as u64).map(|id| Item::parse(id, &archive.body(id)).unwrap()).collect()
    }

    #[test]
    fn every_story_is_there_in_order() {
        let archive = Archive::new(&file(400), 0.5, 3);
        let items = items(&archive);
        let titles = items.iter().flatten().filter_map(|item| item.title.as_deref());
        let numbers: Vec<u64> =
            titles.filter_map(|title| title.strip_prefix("Story ")?.parse().ok()).collect();
        assert_eq!(numbers, (0..400).collect::<Vec<_>>());
        assert!((700..900).contains(&items.len()), "{}", items.len());
        assert!(items.iter().flatten().filter_map(|item| item.time).is_sorted());
    }

    #[test]
    fn the_seed_decides_what_is_between() {
        assert_eq!(Archive::new(&file(50), 0.5, 3).bodies, Archive::new(&file(50), 0.5, 3).bodies);
        assert_ne!(Archive::new(&file(50), 0.5, 3).bodies, Archive::new(&file(50), 0.5, 4).bodies);
    }

    #[test]
    fn only_stories_at_a_share_of_one_and_null_elsewhere() {
        let archive = Archive::new(&file(3), 1.0, 3);
        assert_eq!(archive.items(), 3);
        for id in [0, 4, u64::MAX] {
            assert_eq!(archive.body(id), "null", "{id}");
        }
        let expected =
            r#"{"id":3,"type":"story","by":"ada","time":1002,"title":"Story 2","score":1,"descendants":2}"#;
        assert_eq!(archive.body(3), expected);
        assert_eq!(Archive::new(&file(0), 0.5, 3).items(), 0);
    }

    #[test]
    fn only_what_was_submitted_by_now_is_there_and_grows() {
        let archive = Archive::new(&file(3), 1.0, 3);
        for (now, expected) in [(i64::MIN, 0), (999, 0), (1_000, 1), (1_001, 2), (5_000, 3), (i64::MAX, 3)] {
            assert_eq!(archive.newest_id(now), expected, "{now}");
            assert!(archive.item(expected + 1, now).is_none() && archive.item(0, now).is_none());
        }
        let comments = |now| archive.item(1, now).and_then(|item| item.descendants);
        assert_eq!((comments(999), comments(1_000), comments(1_000_000)), (None, Some(0), Some(2)));
        assert_eq!((archive.first_time(), Archive::new(&file(0), 1.0, 3).first_time()), (1_000, 0));
    }
}
