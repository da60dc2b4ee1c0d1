//! NumPy arrays in a zip archive: written the same every time, read with any damage as an error.
//!
//! An array in its `.npy` form is a magic string, a header that describes the elements, and the elements (NumPy Enhancement Proposal 1,
//! "A simple file format for NumPy arrays"). An entry of the archive may claim to be a thousand times as large as its compressed
//! bytes. So the header of an array is read first, and of its elements as many as it declares and no more; how many there may be is known
//! from the arrays before.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::archive;
use crate::features::npz::NpzError;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The elements start at a multiple of this many bytes.
const ALIGNMENT: usize = 64;

/// Appends a one-dimensional array of `f64`.
pub(super) fn write_floats(values: &[f64], bytes: &mut Vec<u8>) {
    write_header("<f8", &format!("({},)", values.len()), bytes);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// Appends a one-dimensional array of integers.
pub(super) fn write_integers(
    values: impl ExactSizeIterator<Item = u64>,
    width: IntegerWidth,
    bytes: &mut Vec<u8>,
) {
    let shape = format!("({},)", values.len());
    match width {
        IntegerWidth::Four => {
            write_header("<i4", &shape, bytes);
            bytes.extend(values.flat_map(|value| (value as u32).to_le_bytes()));
        }
        IntegerWidth::Eight => {
            write_header("<i8", &shape, bytes);
            bytes.extend(values.flat_map(u64::to_le_bytes));
        }
    }
}

/// How many bytes an integer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IntegerWidth {
    Four,
    Eight,
}

impl IntegerWidth {
    /// SciPy's choice of an index type: 32 bits if they hold the largest value.
    pub(super) fn for_largest(largest: u64) -> Self {
        if largest <= i32::MAX as u64 { Self::Four } else { Self::Eight }
    }
}

/// Appends a one-dimensional array of bytes.
pub(super) fn write_bytes(values: &[u8], bytes: &mut Vec<u8>) {
    write_header("|u1", &format!("({},)", values.len()), bytes);
    bytes.extend_from_slice(values);
}

/// Appends a zero-dimensional array that holds one byte string.
pub(super) fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_header(&format!("|S{}", text.len()), "()", bytes);
    bytes.extend_from_slice(text.as_bytes());
}

fn write_header(element: &str, shape: &str, bytes: &mut Vec<u8>) {
    let mut header = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}");
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    header.push('\n');
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[1, 0]);
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
}

/// The number of bytes that give the length of the header: the magic string, the version, and a length of two bytes or four.
const START: usize = MAGIC.len() + 2 + 4;

/// The longest header that is read; NumPy's own has some hundred bytes.
const LONGEST_HEADER: usize = u16::MAX as usize;

/// The longest text of an array, which is the name of a layout.
const LONGEST_TEXT: usize = 1 << 10;

/// How many bytes of the header follow the first [`START`] bytes of an array, or their problem.
fn header_length(start: &[u8]) -> Result<usize, &'static str> {
    let rest = start.strip_prefix(MAGIC).ok_or("it is not a `.npy` array")?;
    let (version, rest) = rest.split_at_checked(2).ok_or("its header is cut off")?;
    let (counted, length) = match (version[0], rest) {
        (1, [low, high, ..]) => (2, usize::from(u16::from_le_bytes([*low, *high]))),
        (_, &[a, b, c, d]) => (4, u32::from_le_bytes([a, b, c, d]) as usize),
        _ => return Err("its header is cut off"),
    };
    if length > LONGEST_HEADER {
        return Err("its header is too long");
    }
    (counted + length).checked_sub(rest.len()).ok_or("its header is cut off")
}

/// The elements of an array as its header describes them.
struct Declared {
    count: usize,
    /// How many bytes they take.
    bytes: usize,
}

