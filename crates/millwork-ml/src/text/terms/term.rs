//! A term within the text that it was found in.

/// What a text ends with, so that the eight bytes from any term's start can be read as one word.
pub(in crate::text) const PADDING: [u8; 16] = [0; 16];

/// A term: some bytes of a text, the text being longer.
#[derive(Clone, Copy)]
pub(in crate::text) struct Term<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Term<'a> {
    /// The term from `start` to `end`. The text should go on with [`PADDING`]; without, looking it up takes longer.
    #[inline]
    pub(in crate::text) fn new(text: &'a [u8], start: usize, end: usize) -> Self {
        Self { text, start, end }
    }

    #[inline]
    pub(in crate::text) fn bytes(self) -> &'a [u8] {
        &self.text[self.start..self.end]
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    /// A number that orders terms like their bytes, but for those that agree in the first eight.
    pub(in crate::text) fn rank(self) -> u64 {
        self.first_word().swap_bytes()
    }

    /// The last eight bytes of a term that has so many.
    #[inline]
    pub(super) fn last_word(self) -> u64 {
        word(&self.text[self.end - 8..self.end])
    }

    /// The first eight bytes, the first the least significant, with zeros after the end.
    #[inline]
    pub(super) fn first_word(self) -> u64 {
        match self.text.get(self.start..self.start + 8) {
            Some(bytes) => word(bytes) & low_bytes(self.len()),
            None => short_word(self.bytes()),
        }
    }
}

/// Terms of one text, in an order that means nothing.
#[derive(Clone, Copy)]
pub(in crate::text) struct Terms<'a> {
    pub(in crate::text) text: &'a [u8],
    pub(in crate::text) bounds: &'a [(usize, usize)],
}

impl<'a> Terms<'a> {
    #[inline]
    pub(in crate::text) fn iter(self) -> impl Iterator<Item = Term<'a>> {
        self.bounds.iter().map(move |&(start, end)| Term::new(self.text, start, end))
    }

    /// The terms by groups of at most `size`.
    #[inline]
    pub(super) fn groups(self, size: usize) -> impl Iterator<Item = Self> {
        self.bounds.chunks(size).map(move |bounds| Self { text: self.text, bounds })
    }
}

impl<'a> From<&'a str> for Term<'a> {
    fn from(term: &'a str) -> Self {
        Self::new(term.as_bytes(), 0, term.len())
    }
}

/// Eight bytes as a number.
#[inline]
pub(super) fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

/// Up to eight bytes as a number; more are left out.
fn short_word(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// A mask of the first `count` bytes of a word; all of them from eight on.
#[inline]
fn low_bytes(count: usize) -> u64 {
    if count >= 8 { u64::MAX } else { (1 << (8 * count)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, range: std::ops::Range<usize>, expected: u64) {
        let found = Term::new(text.as_bytes(), range.start, range.end).first_word();
        assert_eq!(found, expected, "{text:?} {range:?}");
    }

    #[test]
    fn the_first_word_is_the_same_with_and_without_padding() {
        for text in ["xab\0", "xab", "xabcdefghijklmnop"] {
            check(text, 1..3, 0x6261);
            check(text, 1..1, 0);
        }
        check("abcdefgh", 0..8, 0x6867_6665_6463_6261);
        check("abcdefghij", 0..10, 0x6867_6665_6463_6261);
        check("\0\0\0", 0..3, 0);
    }
}
