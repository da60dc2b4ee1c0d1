//! Matrices of features, with targets and without, as asset values in the [`Npz`] format; and the names of their columns.

use millwork_core::{AssetValue, BoxError};

use crate::features::keys::StoredKeys;
use crate::features::npz::NpzError;
use crate::features::npz::array::{
    ArchiveReader, ArchiveWriter, IntegerWidth, read_bytes, read_floats, read_integers, read_signed_integers,
    read_text, write_bytes, write_floats, write_integers, write_text,
};
use crate::features::{ColumnNames, Features, FeaturesError, LabelledFeatures, RowKeys};

/// The format of [`Features`] and [`LabelledFeatures`]: the `.npz` layout of `scipy.sparse.save_npz`.
///
/// ```
/// use millwork_core::AssetValue;
/// use millwork_ml::features::Features;
///
/// let features = Features::new(2, vec![0, 1], vec![1], vec![0.5])?;
/// let mut bytes = Vec::new();
/// features.encode(&mut bytes)?;
/// assert_eq!(Features::decode(&bytes)?, features);
/// # Ok::<(), millwork_core::BoxError>(())
/// ```
#[derive(Debug)]
pub enum Npz {}

/// The array that marks the columns with categories.
const CATEGORICAL: &str = "categorical.npy";

impl AssetValue<Npz> for Features {
    const EXTENSION: &'static str = "npz";
    const MEDIA_TYPE: &'static str = "application/zip";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        let mut archive = ArchiveWriter::new();
        write_features(self, &mut archive)?;
        bytes.append(&mut archive.finish()?);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(read_features(&mut ArchiveReader::new(bytes)?)?)
    }
}

impl AssetValue<Npz> for LabelledFeatures {
    const EXTENSION: &'static str = "npz";
    const MEDIA_TYPE: &'static str = "application/zip";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        let mut archive = ArchiveWriter::new();
        write_features(self.features(), &mut archive)?;
        for (entry, values) in [("targets.npy", Some(self.targets())), ("weights.npy", self.weights())] {
            let Some(values) = values else { continue };
            let mut array = Vec::new();
            write_floats(values, &mut array);
            archive.add(entry, &array)?;
        }
        if let Some(groups) = self.groups() {
            let mut array = Vec::new();
            write_integers(groups.iter().map(|&size| size as u64), IntegerWidth::Eight, &mut array);
            archive.add("groups.npy", &array)?;
        }
        if let Some(keys) = self.row_keys() {
            write_keys(keys, &mut archive)?;
        }
        bytes.append(&mut archive.finish()?);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        let mut archive = ArchiveReader::new(bytes)?;
        let features = read_features(&mut archive)?;
        let rows = features.rows();
        let per_row = |archive: &mut ArchiveReader<'_>, entry| {
            check_count(archive, entry, |count| count == rows, "it has not one element per row")?;
            read(archive, entry, read_floats)
        };
        let mut labelled = Self::new(features, per_row(&mut archive, "targets.npy")?)?;
        if archive.has("weights.npy") {
            labelled = labelled.with_weights(per_row(&mut archive, "weights.npy")?)?;
        }
        if archive.has("groups.npy") {
            check_count(&mut archive, "groups.npy", |count| count <= rows, "it has more groups than rows")?;
            labelled = labelled.with_groups(read_narrowed(&mut archive, "groups.npy")?)?;
        }
        if let Some(keys) = read_keys(&mut archive, rows)? {
            labelled = labelled.with_keys(keys)?;
        }
        Ok(labelled)
    }
}

/// Adds the five arrays in SciPy's order, and after them the names of the columns, and which have categories.
fn write_features(features: &Features, archive: &mut ArchiveWriter) -> Result<(), NpzError> {
    let (rows, columns) = (features.rows() as u64, features.columns() as u64);
    let width = IntegerWidth::for_largest(rows.max(columns).max(features.entries() as u64));
    let mut array = Vec::new();
    write_integers(features.indices().iter().map(|&index| u64::from(index)), width, &mut array);
    archive.add("indices.npy", &array)?;
    array.clear();
    write_integers(features.row_offsets().iter().map(|&offset| offset as u64), width, &mut array);
    archive.add("indptr.npy", &array)?;
    array.clear();
    write_text("csr", &mut array);
    archive.add("format.npy", &array)?;
    array.clear();
    write_integers([rows, columns].into_iter(), IntegerWidth::Eight, &mut array);
    archive.add("shape.npy", &array)?;
    array.clear();
    write_floats(features.values(), &mut array);
    archive.add("data.npy", &array)?;
    if let Some(names) = features.names() {
        write_names(names, archive)?;
    }
    if !features.categorical().is_empty() {
        array.clear();
        let flags: Vec<u8> = features.categorical().iter().map(|&is| u8::from(is)).collect();
        write_bytes(&flags, &mut array);
        archive.add(CATEGORICAL, &array)?;
    }
    Ok(())
}

