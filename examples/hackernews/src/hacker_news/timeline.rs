//! Items over time: what the API would answer at a moment, so that weeks can pass on a clock that isn't the wall's.

use std::fmt::Debug;

use super::growth::grown;
use super::item::{Item, ItemKind};

/// Items that come one after another. Times are seconds since 1970.
pub trait Timeline: Debug + Send + Sync {
    /// The newest item's id at `now`; 0 before the first one.
    fn newest_id(&self, now: i64) -> u64;

    /// The item `id` as it is at `now`; `None` where the API answers `null`, as it does for what isn't there yet.
    fn item(&self, id: u64, now: i64) -> Option<Item>;
}

/// An item with all that it ends with, as it is at `now`: of a story's comments and points those that have come by then.
pub(crate) fn item_at(item: Item, now: i64) -> Item {
    let Some(time) = item.time.filter(|_| item.kind == Some(ItemKind::Story)) else { return item };
    let age = now.saturating_sub(time);
    let points = |score: i64| match u32::try_from(score - 1) {
        // The author's own point is there at once.
        Ok(others) => 1 + i64::from(grown(others, age)),
        Err(_) => score,
    };
    Item {
        descendants: item.descendants.map(|comments| grown(comments, age)),
        score: item.score.map(points),
        ..item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ItemKind, age: i64, expected: (u32, i64)) {
        let item = Item {
            kind: Some(kind),
            time: Some(1_000),
            descendants: Some(100),
            score: Some(201),
            ..Item::default()
        };
        let item = item_at(item, 1_000 + age);
        assert_eq!(
            (item.descendants, item.score),
            (Some(expected.0), Some(expected.1)),
            "{kind:?} after {age} s"
        );
    }

    #[test]
    fn only_stories_grow() {
        check(ItemKind::Story, 0, (0, 1));
        check(ItemKind::Story, 3_600, (15, 32));
        check(ItemKind::Story, 1_000_000, (100, 201));
        check(ItemKind::Poll, 0, (100, 201));
    }

    #[test]
    fn odd_points_stay() {
        for score in [0, -3, i64::MIN + 1] {
            let item =
                Item { kind: Some(ItemKind::Story), time: Some(0), score: Some(score), ..Item::default() };
            assert_eq!(item_at(item, 9).score, Some(score));
        }
    }
}
