//! The targets of a metric: numbers or labels, with or without weights.

/// The targets of a metric's rows: a reference to a slice, `Vec` or array of them, or [`Weighted`] targets.
///
/// Every metric takes its targets first, so this is the one place where weights are given.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the targets of a metric",
    label = "not a reference to a slice, a `Vec` or an array, nor `Weighted`",
    note = "pass the targets by reference: `&targets`; with weights, `Weighted::new(&targets, &weights)`"
)]
pub trait Targets {
    /// The type of one target.
    type Target;

    /// The targets, one per row.
    fn targets(&self) -> &[Self::Target];

    /// The weights, one per row, or `None` where each row counts once.
    fn weights(&self) -> Option<&[f64]> {
        None
    }
}

// Owned vectors and arrays are left out on purpose: else Clippy would ask users to drop the `&` of every last use.
impl<T> Targets for &[T] {
    type Target = T;

    fn targets(&self) -> &[T] {
        self
    }
}

impl<T, const ROWS: usize> Targets for &[T; ROWS] {
    type Target = T;

    fn targets(&self) -> &[T] {
        *self
    }
}

impl<T> Targets for &Vec<T> {
    type Target = T;

    fn targets(&self) -> &[T] {
        self
    }
}

impl<T: Targets> Targets for &T {
    type Target = T::Target;

    fn targets(&self) -> &[T::Target] {
        (**self).targets()
    }

    fn weights(&self) -> Option<&[f64]> {
        (**self).weights()
    }
}

/// Targets with weights: a row of weight 2 counts as two rows, a row of weight 0 as none.
///
/// A weight is finite and not negative, and some are above 0; the metric checks that.
///
/// ```
/// use millwork_ml::metrics::{Weighted, mean_absolute_error};
///
/// let (targets, predictions) = ([3.0, 5.0], [2.0, 5.0]);
/// assert_eq!(mean_absolute_error(&targets, &predictions)?, 0.5);
/// assert_eq!(mean_absolute_error(Weighted::new(&targets, &[3.0, 1.0]), &predictions)?, 0.75);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted<'a, T> {
    targets: &'a [T],
    weights: Vec<f64>,
}

impl<'a, T> Weighted<'a, T> {
    /// Joins targets with their weights, one per row.
    pub fn new(targets: &'a [T], weights: &[impl Number]) -> Self {
        Self { targets, weights: weights.iter().map(|&weight| weight.into()).collect() }
    }
}

impl<T> Targets for Weighted<'_, T> {
    type Target = T;

    fn targets(&self) -> &[T] {
        self.targets
    }

    fn weights(&self) -> Option<&[f64]> {
        Some(&self.weights)
    }
}

/// A number that converts to `f64` without loss: `f32`, `f64`, and integers of up to 32 bits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number that converts to `f64` without loss",
    note = "`f32`, `f64` and integers of up to 32 bits are; convert others: `numbers.iter().map(|&number| number as f64)`"
)]
pub trait Number: Copy + Into<f64> {}

#[diagnostic::do_not_recommend]
impl<T: Copy + Into<f64>> Number for T {}

/// A target or prediction of one of two classes: `bool`, or a number that is 0 (negative) or 1 (positive).
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say which of two classes a row has",
    note = "`bool`s do, and numbers that are 0 or 1; compare others: `labels.iter().map(|label| label == \"spam\")`"
)]
pub trait Binary: Copy {
    /// Whether the row is positive, or `None` for a number that is neither 0 nor 1.
    fn positive(self) -> Option<bool>;
}

impl Binary for bool {
    fn positive(self) -> Option<bool> {
        Some(self)
    }
}

macro_rules! binary_numbers {
    ($($number:ty)*) => {
        $(impl Binary for $number {
            fn positive(self) -> Option<bool> {
                if self == 1 as $number {
                    Some(true)
                } else {
                    (self == 0 as $number).then_some(false)
                }
            }
        })*
    };
}

binary_numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);

/// The label of a class: integers, `bool`, `&str`, `String`, `char` and whatever else has a total order.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label of a class, because it has no total order",
    note = "floating-point numbers aren't labels; convert them: `targets.iter().map(|&target| target as u32)`",
    note = "on a type of your own, derive `PartialEq, Eq, PartialOrd, Ord, Clone`"
)]
pub trait Label: Ord + Clone {}

#[diagnostic::do_not_recommend]
impl<T: Ord + Clone> Label for T {}
