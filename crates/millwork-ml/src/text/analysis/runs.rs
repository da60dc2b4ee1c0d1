//! Runs of word characters: the default token pattern `(?u)\b\w\w+\b` and its kin, without a regular expression.
//!
//! ASCII text is classified eight bytes at a time with ordinary arithmetic on a `u64`, into a bit per byte. Where the
//! bits change is where a run starts or ends, so the work grows with the number of words more than with that of bytes.

use crate::text::analysis::characters::is_word;
use crate::text::analysis::preprocess::Text;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x80 * ONES;

/// The least length of a run that a pattern matches, if it matches just the runs of at least some length.
pub(super) fn least_length(pattern: &str) -> Option<usize> {
    let pattern = pattern.strip_prefix("(?u)").unwrap_or(pattern);
    let bounded = pattern.strip_prefix(r"\b").and_then(|pattern| pattern.strip_suffix(r"\b"));
    let mut rest = bounded.unwrap_or(pattern);
    let mut least = 0;
    while let Some(after) = rest.strip_prefix(r"\w") {
        least += 1;
        rest = after;
    }
    match rest {
        "+" if least > 0 => Some(least),
        _ if least == 1 => {
            rest.strip_prefix('{')?.strip_suffix(",}")?.parse().ok().filter(|&least| least > 0)
        }
        _ => None,
    }
}

/// Calls `see` with the bounds of each run of at least `least` word characters.
#[inline]
pub(super) fn for_each(text: &Text, least: usize, mut see: impl FnMut(usize, usize)) {
    if text.is_ascii() {
        for_each_of_ascii(text.padded(), |start, end| {
            if end - start >= least {
                see(start, end);
            }
        });
    } else {
        for_each_of_text(text.as_str(), least, see);
    }
}

fn for_each_of_text(text: &str, least: usize, mut see: impl FnMut(usize, usize)) {
    let (mut start, mut characters) = (0, 0);
    for (position, character) in text.char_indices() {
        if is_word(character) {
            if characters == 0 {
                start = position;
            }
            characters += 1;
        } else {
            if characters >= least {
                see(start, position);
            }
            characters = 0;
        }
    }
    if characters >= least {
        see(start, text.len());
    }
}

/// Calls `see` with the bounds of each run in ASCII text that is padded, so that the last run ends before the text's
/// last full eight bytes do.
#[inline]
fn for_each_of_ascii(padded: &[u8], mut see: impl FnMut(usize, usize)) {
    let mut start = 0;
    let mut inside = 0;
    for (block, bytes) in padded.chunks(64).enumerate() {
        let mut words = 0;
        for (eighth, bytes) in bytes.chunks_exact(8).enumerate() {
            words |= word_bits(u64::from_le_bytes(bytes.try_into().expect("eight bytes"))) << (8 * eighth);
        }
        // A bit is set where a byte and the one before it differ in being a word's.
        let mut changes = words ^ (words << 1 | inside);
        while changes != 0 {
            let position = 64 * block + changes.trailing_zeros() as usize;
            if inside == 0 {
                start = position;
            } else {
                see(start, position);
            }
            inside ^= 1;
            changes &= changes - 1;
        }
    }
}

/// One bit per byte of eight ASCII bytes, the first the least significant: whether it is a letter, digit or underscore.
#[inline]
fn word_bits(bytes: u64) -> u64 {
    // No byte exceeds 0x7f, so adding to it never carries into the next, and sets its high bit from a bound on.
    let from = |bytes: u64, bound: u8| bytes + u64::from(0x80 - bound) * ONES;
    let lowered = bytes | (0x20 * ONES);
    let letter = from(lowered, b'a') & !from(lowered, b'z' + 1);
    let digit = from(bytes, b'0') & !from(bytes, b'9' + 1);
    let underscore = !((bytes ^ (u64::from(b'_') * ONES)) + 0x7f * ONES);
    let words = (letter | digit | underscore) & HIGH_BITS;
    // The product moves the high bit of byte `i` to bit `56 + i`.
    (words >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ascii_byte_is_classified() {
        for byte in 0..128u8 {
            for position in 0..8 {
                let found = word_bits(u64::from(byte) << (8 * position));
                let expected = u64::from(is_word(char::from(byte))) << position;
                assert_eq!(found, expected, "{byte} at {position}");
            }
        }
    }

    #[test]
    fn simple_patterns_are_recognised() {
        let check = |pattern: &str, expected: Option<usize>| {
            assert_eq!(least_length(pattern), expected, "{pattern}");
        };
        check(r"(?u)\b\w\w+\b", Some(2));
        check(r"\b\w+\b", Some(1));
        check(r"\w\w\w+", Some(3));
        check(r"\w{3,}", Some(3));
        check(r"\b\w{12,}\b", Some(12));
        check(r"\w{0,}", None);
        check(r"\w\w{2,}", None);
        check(r"\b\w+", None);
        check(r"\w", None);
        check("+", None);
        check("", None);
    }
}
