//! The text that terms are looked for in: the document in lower case and without accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::text::params::StripAccents;
use crate::text::terms::PADDING;

/// The normalization of a document before it is split into units.
#[derive(Debug, Clone)]
pub(super) struct Preprocess {
    pub(super) lowercase: bool,
    pub(super) strip_accents: StripAccents,
}

/// A text with zeros after it, so that it can be read in blocks.
#[derive(Default)]
pub(super) struct Text {
    padded: String,
    length: usize,
    is_ascii: bool,
    spare: String,
}

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.padded[..self.length]
    }

    /// The text's bytes and then [`PADDING`].
    #[inline]
    pub(super) fn padded(&self) -> &[u8] {
        self.padded.as_bytes()
    }

    #[inline]
    pub(super) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    #[inline]
    fn finish(&mut self, is_ascii: bool) {
        self.length = self.padded.len();
        self.is_ascii = is_ascii;
        self.padded.push_str(std::str::from_utf8(&PADDING).unwrap_or_default());
    }
}

impl Preprocess {
    /// Replaces `text` by the normalized `document`.
    #[inline]
    pub(super) fn write(&self, document: &str, text: &mut Text) {
        text.padded.clear();
        if document.is_ascii() {
            text.padded.push_str(document);
            if self.lowercase {
                text.padded.make_ascii_lowercase();
            }
            text.finish(true);
        } else {
            self.write_beyond_ascii(document, text);
        }
    }

    fn write_beyond_ascii(&self, document: &str, text: &mut Text) {
        if self.strip_accents == StripAccents::None {
            self.lower(document, &mut text.padded);
            return text.finish(false);
        }
        text.spare.clear();
        self.lower(document, &mut text.spare);
        let decomposed = text.spare.nfkd();
        match self.strip_accents {
            StripAccents::Ascii => text.padded.extend(decomposed.filter(char::is_ascii)),
            StripAccents::None | StripAccents::Unicode => {
                text.padded.extend(decomposed.filter(|&character| canonical_combining_class(character) == 0));
            }
        }
        let is_ascii = text.padded.is_ascii();
        text.finish(is_ascii);
    }

    /// Appends Python's `str.lower` of a document. What becomes of a capital sigma depends on its neighbours; every
    /// other character stands for itself.
    fn lower(&self, document: &str, lowered: &mut String) {
        if !self.lowercase {
            lowered.push_str(document);
        } else if document.contains('Σ') {
            lowered.push_str(&document.to_lowercase());
        } else {
            for character in document.chars() {
                match character {
                    _ if character.is_ascii() => lowered.push(character.to_ascii_lowercase()),
                    // Ideographs, kana and general punctuation have no case, and looking that up takes time.
                    '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => {
                        lowered.push(character);
                    }
                    _ => lowered.extend(character.to_lowercase()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_lowered_as_by_itself() {
        let preprocess = Preprocess { lowercase: true, strip_accents: StripAccents::None };
        let mut text = Text::default();
        for character in (char::MIN..=char::MAX).filter(|&character| character != 'Σ') {
            let document = format!("é{character}");
            preprocess.write(&document, &mut text);
            assert_eq!(text.as_str(), document.to_lowercase(), "{character:?}");
        }
    }
}
