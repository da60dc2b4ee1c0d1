//! A pipeline at rest: its parts in one archive, each as it is stored by itself.

use std::io::{Cursor, Read};

use millwork_core::{AssetValue, BoxError, Json};
use serde::{Deserialize, Serialize};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::archive::Writer;
use crate::boost::{Booster, XgboostJson};
use crate::pipeline::{PipelineError, TextPipeline};
use crate::text::TfidfVectorizer;

/// The format of a [`TextPipeline`]: a zip archive without compression, whose entries are files of their own.
///
/// `pipeline.json` has the version of the form, `vectorizer.json` is a stored [`TfidfVectorizer`], and `booster.json` is XGBoost's JSON model,
/// with the record of the rows' keys among its attributes: `unzip` gives files that this crate reads, and XGBoost the last one.
///
/// Equal pipelines are equal bytes. Each entry has a checksum, so that damage is an error.
#[derive(Debug)]
pub enum PipelineZip {}

/// The version of the stored form.
const VERSION: u32 = 1;

/// The kind of the pipeline, by which others could be told from it.
const KIND: &str = "text_pipeline";

const HEADER: &str = "pipeline.json";
const VECTORIZER: &str = "vectorizer.json";
const BOOSTER: &str = "booster.json";

#[derive(Serialize, Deserialize)]
struct Header {
    kind: String,
    version: u32,
}

impl AssetValue<PipelineZip> for TextPipeline {
    const EXTENSION: &'static str = "zip";
    const MEDIA_TYPE: &'static str = "application/zip";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        let mut archive = Writer::new();
        let header = Header { kind: KIND.to_owned(), version: VERSION };
        write::<_, Json>(&header, HEADER, &mut archive)?;
        write::<_, Json>(self.vectorizer(), VECTORIZER, &mut archive)?;
        write::<_, XgboostJson>(self.booster(), BOOSTER, &mut archive)?;
        bytes.append(&mut archive.finish().map_err(archive_error)?);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(archive_error)?;
        let Header { kind, version } = read::<_, Json>(HEADER, &mut archive)?;
        if kind != KIND {
            let source = format!("it is of the kind `{kind}`, not `{KIND}`").into();
            return Err(PipelineError::Part { action: "read", entry: HEADER, source }.into());
        }
        if version != VERSION {
            return Err(PipelineError::Version { version, supported: VERSION }.into());
        }
        let vectorizer: TfidfVectorizer = read::<_, Json>(VECTORIZER, &mut archive)?;
        let booster: Booster = read::<_, XgboostJson>(BOOSTER, &mut archive)?;
        Ok(Self::new(vectorizer, booster)?)
    }
}

/// Adds a part in its own stored form.
fn write<T: AssetValue<F>, F>(
    part: &T,
    entry: &'static str,
    archive: &mut Writer,
) -> Result<(), PipelineError> {
    let mut bytes = Vec::new();
    part.encode(&mut bytes).map_err(|source| PipelineError::Part { action: "write", entry, source })?;
    archive.add(entry, &bytes).map_err(archive_error)
}

/// Reads a part of its own stored form. What isn't compressed takes no more memory than the archive.
fn read<T: AssetValue<F>, F>(
    entry: &'static str,
    archive: &mut ZipArchive<Cursor<&[u8]>>,
) -> Result<T, PipelineError> {
    let mut file = match archive.by_name(entry) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Err(PipelineError::Missing { entry }),
        Err(error) => return Err(archive_error(error)),
    };
    if file.compression() != CompressionMethod::Stored {
        return Err(PipelineError::Compressed { entry });
    }
    let mut bytes = Vec::new();
    // The checksum is compared at the end.
    file.read_to_end(&mut bytes).map_err(archive_error)?;
    T::decode(&bytes).map_err(|source| PipelineError::Part { action: "read", entry, source })
}