/// Parses a header into the description of the elements that follow it, or returns its problem.
fn declared(header: &[u8]) -> Result<Declared, &'static str> {
    let Array { element, count, .. } = Array::parse(header)?;
    let letters =
        |kind: &str| element.strip_prefix(kind)?.parse().ok().filter(|&letters| letters <= LONGEST_TEXT);
    let width = match element {
        "|u1" => Some(1),
        "<i4" | "<f4" => Some(4),
        "<i8" | "<f8" => Some(8),
        _ => letters("|S").or_else(|| Some(letters("<U")? * 4)),
    };
    let bytes = width.ok_or("its elements are of another type")?.checked_mul(count);
    Ok(Declared { count, bytes: bytes.ok_or("its shape is damaged")? })
}

/// The elements of a stored integer array, or its problem; negative elements are.
pub(super) fn read_integers(bytes: &[u8]) -> Result<Vec<u64>, &'static str> {
    Array::parse(bytes)?.integers()
}

/// The elements of a stored integer array of either sign, or its problem.
pub(super) fn read_signed_integers(bytes: &[u8]) -> Result<Vec<i64>, &'static str> {
    Array::parse(bytes)?.signed_integers()
}

/// The elements of a stored floating-point array, or its problem.
pub(super) fn read_floats(bytes: &[u8]) -> Result<Vec<f64>, &'static str> {
    Array::parse(bytes)?.floats()
}

/// The elements of a stored array of bytes, or its problem.
pub(super) fn read_bytes(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let array = Array::parse(bytes)?;
    match array.element {
        "|u1" => Ok(array.elements(u8::from_le_bytes)?.collect()),
        _ => Err("its elements are not `uint8`"),
    }
}

/// The one string of a stored text array, or its problem.
pub(super) fn read_text(bytes: &[u8]) -> Result<String, &'static str> {
    Array::parse(bytes)?.text()
}

/// A parsed array of at most one dimension: the name of its element type and the elements' bytes.
#[derive(Debug)]
struct Array<'a> {
    element: &'a str,
    count: usize,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    /// Reads a `.npy` file, or returns its problem.
    fn parse(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let rest = bytes.strip_prefix(MAGIC).ok_or("it is not a `.npy` array")?;
        let (header, data) = split_header(rest).ok_or("its header is cut off")?;
        let header = str::from_utf8(header).map_err(|_| "its header is not text")?;
        let element = quoted(after(header, "'descr':").ok_or("its header names no element type")?)
            .ok_or("its header names no element type")?;
        let count = element_count(after(header, "'shape':").ok_or("its header names no shape")?)?;
        Ok(Self { element, count, data })
    }

    fn integers(&self) -> Result<Vec<u64>, &'static str> {
        let elements: Option<Vec<u64>> = match self.element {
            "<i4" => self.elements(i32::from_le_bytes)?.map(|value| value.try_into().ok()).collect(),
            "<i8" => self.elements(i64::from_le_bytes)?.map(|value| value.try_into().ok()).collect(),
            _ => return Err("its elements are not `int32` or `int64`"),
        };
        elements.ok_or("it has a negative element")
    }

    fn signed_integers(&self) -> Result<Vec<i64>, &'static str> {
        match self.element {
            "<i4" => Ok(self.elements(i32::from_le_bytes)?.map(i64::from).collect()),
            "<i8" => Ok(self.elements(i64::from_le_bytes)?.collect()),
            _ => Err("its elements are not `int32` or `int64`"),
        }
    }

    fn floats(&self) -> Result<Vec<f64>, &'static str> {
        match self.element {
            "<f4" => Ok(self.elements(f32::from_le_bytes)?.map(f64::from).collect()),
            "<f8" => Ok(self.elements(f64::from_le_bytes)?.collect()),
            _ => Err("its elements are not `float32` or `float64`"),
        }
    }

    /// Bytes, or UTF-32 as old versions of SciPy write it.
    fn text(&self) -> Result<String, &'static str> {
        if self.element.starts_with("|S") {
            Ok(String::from_utf8_lossy(self.data).into_owned())
        } else if self.element.starts_with("<U") {
            let (characters, _) = self.data.as_chunks::<4>();
            let decoded = characters.iter().map(|&bytes| char::from_u32(u32::from_le_bytes(bytes)));
            decoded.collect::<Option<String>>().ok_or("it is not text")
        } else {
            Err("it is not text")
        }
    }

    /// The elements, decoded from `WIDTH` bytes each.
    fn elements<const WIDTH: usize, T>(
        &self,
        decode: fn([u8; WIDTH]) -> T,
    ) -> Result<impl Iterator<Item = T> + use<'a, WIDTH, T>, &'static str> {
        if self.count.checked_mul(WIDTH) != Some(self.data.len()) {
            return Err("its length differs from its shape");
        }
        let (elements, _) = self.data.as_chunks::<WIDTH>();
        Ok(elements.iter().map(move |&bytes| decode(bytes)))
    }
}

