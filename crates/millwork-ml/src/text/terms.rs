//! Terms as numbers: the table that every occurrence of a term is looked up in.
//!
//! A million titles have some hundred thousand different terms and many million occurrences, so what an occurrence costs
//! decides. It costs one multiplication and, nearly always, one slot of a table: a term of up to eight bytes, as most
//! words are, *is* its slot's key, and a longer one is compared with the stored bytes once its 64-bit hash agrees.
//! Nothing is allocated for an occurrence; a new term's bytes are appended to one buffer.
//!
//! Looking a term up is mostly waiting for its slot to come from memory. So terms are looked up in groups: the slots of
//! all of them are read before the first one is looked at, and the waits run side by side.

use std::hash::{BuildHasher, RandomState};

/// What a text ends with, so that the eight bytes from any term's start can be read as one word.
pub(super) const PADDING: [u8; 16] = [0; 16];

/// A term: some bytes of a text, the text being longer.
#[derive(Clone, Copy)]
pub(super) struct Term<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Term<'a> {
    /// The term from `start` to `end`. The text should end with [`PADDING`] after it; without, looking it up takes longer.
    #[inline]
    pub(super) fn new(text: &'a [u8], start: usize, end: usize) -> Self {
        Self { text, start, end }
    }

    #[inline]
    pub(super) fn bytes(self) -> &'a [u8] {
        &self.text[self.start..self.end]
    }

    #[inline]
    fn len(self) -> usize {
        self.end - self.start
    }

    /// A number that orders terms like their bytes, but for those that agree in the first eight.
    pub(super) fn rank(self) -> u64 {
        self.first_word().swap_bytes()
    }

    /// The last eight bytes of a term with at least eight.
    #[inline]
    fn last_word(self) -> u64 {
        word(&self.text[self.end - 8..self.end])
    }

    /// The first eight bytes, the first the least significant, with zeros after the end.
    #[inline]
    fn first_word(self) -> u64 {
        match self.text.get(self.start..self.start + 8) {
            Some(bytes) => word(bytes) & low_bytes(self.len()),
            None => short_word(self.bytes()),
        }
    }
}

/// Terms of one text, in an order that means nothing.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) text: &'a [u8],
    pub(super) bounds: &'a [(usize, usize)],
}

impl<'a> Terms<'a> {
    #[inline]
    pub(super) fn iter(self) -> impl Iterator<Item = Term<'a>> {
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
fn word(bytes: &[u8]) -> u64 {
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

/// How many terms are best looked up side by side.
pub(super) const GROUP: usize = 16;
/// The largest term that a slot's key holds whole, in bytes.
const SHORT: usize = 8;
const VACANT: u32 = u32::MAX;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Numbers of terms. The terms themselves are kept by the owner, in whatever form it needs them.
///
/// The hash is a folded multiplication (the two halves of a 128-bit product, exclusive-or) of eight bytes at a time
/// with a seed that is drawn per table, so it is impossible to prepare documents whose terms all collide in every process. No
/// result depends on the seed: slots are only ever found, not listed.
#[derive(Debug, Clone)]
pub(super) struct TermTable {
    slots: Vec<Slot>,
    /// How far a hash is shifted to be a slot's index.
    shift: u32,
    occupied: usize,
    seed: u64,
}

/// A term's number beside what it is found by.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The term's bytes if it is short, else its hash.
    key: u64,
    length: u32,
    number: u32,
}

const NO_SLOT: Slot = Slot { key: 0, length: 0, number: VACANT };

/// A first look at a term's slot.
#[derive(Clone, Copy)]
pub(super) struct Look {
    key: u64,
    hash: u64,
    length: u32,
    slot: Slot,
}

/// What was found for a term.
pub(super) enum Entry {
    /// The number of the term in the slot.
    Occupied(u32),
    /// Where it can be put.
    Vacant(Vacancy),
}

/// A vacant slot for a term.
#[derive(Clone, Copy)]
pub(super) struct Vacancy {
    index: usize,
    key: u64,
    length: u32,
}

impl Look {
    /// No look at all, to be written over.
    pub(super) const NONE: Self = Self { key: 0, hash: 0, length: 0, slot: NO_SLOT };
}

impl TermTable {
    /// A table that can hold `terms` before it grows.
    pub(super) fn with_capacity(terms: usize) -> Self {
        let slots = (terms * 2).next_power_of_two().max(1 << 10);
        Self {
            slots: vec![NO_SLOT; slots],
            shift: 64 - slots.trailing_zeros(),
            occupied: 0,
            seed: RandomState::new().hash_one(0) | 1,
        }
    }

    /// The number of a term, or the slot it belongs in. `bytes` gives the bytes of the term with a number.
    #[inline]
    pub(super) fn entry<'a>(&self, term: Term<'_>, bytes: impl Fn(u32) -> &'a [u8]) -> Entry {
        self.entry_at(&self.look(term), term, bytes)
    }

    /// Reads a term's slot without judging it, so that nothing waits for the memory.
    #[inline(always)]
    pub(super) fn look(&self, term: Term<'_>) -> Look {
        let (key, hash) = self.key(term);
        let length = u32::try_from(term.len()).expect("a term is shorter than 4 GiB");
        Look { key, hash, length, slot: self.slots[self.index(hash)] }
    }

