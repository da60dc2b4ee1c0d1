//! The predictions of one version in one role in one window, and the slices that they belong to.

use std::collections::HashMap;

use super::table::Table;
use crate::RowKey;
use crate::column::Texts;

/// The predictions of one version in one role in one window.
#[derive(Clone, Debug)]
pub(super) struct Group<K> {
    /// The end of the window.
    pub(super) end: i64,
    /// Predictions; their tags are positions in `combinations`.
    pub(super) table: Table<K>,
    /// The different texts of the configured slices, ascending; empty without slices.
    pub(super) combinations: Vec<Vec<String>>,
}

impl<K: RowKey> Group<K> {
    pub(super) fn ending(end: i64) -> Self {
        Self { end, table: Table::default(), combinations: Vec::new() }
    }

    /// Puts the combinations of texts into ascending order, and drops those that no row has any more.
    pub(super) fn order_combinations(&mut self) {
        if self.combinations.is_empty() {
            return;
        }
        let mut is_used = vec![false; self.combinations.len()];
        self.table.tags.iter().for_each(|&tag| is_used[tag as usize] = true);
        let mut order: Vec<usize> = (0..is_used.len()).filter(|&tag| is_used[tag]).collect();
        order.sort_by(|&left, &right| self.combinations[left].cmp(&self.combinations[right]));
        let mut places = vec![0; is_used.len()];
        order.iter().enumerate().for_each(|(place, &tag)| places[tag] = place as u32);
        self.table.tags.iter_mut().for_each(|tag| *tag = places[*tag as usize]);
        self.combinations =
            order.into_iter().map(|tag| std::mem::take(&mut self.combinations[tag])).collect();
    }
}

/// Finds the tags of rows: the positions of their combinations of texts.
pub(super) struct Tags<'a> {
    slices: &'a [&'a Texts],
    /// By the positions of the texts among those of their columns, as one number.
    known: HashMap<u128, u32>,
    combinations: HashMap<Vec<String>, u32>,
}

impl<'a> Tags<'a> {
    pub(super) fn of(slices: &'a [&'a Texts], combinations: &[Vec<String>]) -> Self {
        let combinations = combinations.iter().cloned().zip(0..).collect();
        Self { slices, known: HashMap::new(), combinations }
    }

    /// The tag of a row, whose combination is added if it isn't there.
    pub(super) fn of_row(&mut self, row: usize, combinations: &mut Vec<Vec<String>>) -> u32 {
        if self.slices.is_empty() {
            return 0;
        }
        let joined = |number: u128, texts: &&Texts| {
            number.wrapping_mul(texts.names().len() as u128).wrapping_add(u128::from(texts.code(row)))
        };
        let number = self.slices.iter().fold(0, joined);
        *self.known.entry(number).or_insert_with(|| {
            let text = |texts: &&Texts| texts.names()[texts.code(row) as usize].clone();
            let combination: Vec<String> = self.slices.iter().map(text).collect();
            *self.combinations.entry(combination).or_insert_with_key(|combination| {
                combinations.push(combination.clone());
                combinations.len() as u32 - 1
            })
        })
    }
}
