//! The items around the stories: the API's answers for most ids, drawn at random.

use super::item::{Item, ItemKind};
use crate::dice::Dice;

const COMMENTS: &[&str] = &[
    "I tried this last year and the hard part was keeping it running.",
    "Is there a write-up of how it compares with the obvious way?",
    "The second paragraph is the interesting one.<p>Everything else is set-up.",
    "We did the same at a previous job &amp; went back after a month.",
    "Thanks for the link, I hadn&#x27;t seen the earlier discussion.",
    "It depends on how much data you have.",
];
const TEAMS: &[&str] =
    &["Lantern Freight", "Copper Kettle", "Tidewater Maps", "Slow Orchard", "Paper Bridge"];
const ROLES: &[&str] = &["an engineer", "a data scientist", "a designer", "its first hire", "an analyst"];
const QUESTIONS: &[&str] = &[
    "Poll: How many hours do you sleep?",
    "Poll: Tabs or spaces?",
    "Poll: Where do you keep your notes?",
    "Poll: How old is your laptop?",
];
const ANSWERS: &[&str] = &["Fewer than before", "About the same", "More than before", "I don&#x27;t count"];
const SPAM: &[&str] = &["Best kitchen knives 2 buy now", "Cheap watches here", "Win a prize today!!!"];
const FIRST_NAMES: &[&str] =
    &["quiet", "amber", "rusty", "lazy", "north", "paper", "tiny", "salty", "green", "odd"];
const LAST_NAMES: &[&str] =
    &["heron", "badger", "teapot", "anvil", "maple", "comet", "otter", "ladder", "moth"];

/// The item with this `id` and `time` that isn't a usable story; `None` where the API answers `null`.
///
/// Seven of ten are comments; the rest is jobs, polls, deleted and dead items, stories without a title and
/// nothing at all.
pub(crate) fn filler(dice: &mut Dice, id: u64, time: i64) -> Option<Item> {
    let blank = Item { id, time: Some(time), ..Item::default() };
    let signed = Item { by: Some(author(dice)), ..blank.clone() };
    let item = match dice.below(100) {
        0..6 => return None,
        6..12 => Item { deleted: true, kind: Some(ItemKind::Comment), ..blank },
        12..14 => Item { deleted: true, kind: Some(ItemKind::Story), ..blank },
        14..20 => dead(dice, signed),
        20..24 => job(dice, signed),
        24..25 => poll(dice, signed),
        25..28 => poll_answer(dice, signed),
        28..29 => Item { kind: Some(ItemKind::Story), score: Some(1), ..signed },
        29..30 => Item { kind: Some(ItemKind::Story), title: Some("  ".into()), ..signed },
        _ => comment(dice, signed),
    };
    Some(item)
}

/// Draws an author's name.
pub(crate) fn author(dice: &mut Dice) -> String {
    format!("{}{}{}", dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES), dice.below(90))
}

fn comment(dice: &mut Dice, item: Item) -> Item {
    let parent = earlier(dice, item.id);
    let text = (*dice.pick(COMMENTS)).to_owned();
    Item { kind: Some(ItemKind::Comment), parent: Some(parent), text: Some(text), ..item }
}

fn job(dice: &mut Dice, item: Item) -> Item {
    let title = format!("{} is hiring {}", dice.pick(TEAMS), dice.pick(ROLES));
    Item { kind: Some(ItemKind::Job), title: Some(title), score: Some(1), ..item }
}

fn poll(dice: &mut Dice, item: Item) -> Item {
    let title = (*dice.pick(QUESTIONS)).to_owned();
    let (score, descendants) = (1 + dice.below(80) as i64, dice.below(120) as u32);
    let parts = (1..=3).map(|offset| item.id + offset).collect();
    Item {
        kind: Some(ItemKind::Poll),
        title: Some(title),
        score: Some(score),
        descendants: Some(descendants),
        parts,
        ..item
    }
}

fn poll_answer(dice: &mut Dice, item: Item) -> Item {
    let (poll, score) = (earlier(dice, item.id), dice.below(60) as i64);
    let text = (*dice.pick(ANSWERS)).to_owned();
    Item { kind: Some(ItemKind::Pollopt), poll: Some(poll), score: Some(score), text: Some(text), ..item }
}

fn dead(dice: &mut Dice, item: Item) -> Item {
    let item = Item { dead: true, ..item };
    if dice.chance(0.5) {
        return comment(dice, item);
    }
    let title = (*dice.pick(SPAM)).to_owned();
    Item { kind: Some(ItemKind::Story), title: Some(title), score: Some(1), descendants: Some(0), ..item }
}

/// The id of an item shortly before `id`.
fn earlier(dice: &mut Dice, id: u64) -> u64 {
    id.saturating_sub(1 + dice.below(50)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hacker_news::latest::Latest;

    #[test]
    fn every_kind_occurs_and_no_story_is_kept() {
        let mut latest = Latest::default();
        for id in 1..=2_000 {
            latest.add(filler(&mut Dice::new(7, id), id, 0));
        }
        let counts = latest.counts;
        assert_eq!((counts.stories, counts.unknown), (0, 0));
        let each =
            [counts.null, counts.deleted, counts.dead, counts.jobs, counts.polls, counts.without_title];
        assert!(each.iter().all(|&count| count > 10), "{each:?}");
        assert!((1_300..1_500).contains(&counts.comments), "{}", counts.comments);
    }
}
