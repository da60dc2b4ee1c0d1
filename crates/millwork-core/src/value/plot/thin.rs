//! Fewer points, and fewer digits, that look the same.

use super::numbers::range;

/// At most four points for each of `columns` columns: the first, the lowest, the highest and the last. What isn't finite is left
/// out.
pub(super) fn thinned(points: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> =
        points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    if finite.len() <= 4 * columns {
        return finite;
    }
    let mut kept = Vec::with_capacity(4 * columns);
    for column in 0..columns {
        let part = &finite[column * finite.len() / columns..(column + 1) * finite.len() / columns];
        let extreme = |is_more: &dyn Fn(f64, f64) -> bool| {
            (0..part.len()).reduce(|best, at| if is_more(part[at].1, part[best].1) { at } else { best })
        };
        let lowest = extreme(&|one, other| one < other).unwrap_or(0);
        let highest = extreme(&|one, other| one > other).unwrap_or(0);
        let mut places = vec![0, lowest, highest, part.len() - 1];
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|at| part[at]));
    }
    kept
}

/// At most `most` of the points, evenly by their place, with the outermost to all sides.
pub(super) fn spread(points: Vec<(f64, f64)>, most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points;
    }
    let evenly = most.saturating_sub(4);
    let mut places: Vec<usize> = (0..evenly).map(|at| at * points.len() / evenly).collect();
    for number in [|point: &(f64, f64)| point.0, |point: &(f64, f64)| point.1] {
        let by = |one: &usize, other: &usize| number(&points[*one]).total_cmp(&number(&points[*other]));
        places.extend((0..points.len()).min_by(by));
        places.extend((0..points.len()).max_by(by));
    }
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|at| points[at]).collect()
}

/// The points with no more digits than a drawing shows: a hundred thousandth of what they span. Their stored form is a
/// third as long.
pub(super) fn rounded(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let (x, y) = (decimals(points.iter().map(|point| point.0)), decimals(points.iter().map(|point| point.1)));
    points.into_iter().map(|point| (to_decimals(point.0, x), to_decimals(point.1, y))).collect()
}

fn decimals(numbers: impl Iterator<Item = f64>) -> usize {
    let (low, high) = range(numbers);
    (5.0 - (high - low).log10().floor()).max(0.0) as usize
}

/// What the decimal number reads as, so that it is written as short.
fn to_decimals(number: f64, decimals: usize) -> f64 {
    if decimals > 15 { number } else { format!("{number:.decimals$}").parse().unwrap_or(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_stay() {
        let mut points: Vec<(f64, f64)> = (0..1_000_000).map(|x| (f64::from(x), f64::from(x % 7))).collect();
        points[123_456].1 = 99.0;
        points[700_000].1 = -99.0;
        points[5].1 = f64::NAN;
        let thin = thinned(&points, 200);
        assert!(thin.len() <= 800);
        assert!(thin.contains(&(123_456.0, 99.0)) && thin.contains(&(700_000.0, -99.0)));
        assert!(thin.is_sorted_by_key(|(x, _)| *x) && thin.first() == Some(&(0.0, 0.0)));
        assert_eq!(thinned(&[(0.0, 1.0), (1.0, f64::INFINITY)], 1), [(0.0, 1.0)]);
    }

    #[test]
    fn outermost_points_stay() {
        let mut points = vec![(0.5, 0.5); 100_000];
        let outermost = [(-1.0, 0.0), (2.0, 0.0), (0.0, -1.0), (0.0, 2.0)];
        points[17..21].copy_from_slice(&outermost);
        let kept = spread(points, 100);
        assert!(kept.len() <= 100 && outermost.iter().all(|point| kept.contains(point)));
        assert_eq!(spread(vec![(0.0, 1.0)], 100), [(0.0, 1.0)]);
    }

    #[test]
    fn digits_that_cannot_be_seen_go() {
        for (points, expected) in [
            (vec![], vec![]),
            (vec![(0.1 + 0.2, 1.0 / 3.0), (1.0, 900.0)], vec![(0.3, 0.333), (1.0, 900.0)]),
            (vec![(1.7e15 + 1.0, 1e-9), (1.8e15, 2.5e-9)], vec![(1.7e15 + 1.0, 1e-9), (1.8e15, 2.5e-9)]),
            (vec![(1e300, -f64::MAX), (5.0, f64::MAX)], vec![(1e300, -f64::MAX), (5.0, f64::MAX)]),
        ] {
            assert_eq!(rounded(points), expected);
        }
    }
}
