//! Blocks of features side by side: one row of the result is the rows of all blocks, one after the other.

use rayon::prelude::*;

use crate::features::{ColumnNames, Features, FeaturesError};

/// Rows per unit of parallel work.
const CHUNK: usize = 4096;

impl Features {
    /// The blocks side by side, left to right: their common number of rows × the sum of their columns.
    ///
    /// Names are kept as they are. [`FeatureBlocks`] puts the name of its block before each.
    ///
    /// ```
    /// use millwork_ml::features::Features;
    ///
    /// let left = Features::from_dense(2, &[1.0, f64::NAN])?;
    /// let right = Features::from_dense(1, &[2.0])?;
    /// assert_eq!(Features::beside(&[&left, &right])?, Features::from_dense(3, &[1.0, f64::NAN, 2.0])?);
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the blocks have different numbers of rows, there are more than 2³² columns, two columns have the same name,
    /// or some blocks have names and others have not.
    pub fn beside(blocks: &[&Self]) -> Result<Self, FeaturesError> {
        let position = |block: usize| block.to_string();
        let joined = join(blocks, position)?;
        if blocks.iter().all(|block| block.names().is_none()) {
            return Ok(joined);
        }
        let names: Result<Vec<&ColumnNames>, _> = blocks
            .iter()
            .enumerate()
            .map(|(block, features)| {
                features.names().ok_or(FeaturesError::BlockWithoutNames { block: position(block) })
            })
            .collect();
        joined.with_names(ColumnNames::new(names?.into_iter().flat_map(ColumnNames::iter))?)
    }
}

/// Blocks of features under construction, to be joined side by side with a name for every column.
///
/// ```
/// use millwork_ml::encoding::{NumberEncoder, NumberParams, OneHotEncoder, OneHotParams};
/// use millwork_ml::features::{ColumnNames, FeatureBlocks};
/// use millwork_ml::text::TfidfVectorizer;
///
/// let titles = ["Rust 1.95", "Show HN: a rust crate"];
/// let (vectorizer, words) = TfidfVectorizer::fit_transform(&titles)?;
/// let words = words.with_names(ColumnNames::new(vectorizer.terms())?)?;
/// let hours = [("hour", &[Some(8.0), Some(17.0)][..])];
/// let (_, hours) = NumberEncoder::fit_transform(&NumberParams::default(), &hours)?;
/// let domains = [Some("rust-lang.org"), None];
/// let (_, domains) = OneHotEncoder::fit_transform(&OneHotParams::default(), "domain", domains)?;
///
/// let features = FeatureBlocks::new().named("title", &words).plain(&hours).plain(&domains).join()?;
/// let names: Vec<&str> = features.names().expect("blocks are named").iter().skip(4).collect();
/// assert_eq!(names, ["title:show", "hour", "domain=rust-lang.org", "domain=(null)"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FeatureBlocks<'a> {
    blocks: Vec<(Option<String>, &'a Features)>,
}

impl<'a> FeatureBlocks<'a> {
    /// A matrix without blocks.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more block to the right, whose columns are called `name:column`; a column without a name goes by its
    /// index in the block.
    #[must_use]
    pub fn named(mut self, name: &str, features: &'a Features) -> Self {
        self.blocks.push((Some(name.to_owned()), features));
        self
    }

    /// With one more block to the right, whose columns keep their names: those of encoders have the name of the encoded
    /// column already.
    #[must_use]
    pub fn plain(mut self, features: &'a Features) -> Self {
        self.blocks.push((None, features));
        self
    }

