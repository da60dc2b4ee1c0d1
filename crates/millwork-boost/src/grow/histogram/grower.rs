//! The grower of all trees of a training: a matrix in bins, and the rules of splits.

use thiserror::Error;

use crate::bins::Cuts;
use crate::data::{Gradient, Matrix};
use crate::grow::constraints::{Directions, Interactions};
use crate::grow::histogram::candidate::{Candidate, NodeState, Rule};
use crate::grow::histogram::groups::{BinnedMatrix, Group};
use crate::grow::histogram::growth::Growth;
use crate::grow::histogram::queue::Limits;
use crate::grow::histogram::rows::RowList;
use crate::grow::histogram::scan::{Scanned, SplitRules};
use crate::grow::sample::ColumnSampler;
use crate::grow::score::{Regularization, Sums};
use crate::grow::{Grow, Grown};
use crate::random::SplitMix64;
use crate::tree::Condition;
use crate::{BoosterParams, Canceled};

/// The most bytes that the histograms of nodes in the queue take, but for the few that any tree needs. Beyond it they are added up
/// again when they are needed.
pub(in crate::grow) const MOST_HISTOGRAM_BYTES: usize = 1 << 30;

/// The most slots of a histogram: 4 GiB.
const MOST_SLOTS: usize = 1 << 28;

/// Grows trees from the histograms of a matrix that is put in bins once.
pub(crate) struct HistogramGrower {
    pub(super) params: BoosterParams,
    pub(super) cuts: Cuts,
    pub(super) binned: BinnedMatrix,
    pub(super) rules: SplitRules,
    pub(super) interactions: Interactions,
    pub(super) limits: Limits,
    pub(super) rows: usize,
    /// Whether each column is categorical; empty if none is.
    categorical: Vec<bool>,
    /// The list of rows of the last tree, whose memory the next one uses.
    list: RowList,
    /// How many histograms are kept.
    pub(super) most_kept: usize,
}

/// Why a matrix can't be grown on.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TooLarge {
    /// Rows are counted in 32 bits.
    #[error("{rows} rows are too many: at most {} can be trained on", u32::MAX - 1)]
    Rows {
        /// The number of rows.
        rows: usize,
    },
    /// A histogram would not fit in memory.
    #[error("{bins} bins are too many: at most {MOST_SLOTS} can be trained on")]
    Slots {
        /// The number of bins.
        bins: usize,
    },
}

impl HistogramGrower {
    /// Puts a matrix in these bins and makes ready to grow trees on it.
    ///
    /// # Errors
    /// The matrix has too many rows or bins.
    pub(crate) fn new(params: &BoosterParams, matrix: Matrix<'_>, cuts: Cuts) -> Result<Self, TooLarge> {
        if matrix.rows() >= u32::MAX as usize {
            return Err(TooLarge::Rows { rows: matrix.rows() });
        }
        let bins = cuts.bins() + matrix.columns;
        if bins > MOST_SLOTS {
            return Err(TooLarge::Slots { bins });
        }
        let binned = BinnedMatrix::new(matrix, &cuts, rayon::current_num_threads());
        let rules = SplitRules {
            regularization: Regularization::new(params),
            directions: Directions::new(params, matrix.columns),
            set_from: u32::try_from(params.max_cat_to_onehot).unwrap_or(u32::MAX),
            most_in_set: u32::try_from(params.max_cat_threshold).unwrap_or(u32::MAX),
        };
        Ok(Self {
            params: params.clone(),
            rules,
            interactions: Interactions::new(params),
            limits: Limits::new(params),
            rows: matrix.rows(),
            list: RowList::default(),
            most_kept: MOST_HISTOGRAM_BYTES / (binned.slots() * size_of::<Sums>()).max(1),
            categorical: matrix.categorical.to_vec(),
            binned,
            cuts,
        })
    }

    /// The best split of a node in those of `columns` (ascending) that are in a group.
    pub(super) fn best(
        &self,
        group: &Group,
        histogram: &[Sums],
        node: &NodeState,
        columns: &[u32],
    ) -> Option<Candidate> {
        let first = columns.partition_point(|column| (*column as usize) < group.columns.start);
        let end = columns.partition_point(|column| (*column as usize) < group.columns.end);
        let mut best = None;
        for column in columns[first..end].iter().copied().filter(|column| node.allowed.allows(*column)) {
            let place = column as usize - group.columns.start;
            let slots = group.offsets[place] as usize;
            let scanned = Scanned {
                column,
                bins: &histogram[slots..slots + group.bins[place] as usize],
                node,
                direction: self.rules.directions.of(column),
                rules: &self.rules,
            };
            if self.is_categorical(column) {
                scanned.categorical(self.cuts.categories(column), &mut best);
            } else {
                scanned.numeric(&mut best);
            }
        }
        best
    }

    fn is_categorical(&self, column: u32) -> bool {
        self.categorical.get(column as usize).copied().unwrap_or(false)
    }

    /// What a split asks of a value.
    pub(super) fn condition(&self, candidate: &Candidate, categories: &mut Vec<u32>) -> Condition {
        match &candidate.rule {
            Rule::First(count) => {
                let first = self.cuts.column(candidate.column).start;
                Condition::Below(self.cuts.lower_bound(candidate.column, first + *count))
            }
            Rule::NotIn { bins, absent_below } => {
                let (start, own) = (categories.len(), self.cuts.categories(candidate.column));
                categories.extend(bins.iter().map(|bin| own.at(*bin)));
                categories[start..].sort_unstable();
                // There may be millions; the sort merges what is two ascending runs.
                categories.extend(own.all_absent_below(*absent_below));
                categories[start..].sort();
                Condition::NotIn(start as u32..categories.len() as u32)
            }
        }
    }
}

impl Grow for HistogramGrower {
    fn grow(
        &mut self,
        gradients: &[Gradient],
        generator: &mut SplitMix64,
        canceled: Canceled<'_>,
    ) -> Option<Grown> {
        let mut columns = ColumnSampler::new(&self.params, self.cuts.columns(), generator);
        let list = std::mem::take(&mut self.list);
        let mut growth = Growth::new(self, gradients, list);
        growth.add_root(&columns.node(0, generator));
        loop {
            let entries = growth.queue.pop();
            if entries.is_empty() {
                let (grown, list) = growth.finish();
                self.list = list;
                return Some(grown);
            }
            if canceled() {
                return None;
            }
            let siblings = growth.split(entries, |depth| columns.node(depth, generator));
            // A few at a time, so that memory stays bounded.
            let at_once = (self.most_kept / 4).max(1);
            let mut siblings = siblings.into_iter().peekable();
            while siblings.peek().is_some() {
                growth.search(siblings.by_ref().take(at_once).collect());
            }
        }
    }
}
