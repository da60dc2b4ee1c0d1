//! Several classes: softmax and its gradients.

use rayon::prelude::*;

use super::rowwise::ROWS;
use crate::data::{Gradient, Labels};

/// The gradients of the log loss -ln p(label), where p is the softmax of a row's margins: for each class, of all rows.
///
/// The second derivative is XGBoost's `2 p (1 - p)`, twice the diagonal of the Hessian, which bounds it.
pub(super) fn gradients(margins: &[f32], classes: usize, labels: &Labels) -> Vec<Vec<Gradient>> {
    let scales: Vec<(f32, f32)> = margins.par_chunks(classes).with_min_len(ROWS).map(scale).collect();
    let of_class = |class: usize| {
        let row = |row: usize| {
            let (largest, sum) = scales[row];
            let weight = labels.weight(row);
            let probability = (margins[row * classes + class] - largest).exp() / sum;
            let second = (2.0 * probability * (1.0 - probability) * weight).max(1e-16);
            let error = if labels.targets[row] == class as f32 { probability - 1.0 } else { probability };
            Gradient { first: error * weight, second }
        };
        (0..labels.targets.len()).into_par_iter().with_min_len(ROWS).map(row).collect()
    };
    (0..classes).map(of_class).collect()
}

/// The largest margin of a row that is above 0, and the sum of the exponentials of the others' distances to it.
fn scale(margins: &[f32]) -> (f32, f32) {
    let largest = margins.iter().fold(f32::MIN_POSITIVE, |largest, &margin| margin.max(largest));
    let sum: f64 = margins.iter().map(|&margin| f64::from((margin - largest).exp())).sum();
    (largest, sum as f32)
}

/// Turns the margins of each row into probabilities that add up to 1.
pub(super) fn softmax(margins: &mut [f32], classes: usize) {
    margins.par_chunks_mut(classes).with_min_len(ROWS).for_each(|row| {
        let largest = row.iter().fold(row[0], |largest, &margin| margin.max(largest));
        let mut sum = 0.0;
        for value in row.iter_mut() {
            *value = (*value - largest).exp();
            sum += f64::from(*value);
        }
        row.iter_mut().for_each(|value| *value /= sum as f32);
    });
}

/// The class with the largest margin of each row, the first of them if several are equal.
pub(super) fn largest(margins: &[f32], classes: usize) -> Vec<f32> {
    margins.par_chunks(classes).with_min_len(ROWS).map(|row| first_largest(row) as f32).collect()
}

/// The place of the largest number, the first of them if several are equal.
pub(crate) fn first_largest(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, next| if values[next] > values[best] { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_errors_of_probabilities() {
        let labels = Labels { targets: vec![1.0], weights: Some(vec![2.0]), group_offsets: None };
        let gradients = gradients(&[0.0, 0.0, 0.0, 0.0], 4, &labels);
        let expected = |first| vec![Gradient { first, second: 0.75 }];
        assert_eq!(gradients, [expected(0.5), expected(-1.5), expected(0.5), expected(0.5)]);
    }

    #[test]
    fn probabilities_add_up_to_1() {
        let mut margins = [1000.0, 0.0, -1000.0, 0.0, 0.0, 0.0];
        softmax(&mut margins, 3);
        assert_eq!(margins[..3], [1.0, 0.0, 0.0]);
        assert_eq!(margins[3..], [1.0 / 3.0; 3]);
    }

    #[test]
    fn the_first_of_equal_classes_is_predicted() {
        assert_eq!(largest(&[1.0, 2.0, 2.0, 3.0, 3.0, 0.0], 3), [1.0, 0.0]);
    }
}