    /// The blocks side by side: their common number of rows × the sum of their columns, all of them named.
    ///
    /// # Errors
    ///
    /// When the blocks have different numbers of rows, there are more than 2³² columns, two columns have the same name,
    /// or a [`plain`](Self::plain) block has no names.
    pub fn join(&self) -> Result<Features, FeaturesError> {
        let blocks: Vec<&Features> = self.blocks.iter().map(|(_, features)| *features).collect();
        let label = |block: usize| self.blocks[block].0.clone().unwrap_or_else(|| block.to_string());
        let joined = join(&blocks, label)?;
        let mut names = Vec::with_capacity(joined.columns());
        for (block, (name, features)) in self.blocks.iter().enumerate() {
            match (name, features.names()) {
                (Some(block), Some(columns)) => {
                    names.extend(columns.iter().map(|column| format!("{block}:{column}")));
                }
                (Some(block), None) => {
                    names.extend((0..features.columns()).map(|column| format!("{block}:{column}")));
                }
                (None, Some(columns)) => names.extend(columns.iter().map(str::to_owned)),
                (None, None) => return Err(FeaturesError::BlockWithoutNames { block: label(block) }),
            }
        }
        joined.with_names(ColumnNames::new(names)?)
    }
}

/// The entries of the blocks side by side, without names. `label` names a block in an error.
fn join(blocks: &[&Features], label: impl Fn(usize) -> String) -> Result<Features, FeaturesError> {
    let rows = blocks.first().map_or(0, |block| block.rows());
    if let Some(block) = blocks.iter().position(|block| block.rows() != rows) {
        let found = blocks[block].rows();
        return Err(FeaturesError::BlockRows { block: label(block), found, expected: rows });
    }
    let columns = blocks.iter().map(|block| block.columns()).sum();
    Features::check_width(columns)?;
    let row_offsets: Vec<usize> =
        (0..=rows).map(|row| blocks.iter().map(|block| block.row_offsets()[row]).sum()).collect();
    let entries = row_offsets[rows];
    let (mut indices, mut values) = (vec![0; entries], vec![0.0; entries]);
    let (mut indices_left, mut values_left) = (&mut indices[..], &mut values[..]);
    let mut chunks = Vec::with_capacity(rows.div_ceil(CHUNK));
    for first in (0..rows).step_by(CHUNK) {
        let end = rows.min(first + CHUNK);
        let entries = row_offsets[end] - row_offsets[first];
        let (indices, values);
        (indices, indices_left) = indices_left.split_at_mut(entries);
        (values, values_left) = values_left.split_at_mut(entries);
        chunks.push((first..end, indices, values));
    }
    chunks.into_par_iter().for_each(|(rows, indices, values)| copy_rows(blocks, rows, indices, values));
    let categorical = categories(blocks);
    Features::from_valid(columns, row_offsets, indices, values).with_categories(&categorical)
}

/// The columns of the blocks side by side whose values are categories.
fn categories(blocks: &[&Features]) -> Vec<u32> {
    let (mut categories, mut first) = (Vec::new(), 0_u32);
    for block in blocks {
        let own = block.categorical().iter().zip(first..).filter(|(is, _)| **is);
        categories.extend(own.map(|(_, column)| column));
        first = first.wrapping_add(block.columns() as u32);
    }
    categories
}

