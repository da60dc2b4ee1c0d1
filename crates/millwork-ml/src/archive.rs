//! Zip archives as stored forms: the same entries are the same bytes.

use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// An archive while it is written.
pub(crate) struct Writer {
    archive: ZipWriter<Cursor<Vec<u8>>>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { archive: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds an entry with a fixed time and no compression.
    pub(crate) fn add(&mut self, entry: &str, bytes: &[u8]) -> ZipResult<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o600)
            .large_file(bytes.len() as u64 >= u64::from(u32::MAX));
        self.archive.start_file(entry, options)?;
        Ok(self.archive.write_all(bytes)?)
    }

    /// The bytes of the finished archive.
    pub(crate) fn finish(self) -> ZipResult<Vec<u8>> {
        Ok(self.archive.finish()?.into_inner())
    }
}
