//! What a downstream key needs and upstream hasn't, in words.

use super::link::{Link, window_axis};
use super::resolved::Relation;
use super::source::Source;
use super::windows::{self, Shortfall};
use crate::partition::key_space::SpaceDimension;
use crate::partition::{Axis, Key, KeySpace};

/// What a downstream key needs and there isn't.
pub(super) fn of_key(relation: &Relation, key: &[i64], from: &KeySpace, to: &KeySpace) -> Vec<String> {
    match relation {
        Relation::Product(sources) => {
            let pairs = sources.iter().zip(&to.dimensions);
            pairs.flat_map(|(source, up)| of_source(source, key, from, up)).collect()
        }
        Relation::Function(function) => {
            let Some(own) = from.key_at(key) else { return vec!["no such key downstream".to_owned()] };
            let there = to.all();
            let is_missing = |key: &Key| !to.index(key).is_some_and(|index| there.contains(&index));
            let missing = function.upstream_of_key(&own).into_iter().filter(is_missing);
            missing.map(|key| format!("no partition `{key}`")).collect()
        }
    }
}

fn of_source(source: &Source, key: &[i64], from: &KeySpace, up: &SpaceDimension) -> Vec<String> {
    let name = &up.name;
    match source {
        Source::All => Vec::new(),
        Source::Latest => up.present().last().map_or_else(|| vec![format!("no `{name}`")], |_| Vec::new()),
        Source::Only(texts) => absent(texts.iter().map(String::as_str), up),
        Source::From { place, link } => {
            let (Some(down), Some(index)) = (from.dimensions.get(*place), key.get(*place)) else {
                return Vec::new();
            };
            of_link(link, *index, down, up)
        }
    }
}

fn of_link(link: &Link, index: i64, down: &SpaceDimension, up: &SpaceDimension) -> Vec<String> {
    let Some(own) = down.value(index) else { return vec!["no such value downstream".to_owned()] };
    match link {
        Link::SameText => absent([own.text()], up),
        Link::Table(rows) => match rows.get(own.text()) {
            Some(texts) => absent(texts.iter().map(String::as_str), up),
            None => vec![format!("no row for `{}` in the table", own.text())],
        },
        Link::Function(function) => {
            let keys = function.upstream_of_key(&Key::new([own]));
            let is_missing = |key: &Key| match key.values() {
                [value] => !up.index(value).is_some_and(|index| up.present().contains(index)),
                _ => true,
            };
            let missing = keys.into_iter().filter(is_missing);
            missing.map(|key| format!("no `{key}` in `{}`", up.name)).collect()
        }
        Link::Windows(offsets) => {
            let axes = window_axis(down).zip(window_axis(up));
            let shortfall = axes.and_then(|(down, up)| windows::shortfall(*offsets, index, down, up));
            shortfall.map(|shortfall| of_windows(shortfall, own.text(), up)).into_iter().collect()
        }
    }
}

/// The texts of some that upstream hasn't.
fn absent<'a>(texts: impl IntoIterator<Item = &'a str>, up: &SpaceDimension) -> Vec<String> {
    let Axis::Texts(known) = &up.axis else { return Vec::new() };
    let is_absent = |text: &&str| !known.index(text).is_some_and(|index| known.present().contains(index));
    texts.into_iter().filter(is_absent).map(|text| format!("no `{text}` in `{}`", up.name)).collect()
}

/// Which windows a downstream one needs and upstream hasn't.
fn of_windows(shortfall: Shortfall, own: &str, up: &SpaceDimension) -> String {
    let name = &up.name;
    let label = |index: Option<i64>| {
        let value = index.and_then(|index| up.value(index));
        value.map_or_else(String::new, |value| value.text().to_owned())
    };
    match shortfall {
        Shortfall::Empty => format!("no `{name}`"),
        Shortfall::Before => format!("no `{name}` before `{}`", label(up.present().first())),
        Shortfall::After => format!("no `{name}` after `{}`", label(up.present().last())),
        Shortfall::Excluded => format!("all `{name}` of `{own}` is excluded"),
    }
}
