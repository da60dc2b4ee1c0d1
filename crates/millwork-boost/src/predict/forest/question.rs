//! The splits of full trees, as questions about a row.

use super::categories::Bit;

/// A split of a full tree.
pub(super) trait Question: Copy + Sync {
    /// Where the row's value is.
    fn place(self) -> usize;

    /// Whether a row with this value there goes left. `bits` are those of all categories.
    fn goes_left(self, value: u32, bits: &[u32]) -> bool;
}

/// The splits of all full trees of a forest.
#[derive(Debug, Clone)]
pub(super) enum Splits {
    /// Where none asks for categories.
    Numeric(Vec<Threshold>),
    Mixed(Vec<Mixed>),
}

/// A split that sends smaller numbers left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold {
    threshold: u32,
    place: u32,
}

impl Question for Threshold {
    fn place(self) -> usize {
        self.place as usize
    }

    fn goes_left(self, value: u32, _: &[u32]) -> bool {
        value < self.threshold
    }
}

/// A split on a number or on categories, which both are answered by the same instructions: which of them comes next can't be predicted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mixed {
    /// An [`ordered`](crate::ordered::ordered) number, or the mask of the bit that sends a category right.
    threshold: u32,
    place: u32,
    /// Where the bit is, from the word on that stands at the place.
    word: u32,
    /// All bits for categories, none for numbers.
    is_category: u32,
}

impl Mixed {
    pub(super) fn below(threshold: u32, place: u32) -> Self {
        Self { threshold, place, word: 0, is_category: 0 }
    }

    pub(super) fn not_in(bit: Bit, place: u32) -> Self {
        Self { threshold: bit.mask, place, word: bit.word, is_category: u32::MAX }
    }

    /// The same for a forest without categories.
    pub(super) fn numeric(self) -> Threshold {
        Threshold { threshold: self.threshold, place: self.place }
    }
}

impl Question for Mixed {
    fn place(self) -> usize {
        self.place as usize
    }

    fn goes_left(self, value: u32, bits: &[u32]) -> bool {
        // The word that numbers read is the first, which is 0.
        let word = bits[((value & self.is_category) + self.word) as usize];
        ((value & !self.is_category) | (word & self.threshold)) < self.threshold
    }
}
