//! Packs the components into the plane.

/// The proportion of width to height that a packed drawing aims at.
const PROPORTION: f64 = 1.8;

/// Sets boxes of the given widths and heights on shelves, the tallest first; returns the left top corner of each.
pub(crate) fn packed(sizes: &[(f64, f64)], gap: f64) -> Vec<(f64, f64)> {
    let area: f64 = sizes.iter().map(|(width, height)| (width + gap) * (height + gap)).sum();
    let widest = sizes.iter().map(|size| size.0).fold(0.0, f64::max);
    let limit = widest.max((area * PROPORTION).sqrt());
    let mut by_height: Vec<usize> = (0..sizes.len()).collect();
    by_height.sort_by(|&one, &other| sizes[other].1.total_cmp(&sizes[one].1));
    let mut corners = vec![(0.0, 0.0); sizes.len()];
    let (mut x, mut y, mut shelf_height) = (0.0, 0.0, 0.0_f64);
    for number in by_height {
        let (width, height) = sizes[number];
        if x > 0.0 && x + width > limit {
            (x, y) = (0.0, y + shelf_height + gap);
            shelf_height = 0.0;
        }
        corners[number] = (x, y);
        shelf_height = shelf_height.max(height);
        x += width + gap;
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[(f64, f64)], expected: &[(f64, f64)]) {
        assert_eq!(packed(sizes, 10.0), expected, "for {sizes:?}");
    }

    #[test]
    fn shelves_fill_from_the_tallest() {
        check(&[], &[]);
        check(&[(50.0, 20.0)], &[(0.0, 0.0)]);
        check(&[(10.0, 10.0), (10.0, 30.0)], &[(20.0, 0.0), (0.0, 0.0)]);
        check(&[(100.0, 10.0), (90.0, 10.0), (90.0, 10.0)], &[(0.0, 0.0), (0.0, 20.0), (0.0, 40.0)]);
    }
}
