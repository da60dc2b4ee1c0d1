//! From items to stories: every item of a window is counted once, and stories that a model can learn from are kept.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::growth::is_settled;
use super::item::{Item, ItemKind};

/// A live story with a title. A field is `None` where the API doesn't have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The item's number, ascending with time.
    pub id: u64,
    /// The title, with HTML entities decoded and otherwise unchanged.
    pub title: String,
    /// The address that the story links to; text posts have none.
    pub url: Option<String>,
    /// The author's name.
    pub by: Option<String>,
    /// The story's points.
    pub score: Option<i64>,
    /// The number of its comments.
    pub descendants: Option<u32>,
    /// When it was submitted, in seconds since 1970 (UTC).
    pub time: Option<i64>,
}

/// The stories among some items, and counts of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// When the source was read by its own clock, in seconds since 1970; `None` if it doesn't say.
    pub read_at: Option<i64>,
    /// The stories, by ascending id.
    pub stories: Vec<Story>,
    /// The counts of the window's items.
    pub counts: ItemCounts,
}

/// The counts of a window's items.
///
/// Each requested item is in one of the counts up to `failed`; those after it are about the stories and the
/// requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemCounts {
    /// Requested items: the window, clamped to the ids that exist.
    pub requested: usize,
    /// Stories that were kept.
    pub stories: usize,
    /// Ids that the API has no item for.
    pub null: usize,
    /// Items that were deleted.
    pub deleted: usize,
    /// Items that moderation hides.
    pub dead: usize,
    /// Comments.
    pub comments: usize,
    /// Job advertisements.
    pub jobs: usize,
    /// Polls and their answers.
    pub polls: usize,
    /// Stories whose title is missing or blank, left out.
    pub without_title: usize,
    /// Items of a type that the API doesn't document, left out.
    pub unknown: usize,
    /// Items that couldn't be fetched.
    pub failed: usize,
    /// Kept stories without a number of comments.
    pub without_descendants: usize,
    /// Kept stories whose title had HTML entities.
    pub with_entities: usize,
    /// Requests that were repeated.
    pub retried: usize,
}

impl Story {
    /// Whether its comments are all there, at the time `read_at` of its source. Where a time isn't known, they count as all there.
    pub(crate) fn is_settled(&self, read_at: Option<i64>) -> bool {
        let times = self.time.zip(read_at);
        times.is_none_or(|(time, read_at)| is_settled(time, read_at))
    }
}

impl Latest {
    /// Counts one answer of the API and keeps it if it is a story.
    pub(crate) fn add(&mut self, answer: Option<Item>) {
        let Some(item) = answer else {
            self.counts.null += 1;
            return;
        };
        match item.kind {
            _ if item.deleted => self.counts.deleted += 1,
            _ if item.dead => self.counts.dead += 1,
            Some(ItemKind::Story) => self.add_story(item),
            Some(ItemKind::Comment) => self.counts.comments += 1,
            Some(ItemKind::Job) => self.counts.jobs += 1,
            Some(ItemKind::Poll | ItemKind::Pollopt) => self.counts.polls += 1,
            None => self.counts.unknown += 1,
        }
    }

    fn add_story(&mut self, item: Item) {
        let raw_title = item.title.unwrap_or_default();
        let title = html_escape::decode_html_entities(&raw_title);
        if title.trim().is_empty() {
            self.counts.without_title += 1;
            return;
        }
        self.counts.stories += 1;
        self.counts.without_descendants += usize::from(item.descendants.is_none());
        self.counts.with_entities +=
            usize::from(matches!(&title, Cow::Owned(decoded) if *decoded != raw_title));
        self.stories.push(Story {
            id: item.id,
            title: title.into_owned(),
            url: item.url.filter(|url| !url.is_empty()),
            by: item.by,
            score: item.score,
            descendants: item.descendants,
            time: item.time,
        });
    }

    /// Sorts the stories, which arrive in any order, by their ids.
    pub(crate) fn sorted(mut self) -> Self {
        self.stories.sort_unstable_by_key(|story| story.id);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest(bodies: &[&str]) -> Latest {
        let mut latest = Latest::default();
        for (id, body) in bodies.iter().enumerate() {
            latest.add(Item::parse(id as u64, body.as_bytes()).unwrap());
        }
        latest
    }

    /// Folds one body and compares all of the counts.
    fn check(body: &str, expected: ItemCounts) {
        assert_eq!(latest(&[body]).counts, expected, "{body}");
    }

    fn check_title(raw: &str, expected: Option<&str>) {
        let body = serde_json::json!({"type": "story", "title": raw}).to_string();
        let title = latest(&[&body]).stories.pop().map(|story| story.title);
        assert_eq!(title.as_deref(), expected, "{raw:?}");
    }

    #[test]
    fn every_kind_of_item_has_its_count() {
        let none = ItemCounts::default;
        check("null", ItemCounts { null: 1, ..none() });
        check("{}", ItemCounts { unknown: 1, ..none() });
        check(r#"{"type":"haiku"}"#, ItemCounts { unknown: 1, ..none() });
        check(r#"{"deleted":true}"#, ItemCounts { deleted: 1, ..none() });
        check(r#"{"deleted":true,"dead":true,"type":"story"}"#, ItemCounts { deleted: 1, ..none() });
        check(r#"{"dead":true,"type":"story","title":"T"}"#, ItemCounts { dead: 1, ..none() });
        check(r#"{"type":"comment"}"#, ItemCounts { comments: 1, ..none() });
        check(r#"{"type":"job","title":"T"}"#, ItemCounts { jobs: 1, ..none() });
        check(r#"{"type":"poll","title":"T"}"#, ItemCounts { polls: 1, ..none() });
        check(r#"{"type":"pollopt"}"#, ItemCounts { polls: 1, ..none() });
        check(r#"{"type":"story"}"#, ItemCounts { without_title: 1, ..none() });
        check(r#"{"type":"story","title":" \t"}"#, ItemCounts { without_title: 1, ..none() });
        check(r#"{"type":"story","title":"T","descendants":0}"#, ItemCounts { stories: 1, ..none() });
        check(
            r#"{"type":"story","title":"A &amp; B"}"#,
            ItemCounts { stories: 1, without_descendants: 1, with_entities: 1, ..none() },
        );
    }

    #[test]
    fn entities_are_decoded_and_nothing_else_is_touched() {
        check_title("R&amp;D &ndash; &lt;&gt;", Some("R&D – <>"));
        check_title("caf&#233; &#x2013; &quot;q&quot; &#39;s", Some("café – \"q\" 's"));
        check_title("AT&T & co; &nosuchentity; &amp;amp;", Some("AT&T & co; &nosuchentity; &amp;"));
        check_title("  two  spaces ", Some("  two  spaces "));
        check_title("&nbsp;", None);
        check_title("", None);
        check_title("27", Some("27"));
    }

    #[test]
    fn a_bare_ampersand_is_no_entity() {
        check(
            r#"{"type":"story","title":"AT&T & co; &nosuchentity;","descendants":1}"#,
            ItemCounts { stories: 1, ..ItemCounts::default() },
        );
    }

    #[test]
    fn stories_are_sorted_and_an_empty_url_is_none() {
        let mut latest = latest(&[]);
        for id in [5, 3, 4] {
            let (title, url) = (Some("T".into()), Some(String::new()));
            latest.add(Some(Item { id, kind: Some(ItemKind::Story), title, url, ..Item::default() }));
        }
        let stories = latest.sorted().stories;
        assert_eq!(stories.iter().map(|story| story.id).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(stories.iter().all(|story| story.url.is_none()));
    }
}
