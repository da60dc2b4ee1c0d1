//! The names of columns as two arrays: their UTF-8 end to end, and where each starts.

use crate::features::npz::NpzError;
use crate::features::npz::archive::{ArchiveReader, ArchiveWriter};
use crate::features::npz::array::{IntegerWidth, read_bytes, write_bytes, write_integers};
use crate::features::npz::value::{check_count, read, read_narrowed};
use crate::features::{ColumnNames, FeaturesError};

/// The array of letters.
const TEXT: &str = "names.npy";
/// The array of ends.
const OFFSETS: &str = "name_offsets.npy";

/// Adds the two arrays.
pub(super) fn write_names(names: &ColumnNames, archive: &mut ArchiveWriter) -> Result<(), NpzError> {
    let (text, offsets) = names.stored();
    let mut array = Vec::new();
    write_bytes(text.as_bytes(), &mut array);
    archive.add(TEXT, &array)?;
    array.clear();
    let width = IntegerWidth::for_largest(text.len() as u64);
    write_integers(offsets.iter().map(|&offset| offset as u64), width, &mut array);
    archive.add(OFFSETS, &array)
}

/// Reads the two arrays, if they are there.
pub(super) fn read_names(
    archive: &mut ArchiveReader<'_>,
    columns: usize,
) -> Result<Option<ColumnNames>, NpzError> {
    if !archive.has(TEXT) {
        return Ok(None);
    }
    let names = archive.count(OFFSETS)?.saturating_sub(1);
    if names != columns {
        return Err(FeaturesError::NameCount { names, columns }.into());
    }
    let offsets = read_narrowed::<usize>(archive, OFFSETS)?;
    let end = offsets.last().copied().unwrap_or(0);
    check_count(archive, TEXT, |count| count == end, "its length is not where the last name ends")?;
    let text = read(archive, TEXT, read_bytes)?;
    let text =
        String::from_utf8(text).map_err(|_| NpzError::Array { entry: TEXT, problem: "it is not UTF-8" })?;
    let names: Option<Vec<&str>> = offsets.windows(2).map(|ends| text.get(ends[0]..ends[1])).collect();
    match names {
        Some(names) if offsets.first() == Some(&0) && offsets.last() == Some(&text.len()) => {
            Ok(Some(ColumnNames::new(names)?))
        }
        _ => Err(NpzError::Array { entry: OFFSETS, problem: "it does not partition the names" }),
    }
}