/// Splits what follows the magic string into the header and the elements. The header's length takes two bytes in
/// version 1 of the form and four later.
fn split_header(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
    };
    rest.split_at_checked(length)
}

fn after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    header.split_once(key).map(|(_, rest)| rest.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split_once('\'').map(|(quoted, _)| quoted)
}

/// The number of elements that a shape of at most one dimension describes, `()` or `(3,)`.
fn element_count(text: &str) -> Result<usize, &'static str> {
    let shape = text.strip_prefix('(').and_then(|text| text.split_once(')')).ok_or("its shape is damaged")?.0;
    match shape.split(',').map(str::trim).filter(|size| !size.is_empty()).collect::<Vec<_>>()[..] {
        [] => Ok(1),
        [size] => size.parse().map_err(|_| "its shape is damaged"),
        _ => Err("it has more than one dimension"),
    }
}

/// No more than this is reserved for an entry on its own word; the rest grows with the bytes that are really there.
const MAX_TRUSTED_SIZE: usize = 1 << 24;

/// Writes an archive, one array after the other.
pub(super) struct ArchiveWriter {
    archive: archive::Writer,
}

impl ArchiveWriter {
    pub(super) fn new() -> Self {
        Self { archive: archive::Writer::new() }
    }

    /// Adds an array.
    pub(super) fn add(&mut self, entry: &str, bytes: &[u8]) -> Result<(), NpzError> {
        self.archive.add(entry, bytes).map_err(archive_error)
    }

    /// The bytes of the finished archive.
    pub(super) fn finish(self) -> Result<Vec<u8>, NpzError> {
        self.archive.finish().map_err(archive_error)
    }
}

/// Reads an archive's entries by name.
pub(super) struct ArchiveReader<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> ArchiveReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, NpzError> {
        Ok(Self { archive: ZipArchive::new(Cursor::new(bytes)).map_err(archive_error)? })
    }

    /// Whether there is such an entry.
    pub(super) fn has(&self, entry: &str) -> bool {
        self.archive.index_for_name(entry).is_some()
    }

    /// How many elements an array has, by its header alone.
    pub(super) fn count(&mut self, entry: &'static str) -> Result<usize, NpzError> {
        let mut file = self.open(entry)?;
        let header = read_header(&mut file, entry)?;
        Ok(declared(&header).map_err(damaged(entry))?.count)
    }

    /// The uncompressed bytes of an array, whose checksum is verified.
    pub(super) fn read(&mut self, entry: &'static str) -> Result<Vec<u8>, NpzError> {
        let mut file = self.open(entry)?;
        let mut bytes = read_header(&mut file, entry)?;
        let elements = declared(&bytes).map_err(damaged(entry))?.bytes;
        bytes.reserve(elements.min(MAX_TRUSTED_SIZE));
        let end = bytes.len().saturating_add(elements);
        // One byte more shows whether it ends where it should, and at the end the checksum is compared.
        file.take(elements as u64 + 1).read_to_end(&mut bytes).map_err(archive_error)?;
        if bytes.len() == end { Ok(bytes) } else { Err(damaged(entry)("its length differs from its shape")) }
    }

    fn open(&mut self, entry: &'static str) -> Result<ZipFile<'_, Cursor<&'a [u8]>>, NpzError> {
        if !self.has(entry) {
            return Err(NpzError::Missing { entry });
        }
        self.archive.by_name(entry).map_err(archive_error)
    }
}