fn read_features(archive: &mut ArchiveReader<'_>) -> Result<Features, NpzError> {
    check_count(archive, "format.npy", |count| count == 1, "it is not a single text")?;
    let format = read(archive, "format.npy", read_text)?;
    if format != "csr" {
        return Err(NpzError::NotCsr { format });
    }
    check_count(archive, "shape.npy", |count| count == 2, "it has not two elements")?;
    let shape = read(archive, "shape.npy", read_integers)?;
    let [rows, columns] = shape[..] else {
        return Err(NpzError::Array { entry: "shape.npy", problem: "it has not two elements" });
    };
    let row_offsets = archive.count("indptr.npy")?;
    if row_offsets as u64 != rows.saturating_add(1) {
        return Err(NpzError::Shape { rows, row_offsets });
    }
    let row_offsets = read_narrowed::<usize>(archive, "indptr.npy")?;
    let entries = row_offsets.last().copied().unwrap_or(0);
    for entry in ["indices.npy", "data.npy"] {
        check_count(archive, entry, |count| count == entries, "its length is not where the last row ends")?;
    }
    let mut indices = read_narrowed::<u32>(archive, "indices.npy")?;
    let mut values = read(archive, "data.npy", read_floats)?;
    let columns = usize::try_from(columns)
        .map_err(|_| NpzError::Array { entry: "shape.npy", problem: "an element is too large" })?;
    sort_rows(&row_offsets, &mut indices, &mut values);
    let mut features = Features::new(columns, row_offsets, indices, values)?;
    if let Some(names) = read_names(archive, columns)? {
        features = features.with_names(names)?;
    }
    if archive.has(CATEGORICAL) {
        check_count(archive, CATEGORICAL, |count| count == columns, "it has not one element per column")?;
        let flags = read(archive, CATEGORICAL, read_bytes)?;
        let categorical: Vec<u32> =
            (0..).zip(flags).filter(|(_, is)| *is != 0).map(|(column, _)| column).collect();
        features = features.with_categories(&categorical)?;
    }
    Ok(features)
}

/// Checks how many elements an array has before it is read.
fn check_count(
    archive: &mut ArchiveReader<'_>,
    entry: &'static str,
    fits: impl Fn(usize) -> bool,
    problem: &'static str,
) -> Result<(), NpzError> {
    if fits(archive.count(entry)?) { Ok(()) } else { Err(NpzError::Array { entry, problem }) }
}

fn read<T>(
    archive: &mut ArchiveReader<'_>,
    entry: &'static str,
    elements: fn(&[u8]) -> Result<T, &'static str>,
) -> Result<T, NpzError> {
    elements(&archive.read(entry)?).map_err(|problem| NpzError::Array { entry, problem })
}

fn read_narrowed<T: TryFrom<u64>>(
    archive: &mut ArchiveReader<'_>,
    entry: &'static str,
) -> Result<Vec<T>, NpzError> {
    let wide = read(archive, entry, read_integers)?;
    let narrowed = wide.into_iter().map(|value| T::try_from(value).ok()).collect::<Option<_>>();
    narrowed.ok_or(NpzError::Array { entry, problem: "an element is too large" })
}

/// Sorts the entries of each row by column, which SciPy leaves open. Arrays that contradict each other are left as
/// they are: [`Features::new`] returns their problem.
fn sort_rows(row_offsets: &[usize], indices: &mut [u32], values: &mut [f64]) {
    let mut row: Vec<(u32, f64)> = Vec::new();
    for ends in row_offsets.windows(2) {
        let entries = ends[0]..ends[1];
        let (Some(indices), Some(values)) = (indices.get_mut(entries.clone()), values.get_mut(entries))
        else {
            return;
        };
        if indices.is_sorted() {
            continue;
        }
        row.clear();
        row.extend(indices.iter().copied().zip(values.iter().copied()));
        row.sort_by_key(|&(column, _)| column);
        for (entry, &(column, value)) in row.iter().enumerate() {
            (indices[entry], values[entry]) = (column, value);
        }
    }
}

/// Texts of any number end to end: the array of their letters, and that of where each starts and the last one ends.
struct TextArrays {
    letters: &'static str,
    offsets: &'static str,
    /// The problem of offsets that don't lead through the letters.
    not_a_partition: &'static str,
}

