//! Splits on categories as bits: for each category of a column, which splits send it right.

use std::collections::BTreeMap;

use crate::model::Model;
use crate::tree::{Condition, Split};

/// Words of bits that every forest may have.
const FREE_WORDS: u64 = 1 << 16;

/// Further words for each category that a split lists.
const WORDS_PER_LISTED: u64 = 8;

/// The bits of each column that is laid out in this way, row after row; the first word is 0.
#[derive(Debug, Clone, Default)]
pub(super) struct CategoryBits {
    pub(super) words: Vec<u32>,
    columns: BTreeMap<u32, Column>,
}

#[derive(Debug, Clone, Copy)]
struct Column {
    rows: BitRows,
    /// How many splits have their bit.
    splits: u32,
}

/// Where a column's rows of bits are: the first is for what goes left at every split, the second for missing values, the others for the
/// categories from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BitRows {
    first: u32,
    /// Words per row: a bit for each split.
    width: u32,
    categories: u32,
}

impl BitRows {
    /// Where the row of missing values starts.
    pub(super) fn missing(self) -> u32 {
        self.first + self.width
    }

    /// Where a value's row starts. XGBoost's rule: a value that is not a category of the training (negative, or too large) goes left.
    pub(super) fn of(self, value: f32) -> u32 {
        if value < 0.0 { self.first } else { self.category(value as u32) }
    }

    fn category(self, category: u32) -> u32 {
        self.first + if category < self.categories { (category + 2) * self.width } else { 0 }
    }
}

/// Where a split's bit is in each row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bit {
    /// The word, counted from the row's first.
    pub(super) word: u32,
    pub(super) mask: u32,
}

impl CategoryBits {
    /// Rows for the columns that `model` splits by categories, without a bit yet: for those whose rows take the least memory, up to a
    /// bound. The splits of others are walked as lists.
    pub(super) fn new(model: &Model) -> Self {
        #[derive(Default)]
        struct Needs {
            splits: u64,
            categories: u64,
        }
        let mut needs = BTreeMap::<u32, Needs>::new();
        let mut most_words = FREE_WORDS;
        for tree in &model.trees {
            for split in tree.nodes.iter().filter_map(|node| node.split.as_ref()) {
                let Condition::NotIn(range) = &split.condition else { continue };
                let set = &tree.categories[range.start as usize..range.end as usize];
                most_words += WORDS_PER_LISTED * set.len() as u64;
                let needs = needs.entry(split.column).or_default();
                needs.splits += 1;
                needs.categories = set.last().map_or(0, |&last| u64::from(last) + 1).max(needs.categories);
            }
        }
        let most_words = most_words.min(u64::from(u32::MAX));
        let words = |needs: &Needs| needs.splits.div_ceil(32).saturating_mul(needs.categories + 2);
        let mut needs: Vec<(u32, Needs)> = needs.into_iter().collect();
        needs.sort_by_key(|(_, needs)| words(needs));
        let mut bits = Self::default();
        let mut first = 0;
        for (column, needs) in needs {
            let end = first + words(&needs);
            if end > most_words {
                break;
            }
            let width = needs.splits.div_ceil(32) as u32;
            let rows = BitRows { first: first as u32, width, categories: needs.categories as u32 };
            bits.columns.insert(column, Column { rows, splits: 0 });
            first = end;
        }
        bits.words = vec![0; first as usize];
        bits
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The rows of a column, if it has any.
    pub(super) fn rows(&self, column: u32) -> Option<BitRows> {
        self.columns.get(&column).map(|column| column.rows)
    }

    /// Gives the split that sends these categories right its bit, if its column has rows.
    pub(super) fn add(&mut self, split: &Split, categories: &[u32]) -> Option<(BitRows, Bit)> {
        let Column { rows, splits } = self.columns.get_mut(&split.column)?;
        let bit = Bit { word: *splits / 32, mask: 1 << (*splits % 32) };
        *splits += 1;
        let sent_right = categories.iter().map(|&category| rows.category(category));
        let missing = Some(rows.missing()).filter(|_| !split.default_left);
        for row in sent_right.chain(missing) {
            self.words[(row + bit.word) as usize] |= bit.mask;
        }
        Some((*rows, bit))
    }
}
