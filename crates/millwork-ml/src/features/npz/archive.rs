//! A zip archive of arrays: written the same every time, read with any damage as an error.
//!
//! An entry may say that it is a thousand times as large as its compressed bytes. So the header of an array is read first,
//! and of its elements as many as it declares and no more; how many there may be is known from the arrays before.

use std::io::{Cursor, Read, Write};

use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::features::npz::NpzError;
use crate::features::npz::array::{START, declared, header_length};

/// No more than this is reserved for an entry on its own word; the rest grows with the bytes that are really there.
const MAX_TRUSTED_SIZE: usize = 1 << 24;

/// Writes an archive, one array after the other.
pub(super) struct ArchiveWriter {
    archive: ZipWriter<Cursor<Vec<u8>>>,
}

impl ArchiveWriter {
    pub(super) fn new() -> Self {
        Self { archive: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds an entry with a fixed time and no compression.
    pub(super) fn add(&mut self, entry: &str, bytes: &[u8]) -> Result<(), NpzError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o600)
            .large_file(bytes.len() as u64 >= u64::from(u32::MAX));
        self.archive.start_file(entry, options).map_err(archive_error)?;
        self.archive.write_all(bytes).map_err(archive_error)
    }

    /// The bytes of the finished archive.
    pub(super) fn finish(self) -> Result<Vec<u8>, NpzError> {
        Ok(self.archive.finish().map_err(archive_error)?.into_inner())
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
