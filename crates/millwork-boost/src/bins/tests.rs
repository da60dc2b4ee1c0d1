//! Cuts of small columns as XGBoost makes them, and what holds for the cuts of any column.

use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use crate::bins::{BinError, Cuts};
use crate::data::{Labels, Matrix};

/// The cuts of a matrix with one column, whose kind is `categorical`.
fn cuts(values: &[f64], labels: &Labels, max_bin: usize, categorical: &[bool]) -> Result<Cuts, BinError> {
    let row_offsets: Vec<usize> = (0..=values.len()).collect();
    let indices = vec![0; values.len()];
    let matrix = Matrix { columns: 1, row_offsets: &row_offsets, indices: &indices, values, categorical };
    Cuts::new(matrix, labels, max_bin)
}

fn weighted(weights: Vec<f32>) -> Labels {
    Labels { weights: Some(weights), ..Labels::default() }
}

/// Compares with what `DMatrix.get_quantile_cut` of XGBoost 3.4.1 gave once after a training by `hist`.
fn check(values: &[f64], labels: &Labels, max_bin: usize, expected: &[f32]) {
    let cuts = cuts(values, labels, max_bin, &[]).expect("numbers");
    assert_eq!(cuts.values, expected, "{values:?}");
    assert_eq!((&cuts.offsets[..], cuts.columns()), (&[0, expected.len() as u32][..], 1));
}

#[test]
fn few_values_have_a_bin_each() {
    let plain = Labels::default();
    check(&[2.0], &plain, 3, &[4.00001]);
    check(&[3.0, 1.0, 3.0, -2.0], &plain, 3, &[1.0, 3.0, 6.00001]);
    check(&[0.0, -0.0], &plain, 3, &[1e-5]);
    check(&[3e38, -3e38], &plain, 3, &[3e38, f32::INFINITY]);
    check(&[f64::NAN, f64::NAN], &plain, 256, &[1e-5]);
    check(&[-5.0, f64::NAN, -3.0], &plain, 256, &[-3.0, 1.001358e-5]);
    let lone = weighted(vec![0.0, 1.0, 0.0]);
    check(&[1.0, 2.0, 3.0], &lone, 256, &[4.00001]);
}

#[test]
fn many_values_share_bins_of_about_equal_weight() {
    let plain = Labels::default();
    let few: Vec<f64> = (1..=10).map(f64::from).collect();
    check(&few, &plain, 3, &[4.0, 7.0, 20.00001]);
    let mut heavy = vec![1.0; 10];
    heavy[9] = 20.0;
    check(&few, &weighted(heavy), 3, &[10.0, 20.00001]);
    check(&[1.0, 1.0, 1.0, 2.0, 3.0], &plain, 2, &[2.0, 6.00001]);
    check(&[1.0, 2.0, 2.0, 2.0, 2.0, 2.0], &plain, 2, &[2.0, 4.00001]);
    let many: Vec<f64> = (0..3000).map(|row| f64::from(row * 7919 % 10_007)).collect();
    check(&many, &plain, 5, &[2011.0, 3992.0, 6023.0, 7986.0, 20012.0]);
    let weights = weighted((0..3000_u16).map(|row| f32::from(row % 7) / 4.0).collect());
    check(&many, &weights, 5, &[1990.0, 4012.0, 5994.0, 8072.0, 20012.0]);
}

#[test]
fn groups_have_a_weight_each() {
    let labels = Labels {
        weights: Some([[1.0; 4], [8.0; 4], [2.0; 4]].concat()),
        group_offsets: Some(vec![0, 4, 8, 12]),
        ..Labels::default()
    };
    let values: Vec<f64> = (0..12).map(f64::from).collect();
    check(&values, &labels, 3, &[5.0, 7.0, 22.00001]);
}

