//! Classes of characters as in Python's `re`.
//!
//! A word character (`\w`) is an underscore or `str.isalnum`, which comes down to the general categories L (letters)
//! and N (numbers). Rust's `char::is_alphanumeric` is another set: it takes combining vowel signs and circled letters
//! in, where Python splits, so Hindi or Thai titles would get other terms.

use std::sync::LazyLock;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Whether a character is Python's `\w`.
#[inline]
pub(super) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    match u16::try_from(u32::from(character)) {
        Ok(unit) => WORDS_OF_PLANE_0[usize::from(unit >> 6)] >> (unit & 63) & 1 == 1,
        Err(_) => is_letter_or_number(character),
    }
}

/// Whether a character is Python's `\s`, which is also where `str.split` splits: white space and the four separators
/// of ASCII.
#[inline]
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// One bit per character of the basic plane: searching the ranges of categories takes tens of nanoseconds.
static WORDS_OF_PLANE_0: LazyLock<[u64; 1024]> = LazyLock::new(|| {
    std::array::from_fn(|index| {
        let characters = (0..64).filter_map(|bit| Some((bit, char::from_u32((index * 64 + bit) as u32)?)));
        characters
            .filter(|&(_, character)| is_letter_or_number(character))
            .fold(0, |bits, (bit, _)| bits | 1 << bit)
    })
});

fn is_letter_or_number(character: char) -> bool {
    matches!(character.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}
