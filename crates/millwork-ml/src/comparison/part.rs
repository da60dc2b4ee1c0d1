//! The rows that are judged together, all of them or those of a slice, and what is drawn of them.

use crate::comparison::ComparisonError;

/// Rows that are judged together. Rows of weight 0 are absent.
#[derive(Debug)]
pub(super) struct Part {
    /// Their numbers, ascending.
    pub(super) rows: Vec<usize>,
    /// Their weights; `None` if each counts once.
    pub(super) weights: Option<Vec<f64>>,
    /// What each is drawn with, by numbers from 0 on; `None` if each is drawn by itself.
    clusters: Option<Vec<usize>>,
    /// The number of rows, or of clusters, that are drawn.
    pub(super) units: usize,
}

impl Part {
    /// Some of the rows, which have these weights and clusters.
    pub(super) fn new(
        rows: impl Iterator<Item = usize>,
        weights: Option<&[f64]>,
        clusters: Option<&[usize]>,
    ) -> Self {
        let rows: Vec<usize> = rows.filter(|&row| weights.is_none_or(|weights| weights[row] > 0.0)).collect();
        let weights = weights.map(|weights| rows.iter().map(|&row| weights[row]).collect());
        let clusters = clusters.map(|clusters| {
            let of_rows: Vec<usize> = rows.iter().map(|&row| clusters[row]).collect();
            numbered(&of_rows).0
        });
        let units = match &clusters {
            Some(clusters) => clusters.iter().max().map_or(0, |last| last + 1),
            None => rows.len(),
        };
        Self { rows, weights, clusters, units }
    }

    /// The number of clusters that are drawn; `None` if rows are.
    pub(super) fn clusters(&self) -> Option<usize> {
        self.clusters.as_ref().map(|_| self.units)
    }

    /// Checks that there is something to draw.
    pub(super) fn check(&self) -> Result<(), ComparisonError> {
        if self.units < 2 {
            let units = if self.clusters.is_some() { "clusters" } else { "rows" };
            return Err(ComparisonError::TooFewRows { units, count: self.units });
        }
        Ok(())
    }

    /// Whether each row is drawn by itself and counts once.
    pub(super) fn is_plain(&self) -> bool {
        self.weights.is_none() && self.clusters.is_none()
    }

    /// What the row at a place of the part is drawn with.
    pub(super) fn unit(&self, place: usize) -> usize {
        self.clusters.as_ref().map_or(place, |clusters| clusters[place])
    }

    /// The weight of the row at a place of the part.
    pub(super) fn weight(&self, place: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[place])
    }

    /// The numbers of the rows, each as often as its unit counts.
    pub(super) fn repeated(&self, counts: &[f64]) -> Vec<usize> {
        let times = |place: usize| counts[self.unit(place)] as usize;
        let places = self.rows.iter().enumerate();
        places.flat_map(|(place, &row)| std::iter::repeat_n(row, times(place))).collect()
    }

    /// The weight of each row where each unit counts so often.
    pub(super) fn weights_of(&self, counts: Vec<f64>) -> Vec<f64> {
        if self.is_plain() {
            return counts;
        }
        (0..self.rows.len()).map(|place| counts[self.unit(place)] * self.weight(place)).collect()
    }
}

/// The number of each label among the different ones, ascending, and where each of those first is.
pub(super) fn numbered<L: Ord>(labels: &[L]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&row| &labels[row]);
    let (mut numbers, mut first) = (vec![0; labels.len()], Vec::new());
    for equal in order.chunk_by(|&left, &right| labels[left] == labels[right]) {
        equal.iter().for_each(|&row| numbers[row] = first.len());
        first.push(equal[0]);
    }
    (numbers, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_numbered_in_their_order() {
        assert_eq!(numbered(&["b", "a", "b", "c"]), (vec![1, 0, 1, 2], vec![1, 0, 3]));
        assert_eq!(numbered::<u8>(&[]), (vec![], vec![]));
    }

    #[test]
    fn rows_of_weight_0_are_absent() {
        let weights = [1.0, 0.0, 2.0, 0.5];
        let part = Part::new(0..4, Some(&weights), Some(&[7, 8, 7, 9]));
        assert_eq!((part.rows.as_slice(), part.units), (&[0, 2, 3][..], 2));
        assert_eq!(part.weights_of(vec![3.0, 1.0]), [3.0, 6.0, 0.5]);
        assert!(Part::new(0..4, None, None).is_plain());
        let error = Part::new([1, 2].into_iter(), Some(&weights), None).check().expect_err("one row");
        assert_eq!(error, ComparisonError::TooFewRows { units: "rows", count: 1 });
    }
}