/// Writes the entries of some rows, row after row and in each block after block.
fn copy_rows(blocks: &[&Features], rows: std::ops::Range<usize>, indices: &mut [u32], values: &mut [f64]) {
    let mut end = 0;
    for row in rows {
        let mut first_column = 0;
        for block in blocks {
            let (block_indices, block_values) = block.row(row).expect("every block has all rows");
            let start = end;
            end += block_values.len();
            values[start..end].copy_from_slice(block_values);
            for (index, block_index) in indices[start..end].iter_mut().zip(block_indices) {
                *index = first_column + block_index;
            }
            // The sum of all widths fits a `u32`, apart from one past the last column, where no entry is.
            first_column = first_column.wrapping_add(block.columns() as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Advice as _;

    use super::*;

    fn named(columns: &[(&str, &[f64])]) -> Features {
        let values: Vec<&[f64]> = columns.iter().map(|(_, values)| *values).collect();
        let names = ColumnNames::new(columns.iter().map(|(name, _)| name)).expect("different names");
        Features::from_columns(&values).and_then(|features| features.with_names(names)).expect("a matrix")
    }

    fn check(blocks: &FeatureBlocks<'_>, expected: Result<&[&str], &str>) {
        let joined = blocks.join().map_err(|error| error.one_line());
        let names = joined.as_ref().map(|joined| joined.names().expect("names").iter().collect::<Vec<_>>());
        assert_eq!(names.as_deref().map_err(|text| text.as_str()), expected);
    }

    #[test]
    fn columns_are_called_after_their_block() {
        let (words, hours) = (named(&[("rust", &[1.0]), ("go", &[2.0])]), named(&[("hour", &[8.0])]));
        let bare = Features::from_dense(2, &[3.0, 4.0]).expect("a row");
        let two_rows = named(&[("hour", &[8.0, 9.0])]);
        check(&FeatureBlocks::new(), Ok(&[]));
        check(
            &FeatureBlocks::new().named("title", &words).plain(&hours).named("hash", &bare),
            Ok(&["title:rust", "title:go", "hour", "hash:0", "hash:1"]),
        );
        check(
            &FeatureBlocks::new().plain(&hours).plain(&words).plain(&hours),
            Err("the columns 0 and 3 are both called `hour`; hint: every column needs a name of its own"),
        );
        check(
            &FeatureBlocks::new().plain(&hours).plain(&bare),
            Err(
                "the block `1` has no column names, but others have; hint: name its columns, or join by `FeatureBlocks`",
            ),
        );
        check(
            &FeatureBlocks::new().plain(&hours).named("late", &two_rows),
            Err(
                "the block `late` has 2 rows, but the first block has 1; hint: make all blocks from the same rows",
            ),
        );
    }

    #[test]
    fn blocks_without_names_have_none_together() {
        let bare = Features::from_dense(1, &[3.0]).expect("a row");
        let hours = named(&[("hour", &[8.0])]);
        assert_eq!(Features::beside(&[&bare, &bare]), Features::from_dense(2, &[3.0, 3.0]));
        assert_eq!(Features::beside(&[&hours]).as_ref(), Ok(&hours));
        assert_eq!(
            Features::beside(&[&hours, &bare]),
            Err(FeaturesError::BlockWithoutNames { block: "1".into() })
        );
    }

    #[test]
    fn many_rows_are_joined_as_one_by_one() {
        let sparse = |rows: usize, columns: usize, step: usize| {
            let cell = |cell: usize| if cell.is_multiple_of(step) { cell as f64 } else { f64::NAN };
            Features::from_dense(columns, &(0..rows * columns).map(cell).collect::<Vec<_>>())
                .expect("a matrix")
        };
        let rows = 2 * CHUNK + 7;
        let blocks = [&sparse(rows, 3, 2), &sparse(rows, 1, 5), &sparse(rows, 4, 7)];
        let joined = Features::beside(&blocks).expect("equal heights");
        assert_eq!((joined.rows(), joined.columns()), (rows, 8));
        for row in [0, 1, CHUNK - 1, CHUNK, rows - 1] {
            let mut expected = Vec::new();
            for (block, first) in blocks.iter().zip([0, 3, 4]) {
                let (indices, values) = block.row(row).expect("a row");
                expected.extend(indices.iter().map(|index| index + first).zip(values.iter().copied()));
            }
            let (indices, values) = joined.row(row).expect("a row");
            assert_eq!(
                indices.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>(),
                expected,
                "row {row}"
            );
        }
        assert!(
            Features::new(
                8,
                joined.row_offsets().to_vec(),
                joined.indices().to_vec(),
                joined.values().to_vec()
            )
            .is_ok()
        );
    }

    #[test]
    fn the_widest_matrix_is_the_limit() {
        let wide = |columns: usize, index: u32| {
            Features::new(columns, vec![0, 1], vec![index], vec![1.0]).expect("a row")
        };
        let (half, one) = (wide(1 << 31, 5), wide(1, 0));
        let joined = Features::beside(&[&half, &half]).expect("as wide as can be");
        assert_eq!(joined.indices(), [5, (1 << 31) + 5]);
        let columns = (1 << 32) + 1;
        assert_eq!(Features::beside(&[&half, &half, &one]), Err(FeaturesError::TooManyColumns { columns }));
    }
}
