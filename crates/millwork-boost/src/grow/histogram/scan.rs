//! The best split of a node in one column, given the column's histogram.
//!
//! As XGBoost does, a numeric column is scanned upwards, with missing entries on the right, and then downwards, with missing entries
//! on the left, unless the sum of all bins equals the node's. Among equally good splits the first one stays. A bin that adds nothing
//! cannot improve on the bin before it, and most others are ruled out without a division (see
//! [`Regularization::fails`](crate::grow::score::Regularization::fails)).
//!
//! XGBoost has a bin for each category up to the largest, and here there is one for each that occurs. A category without a bin is one
//! whose sums are 0: it has a place in each order, and takes part in what its place decides, but moves no sum.

use std::cmp::Ordering;

use crate::Monotone;
use crate::bins::CategoryRange;
use crate::grow::constraints::Directions;
use crate::grow::histogram::candidate::{Candidate, NodeState, Rule, gain};
use crate::grow::score::{Regularization, Sums};

/// Which splits are tried, and what their gain is.
pub(super) struct SplitRules {
    /// The penalties on the values of leaves.
    pub(super) regularization: Regularization,
    /// The monotone constraints.
    pub(super) directions: Directions,
    /// The number of categories from which on they are split in two sets instead of one against all others (XGBoost's
    /// `max_cat_to_onehot`).
    pub(super) set_from: u32,
    /// One more than how many categories, from either end of their order, may change sides in a split in two sets (XGBoost's
    /// `max_cat_threshold`).
    pub(super) most_in_set: u32,
}

/// A column of a node's histogram.
#[derive(Clone, Copy)]
pub(super) struct Scanned<'a> {
    /// The column of the histogram.
    pub(super) column: u32,
    /// The sums of its bins.
    pub(super) bins: &'a [Sums],
    /// The node to be split.
    pub(super) node: &'a NodeState,
    /// The direction of the column.
    pub(super) direction: Option<Monotone>,
    /// The rules of splits.
    pub(super) rules: &'a SplitRules,
}

impl Scanned<'_> {
    /// Improves on the best split by those of a numeric column.
    pub(super) fn numeric(&self, best: &mut Option<Candidate>) {
        let bins = self.bins;
        let firsts = 0..bins.len() as u32;
        let upwards = bins.iter().zip(firsts.clone().map(|first| first + 1));
        let all = self.scan(best, upwards, |scanned, rest| (scanned, rest), false);
        if all != self.node.sums {
            self.scan(best, bins.iter().zip(firsts).rev(), |scanned, rest| (rest, scanned), true);
        }
    }

    /// Improves on the best split by those of a categorical column.
    pub(super) fn categorical(&self, categories: CategoryRange<'_>, best: &mut Option<Candidate>) {
        if categories.count() < self.rules.set_from {
            self.one_category(categories, best);
        } else {
            self.two_sets(categories, best);
        }
    }

    /// Adds up bins and tries a split after each. `sides` sorts what was scanned and the rest into left and right. A bin comes with
    /// the number of bins on the left of its split. Gives the sum of all bins.
    fn scan<'b>(
        &self,
        best: &mut Option<Candidate>,
        bins: impl Iterator<Item = (&'b Sums, u32)>,
        sides: impl Fn(Sums, Sums) -> (Sums, Sums),
        default_left: bool,
    ) -> Sums {
        let regularization = &self.rules.regularization;
        let node = self.node;
        let mut scanned = Sums::default();
        let mut bar = regularization.bar(gain(best.as_ref()), node.gain);
        for (bin, first) in bins {
            if bin.first == 0.0 && bin.second == 0.0 {
                continue;
            }
            scanned += *bin;
            let rest = node.sums - scanned;
            if regularization.fails(scanned, rest, bar) {
                continue;
            }
            let (left, right) = sides(scanned, rest);
            self.try_split(best, left, right, || Rule::First(first), default_left);
            bar = regularization.bar(gain(best.as_ref()), node.gain);
        }
        scanned
    }

    /// One category goes right, all others left; missing entries go left or right.
    fn one_category(&self, categories: CategoryRange<'_>, best: &mut Option<Candidate>) {
        let mut all = Sums::default();
        for bin in self.bins {
            all += *bin;
        }
        let missing = self.node.sums - all;
        // Of the categories that don't occur, which are equally good, the first one: it parts missing entries from all others.
        let mut absent = categories.first_absent();
        for (bin, sums) in (0..).zip(self.bins) {
            if let Some(category) = absent.take_if(|category| *category < categories.at(bin)) {
                let rule = || Rule::NotIn { bins: Vec::new(), absent_below: category + 1 };
                self.try_split(best, self.node.sums - missing, missing, rule, false);
            }
            let rule = || Rule::NotIn { bins: vec![bin], absent_below: 0 };
            let mut right = *sums;
            self.try_split(best, self.node.sums - right, right, rule, true);
            right += missing;
            self.try_split(best, self.node.sums - right, right, rule, false);
        }
    }

    /// Categories in the order of their values as leaves: the first ones go right, the others left (Fisher, "On grouping for maximum
    /// homogeneity", 1958). A category that doesn't occur has the value 0, and its place among equals by its number.
    fn two_sets(&self, categories: CategoryRange<'_>, best: &mut Option<Candidate>) {
        // 0 is added so that -0 equals it.
        let values: Vec<f32> =
            self.bins.iter().map(|sums| self.rules.regularization.value(*sums) + 0.0).collect();
        let mut order: Vec<u32> = (0..self.bins.len() as u32).collect();
        order.sort_by(|left, right| values[*left as usize].total_cmp(&values[*right as usize]));
        let tried = self.rules.most_in_set.min(categories.count()).saturating_sub(1);
        // How many categories that don't occur come before a bin, and which: those below a number.
        let absent_before = |bin: u32| match values[bin as usize].total_cmp(&0.0) {
            Ordering::Less => (0, 0),
            Ordering::Equal => (categories.absent_below(bin), categories.at(bin)),
            Ordering::Greater => (categories.absent(), categories.count()),
        };
        let mut right = Sums::default();
        for (place, bin) in order.iter().enumerate() {
            let (absent, absent_below) = absent_before(*bin);
            if place as u32 + absent >= tried {
                break;
            }
            right += self.bins[*bin as usize];
            let rule = || Rule::NotIn { bins: order[..=place].to_vec(), absent_below };
            self.try_split(best, self.node.sums - right, right, rule, true);
        }
        let mut left = Sums::default();
        for (place, bin) in order.iter().enumerate().rev() {
            let (absent, absent_below) = absent_before(*bin);
            if categories.count() - (place as u32 + absent) > tried {
                break;
            }
            left += self.bins[*bin as usize];
            let rule = || Rule::NotIn { bins: order[..place].to_vec(), absent_below };
            self.try_split(best, left, self.node.sums - left, rule, false);
        }
    }

    fn try_split(
        &self,
        best: &mut Option<Candidate>,
        left: Sums,
        right: Sums,
        rule: impl FnOnce() -> Rule,
        default_left: bool,
    ) {
        let SplitRules { regularization, directions, .. } = self.rules;
        let own = if directions.any() {
            regularization.bounded_split_gain(left, right, self.node.gain, self.node.bounds, self.direction)
        } else {
            regularization.split_gain(left, right, self.node.gain)
        };
        if let Some(own) = own
            && own > gain(best.as_ref())
        {
            *best =
                Some(Candidate { gain: own, column: self.column, rule: rule(), default_left, left, right });
        }
    }
}
