//! What is predicted positive at each threshold: what both curves are made of.

use crate::metrics::probability::{BinaryRow, BinaryRows};

/// The weights at or above a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Above {
    pub(super) threshold: f64,
    pub(super) positive: f64,
    pub(super) negative: f64,
}

/// The weights at or above each different score, from the highest score down. O(n log n).
///
/// Rows of weight 0 don't count. Weights are added up one by one and equal scores from the last row to the first, as
/// scikit-learn does, because the last bit decides whether three points are in a line.
pub(super) fn above_thresholds(rows: &BinaryRows) -> Vec<Above> {
    let mut counted: Vec<&BinaryRow> = rows.rows.iter().filter(|row| row.weight > 0.0).collect();
    counted.sort_by(|left, right| left.score.total_cmp(&right.score));
    counted.reverse();
    let (mut positive, mut negative) = (0.0, 0.0);
    let ties = counted.chunk_by(|left, right| left.score == right.score);
    ties.map(|ties| {
        for row in ties {
            let sum = if row.positive { &mut positive } else { &mut negative };
            *sum += row.weight;
        }
        Above { threshold: ties[0].score, positive, negative }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    #[test]
    fn equal_scores_share_a_threshold() {
        let targets = Weighted::new(&[1, 0, 1, 0, 1], &[1.0, 2.0, 0.5, 1.0, 0.0]);
        let rows = BinaryRows::read("test", &targets, &[0.5, 0.5, 0.9, 0.0, 0.7]).expect("rows");
        let above = |threshold, positive, negative| Above { threshold, positive, negative };
        let expected = [above(0.9, 0.5, 0.0), above(0.5, 1.5, 2.0), above(0.0, 1.5, 3.0)];
        assert_eq!(above_thresholds(&rows), expected);
    }
}
