//! Python's classes of characters, as sets.

use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::text::analysis::characters::{is_space, is_word};

/// `\w`: letters, numbers and the underscore.
pub(super) static WORD: LazyLock<ClassUnicode> = LazyLock::new(|| set(is_word));

/// `\d`: decimal digits of all scripts.
pub(super) static DIGIT: LazyLock<ClassUnicode> =
    LazyLock::new(|| set(|character| character.general_category() == GeneralCategory::DecimalNumber));

/// `\s`: white space.
pub(super) static SPACE: LazyLock<ClassUnicode> = LazyLock::new(|| set(is_space));

/// The set of one character.
pub(super) fn only(character: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(character, character)])
}

/// All other characters.
pub(super) fn negated(class: &ClassUnicode) -> ClassUnicode {
    let mut class = class.clone();
    class.negate();
    class
}

/// The characters that `contains` is true of; planes 4 and above have no letters, numbers or spaces.
fn set(contains: fn(char) -> bool) -> ClassUnicode {
    let characters = ('\0'..='\u{3ffff}').filter(|&character| contains(character));
    let mut ranges: Vec<(char, char)> = Vec::new();
    for character in characters {
        match ranges.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(character) => *last = character,
            _ => ranges.push((character, character)),
        }
    }
    ClassUnicode::new(ranges.into_iter().map(|(first, last)| ClassUnicodeRange::new(first, last)))
}
