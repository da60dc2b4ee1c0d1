//! How wide a text will be in a font that isn't known.

use super::super::columns::columns;

/// The width of a label in the monospaced font of 13 pixels: the common ones have letters of 0.55 to 0.61 em.
pub(super) fn label_width(text: &str) -> f64 {
    columns(text) as f64 * 7.9
}

/// The width of a small text in the system's font, on the wide side.
pub(super) fn text_width(text: &str, font_size: f64) -> f64 {
    text.chars().map(letter_width).sum::<f64>() * font_size
}

/// The width of a letter in em.
fn letter_width(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '/' | '|' | '(' | ')' | '-' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' => 0.95,
        'A'..='Z' | '_' => 0.7,
        _ => columns(letter.encode_utf8(&mut [0; 4])) as f64 * 0.6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_texts_are_wider() {
        for (narrow, wide) in [("", "i"), ("ill", "mmm"), ("features", "FEATURES"), ("ab", "訓練")] {
            assert!(text_width(narrow, 11.0) < text_width(wide, 11.0), "{narrow:?} and {wide:?}");
        }
        assert!(label_width("ab") < label_width("訓練"));
    }
}