#[test]
fn categories_that_occur_have_a_bin_each_whatever_the_number_of_bins() {
    let of = |values: &[f64]| cuts(values, &Labels::default(), 2, &[true]);
    let known = of(&[0.0, 2.0, 2.0, f64::NAN, 5.0, 6.0]).expect("categories");
    assert_eq!(known.values, [0.0, 2.0, 5.0, 6.0]);
    assert_eq!([0.0, 2.5, 5.0, 6.0].map(|category| known.category_bin(0, category)), [0, 1, 2, 3]);
    assert_eq!(of(&[f64::NAN]).expect("no category").values, [0.0]);
    assert_eq!(of(&[64.0, 16_777_215.0, 63.0]).expect("categories").values, [63.0, 64.0, 16_777_215.0]);
    for value in [-1.0, 16_777_216.0] {
        assert_eq!(of(&[3.0, value]), Err(BinError::NoCategory { column: 0, value: value as f32 }));
    }
}

#[test]
fn categories_that_do_not_occur_are_known_without_bins() {
    let known = cuts(&[6.0, 0.0, 2.0, 5.0], &Labels::default(), 2, &[true]).expect("categories");
    let categories = known.categories(0);
    assert_eq!((categories.count(), categories.absent(), categories.first_absent()), (7, 3, Some(1)));
    assert_eq!(
        [0, 1, 2, 3].map(|bin| (categories.at(bin), categories.absent_below(bin))),
        [(0, 0), (2, 1), (5, 3), (6, 3)]
    );
    for (end, expected) in
        [(0, &[][..]), (1, &[]), (2, &[1]), (4, &[1, 3]), (5, &[1, 3, 4]), (99, &[1, 3, 4])]
    {
        assert_eq!(categories.all_absent_below(end).collect::<Vec<_>>(), expected, "below {end}");
    }
    let whole = cuts(&[1.0, 0.0], &Labels::default(), 2, &[true]).expect("categories");
    assert_eq!((whole.categories(0).absent(), whole.categories(0).first_absent()), (0, None));
}

#[test]
fn large_numbers_of_categories_are_a_bin_each() {
    let columns = 200;
    let indices: Vec<u32> = (0..columns as u32).collect();
    let values = vec![16_000_000.0; columns];
    let matrix = Matrix {
        columns,
        row_offsets: &[0, columns],
        indices: &indices,
        values: &values,
        categorical: &vec![true; columns],
    };
    assert_eq!(Cuts::new(matrix, &Labels::default(), 256).expect("categories").bins(), columns);
}

#[test]
fn cuts_do_not_depend_on_the_number_of_threads() {
    let (rows, columns) = (500, 7);
    let values: Vec<f64> =
        (0..rows * columns).map(|entry| f64::from((entry * 7919 % 10_007) as u16)).collect();
    let row_offsets: Vec<usize> = (0..=rows).map(|row| row * columns).collect();
    let indices: Vec<u32> = (0..rows * columns).map(|entry| (entry % columns) as u32).collect();
    let matrix =
        Matrix { columns, row_offsets: &row_offsets, indices: &indices, values: &values, categorical: &[] };
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| Cuts::new(matrix, &Labels::default(), 16).expect("numbers"))
    };
    assert_eq!(of(1).columns(), columns);
    assert_eq!(of(1), of(5));
}

proptest! {
    #[test]
    fn values_lie_in_their_bins(
        values in prop::collection::vec(-1e6..1e6_f64, 1..200), weights in prop::collection::vec(0.0..9.0_f32, 200),
        max_bin in 0..40_usize,
    ) {
        for labels in [Labels::default(), weighted(weights[..values.len()].to_vec())] {
            let cuts = cuts(&values, &labels, max_bin, &[]).expect("numbers");
            prop_assert!(cuts.bins() <= max_bin.max(2));
            prop_assert!(cuts.values.is_sorted_by(|left, right| left < right));
            for &value in &values {
                let value = value as f32;
                let bin = cuts.bin(0, value);
                prop_assert!(cuts.lower_bound(0, bin) <= value);
                prop_assert!(value < cuts.values[bin as usize] || bin as usize + 1 == cuts.bins());
            }
            prop_assert_eq!(cuts.offsets, [0, cuts.values.len() as u32]);
        }
    }
}