/// The failure of an archive, without a type of the library behind it.
fn archive_error(error: impl std::error::Error + Send + Sync + 'static) -> PipelineError {
    PipelineError::Archive(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{LabelledTexts, TextPipelineParams};

    const TITLES: [&str; 6] = ["show rust", "ask rust", "show ruby", "ask ruby", "show", ""];

    fn pipeline(targets: [f64; 6]) -> TextPipeline {
        let data = LabelledTexts::new(&TITLES, targets.to_vec()).and_then(|data| data.with_row_keys(10..16));
        TextPipeline::fit(&TextPipelineParams::default(), 3, &data.expect("six rows")).expect("a pipeline")
    }

    fn encoded(pipeline: &TextPipeline) -> Vec<u8> {
        let mut bytes = Vec::new();
        pipeline.encode(&mut bytes).expect("encoding to memory");
        bytes
    }

    /// The archive with an entry replaced, or left out.
    fn with(bytes: &[u8], replaced: &str, by: Option<&[u8]>) -> Vec<u8> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        let mut changed = Writer::new();
        for entry in [HEADER, VECTORIZER, BOOSTER] {
            let mut content = Vec::new();
            archive.by_name(entry).expect(entry).read_to_end(&mut content).expect("memory");
            match by {
                _ if entry != replaced => changed.add(entry, &content).expect("memory"),
                Some(by) => changed.add(entry, by).expect("memory"),
                None => {}
            }
        }
        changed.finish().expect("memory")
    }

    #[test]
    fn a_pipeline_comes_back() {
        let pipeline = pipeline([9.0, 8.0, 1.0, 2.0, 5.0, 4.0]);
        let bytes = encoded(&pipeline);
        let loaded = TextPipeline::decode(&bytes).expect("what was written");
        assert_eq!(encoded(&loaded), bytes);
        assert_eq!(loaded.booster().used_rows(), pipeline.booster().used_rows());
        let bits = |of: &TextPipeline| -> Vec<u32> {
            of.predict(&TITLES).expect("predictions").into_iter().map(f32::to_bits).collect()
        };
        assert_eq!(bits(&loaded), bits(&pipeline));
    }

    #[test]
    fn what_is_not_a_pipeline_is_an_error() {
        let bytes = encoded(&pipeline([9.0, 8.0, 1.0, 2.0, 5.0, 4.0]));
        let check = |bytes: &[u8], expected: &str| {
            let error = TextPipeline::decode(bytes).expect_err(expected);
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            assert_eq!(format!("{error}{cause}"), expected);
        };
        for entry in [HEADER, VECTORIZER, BOOSTER] {
            check(&with(&bytes, entry, None), &format!("the archive has no `{entry}`"));
        }
        let header = |header: &str| with(&bytes, HEADER, Some(header.as_bytes()));
        check(
            &header(r#"{"kind":"text_pipeline","version":2}"#),
            "the stored pipeline has version 2, and this program reads version 1",
        );
        check(
            &header(r#"{"kind":"other","version":1}"#),
            "failed to read the part `pipeline.json` of the pipeline: it is of the kind `other`, not `text_pipeline`",
        );
        let other = TfidfVectorizer::fit(&["one two three four five six"]).expect("six terms");
        let other = serde_json::to_vec(&other).expect("JSON");
        check(
            &with(&bytes, VECTORIZER, Some(&other)),
            "the vectorizer has 6 terms, but the booster was trained on 4 columns",
        );
        check(
            &with(&bytes, BOOSTER, Some(b"{}")),
            "failed to read the part `booster.json` of the pipeline: failed to read the model file",
        );
    }

    #[test]
    fn damaged_bytes_are_errors() {
        let bytes = encoded(&pipeline([1.0, 1.0, 1.0, 1.0, 2.0, 2.0]));
        let predicted = |pipeline: TextPipeline| pipeline.predict(&TITLES).expect("predictions");
        let expected = predicted(TextPipeline::decode(&bytes).expect("what was written"));
        for length in (0..bytes.len()).step_by(7) {
            assert!(TextPipeline::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
        // A flipped bit may hit a field without a meaning, such as a time; the content has a checksum.
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x55;
            if let Ok(pipeline) = TextPipeline::decode(&damaged) {
                assert_eq!(predicted(pipeline), expected, "byte {position}");
            }
        }
    }
}
