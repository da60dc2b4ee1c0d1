//! Checks the metadata of a Parquet file against its bytes before anything is decoded.
//!
//! Polars trusts the numbers of a file: it allocates rows and pages of the sizes that they claim. So they are checked first: every page
//! lies in the file and counts its values, and the counts add up to the rows. The memory for decoding is then bounded by the sizes of the
//! pages, and these by the size of the file.
//!
//! Source of the layout: "Apache Parquet format", `parquet.thrift`, whose field numbers these are.

use crate::ParquetError;
use crate::thrift::Thrift;

const MAGIC: &[u8] = b"PAR1";

/// Maximum decoded bytes for each byte of a file. A page of a few dozen bytes can stand for a megabyte of equal values, as Polars cuts
/// pages and row groups, and for no more.
const MOST_TIMES: u64 = 1 << 15;

/// Maximum decoded bytes of any file, however small.
const ALWAYS: u64 = 1 << 24;

/// Maximum bytes of a value in memory, besides the bytes that it refers to: a view of a text.
const VALUE: u64 = 16;

/// The numbers of physical types, repetitions and kinds of pages.
const FIXED_LENGTH: i64 = 7;
const REPEATED: i64 = 2;
const DATA_PAGE: i64 = 0;
const DICTIONARY_PAGE: i64 = 2;
const DATA_PAGE_V2: i64 = 3;

/// A problem of a file, in words.
type Damage = &'static str;

/// Checks that the bytes are laid out as a Parquet file, and that decoding it takes no more memory than its size allows.
pub(crate) fn check(bytes: &[u8]) -> Result<(), ParquetError> {
    let cost = cost(bytes).map_err(|problem| ParquetError::Damaged { problem: problem.to_owned() })?;
    let allowed = ALWAYS.saturating_add((bytes.len() as u64).saturating_mul(MOST_TIMES));
    if cost > allowed {
        return Err(ParquetError::TooLarge { bytes: bytes.len(), decoded: cost });
    }
    Ok(())
}

/// The number of bytes that decoding takes by the file's metadata, or the problem of the file.
fn cost(bytes: &[u8]) -> Result<u64, Damage> {
    let (pages, footer) = footer(bytes).ok_or("it has no footer of Parquet")?;
    let (metadata, _) = Thrift::read(footer).ok_or("its footer is damaged")?;
    let leaves =
        leaves(metadata.list(2).ok_or("its footer has no schema")?).ok_or("its schema is damaged")?;
    let rows = count(metadata.integer(3)).ok_or("its footer has no number of rows")?;
    let groups = metadata.list(4).ok_or("its footer has no row groups")?;
    let (mut counted, mut cost) = (0_u64, 0_u64);
    for group in groups {
        let rows = count(group.integer(3)).ok_or("a row group has no number of rows")?;
        let chunks = group.list(1).ok_or("a row group has no columns")?;
        if chunks.len() != leaves.len() {
            return Err("a row group has other columns than the schema");
        }
        counted = counted.saturating_add(rows);
        for (leaf, chunk) in leaves.iter().zip(chunks) {
            cost = cost.saturating_add(chunk_cost(pages, rows, leaf, chunk)?);
        }
    }
    if counted == rows { Ok(cost) } else { Err("its row groups don't add up to the file's number of rows") }
}

/// The bytes before the footer, and the footer.
fn footer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_suffix(MAGIC)?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    let start = rest.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
    let (pages, footer) = rest.split_at(start);
    pages.starts_with(MAGIC).then_some((pages, footer))
}

/// A column as it is stored: a leaf of the schema.
struct Leaf {
    is_repeated: bool,
    /// The number of bytes of a value in memory.
    width: u64,
}

