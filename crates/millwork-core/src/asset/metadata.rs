//! What a step tells people about the value it made: numbers, texts, tables, curves, pictures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::AssetKey;
use crate::plot::Plot;
use crate::run::RunId;

/// Metadata by label, in the order of the labels.
pub type Metadata = BTreeMap<String, MetadataValue>;

/// One piece of metadata. Numbers are plotted over an asset's history; the other kinds are shown by their type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MetadataValue {
    /// A whole number.
    Int(i64),
    /// A real number. JSON has no word for infinities and "not a number": they are kept as text.
    Float(#[serde(with = "float")] f64),
    /// Yes or no.
    Bool(bool),
    /// Plain text.
    Text(String),
    /// Text to render as Markdown.
    Markdown(String),
    /// Any JSON.
    Json(serde_json::Value),
    /// An address to link to.
    Url(String),
    /// A path of a file or folder.
    Path(String),
    /// A moment.
    Timestamp(jiff::Timestamp),
    /// Records with a schema.
    Table(Table),
    /// A curve, such as a loss by training round.
    Series(Series),
    /// A drawing of numbers.
    Plot(Plot),
    /// A picture.
    Image(Image),
    /// Another asset.
    Asset(AssetKey),
    /// A run.
    Run(RunId),
}

/// A small table: a preview, a comparison, a list of what was rejected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The columns, left to right.
    pub columns: Vec<Column>,
    /// The records, each with one cell a column.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// A column of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// The type of its cells, in the producer's words: `string`, `f64`, `datetime`.
    #[serde(rename = "type")]
    pub data_type: String,
}

impl Table {
    /// A table with these columns, as pairs of name and type, and no rows yet.
    pub fn new<const N: usize>(columns: [(&str, &str); N]) -> Self {
        let column =
            |(name, data_type): (&str, &str)| Column { name: name.into(), data_type: data_type.into() };
        Self { columns: columns.into_iter().map(column).collect(), rows: Vec::new() }
    }

    /// The table with one more row. A cell is anything that becomes JSON.
    #[must_use]
    pub fn row<const N: usize>(mut self, cells: [serde_json::Value; N]) -> Self {
        self.rows.push(cells.into());
        self
    }
}

/// Points of one curve: `y[i]` belongs to `x[i]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What is measured along x, such as `round`.
    pub x_label: String,
    /// The positions.
    pub x: Vec<f64>,
    /// The values by name, so that training and validation loss share one plot; each as long as `x`.
    pub y: BTreeMap<String, Vec<f64>>,
}

impl Series {
    /// A series over 0, 1, 2, … of as many points as its longest curve has.
    pub fn by_index(x_label: &str, curves: impl IntoIterator<Item = (String, Vec<f64>)>) -> Self {
        let y: BTreeMap<_, _> = curves.into_iter().collect();
        let points = y.values().map(Vec::len).max().unwrap_or(0);
        Self { x_label: x_label.into(), x: (0..points).map(|index| index as f64).collect(), y }
    }
}

/// A picture with its media type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `image/png`, `image/svg+xml`, …
    pub media_type: String,
    /// The file's bytes; base64 in JSON.
    #[serde(with = "base64_bytes")]
    pub bytes: Vec<u8>,
}

impl MetadataValue {
    /// Text to render as Markdown.
    pub fn markdown(text: impl Into<String>) -> Self {
        Self::Markdown(text.into())
    }

    /// An address to link to.
    pub fn url(url: impl Into<String>) -> Self {
        Self::Url(url.into())
    }

    /// A path of a file or folder.
    pub fn path(path: impl Into<String>) -> Self {
        Self::Path(path.into())
    }

    /// A drawing of numbers.
    ///
    /// ```
    /// use millwork_core::MetadataValue;
    /// use millwork_core::plot::Plot;
    ///
    /// let gains = [("rust", 12.0), ("show hn", 7.5)];
    /// let importance = MetadataValue::plot(Plot::bars("Gain by term", gains));
    /// # let _ = importance;
    /// ```
    pub fn plot(plot: Plot) -> Self {
        Self::Plot(plot)
    }

    /// The number, if this is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}

macro_rules! metadata_from {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for MetadataValue {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

metadata_from! {
    i64 => Int, i32 => Int, i16 => Int, u8 => Int, u16 => Int, u32 => Int,
    f64 => Float, f32 => Float, bool => Bool, String => Text, &str => Text,
    serde_json::Value => Json, jiff::Timestamp => Timestamp,
    Table => Table, Series => Series, Plot => Plot, Image => Image, AssetKey => Asset, RunId => Run,
}

impl From<usize> for MetadataValue {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u64> for MetadataValue {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

mod float {
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Finite(f64),
        Named(String),
    }

    // The signature is serde's.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.collect_str(value) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Stored::deserialize(deserializer)? {
            Stored::Finite(value) => Ok(value),
            Stored::Named(name) => name.parse().map_err(serde::de::Error::custom),
        }
    }
}

mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: impl Into<MetadataValue>, json: &str) {
        let value = value.into();
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<MetadataValue>(json).unwrap(), value);
    }

    #[test]
    fn stored_form() {
        check(3_u32, r#"{"type":"int","value":3}"#);
        check(0.5, r#"{"type":"float","value":0.5}"#);
        check(f64::INFINITY, r#"{"type":"float","value":"inf"}"#);
        check("a", r#"{"type":"text","value":"a"}"#);
        check(
            Image { media_type: "image/png".into(), bytes: vec![1, 2] },
            r#"{"type":"image","value":{"media_type":"image/png","bytes":"AQI="}}"#,
        );
        check(
            Plot::histogram("x", [0.0, 1.0], 1),
            r#"{"type":"plot","value":{"title":"x","kind":"histogram","from":0.0,"to":1.0,"counts":[2]}}"#,
        );
        check(
            Table::new([("id", "i64")]).row([1.into()]),
            r#"{"type":"table","value":{"columns":[{"name":"id","type":"i64"}],"rows":[[1]]}}"#,
        );
    }
}
