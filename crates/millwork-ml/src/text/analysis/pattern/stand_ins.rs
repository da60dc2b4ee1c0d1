//! Boundaries of words as Python sees them, found by a crate that sees them elsewhere.
//!
//! The `regex` crate's `\b` is fixed: to it, combining marks, circled letters and a few signs are parts of words, and
//! numbers such as `²` and `½` are not; to Python it is the other way about. All other parts of a pattern are ours to
//! write. So where a pattern has a `\b` or `\B`, every such character is exchanged, in the pattern's sets and in the text
//! alike, for a stand-in that the crate's `\b` takes for what Python takes the character for: a number for one of the
//! marks, a mark for a character of the private-use plane 16, and a character of that plane for the first one of plane 15.
//! The last two planes then look all the same to the pattern, which is why it may not tell their characters apart.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use regex_syntax::is_word_character;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::text::analysis::characters::is_word;

/// Where the private-use planes 15 and 16 start.
const PRIVATE: char = '\u{f0000}';
/// Where the stand-ins of marks start.
const MARKS: u32 = 0x10_0000;

/// What characters are exchanged for.
#[derive(Debug)]
pub(super) struct StandIns {
    of: HashMap<char, char>,
}

/// A text with stand-ins.
pub(super) struct Replaced {
    pub(super) text: String,
    /// Where the two texts start to be apart by another distance: the position here and there.
    positions: Vec<(usize, usize)>,
}

impl StandIns {
    /// The stand-ins, which are the same for every pattern.
    pub(super) fn get() -> &'static Self {
        static STAND_INS: LazyLock<StandIns> = LazyLock::new(StandIns::new);
        &STAND_INS
    }

    fn new() -> Self {
        let characters = || '\u{80}'..PRIVATE;
        let marks: Vec<char> =
            characters().filter(|&character| is_word_character(character) && !is_word(character)).collect();
        let numbers = characters().filter(|&character| {
            !is_word_character(character)
                && character.general_category_group() == GeneralCategoryGroup::Number
        });
        let for_numbers = numbers.zip(marks.iter().copied());
        let for_marks = marks.iter().copied().zip((MARKS..).filter_map(char::from_u32));
        Self { of: for_numbers.chain(for_marks).collect() }
    }

    fn get_for(&self, character: char) -> char {
        match character {
            '\0'..='\u{7f}' => character,
            PRIVATE.. => PRIVATE,
            _ => self.of.get(&character).copied().unwrap_or(character),
        }
    }

    /// The text with stand-ins, or nothing if there are none in it.
    pub(super) fn replace(&self, text: &str) -> Option<Replaced> {
        if text.chars().all(|character| self.get_for(character) == character) {
            return None;
        }
        let mut replaced = Replaced { text: String::with_capacity(text.len()), positions: vec![(0, 0)] };
        for (position, character) in text.char_indices() {
            let stand_in = self.get_for(character);
            replaced.text.push(stand_in);
            if stand_in.len_utf8() != character.len_utf8() {
                replaced.positions.push((replaced.text.len(), position + character.len_utf8()));
            }
        }
        Some(replaced)
    }

    /// A set of characters with stand-ins.
    pub(super) fn replace_in(&self, class: &ClassUnicode) -> Result<ClassUnicode, String> {
        let mut private = ClassUnicode::new([ClassUnicodeRange::new(PRIVATE, char::MAX)]);
        let whole = private.clone();
        private.intersect(class);
        if !private.ranges().is_empty() && private != whole {
            return Err(
                "it tells characters of the private use planes apart and has a boundary of words".to_owned()
            );
        }
        let exchanged = |character: char| ClassUnicodeRange::new(character, character);
        let mut replaced = class.clone();
        let mut vacated = whole;
        vacated.union(&ClassUnicode::new(self.of.keys().copied().map(exchanged)));
        replaced.difference(&vacated);
        let contains = |character: char| {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&character))
        };
        let stand_ins = self.of.iter().filter(|&(&character, _)| contains(character));
        replaced.union(&ClassUnicode::new(stand_ins.map(|(_, &stand_in)| exchanged(stand_in))));
        if !private.ranges().is_empty() {
            replaced.push(exchanged(PRIVATE));
        }
        Ok(replaced)
    }
}

impl Replaced {
    /// The position in the original text of a position in this one.
    pub(super) fn position(&self, position: usize) -> usize {
        let before = self.positions.partition_point(|&(here, _)| here <= position);
        let (here, there) = self.positions[before - 1];
        there + (position - here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_distinct_and_where_python_has_them() {
        let stand_ins = StandIns::get();
        let mut seen = std::collections::HashSet::new();
        for (&character, &stand_in) in &stand_ins.of {
            assert!(seen.insert(stand_in), "{character:?}");
            assert_eq!(is_word_character(stand_in), is_word(character), "{character:?}");
        }
        for character in ('\0'..PRIVATE).filter(|character| !stand_ins.of.contains_key(character)) {
            let agrees = is_word_character(character) == is_word(character);
            // Letters that Unicode has added since the crate's tables were made have no stand-in.
            let is_new_letter = is_word(character) && !is_word_character(character);
            assert!(agrees || is_new_letter, "{character:?}");
        }
    }

    #[test]
    fn positions_lead_back() {
        let text = "a½b\u{301}c\u{10ffff}d";
        let replaced = StandIns::get().replace(text).expect("stand-ins");
        let found: Vec<usize> =
            replaced.text.char_indices().map(|(here, _)| replaced.position(here)).collect();
        let expected: Vec<usize> = text.char_indices().map(|(position, _)| position).collect();
        assert_eq!(found, expected);
        assert_eq!(replaced.position(replaced.text.len()), text.len());
        assert!(StandIns::get().replace("plain ’text’ 日本").is_none());
    }
}
