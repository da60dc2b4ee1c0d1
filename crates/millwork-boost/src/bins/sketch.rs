//! The quantiles of a column's values, which come one after the other.

use crate::bins::order::{self, Order};
use crate::bins::summary::{Ranked, Summary};

/// The margin between a column's extreme values and the ends of its outer bins, as in XGBoost.
const MARGIN: f32 = 1e-5;

/// The values of one column seen so far.
#[derive(Debug)]
pub(super) struct ColumnSketch {
    max_bin: usize,
    /// How many values with weight have come.
    weighted: usize,
    /// How many values a level may have.
    limit: usize,
    /// Values that are in no level yet, with their weights; values that follow each other and are equal are one.
    queue: Vec<(f32, f32)>,
    /// In which order equal values come in the queue, once it is sorted.
    order: Order,
    /// Summaries, each of about twice the values of the one before.
    levels: Vec<Summary>,
}

impl ColumnSketch {
    /// A sketch for `entries` values; `order` depends on whether their weights differ.
    pub(super) fn new(max_bin: usize, entries: usize, order: Order) -> Self {
        let max_bin = max_bin.max(2);
        let bins = max_bin.min(entries).max(1);
        let limit = level_limit(entries, 1.0 / bins as f64 / 2.0);
        Self { max_bin, weighted: 0, limit, queue: Vec::new(), order, levels: Vec::new() }
    }

    /// Adds a value, which is no NaN, with its weight.
    pub(super) fn push(&mut self, value: f32, weight: f32) {
        if weight == 0.0 {
            return;
        }
        self.weighted += 1;
        // Which zero stands for both depends on their order.
        if value == 0.0 && value.is_sign_negative() {
            self.order = Order::Gcc;
        }
        match self.queue.last_mut() {
            Some(last) if last.0 == value => last.1 += weight,
            _ => {
                if self.queue.len() == 2 * self.limit {
                    self.flush();
                }
                self.queue.push((value, weight));
            }
        }
    }

    /// What lies above the values of each of the bins that they fall in.
    pub(super) fn finish(mut self) -> Vec<f32> {
        self.flush();
        let budget = match self.weighted {
            0 => 1,
            weighted => level_limit(weighted, 1.0 / self.max_bin.min(weighted).max(1) as f64 / 2.0),
        };
        let mut summary = Summary::default();
        for level in &self.levels {
            summary.merge(level);
            summary.prune(budget.max(self.limit));
        }
        summary.prune(budget);
        quantiles(summary.ranked(), self.max_bin)
    }

    /// The values of the queue, which is empty then.
    fn queued(&mut self) -> Summary {
        order::sort(&mut self.queue, self.order);
        let summary = Summary::of_sorted(&self.queue);
        self.queue.clear();
        summary
    }

    /// Moves the queue to the first level, and each level that is full to the next.
    fn flush(&mut self) {
        let mut summary = self.queued();
        for level in &mut self.levels {
            summary.prune(self.limit);
            summary.merge(level);
            *level = Summary::default();
            if summary.len() <= self.limit {
                *level = summary;
                return;
            }
        }
        summary.prune(self.limit);
        self.levels.push(summary);
    }
}

/// How many values a level has to have, so that ranks of `entries` values are known but for a share of `error`.
fn level_limit(entries: usize, error: f64) -> usize {
    if entries == 0 {
        return 1;
    }
    let limit = |levels: u32| ((f64::from(levels) / error).ceil() as usize).saturating_add(1).min(entries);
    let holds = |levels: u32| (limit(levels) as u128) << levels >= entries as u128;
    limit((1..64).find(|&levels| holds(levels)).unwrap_or(64))
}

/// What lies above a column's largest value.
fn above(largest: f32) -> f32 {
    largest + (largest.abs() + MARGIN)
}

/// The bounds of at most `max_bin` bins of about equal weight, strictly ascending.
fn quantiles(ranked: &[Ranked], max_bin: usize) -> Vec<f32> {
    let Some(last) = ranked.last() else { return vec![MARGIN] };
    if ranked.len() <= max_bin {
        let cuts = ranked[1..].iter().map(|ranked| ranked.value);
        return cuts.chain([above(last.value)]).collect();
    }
    let mut cuts = Vec::with_capacity(max_bin);
    let (mut place, mut next, mut newest) = (0, 1, ranked[0].value);
    for bin in 1..max_bin {
        let doubled_rank = 2.0 * (bin as f64 * f64::from(last.most) / max_bin as f64);
        while place < ranked.len() - 2 && doubled_rank >= f64::from(ranked[place + 1].doubled_middle()) {
            place += 1;
        }
        let (lower, upper) = (ranked[place], ranked[place + 1]);
        let between = f64::from(lower.least_above() + upper.most_below());
        let nearest = if doubled_rank < between { lower.value } else { upper.value };
        newest = if nearest > newest {
            nearest
        } else {
            // A value that is a cut already gives way to the smallest one above.
            next += ranked[next..].iter().take_while(|ranked| ranked.value <= newest).count();
            let Some(above) = ranked.get(next) else { break };
            above.value
        };
        cuts.push(newest);
    }
    cuts.push(above(last.value));
    cuts
}
