//! Constraints on splits: monotone directions by column, and the groups that may meet in a branch.
//!
//! Interaction constraints follow XGBoost's rule ("Feature Interaction Constraints" in its documentation). The root may ask for any
//! column. Below it, a node may ask for the columns that its branch asked for already, and for all columns of those groups that hold
//! every one of them.

use std::sync::Arc;

use crate::{BoosterParams, Monotone};

/// The direction of each column, if any column has one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directions {
    /// One direction per column; empty if no column has one.
    of_columns: Vec<Option<Monotone>>,
}

/// The groups of columns that may meet in a branch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interactions {
    /// The columns of each group, ascending, each once; empty without constraints.
    groups: Vec<Vec<u32>>,
}

/// The columns that a node may ask for. A copy is cheap.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedColumns {
    /// What the branch asked for, ascending.
    asked: Arc<[u32]>,
    /// The columns that are allowed, ascending; absent if all are.
    columns: Option<Arc<[u32]>>,
}

impl Directions {
    /// The directions that parameters name; those of columns that the matrix does not have are left out.
    pub(crate) fn new(params: &BoosterParams, columns: usize) -> Self {
        let constraints = &params.monotone_constraints;
        if !constraints.keys().any(|&column| (column as usize) < columns) {
            return Self::default();
        }
        let of_columns = (0..columns as u32).map(|column| constraints.get(&column).copied()).collect();
        Self { of_columns }
    }

    /// The direction of a column.
    pub(crate) fn of(&self, column: u32) -> Option<Monotone> {
        self.of_columns.get(column as usize).copied().flatten()
    }

    /// Whether any column has a direction.
    pub(crate) fn any(&self) -> bool {
        !self.of_columns.is_empty()
    }
}

impl Interactions {
    /// The groups that parameters name.
    pub(crate) fn new(params: &BoosterParams) -> Self {
        let sorted = |group: &Vec<u32>| {
            let mut group = group.clone();
            group.sort_unstable();
            group.dedup();
            group
        };
        Self { groups: params.interaction_constraints.iter().map(sorted).collect() }
    }

    /// Whether there are constraints.
    pub(crate) fn any(&self) -> bool {
        !self.groups.is_empty()
    }

    /// What a child of a node may ask for after a split on `column`.
    pub(crate) fn below(&self, above: &AllowedColumns, column: u32) -> AllowedColumns {
        let place = above.asked.binary_search(&column);
        let Err(place) = place else {
            return above.clone();
        };
        if !self.any() {
            return AllowedColumns::default();
        }
        let mut asked = above.asked.to_vec();
        asked.insert(place, column);
        let holds_all = |group: &&Vec<u32>| asked.iter().all(|column| group.binary_search(column).is_ok());
        let mut columns = asked.clone();
        columns.extend(self.groups.iter().filter(holds_all).flatten());
        columns.sort_unstable();
        columns.dedup();
        AllowedColumns { asked: asked.into(), columns: Some(columns.into()) }
    }
}

impl AllowedColumns {
    /// Whether the node may ask for a column.
    pub(crate) fn allows(&self, column: u32) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns.binary_search(&column).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of the columns 0 to 5 is allowed below splits on `asked`.
    fn check(groups: &[&[u32]], asked: &[u32], expected: &[u32]) {
        let interaction_constraints = groups.iter().map(|group| group.to_vec()).collect();
        let interactions =
            Interactions::new(&BoosterParams { interaction_constraints, ..BoosterParams::default() });
        let node =
            asked.iter().fold(AllowedColumns::default(), |node, &column| interactions.below(&node, column));
        let allowed: Vec<u32> = (0..6).filter(|&column| node.allows(column)).collect();
        assert_eq!(allowed, expected, "{asked:?} in {groups:?}");
    }

    #[test]
    fn branches_stay_within_groups() {
        let groups: &[&[u32]] = &[&[0, 1, 2], &[3, 2], &[4, 4]];
        check(&[], &[0, 3], &[0, 1, 2, 3, 4, 5]);
        check(groups, &[], &[0, 1, 2, 3, 4, 5]);
        check(groups, &[0], &[0, 1, 2]);
        check(groups, &[2], &[0, 1, 2, 3]);
        check(groups, &[2, 3], &[2, 3]);
        check(groups, &[2, 3, 2], &[2, 3]);
        check(groups, &[4], &[4]);
        check(groups, &[5], &[5]);
        check(groups, &[2, 0], &[0, 1, 2]);
        check(&[&[]], &[1], &[1]);
    }

    #[test]
    fn directions_are_those_of_columns_that_there_are() {
        let directions = |column: u32| {
            let monotone_constraints = [(column, Monotone::Decreasing)].into();
            Directions::new(&BoosterParams { monotone_constraints, ..BoosterParams::default() }, 3)
        };
        assert_eq!(directions(1).of(1), Some(Monotone::Decreasing));
        assert_eq!(directions(1).of(2), None);
        assert!(directions(2).any() && !directions(3).any());
        assert_eq!(directions(3).of(3), None);
    }
}
