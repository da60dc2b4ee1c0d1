//! When trees should grow column by column.

use crate::bins::Cuts;
use crate::data::Matrix;
use crate::{BoosterParams, GrowPolicy, TreeMethod};

/// The deepest trees that pay: a level costs a pass over all entries, also for the last few rows.
const DEEPEST: usize = 10;

/// Whether the parameters are for trees that can grow this way.
pub(crate) fn suits(params: &BoosterParams) -> bool {
    params.tree_method == TreeMethod::Hist
        && params.grow_policy == GrowPolicy::Depthwise
        && (1..=DEEPEST).contains(&params.max_depth)
        && params.max_leaves == 0
}

/// Whether it is faster than histograms to grow trees of these parameters this way on a matrix with these bins, and possible.
pub(crate) fn pays(params: &BoosterParams, matrix: Matrix<'_>, cuts: &Cuts) -> bool {
    let possible = u32::try_from(matrix.rows()).is_ok() && !matrix.categorical.contains(&true);
    possible && is_less_work(params.max_depth, matrix.entries(), cuts.bins())
}

/// Whether passing over the entries once a level is less work than what histograms do: filling and searching a place for
/// every bin in every node, and half of the entries once a level. A step of either takes about the same time.
fn is_less_work(depth: usize, entries: usize, bins: usize) -> bool {
    let by_columns = (depth as u64).saturating_mul(entries as u64);
    let by_histograms = (bins as u64) << depth.min(DEEPEST);
    by_columns < 2 * by_histograms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_pays_where_bins_are_many_for_each_entry() {
        assert!(is_less_work(6, 500_000, 200_000));
        assert!(!is_less_work(6, 5_000_000, 12_800));
    }

    #[test]
    fn levels_need_an_end() {
        let suits = |max_depth, max_leaves| {
            suits(&BoosterParams { max_depth, max_leaves, ..BoosterParams::default() })
        };
        assert!(suits(6, 0) && suits(10, 0));
        assert!(!suits(0, 0) && !suits(11, 0) && !suits(6, 4));
    }
}