/// What comes before the elements of an array.
fn read_header(file: &mut impl Read, entry: &'static str) -> Result<Vec<u8>, NpzError> {
    let mut bytes = Vec::new();
    file.take(START as u64).read_to_end(&mut bytes).map_err(archive_error)?;
    let length = header_length(&bytes).map_err(damaged(entry))?;
    file.take(length as u64).read_to_end(&mut bytes).map_err(archive_error)?;
    Ok(bytes)
}

/// The failure of an entry.
fn damaged(entry: &'static str) -> impl Fn(&'static str) -> NpzError {
    move |problem| NpzError::Array { entry, problem }
}

/// The failure of an archive, without a type of the library behind it.
fn archive_error(error: impl std::error::Error + Send + Sync + 'static) -> NpzError {
    NpzError::Archive(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn check(header: &str, data: &[u8], expected: Result<&[u64], &'static str>) {
        let bytes = array(header, data);
        let integers = read_integers(&bytes);
        assert_eq!(integers.as_deref().map_err(|problem| *problem), expected, "{header}");
    }

    #[test]
    fn headers_are_read_as_numpy_writes_them() {
        check("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }\n", &[7, 0, 0, 0], Ok(&[7]));
        check("{'descr': '<i8', 'fortran_order': True, 'shape': (1,)}", &[7, 0, 0, 0, 0, 0, 0, 0], Ok(&[7]));
        check("{'descr':'<i4','fortran_order':False,'shape':(0,)}", &[], Ok(&[]));
        check("{'descr': '<i4', 'shape': ()}", &[1, 1, 0, 0], Ok(&[257]));
    }

    #[test]
    fn damaged_headers_are_errors() {
        check("{'descr': '<i4', 'shape': (2,)}", &[7, 0, 0, 0], Err("its length differs from its shape"));
        check(
            "{'descr': '<i4', 'shape': (18446744073709551615,)}",
            &[],
            Err("its length differs from its shape"),
        );
        check("{'descr': '<i4', 'shape': (-1,)}", &[], Err("its shape is damaged"));
        check("{'descr': '<i4', 'shape': (1, 1)}", &[7, 0, 0, 0], Err("it has more than one dimension"));
        check("{'descr': '<i4', 'shape': (1", &[7, 0, 0, 0], Err("its shape is damaged"));
        check("{'descr': [('a', '<i4')], 'shape': (1,)}", &[], Err("its header names no element type"));
        check("{'descr': '<f8', 'shape': (0,)}", &[], Err("its elements are not `int32` or `int64`"));
        check("{'descr': '<i4', 'shape': (1,)}", &[255; 4], Err("it has a negative element"));
        check("", &[], Err("its header names no element type"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let mut bytes = Vec::new();
        write_floats(&[1.0, -0.5], &mut bytes);
        assert_eq!(bytes.len() % ALIGNMENT, 16, "the header is padded");
        for length in 0..bytes.len() {
            let floats = read_floats(&bytes[..length]);
            assert!(floats.is_err(), "{length} bytes");
        }
        assert_eq!(read_floats(&bytes), Ok(vec![1.0, -0.5]));
    }

    #[test]
    fn text_comes_back() {
        let mut bytes = Vec::new();
        write_text("csr", &mut bytes);
        assert_eq!(read_text(&bytes), Ok("csr".to_owned()));
        let wide = array("{'descr': '<U3', 'shape': ()}", b"c\0\0\0s\0\0\0r\0\0\0");
        assert_eq!(read_text(&wide), Ok("csr".to_owned()));
    }
}
