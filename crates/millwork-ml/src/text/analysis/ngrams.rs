//! Neighbouring words or characters joined to terms: scikit-learn's n-grams.
//!
//! Words are written one after the other with a space between, so every n-gram is a slice of that buffer and none is
//! joined for itself.

use std::ops::RangeInclusive;

use crate::text::analysis::batch::{Batch, Bounds};
use crate::text::analysis::characters::is_space;
use crate::text::terms::{PADDING, Terms};

/// Buffers that are used again from document to document.
#[derive(Default)]
pub(super) struct Buffers {
    joined: Vec<u8>,
    /// Where each unit starts and ends in `joined`.
    units: Vec<(usize, usize)>,
}

impl Buffers {
    fn clear(&mut self) {
        self.joined.clear();
        self.units.clear();
    }

    fn push(&mut self, unit: &[u8]) {
        let start = self.joined.len();
        self.joined.extend_from_slice(unit);
        self.units.push((start, self.joined.len()));
    }

    fn push_characters(&mut self, text: &str) {
        let start = self.joined.len();
        self.joined.extend_from_slice(text.as_bytes());
        let characters = text.char_indices();
        self.units.extend(
            characters
                .map(|(position, character)| (start + position, start + position + character.len_utf8())),
        );
    }
}

/// Calls `see` with the n-grams of the words of a text.
pub(super) fn of_words(
    text: &[u8],
    words: &[(usize, usize)],
    lengths: &RangeInclusive<usize>,
    buffers: &mut Buffers,
    bounds: &mut Bounds,
    see: &mut impl FnMut(Terms<'_>),
) {
    if *lengths.end() == 1 {
        return see(Terms { text, bounds: words });
    }
    buffers.clear();
    for &(start, end) in words {
        if !buffers.units.is_empty() {
            buffers.joined.push(b' ');
        }
        buffers.push(&text[start..end]);
    }
    buffers.joined.extend_from_slice(&PADDING);
    let most = buffers.units.len().min(*lengths.end());
    hand_on(buffers, *lengths.start()..=most, bounds, see);
}

/// Calls `see` with the n-grams of the characters of a text, in which several spaces in a row count as one blank.
pub(super) fn of_characters(
    text: &str,
    lengths: &RangeInclusive<usize>,
    buffers: &mut Buffers,
    bounds: &mut Bounds,
    see: &mut impl FnMut(Terms<'_>),
) {
    buffers.clear();
    let mut rest = text;
    while let Some(position) = rest.find(is_space) {
        let (before, from_space) = rest.split_at(position);
        buffers.push_characters(before);
        let after = from_space.trim_start_matches(is_space);
        let spaces = &from_space[..from_space.len() - after.len()];
        let one = spaces.chars().nth(1).is_none();
        buffers.push(if one { spaces.as_bytes() } else { b" " });
        rest = after;
    }
    buffers.push_characters(rest);
    buffers.joined.extend_from_slice(&PADDING);
    let most = buffers.units.len().min(*lengths.end());
    hand_on(buffers, *lengths.start()..=most, bounds, see);
}

/// Calls `see` with the n-grams of the characters of each word, a blank at either end being part of the word. A word
/// that is shorter than an n-gram is one itself, once.
pub(super) fn within_words(
    text: &str,
    lengths: &RangeInclusive<usize>,
    buffers: &mut Buffers,
    bounds: &mut Bounds,
    see: &mut impl FnMut(Terms<'_>),
) {
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        buffers.clear();
        buffers.push(b" ");
        buffers.push_characters(word);
        buffers.push(b" ");
        buffers.joined.extend_from_slice(&PADDING);
        let characters = buffers.units.len();
        let (least, most) = (*lengths.start(), *lengths.end());
        hand_on(buffers, least.min(characters)..=most.min(characters), bounds, see);
    }
}

/// Calls `see` with every n-gram of neighbouring units, for each n in `lengths`.
fn hand_on(
    buffers: &Buffers,
    lengths: RangeInclusive<usize>,
    bounds: &mut Bounds,
    see: &mut impl FnMut(Terms<'_>),
) {
    let mut batch = Batch::new(&buffers.joined, bounds, see);
    for length in lengths {
        for units in buffers.units.windows(length) {
            batch.push(units[0].0, units[length - 1].1);
        }
    }
    batch.finish();
}
