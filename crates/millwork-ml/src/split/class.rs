//! Rows by class, or by group: what rows with equal labels have in common.

/// The rows of each label, in the order in which labels first appear; within a label in the order of `rows`. O(n log n).
pub(super) fn rows_by_label<L: Ord>(rows: &[usize], labels: &[L]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by_key(|&place| &labels[rows[place]]);
    let mut by_label: Vec<&[usize]> =
        places.chunk_by(|&left, &right| labels[rows[left]] == labels[rows[right]]).collect();
    by_label.sort_unstable_by_key(|places| places[0]);
    by_label.into_iter().map(|places| places.iter().map(|&place| rows[place]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_in_order_of_appearance() {
        let labels = ["b", "a", "b", "c", "a"];
        assert_eq!(rows_by_label(&[0, 1, 2, 3, 4], &labels), [vec![0, 2], vec![1, 4], vec![3]]);
        assert_eq!(rows_by_label(&[4, 3, 1, 0], &labels), [vec![4, 1], vec![3], vec![0]]);
        assert!(rows_by_label::<u8>(&[], &[]).is_empty());
    }
}
