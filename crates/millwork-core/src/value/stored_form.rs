//! Stored forms: how a value is encoded as bytes, and decoded.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::{Table, non_finite};
use crate::BoxError;
use crate::problem::Problem;

/// A type that can be stored as an asset's value, in the format `F`.
///
/// `F` is a marker type that names the format. It is a parameter, and not an associated type, for two reasons: every
/// serde type is storable as [`Json`] without a line of code, and a crate can still teach Millwork a format for a
/// type that it doesn't own (the marker is its own, which satisfies the orphan rule). Where a type has one format,
/// the compiler infers it; `#[asset(format = Json)]` decides where there are several.
///
/// ```
/// use millwork_core::{AssetValue, BoxError};
///
/// struct Waveform(Vec<i16>);
/// enum Pcm {}
///
/// impl AssetValue<Pcm> for Waveform {
///     const EXTENSION: &'static str = "pcm";
///     const MEDIA_TYPE: &'static str = "audio/L16";
///
///     fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
///         bytes.extend(self.0.iter().flat_map(|sample| sample.to_be_bytes()));
///         Ok(())
///     }
///
///     fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
///         Ok(Waveform(bytes.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as an asset value",
    label = "this type has no stored form",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or implement `AssetValue` to choose a format"
)]
pub trait AssetValue<F>: Send + Sync + Sized + 'static {
    /// The file name extension of the format, without the dot.
    const EXTENSION: &'static str;
    /// The format's media type.
    const MEDIA_TYPE: &'static str;

    /// Appends the stored form to `bytes`. Equal values must give equal bytes: their hash is the data version.
    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError>;

    /// Reads what [`encode`](AssetValue::encode) wrote. Any bytes may arrive here: damaged ones are an error, never
    /// a panic.
    fn decode(bytes: &[u8]) -> Result<Self, BoxError>;

    /// The first rows of a stored form that is a table; `None` for other forms.
    fn preview(bytes: &[u8], rows: usize) -> Result<Option<Table>, BoxError> {
        let _ = (bytes, rows);
        Ok(None)
    }
}

/// The format of every serde type: JSON.
#[derive(Debug)]
pub enum Json {}

#[diagnostic::do_not_recommend]
impl<T> AssetValue<Json> for T
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    const EXTENSION: &'static str = "json";
    const MEDIA_TYPE: &'static str = "application/json";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        let start = bytes.len();
        serde_json::to_writer(&mut *bytes, self)?;
        let written = &bytes[start..];
        let refused = |reason: &dyn fmt::Display, hint: &str| {
            Problem::new(format!("the value doesn't come back from JSON ({reason})")).with_hint(hint)
        };
        // JSON has no word for "not a number" and infinities: they are written as `null`.
        let has_null = written.windows(4).any(|window| window == b"null");
        let lost = if has_null { non_finite::count(self) } else { 0 };
        match Self::decode(written) {
            Ok(read) if lost > 0 && non_finite::count(&read) != lost => {
                let reason = format!("numbers that are not finite: {lost}");
                Err(refused(
                    &reason,
                    "JSON has no such numbers; use `Option`, with `None` for a missing number",
                )
                .into())
            }
            Ok(_) => Ok(()),
            Err(error) if lost > 0 => Err(refused(&error, "it may hold a number that is not finite").into()),
            Err(error) => {
                let hint = "it is nested more than 127 levels deep, or its serde attributes write what they don't read";
                Err(refused(&error, hint).into())
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// A value on its way between steps: immutable and shared.
pub type SharedValue = Arc<dyn Any + Send + Sync>;

/// A value's type with its type erased: what the engine needs to store and load it.
#[derive(Clone, Copy)]
pub struct ValueType {
    type_id: fn() -> TypeId,
    type_name: fn() -> &'static str,
    /// The file name extension of the stored form.
    pub extension: &'static str,
    /// The media type of the stored form.
    pub media_type: &'static str,
    encode: fn(&SharedValue, &mut Vec<u8>) -> Result<(), BoxError>,
    decode: fn(&[u8]) -> Result<SharedValue, BoxError>,
    preview: fn(&[u8], usize) -> Result<Option<Table>, BoxError>,
}

impl ValueType {
    /// The value type of `T`, stored in the format `F`.
    pub fn of<T: AssetValue<F>, F>() -> Self {
        Self {
            type_id: TypeId::of::<T>,
            type_name: type_name::<T>,
            extension: T::EXTENSION,
            media_type: T::MEDIA_TYPE,
            encode: |value, bytes| value.downcast_ref::<T>().ok_or_else(|| wrong_type::<T>())?.encode(bytes),
            decode: |bytes| Ok(Arc::new(T::decode(bytes)?)),
            preview: T::preview,
        }
    }

    /// The identity of the Rust type.
    pub fn type_id(&self) -> TypeId {
        (self.type_id)()
    }

    /// The Rust type's name, for display.
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// Appends the stored form of `value` to `bytes`.
    pub fn encode(&self, value: &SharedValue, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        (self.encode)(value, bytes)
    }

    /// The first rows of a stored form that is a table; `None` for other forms.
    pub fn preview(&self, bytes: &[u8], rows: usize) -> Result<Option<Table>, BoxError> {
        (self.preview)(bytes, rows)
    }

    /// Reads a stored form.
    pub fn decode(&self, bytes: &[u8]) -> Result<SharedValue, BoxError> {
        (self.decode)(bytes)
    }
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueType")
            .field("type", &self.type_name())
            .field("extension", &self.extension)
            .finish()
    }
}

fn wrong_type<T>() -> BoxError {
    format!("the value is not a `{}`", type_name::<T>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: AssetValue<Json>>(value: &T, expected: Result<&str, &str>) {
        let mut bytes = Vec::new();
        let encoded = value.encode(&mut bytes).map_err(|error| error.to_string());
        let encoded = encoded.map(|()| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(encoded, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn json() {
        check(&vec![1.5, 2.0], Ok("[1.5,2.0]"));
        check(&vec![Some(1), None], Ok("[1,null]"));
        check(&String::from("null"), Ok("\"null\""));
        let not_finite = "the value doesn't come back from JSON (numbers that are not finite: 1)";
        check(&vec![Some(f64::NAN), None], Err(not_finite));
        check(&(1_u8, Some(f32::INFINITY)), Err(not_finite));
        check(
            &f64::NAN,
            Err(
                "the value doesn't come back from JSON (invalid type: null, expected f64 at line 1 column 4)",
            ),
        );
    }
}