const NAMES: TextArrays = TextArrays {
    letters: "names.npy",
    offsets: "name_offsets.npy",
    not_a_partition: "it does not partition the names",
};

const KEYS: TextArrays = TextArrays {
    letters: "row_keys.npy",
    offsets: "row_key_offsets.npy",
    not_a_partition: "it does not partition the keys",
};

impl TextArrays {
    /// Adds the two arrays. There is an offset more than texts.
    fn write(
        &self,
        text: &str,
        offsets: impl ExactSizeIterator<Item = u64>,
        archive: &mut ArchiveWriter,
    ) -> Result<(), NpzError> {
        let mut array = Vec::new();
        write_bytes(text.as_bytes(), &mut array);
        archive.add(self.letters, &array)?;
        array.clear();
        write_integers(offsets, IntegerWidth::for_largest(text.len() as u64), &mut array);
        archive.add(self.offsets, &array)
    }

    /// Reads the two arrays, and gives the texts to `made`.
    fn read<T>(
        &self,
        archive: &mut ArchiveReader<'_>,
        made: impl FnOnce(Vec<&str>) -> Result<T, FeaturesError>,
    ) -> Result<T, NpzError> {
        let offsets = read_narrowed::<usize>(archive, self.offsets)?;
        let end = offsets.last().copied().unwrap_or(0);
        check_count(
            archive,
            self.letters,
            |count| count == end,
            "its length is not where the last text ends",
        )?;
        let text = read(archive, self.letters, read_bytes)?;
        let text = String::from_utf8(text)
            .map_err(|_| NpzError::Array { entry: self.letters, problem: "it is not UTF-8" })?;
        let texts: Option<Vec<&str>> = offsets.windows(2).map(|ends| text.get(ends[0]..ends[1])).collect();
        match texts {
            Some(texts) if offsets.first() == Some(&0) && offsets.last() == Some(&text.len()) => {
                Ok(made(texts)?)
            }
            _ => Err(NpzError::Array { entry: self.offsets, problem: self.not_a_partition }),
        }
    }
}

fn write_names(names: &ColumnNames, archive: &mut ArchiveWriter) -> Result<(), NpzError> {
    let (text, offsets) = names.stored();
    NAMES.write(text, offsets.iter().map(|&offset| offset as u64), archive)
}

/// Reads the names of the columns, if they are there.
fn read_names(archive: &mut ArchiveReader<'_>, columns: usize) -> Result<Option<ColumnNames>, NpzError> {
    if !archive.has(NAMES.letters) {
        return Ok(None);
    }
    let names = archive.count(NAMES.offsets)?.saturating_sub(1);
    if names != columns {
        return Err(FeaturesError::NameCount { names, columns }.into());
    }
    NAMES.read(archive, |names| ColumnNames::new(names)).map(Some)
}

/// Adds the keys of rows: an array of integers, or two of texts.
fn write_keys(keys: &RowKeys, archive: &mut ArchiveWriter) -> Result<(), NpzError> {
    match keys.stored() {
        StoredKeys::Integers(keys) => {
            let mut array = Vec::new();
            // The same bits: NumPy's type of the elements is signed.
            write_integers(keys.iter().map(|&key| key as u64), IntegerWidth::Eight, &mut array);
            archive.add(KEYS.letters, &array)
        }
        StoredKeys::Texts(text, ends) => {
            let mut offsets = vec![0];
            offsets.extend(ends.iter().map(|&end| end as u64));
            KEYS.write(text, offsets.into_iter(), archive)
        }
    }
}

