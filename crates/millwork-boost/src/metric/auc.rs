//! The areas under the curves of true over false positives, and of precision over recall.

use rayon::prelude::*;

use crate::data::Labels;
use crate::objective::{group_weights, ranking};

/// Which curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    /// The share of the rows of class 1 found over the share of the others (receiver operating characteristic).
    Roc,
    /// The share of class 1 in what is found over the share of class 1 that is found.
    PrecisionRecall,
}

/// The area under a curve: of two classes; with several outputs the mean of each class against the rest, each weighted by its rows
/// under the ROC and alike under precision and recall; with groups the mean of those on which it is defined.
pub(super) fn area(curve: Curve, predictions: &[f32], labels: &Labels) -> f64 {
    let rows = labels.targets.len();
    if labels.group_offsets.is_some() {
        return if predictions.len() == rows { of_groups(curve, predictions, labels) } else { f64::NAN };
    }
    let outputs = predictions.len() / rows;
    if outputs > 1 {
        return of_classes(curve, predictions, outputs, labels);
    }
    let weights = (0..rows).map(|row| labels.weight(row)).collect::<Vec<f32>>();
    Counts::of(curve, predictions, &labels.targets, &weights).map_or(f64::NAN, |counts| match curve {
        Curve::Roc => (counts.area / (counts.negatives * counts.positives)).min(1.0),
        Curve::PrecisionRecall => counts.area.min(1.0),
    })
}

/// One class against the other.
struct Counts {
    /// Under the ROC not yet divided by the numbers of rows of both classes.
    area: f64,
    positives: f64,
    negatives: f64,
}

impl Counts {
    /// `None` if a class has no rows.
    fn of(curve: Curve, predictions: &[f32], targets: &[f32], weights: &[f32]) -> Option<Self> {
        let (mut all_positives, mut all_negatives) = (0.0, 0.0);
        for (&target, &weight) in targets.iter().zip(weights) {
            all_positives += f64::from(weight * target);
            all_negatives += f64::from(weight * (1.0 - target));
        }
        if !(all_positives > 0.0 && all_negatives > 0.0) {
            return None;
        }
        let slice = |before: [f64; 2], after: [f64; 2]| match curve {
            Curve::Roc => (before[0] - after[0]).abs() * (before[1] + after[1]) * 0.5,
            Curve::PrecisionRecall => precision_slice(before, after, all_positives),
        };
        // The numbers of rows of class 0 and of class 1 that are found, before the current run of equal predictions and after it.
        let (mut before, mut found, mut area) = ([0.0; 2], [0.0; 2], 0.0);
        let mut last = None;
        for row in ranking(predictions) {
            if last.is_some_and(|last: f32| last != predictions[row]) {
                area += slice(before, found);
                before = found;
            }
            let (target, weight) = (targets[row], weights[row]);
            // XGBoost counts the first row in double precision.
            found[0] += match last {
                None => (1.0 - f64::from(target)) * f64::from(weight),
                Some(_) => f64::from((1.0 - target) * weight),
            };
            found[1] += f64::from(target * weight);
            last = Some(predictions[row]);
        }
        area += slice(before, found);
        Some(Self { area, negatives: found[0], positives: found[1] })
    }
}

/// The area under precision over recall between two points, interpolated by false positives (Keilwagen, Grosse and Grau 2014, "Area
/// under precision-recall curves for weighted and unweighted data"). A point is the numbers of rows of class 0 and of class 1 found.
fn precision_slice(before: [f64; 2], after: [f64; 2], positives: f64) -> f64 {
    let (recall_before, recall) = (before[1] / positives, after[1] / positives);
    let (mut slope, mut start) = (1.0, 0.0);
    if after[1] != before[1] {
        let ratio = (after[0] - before[0]) / (after[1] - before[1]);
        slope = ratio + 1.0;
        start = (before[0] - ratio * before[1]) / positives;
    }
    if start == 0.0 {
        return (recall - recall_before) / slope;
    }
    let logs = (slope * recall + start).ln() - (slope * recall_before + start).ln();
    (recall - recall_before - start / slope * logs) / slope
}

fn of_classes(curve: Curve, predictions: &[f32], classes: usize, labels: &Labels) -> f64 {
    let weights: Vec<f32> = (0..labels.targets.len()).map(|row| labels.weight(row)).collect();
    let of_class = |class: usize| {
        let chosen: Vec<f32> = predictions.iter().skip(class).step_by(classes).copied().collect();
        let targets: Vec<f32> =
            labels.targets.iter().map(|&target| f32::from(target == class as f32)).collect();
        Counts::of(curve, &chosen, &targets, &weights)
    };
    let areas: Option<Vec<Counts>> = (0..classes).into_par_iter().map(of_class).collect();
    let Some(areas) = areas else { return f64::NAN };
    let (mut sum, mut all) = (0.0, 0.0);
    for counts in &areas {
        let (reachable, weight) = match curve {
            Curve::Roc => (counts.negatives * counts.positives, counts.positives),
            Curve::PrecisionRecall => (1.0, 1.0),
        };
        sum += counts.area / reachable * weight;
        all += weight;
    }
    sum / all
}

