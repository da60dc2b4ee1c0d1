//! Fewer points that look the same.

/// At most four points for each of so many columns: the first, the lowest, the highest and the last. What isn't finite is left
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
}