/// The leaves of a schema, which is a tree in the order of its nodes, each with the number of its children.
fn leaves(schema: &[Thrift<'_>]) -> Option<Vec<Leaf>> {
    let mut leaves = Vec::new();
    // For each open node: the number of children to come, and whether it is repeated.
    let mut open: Vec<(u64, bool)> = vec![(1, false)];
    for element in schema {
        while open.last().is_some_and(|(left, _)| *left == 0) {
            open.pop();
        }
        let (left, below_repeated) = open.last_mut()?;
        *left -= 1;
        let is_repeated = *below_repeated || element.integer(3) == Some(REPEATED);
        match element.integer(5) {
            Some(children) => open.push((u64::try_from(children).ok()?, is_repeated)),
            None => {
                let length = element.integer(2).filter(|_| element.integer(1) == Some(FIXED_LENGTH));
                let width = u64::try_from(length.unwrap_or(0)).ok()?.max(VALUE);
                leaves.push(Leaf { is_repeated, width });
            }
        }
    }
    open.iter().all(|(left, _)| *left == 0).then_some(leaves)
}

/// The number of bytes for decoding a column of a row group.
fn chunk_cost(file: &[u8], rows: u64, leaf: &Leaf, chunk: &Thrift<'_>) -> Result<u64, Damage> {
    let metadata = chunk.field(3).ok_or("a column has no metadata")?;
    let codec = metadata.integer(4).ok_or("a column has no compression")?;
    let values = count(metadata.integer(5)).ok_or("a column has no number of values")?;
    let fits = if leaf.is_repeated { values >= rows } else { values == rows };
    if !fits {
        return Err("a column has not as many values as its row group has rows");
    }
    let mut rest = pages(file, metadata).ok_or("a column lies outside the file")?;
    let (mut counted, mut cost) = (0, leaf.width.saturating_mul(values));
    while counted < values {
        let (header, length) = Thrift::read(rest).ok_or("the header of a page is damaged")?;
        let page = Page::of(&header).ok_or("the header of a page is damaged")?;
        if !page.is_possible(codec) {
            return Err("a page says that it is larger than it can be");
        }
        counted += page.data_values;
        cost = cost.saturating_add(page.uncompressed);
        let end = usize::try_from(page.compressed).ok().and_then(|bytes| length.checked_add(bytes));
        rest = end.and_then(|end| rest.get(end..)).ok_or("a page is cut off")?;
    }
    if counted == values { Ok(cost) } else { Err("the pages of a column have not as many values as it") }
}

/// The bytes from the first page of a column on to the end of its last one.
fn pages<'a>(file: &'a [u8], metadata: &Thrift<'_>) -> Option<&'a [u8]> {
    let start = metadata.integer(11).or_else(|| metadata.integer(9))?;
    let start = usize::try_from(start).ok()?;
    let length = usize::try_from(metadata.integer(7)?).ok()?;
    file.get(start..start.checked_add(length)?)
}

/// The header of a page.
struct Page {
    compressed: u64,
    uncompressed: u64,
    /// The number of values that it has for the rows; 0 if it is a dictionary.
    data_values: u64,
    /// The number of values that a dictionary has.
    dictionary_values: u64,
    /// The uncompressed bytes of a page of the second version.
    levels: u64,
}

impl Page {
    fn of(header: &Thrift<'_>) -> Option<Self> {
        let mut page = Self {
            compressed: count(header.integer(3))?,
            uncompressed: count(header.integer(2))?,
            data_values: 0,
            dictionary_values: 0,
            levels: 0,
        };
        match header.integer(1)? {
            DATA_PAGE => page.data_values = count(header.field(5)?.integer(1))?,
            DICTIONARY_PAGE => page.dictionary_values = count(header.field(7)?.integer(1))?,
            DATA_PAGE_V2 => {
                let version_2 = header.field(8)?;
                page.data_values = count(version_2.integer(1))?;
                page.levels = count(version_2.integer(5))?.checked_add(count(version_2.integer(6))?)?;
            }
            // A page of an index has nothing to decode.
            _ => {}
        }
        Some(page)
    }

    /// Whether the page can decompress to this number of bytes, and these can hold this number of values.
    fn is_possible(&self, codec: i64) -> bool {
        let most = match codec {
            0 => self.compressed,
            _ => self.compressed.saturating_mul(most_times(codec)).saturating_add(64),
        };
        self.uncompressed <= most
            && self.levels <= self.compressed.min(self.uncompressed)
            && self.dictionary_values <= self.uncompressed
    }
}

/// The maximum compression ratio of a codec, by its format.
fn most_times(codec: i64) -> u64 {
    match codec {
        // Snappy: 64 bytes by a copy of three.
        1 => 22,
        // Deflate: 258 bytes by two bits.
        2 => 1_032,
        // LZ4: 255 bytes by each further byte of a length.
        5 | 7 => 255,
        // Zstandard: a block of 128 KiB by four bytes. Brotli has no such bound.
        _ => 1 << 15,
    }
}

/// A count, which isn't negative.
fn count(number: Option<i64>) -> Option<u64> {
    u64::try_from(number?).ok()
}
