//! JSON that is stored to be read again: one form of every number, and limits that writers and readers share.
//!
//! JSON has no word for infinities and "not a number", and serde writes them as `null`, which isn't read back as a number. And
//! readers of JSON give up at some depth, so a deeper value could be written and never read. Therefore everything
//! that is stored goes through [`stored_json`], and every number that people hand in through `numbers`.

use std::fmt;
use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::ser::{CompactFormatter, Formatter};
use thiserror::Error;

/// How deep JSON from outside may be nested: metadata, fields of log lines, configuration.
pub const MAX_DEPTH: usize = 64;
/// The maximum depth of a stored document as a whole. Readers go 127 levels deep: API answers wrap stored documents.
pub const MAX_STORED_DEPTH: usize = MAX_DEPTH + 16;
/// How many bytes of JSON one stored thing may have: the body of an event, the request of a run.
pub const MAX_STORED_BYTES: usize = 32 << 20;
/// How many bytes all metadata of an event may have as JSON.
pub const MAX_METADATA_BYTES: usize = 16 << 20;

/// Why something isn't stored: it could not be read again.
#[derive(Debug, Error)]
pub enum Unstorable {
    /// It is nested too deep.
    #[error("it is nested more than {limit} levels deep")]
    TooDeep {
        /// How many levels are allowed.
        limit: usize,
    },
    /// It is too long.
    #[error("it is longer than {} MiB as JSON", limit >> 20)]
    TooLong {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// It is a table whose rows don't fit its columns.
    #[error("row {row} has {cells} cells, and there are {columns} columns")]
    Ragged {
        /// Which row; the first is 1.
        row: usize,
        /// How many cells it has.
        cells: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// It contradicts itself.
    #[error("{problem}")]
    Inconsistent {
        /// What can't be.
        problem: String,
    },
    /// It is JSON that reads as another value, or not at all.
    #[error("it could not be read again: {source}")]
    Unreadable {
        /// The reader's error.
        source: serde_json::Error,
    },
}

/// The JSON of something that is to be stored, which is known to read back.
///
/// # Errors
///
/// When it is nested too deep, too long, or doesn't read back.
pub fn stored_json<T: Serialize + DeserializeOwned>(value: &T) -> Result<String, Unstorable> {
    let json = limited_json(value, MAX_STORED_DEPTH, MAX_STORED_BYTES)?;
    match serde_json::from_str::<T>(&json) {
        Ok(_) => Ok(json),
        Err(source) => Err(Unstorable::Unreadable { source }),
    }
}

/// The JSON of a value, written no further than a limit reaches: so it costs no more, however deep and long the value is.
pub(crate) fn limited_json<T: Serialize + ?Sized>(
    value: &T,
    depth: usize,
    bytes: usize,
) -> Result<String, Unstorable> {
    let mut writer = LimitedWriter { written: Vec::new(), limit: bytes };
    let formatter = LimitedFormatter { depth: 0, limit: depth, compact: CompactFormatter };
    let mut serializer = serde_json::Serializer::with_formatter(&mut writer, formatter);
    match value.serialize(&mut serializer) {
        Ok(()) => Ok(String::from_utf8(writer.written).expect("serde_json writes UTF-8")),
        Err(error) if error.is_io() => {
            Err(io::Error::from(error).downcast().expect("only limits make writing to memory fail"))
        }
        Err(source) => Err(Unstorable::Unreadable { source }),
    }
}

/// Keeps the written bytes, up to a limit.
struct LimitedWriter {
    written: Vec<u8>,
    limit: usize,
}

impl io::Write for LimitedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len() + bytes.len() > self.limit {
            return Err(io::Error::other(Unstorable::TooLong { limit: self.limit }));
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes compact JSON, and counts how deep it is nested.
struct LimitedFormatter {
    depth: usize,
    limit: usize,
    compact: CompactFormatter,
}

impl LimitedFormatter {
    fn deeper(&mut self) -> io::Result<()> {
        self.depth += 1;
        match self.depth > self.limit {
            true => Err(io::Error::other(Unstorable::TooDeep { limit: self.limit })),
            false => Ok(()),
        }
    }
}

impl Formatter for LimitedFormatter {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deeper()?;
        self.compact.begin_array(writer)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.compact.end_array(writer)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deeper()?;
        self.compact.begin_object(writer)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.compact.end_object(writer)
    }
}

/// A number of metadata or a bound that one is compared with, in the one stored form. Two are equal if their bits are, so that "not a number"
/// equals itself.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(#[serde(with = "numbers")] pub f64);

impl Number {
    /// The number, if it is finite.
    pub fn finite(self) -> Option<f64> {
        Some(self.0).filter(|number| number.is_finite())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

/// With four significant digits; whole numbers up to a quadrillion with all.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        if !number.is_finite() || number.fract() == 0.0 {
            return match number.abs() < 1e15 {
                true => write!(f, "{number}"),
                false => write!(f, "{number:e}"),
            };
        }
        // The magnitude of a finite number fits.
        #[allow(clippy::cast_possible_truncation)]
        let magnitude = number.abs().log10().floor() as i32;
        if !(-5..15).contains(&magnitude) {
            return write!(f, "{number:.3e}");
        }
        let decimals = usize::try_from(3 - magnitude).unwrap_or(0);
        let text = format!("{number:.decimals$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        f.write_str(text)
    }
}

/// Numbers in stored JSON: a finite one is a number; infinities and "not a number" are texts, `"inf"`, `"-inf"` and `"NaN"`. A
/// `null` reads as "not a number": versions before this form wrote it so. For `#[serde(with = "numbers")]`.
pub(crate) mod numbers {
    use std::collections::BTreeMap;
    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Numbers, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    pub(crate) fn deserialize<'de, T: Numbers, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }

    /// A number, or something made of numbers.
    pub(crate) trait Numbers: Sized {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    }

    /// Numbers on their way out.
    struct Written<'v, T>(&'v T);

    /// Numbers on their way in.
    struct Read<T>(T);

    impl<T: Numbers> Serialize for Written<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.write(serializer)
        }
    }

    impl<'de, T: Numbers> Deserialize<'de> for Read<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            T::read(deserializer).map(Read)
        }
    }

    impl Numbers for f64 {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.is_finite() { serializer.serialize_f64(*self) } else { serializer.collect_str(self) }
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Number)
        }
    }

    impl<T: Numbers> Numbers for Vec<T> {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.iter().map(Written))
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let read = Vec::<Read<T>>::deserialize(deserializer)?;
            Ok(read.into_iter().map(|Read(value)| value).collect())
        }
    }

    impl Numbers for (f64, f64) {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (Written(&self.0), Written(&self.1)).serialize(serializer)
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let (Read(one), Read(other)) = Deserialize::deserialize(deserializer)?;
            Ok((one, other))
        }
    }

    impl<T: Numbers> Numbers for (String, T) {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (&self.0, Written(&self.1)).serialize(serializer)
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let (name, Read(value)) = Deserialize::deserialize(deserializer)?;
            Ok((name, value))
        }
    }

    impl<T: Numbers> Numbers for BTreeMap<String, T> {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.iter().map(|(name, value)| (name, Written(value))))
        }

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let read = BTreeMap::<String, Read<T>>::deserialize(deserializer)?;
            Ok(read.into_iter().map(|(name, Read(value))| (name, value)).collect())
        }
    }

    struct Number;

    impl Visitor<'_> for Number {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, or one of \"inf\", \"-inf\" and \"NaN\"")
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<f64, E> {
            name.parse().map_err(E::custom)
        }

        fn visit_unit<E: Error>(self) -> Result<f64, E> {
            Ok(f64::NAN)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Arrays nested `levels` deep.
    fn nested(levels: usize) -> Value {
        (1..levels).fold(Value::Array(Vec::new()), |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn what_is_within_the_limits_is_plain_json() {
        let value = serde_json::json!({ "a": [1, { "b": [null, "c\u{1f}"] }], "d": {} });
        assert_eq!(stored_json(&value).unwrap(), serde_json::to_string(&value).unwrap());
        stored_json(&nested(MAX_STORED_DEPTH)).unwrap();
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_refused() {
        let check = |value: &Value, message: &str| {
            assert_eq!(stored_json(value).unwrap_err().to_string(), message);
        };
        check(&nested(MAX_STORED_DEPTH + 1), "it is nested more than 80 levels deep");
        check(&nested(5_000), "it is nested more than 80 levels deep");
        check(&Value::String("a".repeat(MAX_STORED_BYTES)), "it is longer than 32 MiB as JSON");
    }

    #[test]
    fn what_would_not_read_back_is_refused() {
        // serde writes it as `null`.
        let error = stored_json(&f64::NAN).unwrap_err().to_string();
        assert!(error.starts_with("it could not be read again: invalid type: null"), "{error}");
    }
}
