//! The keys of rows.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use polars::prelude::{Column, NamedFrom as _, PolarsResult, Series};

use crate::bytes::{Reader, Writer};

/// A type of the keys by which predictions and ground truth are joined: `i32`, `i64`, `u32`, `u64` and `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a row",
    note = "`i32`, `i64`, `u32`, `u64` and `String` are keys; convert others, such as an id of your own, to one of them"
)]
pub trait RowKey: Stored + Clone + Ord + Hash + Display + Debug + Send + Sync + 'static {}

/// How a key is stored. It isn't implemented outside of this crate.
pub trait Stored: Sized {
    /// The name of the type.
    const TYPE: &'static str;

    /// A column of keys.
    fn to_column(name: &str, keys: &[Self]) -> Column;

    /// The keys of a column without nulls, if it has this type.
    fn of_column(column: &Column) -> PolarsResult<Vec<Self>>;

    /// A number that isn't less than that of any smaller key, so that keys are mostly put in order by it.
    fn first_bits(&self) -> u64;

    /// A number that hardly any other key has.
    fn fingerprint(&self) -> u64;

    /// Writes ascending keys.
    fn write(keys: &[Self], writer: &mut Writer);

    /// Reads a number of ascending keys; `None` if they aren't.
    fn read(count: usize, reader: &mut Reader<'_>) -> Option<Vec<Self>>;
}

/// The last step of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

macro_rules! whole_numbers {
    ($($number:ident)*) => {
        $(
            impl RowKey for $number {}

            impl Stored for $number {
                const TYPE: &'static str = stringify!($number);

                fn to_column(name: &str, keys: &[Self]) -> Column {
                    Series::new(name.into(), keys).into()
                }

                fn of_column(column: &Column) -> PolarsResult<Vec<Self>> {
                    let series = column.as_materialized_series();
                    Ok(series.$number()?.iter().flatten().collect())
                }

                fn first_bits(&self) -> u64 {
                    (*self as i64).wrapping_sub($number::MIN as i64) as u64
                }

                fn fingerprint(&self) -> u64 {
                    mixed(*self as u64)
                }

                fn write(keys: &[Self], writer: &mut Writer) {
                    let mut before = 0;
                    for (row, &key) in keys.iter().enumerate() {
                        // The first may be negative; the others are larger than the one before.
                        match row {
                            0 => writer.signed(key as i64),
                            _ => writer.number((key as u64).wrapping_sub(before)),
                        }
                        before = key as u64;
                    }
                }

                fn read(count: usize, reader: &mut Reader<'_>) -> Option<Vec<Self>> {
                    let mut keys: Vec<Self> = Vec::with_capacity(count);
                    for row in 0..count {
                        let key = match row {
                            0 => reader.signed()? as u64,
                            _ => (keys[row - 1] as u64).wrapping_add(reader.number()?),
                        } as Self;
                        if row > 0 && key <= keys[row - 1] {
                            return None;
                        }
                        keys.push(key);
                    }
                    Some(keys)
                }
            }
        )*
    };
}

whole_numbers!(i32 i64 u32 u64);

impl RowKey for String {}

impl Stored for String {
    const TYPE: &'static str = "String";

    fn to_column(name: &str, keys: &[Self]) -> Column {
        Series::new(name.into(), keys).into()
    }

    fn of_column(column: &Column) -> PolarsResult<Vec<Self>> {
        let series = column.as_materialized_series();
        Ok(series.str()?.iter().flatten().map(str::to_owned).collect())
    }

    fn first_bits(&self) -> u64 {
        let mut first = [0; 8];
        let count = self.len().min(first.len());
        first[..count].copy_from_slice(&self.as_bytes()[..count]);
        u64::from_be_bytes(first)
    }

    fn fingerprint(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&blake3::hash(self.as_bytes()).as_bytes()[..8]);
        u64::from_le_bytes(first)
    }

    fn write(keys: &[Self], writer: &mut Writer) {
        keys.iter().for_each(|key| writer.text(key));
    }

    fn read(count: usize, reader: &mut Reader<'_>) -> Option<Vec<Self>> {
        let mut keys: Vec<Self> = Vec::with_capacity(count);
        for _ in 0..count {
            let key = reader.text()?;
            if keys.last().is_some_and(|before| *before >= key) {
                return None;
            }
            keys.push(key);
        }
        Some(keys)
    }
}
