//! The values of rows: numbers and classes.

use std::fmt::Debug;

use polars::prelude::{Column, NamedFrom as _, PolarsResult, Series};

/// A type of predicted and later known values: `f64`, `f32`, `i32`, `i64`, `u32`, `u64`, and `bool` for two classes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a row",
    note = "`f64`, `f32`, `i32`, `i64`, `u32`, `u64` and `bool` are values; convert others to one of them"
)]
pub trait RowValue: StoredValue + Copy + PartialEq + Debug + Send + Sync + 'static {}

/// How a value is stored and computed with. It isn't implemented outside of this crate.
pub trait StoredValue: Sized {
    /// The name of the type.
    const TYPE: &'static str;

    /// Whether it is one of two classes.
    const IS_CLASS: bool = false;

    /// A column of values.
    fn to_column(name: &str, values: &[Self]) -> Column;

    /// The values of a column without nulls, if it has this type.
    fn of_column(column: &Column) -> PolarsResult<Vec<Self>>;

    /// The value as a number to compute with.
    fn to_number(self) -> Result<f64, NoNumber>;
}

/// Why a value can't be computed with.
#[derive(Debug)]
pub enum NoNumber {
    /// It is infinite or not a number.
    NotFinite,
    /// It is a whole number that `f64` doesn't have.
    TooLarge,
}

/// A value of rows that were checked, as a number.
pub(crate) fn number<T: RowValue>(value: T) -> f64 {
    value.to_number().expect("values are checked where predictions and ground truth are made")
}

/// The largest whole number up to which `f64` has all.
const EXACT: u64 = 1 << 53;

macro_rules! values {
    ($($value:ident: $self:ident => $number:expr;)*) => {
        $(
            impl RowValue for $value {}

            impl StoredValue for $value {
                const TYPE: &'static str = stringify!($value);

                fn to_column(name: &str, values: &[Self]) -> Column {
                    Series::new(name.into(), values).into()
                }

                fn of_column(column: &Column) -> PolarsResult<Vec<Self>> {
                    let series = column.as_materialized_series();
                    Ok(series.$value()?.iter().flatten().collect())
                }

                fn to_number($self) -> Result<f64, NoNumber> {
                    $number
                }
            }
        )*
    };
}

/// Adding 0 makes one zero of the two.
fn finite(number: f64) -> Result<f64, NoNumber> {
    if number.is_finite() { Ok(number + 0.0) } else { Err(NoNumber::NotFinite) }
}

values! {
    f64: self => finite(self);
    f32: self => finite(f64::from(self));
    i32: self => Ok(f64::from(self));
    u32: self => Ok(f64::from(self));
    i64: self => if self.unsigned_abs() <= EXACT { Ok(self as f64) } else { Err(NoNumber::TooLarge) };
    u64: self => if self <= EXACT { Ok(self as f64) } else { Err(NoNumber::TooLarge) };
}

impl RowValue for bool {}

impl StoredValue for bool {
    const TYPE: &'static str = "bool";
    const IS_CLASS: bool = true;

    fn to_column(name: &str, values: &[Self]) -> Column {
        Series::new(name.into(), values).into()
    }

    fn of_column(column: &Column) -> PolarsResult<Vec<Self>> {
        Ok(column.as_materialized_series().bool()?.iter().flatten().collect())
    }

    fn to_number(self) -> Result<f64, NoNumber> {
        Ok(f64::from(u8::from(self)))
    }
}