    /// As [`entry`](Self::entry), after a look at the term; other terms may have been put in since.
    #[inline]
    pub(super) fn entry_at<'a>(&self, look: &Look, term: Term<'_>, bytes: impl Fn(u32) -> &'a [u8]) -> Entry {
        let is_it = |slot: Slot| {
            slot.key == look.key
                && slot.length == look.length
                && (term.len() <= SHORT || same_long(bytes(slot.number), term.bytes()))
        };
        // A term keeps its number, so what was seen once stays true.
        if look.slot.number != VACANT && is_it(look.slot) {
            return Entry::Occupied(look.slot.number);
        }
        let mut index = self.index(look.hash);
        loop {
            let slot = self.slots[index];
            if slot.number == VACANT {
                return Entry::Vacant(Vacancy { index, key: look.key, length: look.length });
            }
            if is_it(slot) {
                return Entry::Occupied(slot.number);
            }
            index = (index + 1) & (self.slots.len() - 1);
        }
    }

    /// Puts a term with a new number where [`entry`](Self::entry) said, with nothing in between.
    pub(super) fn insert(&mut self, vacancy: Vacancy, number: u32) {
        assert_ne!(number, VACANT, "a table of 2³² terms would take 128 GiB");
        let Vacancy { index, key, length } = vacancy;
        self.slots[index] = Slot { key, length, number };
        self.occupied += 1;
        if self.occupied * 2 > self.slots.len() {
            self.grow();
        }
    }

    #[inline]
    fn index(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize & (self.slots.len() - 1)
    }

    /// What a term is compared by, and its hash.
    #[inline(always)]
    fn key(&self, term: Term<'_>) -> (u64, u64) {
        let first = term.first_word();
        let hash = fold(first ^ self.seed, MULTIPLIER);
        if term.len() <= SHORT {
            return (first, hash);
        }
        // All further whole words, and the last eight bytes, some of them again.
        let words = term.bytes()[SHORT..term.len() - 1].chunks_exact(8).map(word);
        let hash = words.fold(hash, |hash, word| fold(hash ^ word, self.seed));
        let hash = fold(hash ^ term.last_word(), self.seed);
        (hash, hash)
    }

    fn grow(&mut self) {
        let larger = vec![NO_SLOT; self.slots.len() * 2];
        let slots = std::mem::replace(&mut self.slots, larger);
        self.shift -= 1;
        for slot in slots.into_iter().filter(|slot| slot.number != VACANT) {
            let short = slot.length as usize <= SHORT;
            let hash = if short { fold(slot.key ^ self.seed, MULTIPLIER) } else { slot.key };
            let mut index = self.index(hash);
            while self.slots[index].number != VACANT {
                index = (index + 1) & (self.slots.len() - 1);
            }
            self.slots[index] = slot;
        }
    }
}

/// Both halves of a product, mixed.
#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    product as u64 ^ (product >> 64) as u64
}

/// Whether two terms of the same length, more than eight bytes, are the same. (Calling `memcmp` takes longer.)
#[inline]
fn same_long(left: &[u8], right: &[u8]) -> bool {
    let Some((left_end, right_end)) = left.last_chunk::<8>().zip(right.last_chunk::<8>()) else {
        return false;
    };
    let same = left_end == right_end && left.len() == right.len();
    same && left.chunks_exact(8).zip(right.chunks_exact(8)).all(|(left, right)| word(left) == word(right))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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

    #[test]
    fn terms_keep_their_numbers_while_the_table_grows() {
        let mut table = TermTable::with_capacity(0);
        let mut terms: Vec<String> = Vec::new();
        let mut expected: HashMap<String, u32> = HashMap::new();
        let first_look = table.look(Term::from("0"));
        for number in 0..5_000u32 {
            for term in [format!("{number}"), format!("a\0{number}"), format!("a longer term {number}")] {
                let entry =
                    table.entry(Term::from(term.as_str()), |number| terms[number as usize].as_bytes());
                let Entry::Vacant(vacancy) = entry else { panic!("{term} is new") };
                table.insert(vacancy, terms.len() as u32);
                expected.insert(term.clone(), terms.len() as u32);
                terms.push(term);
            }
        }
        for (term, number) in &expected {
            let entry = table.entry(Term::from(term.as_str()), |number| terms[number as usize].as_bytes());
            assert!(matches!(entry, Entry::Occupied(found) if found == *number), "{term:?}");
        }
        let entry = table.entry_at(&first_look, Term::from("0"), |_| b"");
        assert!(matches!(entry, Entry::Occupied(0)), "an old look is as good");
    }

    #[test]
    fn zeros_at_the_end_are_part_of_a_term() {
        let mut table = TermTable::with_capacity(0);
        for (number, term) in ["", "\0", "a", "a\0", "a\0\0"].into_iter().enumerate() {
            let Entry::Vacant(vacancy) = table.entry(Term::from(term), |_| b"") else {
                panic!("{term:?} is new")
            };
            table.insert(vacancy, number as u32);
        }
    }

    #[test]
    fn long_terms_with_the_same_ends_are_distinct() {
        let mut table = TermTable::with_capacity(0);
        let terms =
            ["abcdefgh1", "abcdefgh2", "abcdefgh1abcdefgh", "abcdefgh2abcdefgh", "abcdefgh12", "abcdefgh"];
        for (number, term) in terms.into_iter().enumerate() {
            let entry = table.entry(Term::from(term), |number| terms[number as usize].as_bytes());
            let Entry::Vacant(vacancy) = entry else { panic!("{term:?} is new") };
            table.insert(vacancy, number as u32);
        }
    }
}