/// Reads the keys of rows, if they are there.
fn read_keys(archive: &mut ArchiveReader<'_>, rows: usize) -> Result<Option<RowKeys>, NpzError> {
    if !archive.has(KEYS.letters) {
        return Ok(None);
    }
    if archive.has(KEYS.offsets) {
        let keys = archive.count(KEYS.offsets)?.saturating_sub(1);
        if keys != rows {
            return Err(FeaturesError::KeyCount { keys, rows }.into());
        }
        return KEYS.read(archive, |texts| Ok(RowKeys::of_texts(texts.into_iter()))).map(Some);
    }
    check_count(archive, KEYS.letters, |count| count == rows, "it has not one element per row")?;
    Ok(Some(RowKeys::of_integers(read(archive, KEYS.letters, read_signed_integers)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::ColumnNames;

    fn labelled() -> LabelledFeatures {
        let values = vec![0.5, 0.0, -1e-300, 3.0];
        let features = Features::new(7, vec![0, 2, 2, 4], vec![0, 6, 3, 4], values).expect("a valid matrix");
        LabelledFeatures::new(features, vec![1.0, 2.0, 1e9]).expect("three targets")
    }

    /// With names, weights and groups.
    fn complete() -> LabelledFeatures {
        let names = ColumnNames::new(["b", "", "a\nb", "éé", "c", "d", "e"]).expect("different names");
        let (features, targets) = labelled().into_parts();
        let features = features.with_names(names).and_then(|features| features.with_categories(&[4, 1]));
        let features = features.expect("a name per column, and a category");
        LabelledFeatures::new(features, targets)
            .and_then(|labelled| labelled.with_weights(vec![0.5, 0.0, 2.0]))
            .and_then(|labelled| labelled.with_groups(vec![1, 2]))
            .expect("weights and groups of three rows")
    }

    fn keyed(keys: [&str; 3]) -> LabelledFeatures {
        complete().with_row_keys(keys).expect("a key per row")
    }

    fn encoded<T: AssetValue<Npz>>(value: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.encode(&mut bytes).expect("encoding to memory");
        bytes
    }

    fn check<T: AssetValue<Npz> + PartialEq + std::fmt::Debug>(value: &T) {
        let bytes = encoded(value);
        assert_eq!(&T::decode(&bytes).expect("what was written"), value);
        assert_eq!(encoded(&T::decode(&bytes).expect("what was written")), bytes);
    }

    #[test]
    fn values_come_back_and_equal_values_are_equal_bytes() {
        check(&labelled());
        check(labelled().features());
        check(&complete());
        check(complete().features());
        check(&keyed(["-7", "9", "9223372036854775807"]));
        check(&keyed(["-7", "", "a\nbé"]));
        check(&Features::new(0, vec![0], vec![], vec![]).expect("an empty matrix"));
        check(&Features::new(1 << 32, vec![0, 1], vec![u32::MAX], vec![1.0]).expect("a wide matrix"));
    }

    #[test]
    fn targets_are_ignored_or_required() {
        let labelled = labelled();
        assert_eq!(Features::decode(&encoded(&labelled)).expect("five arrays"), *labelled.features());
        let error = LabelledFeatures::decode(&encoded(labelled.features())).expect_err("no targets");
        assert_eq!(error.to_string(), "the archive has no `targets.npy`");
    }

    #[test]
    fn damaged_bytes_are_errors() {
        check_damage(&labelled());
        check_damage(&complete());
        check_damage(&keyed(["1", "2", "3"]));
        check_damage(&keyed(["1", "b", ""]));
    }

    #[test]
    fn keys_have_to_fit_the_rows() {
        let with = |of: &LabelledFeatures, keys: &RowKeys| {
            let mut archive = ArchiveWriter::new();
            write_features(of.features(), &mut archive).expect("memory");
            let mut targets = Vec::new();
            write_floats(of.targets(), &mut targets);
            archive.add("targets.npy", &targets).expect("memory");
            write_keys(keys, &mut archive).expect("memory");
            LabelledFeatures::decode(&archive.finish().expect("memory")).map_err(|error| error.to_string())
        };
        let data = labelled();
        assert_eq!(
            with(&data, &RowKeys::new([1, 2, 3])),
            Ok(data.clone().with_row_keys([1, 2, 3]).expect("keys"))
        );
        let problem =
            "the array `row_keys.npy` is damaged or of another type: it has not one element per row";
        assert_eq!(with(&data, &RowKeys::new([1, 2])), Err(problem.to_owned()));
        assert_eq!(with(&data, &RowKeys::new(["a", "b"])), Err("2 keys were given for 3 rows".to_owned()));
    }

    fn check_damage(value: &LabelledFeatures) {
        let bytes = encoded(value);
        for length in 0..bytes.len() {
            assert!(LabelledFeatures::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
        // A flipped bit may hit a field without a meaning, so this asks only for no panic and no other value.
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x55;
            if let Ok(read) = LabelledFeatures::decode(&damaged) {
                // The name of an array may be hit that is there or not.
                assert!(read == *value || read.targets() == value.targets(), "byte {position}");
                assert_eq!(read.features().values(), value.features().values(), "byte {position}");
            }
        }
    }

    #[test]
    fn unsorted_rows_are_sorted() {
        let (mut indices, mut values) = (vec![2, 0, 1, 1], vec![2.0, 0.0, 1.0, 9.0]);
        sort_rows(&[0, 3, 4], &mut indices, &mut values);
        assert_eq!((indices, values), (vec![0, 1, 2, 1], vec![0.0, 1.0, 2.0, 9.0]));
    }
}
