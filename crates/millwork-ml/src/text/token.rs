//! Which parts of a document are terms: scikit-learn's default analyzer.
//!
//! That is Python's `str.lower` and then the pattern `(?u)\b\w\w+\b`: every run of at least two word characters, from
//! boundary to boundary. A word character (`\w`) is an underscore or `str.isalnum`, which comes down to the general
//! categories L (letters) and N (numbers). Rust's `char::is_alphanumeric` is another set: it takes combining vowel
//! signs and circled letters in, where Python splits, so Hindi or Thai titles would get other terms.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Writes the lower-case form of `document` over `lowered`.
pub(super) fn lower(document: &str, lowered: &mut String) {
    if document.is_ascii() {
        lowered.clear();
        lowered.push_str(document);
        lowered.make_ascii_lowercase();
    } else {
        *lowered = document.to_lowercase();
    }
}

/// The terms of a document in lower case, in order and with repetitions.
pub(super) fn terms(lowered: &str) -> impl Iterator<Item = &str> {
    lowered.split(|character| !is_word(character)).filter(|run| run.chars().nth(1).is_some())
}

fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    matches!(character.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, expected: &[&str]) {
        let mut lowered = String::new();
        lower(document, &mut lowered);
        assert_eq!(terms(&lowered).collect::<Vec<_>>(), expected, "{document:?}");
    }

    #[test]
    fn terms_are_runs_of_two_or_more_word_characters() {
        check("", &[]);
        check("a b c !", &[]);
        check("Show HN: A Rust crate", &["show", "hn", "rust", "crate"]);
        check("it's 3.14 or 27", &["it", "14", "or", "27"]);
        check("snake_case __ _ _x", &["snake_case", "__", "_x"]);
        check("C++ \\in -2000 &ndash;", &["in", "2000", "ndash"]);
    }

    #[test]
    fn word_characters_are_python_s() {
        check("日本語 한국어 日", &["日本語", "한국어"]);
        check("x² ½½ ⅯⅮ ①②", &["x²", "½½", "ⅿⅾ", "①②"]);
        check("Ⓐⓑ", &[]);
        check("e\u{301}e\u{301}", &[]);
        check("हिन्दी", &[]);
        check("ภาษาไทย", &["ภาษาไทย"]);
        check("ab\u{200d}cd 🦀🦀 ef\u{85}gh", &["ab", "cd", "ef", "gh"]);
        check("PokÃ©mon a\u{300}", &["pokã", "mon"]);
    }

    #[test]
    fn lower_case_is_python_s() {
        check("ΟΔΥΣΣΕΥΣ ΣΣ", &["οδυσσευς", "σς"]);
        check("İİ Straße ẞẞ", &["straße", "ßß"]);
    }
}