fn of_groups(curve: Curve, predictions: &[f32], labels: &Labels) -> f64 {
    let binary = labels.targets.iter().all(|target| (0.0..=1.0).contains(target));
    if curve == Curve::PrecisionRecall && !binary {
        return f64::NAN;
    }
    let of_group = |(rows, &weight): (std::ops::Range<usize>, &f32)| {
        let (predictions, targets) = (&predictions[rows.clone()], &labels.targets[rows]);
        match curve {
            Curve::Roc if targets.len() < 3 => None,
            Curve::Roc if weight * weight == 0.0 => Some(0.0),
            Curve::Roc => Some(ordered_pairs(predictions, targets)),
            Curve::PrecisionRecall => Counts::of(curve, predictions, targets, &vec![weight; targets.len()])
                .map(|counts| counts.area),
        }
    };
    let areas: Vec<f64> =
        labels.groups().into_par_iter().zip(&group_weights(labels)).filter_map(of_group).collect();
    if areas.is_empty() { f64::NAN } else { areas.iter().sum::<f64>() / areas.len() as f64 }
}

/// The share of a group's pairs that predictions order as labels do; equal predictions count half. As in XGBoost, rows with equal
/// labels form pairs as well, the first before the second.
fn ordered_pairs(predictions: &[f32], targets: &[f32]) -> f64 {
    let mut scores: Vec<f32> = ranking(targets).into_iter().map(|row| predictions[row]).collect();
    let rows = scores.len() as u64;
    let pairs = rows * (rows - 1) / 2;
    let not_below = pairs - ascents(&mut scores, |left, right| left < right);
    // `ascents` has sorted the scores, so that equal ones are neighbours.
    let equal: u64 = scores
        .chunk_by(|left, right| left == right)
        .map(|run| {
            let run = run.len() as u64;
            run * (run - 1) / 2
        })
        .sum();
    (not_below as f64 - 0.5 * equal as f64) / pairs as f64
}

/// How many pairs of places are in ascending order; sorts the values descending (merge sort).
fn ascents(values: &mut [f32], below: fn(f32, f32) -> bool) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut count = ascents(left, below) + ascents(right, below);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut at_left, mut at_right) = (0, 0);
    while at_left < left.len() && at_right < right.len() {
        if below(left[at_left], right[at_right]) {
            count += (left.len() - at_left) as u64;
            merged.push(right[at_right]);
            at_right += 1;
        } else {
            merged.push(left[at_left]);
            at_left += 1;
        }
    }
    merged.extend_from_slice(&left[at_left..]);
    merged.extend_from_slice(&right[at_right..]);
    values.copy_from_slice(&merged);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(curve: Curve, predictions: &[f32], targets: &[f32], groups: &[usize], expected: f64) {
        let group_offsets = (!groups.is_empty()).then(|| groups.to_vec());
        let labels = Labels { targets: targets.to_vec(), weights: None, group_offsets };
        let found = area(curve, predictions, &labels);
        let equal = (found - expected).abs() < 1e-9 || (found.is_nan() && expected.is_nan());
        assert!(equal, "{curve:?} of {predictions:?} and {targets:?}: {found}, not {expected}");
    }

    #[test]
    fn areas_of_two_classes() {
        check(Curve::Roc, &[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0], &[], 0.75);
        check(Curve::Roc, &[0.5, 0.5], &[0.0, 1.0], &[], 0.5);
        check(Curve::PrecisionRecall, &[0.1, 0.9], &[0.0, 1.0], &[], 1.0);
        check(Curve::PrecisionRecall, &[0.5, 0.5], &[0.0, 1.0], &[], 0.5);
        check(Curve::Roc, &[0.5, 0.5], &[1.0, 1.0], &[], f64::NAN);
    }

    #[test]
    fn areas_of_several_classes_and_groups() {
        let right = [0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.0, 0.1, 0.9];
        check(Curve::Roc, &right, &[0.0, 1.0, 2.0], &[], 1.0);
        check(Curve::PrecisionRecall, &right, &[0.0, 1.0, 2.0], &[], 1.0);
        check(Curve::Roc, &right, &[0.0, 1.0, 1.0], &[], f64::NAN);
        check(Curve::Roc, &[0.3, 0.2, 0.2, 0.1], &[2.0, 1.0, 0.0, 0.0], &[0, 3, 4], 2.5 / 3.0);
        check(Curve::Roc, &[0.3, 0.2], &[1.0, 0.0], &[0, 2], f64::NAN);
        check(Curve::PrecisionRecall, &[0.3, 0.2, 0.5], &[1.0, 0.0, 1.0], &[0, 2, 3], 1.0);
    }

    #[test]
    fn ascending_pairs_are_counted() {
        let mut values = [1.0, 3.0, 2.0, 3.0];
        assert_eq!(ascents(&mut values, |left, right| left < right), 4);
        assert_eq!(values, [3.0, 3.0, 2.0, 1.0]);
    }
}
