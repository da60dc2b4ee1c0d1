//! Metadata: what a step reports about the value it made, as numbers, texts, tables, curves and pictures.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::LivePerformance;
use super::plot::Plot;
use crate::id::{AssetKey, RunId};
use crate::problem::Advice;
use crate::stored::{MAX_DEPTH, MAX_METADATA_BYTES, Unstorable, limited_json, numbers};

/// Metadata by label, in the order of the labels.
pub type Metadata = BTreeMap<String, MetadataValue>;

/// One piece of metadata. Numbers are plotted over an asset's history; the other kinds are shown by their type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum MetadataValue {
    /// A signed whole number of 64 bits.
    Int(i64),
    /// A real number. JSON has no word for infinities and "not a number": they are kept as text, as in all metadata.
    Float(#[serde(with = "numbers")] f64),
    /// A boolean, shown as yes or no.
    Bool(bool),
    /// Plain text.
    Text(String),
    /// Text to render as Markdown.
    Markdown(String),
    /// Any JSON value.
    Json(serde_json::Value),
    /// An address to link to.
    Url(String),
    /// A path of a file or folder.
    Path(String),
    /// A point in time.
    Timestamp(jiff::Timestamp),
    /// Records with a schema.
    Table(Table),
    /// A curve, such as a loss by training round.
    Series(Series),
    /// A drawing of numbers.
    Plot(Plot),
    /// A picture.
    Image(Image),
    /// A link to another asset.
    Asset(AssetKey),
    /// A link to a run.
    Run(RunId),
    /// How good the versions of a model were in use, window by window.
    LivePerformance(LivePerformance),
}

/// A piece of metadata that can't be stored.
#[derive(Debug, Error)]
#[error("the metadata `{label}` can't be stored: {reason}")]
pub struct UnstorableMetadata {
    /// The label of the entry.
    pub label: String,
    /// Why it can't be stored.
    pub reason: Unstorable,
}

impl Advice for UnstorableMetadata {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self.reason {
            Unstorable::Ragged { .. } => "each row has one cell a column; `null` is an empty one".into(),
            Unstorable::Inconsistent { .. } => {
                "`Performance::output` and `LivePerformance::new` make it as it must be".into()
            }
            Unstorable::TooDeep { .. } | Unstorable::TooLong { .. } | Unstorable::Unreadable { .. } => {
                "store it as the value of an asset, and only a summary as metadata".into()
            }
        })
    }
}

/// Checks that metadata can be stored and read again: how deep it is nested, how long all of it is together, and that the rows of
/// tables fit their columns.
///
/// # Errors
///
/// For the first piece that goes beyond a limit.
pub fn check_metadata(metadata: &Metadata) -> Result<(), UnstorableMetadata> {
    let mut left = MAX_METADATA_BYTES;
    for (label, value) in metadata {
        value.check().map_err(|reason| UnstorableMetadata { label: label.clone(), reason })?;
        // The object that names the type, and its nested values.
        let json = limited_json(value, MAX_DEPTH + 1, left).map_err(|reason| {
            let reason = match reason {
                Unstorable::TooLong { .. } => Unstorable::TooLong { limit: MAX_METADATA_BYTES },
                Unstorable::TooDeep { .. } => Unstorable::TooDeep { limit: MAX_DEPTH },
                other @ (Unstorable::Ragged { .. }
                | Unstorable::Inconsistent { .. }
                | Unstorable::Unreadable { .. }) => other,
            };
            UnstorableMetadata { label: label.clone(), reason }
        })?;
        left -= json.len();
    }
    Ok(())
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
    /// The heading of the column.
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

    fn check(&self) -> Result<(), Unstorable> {
        let columns = self.columns.len();
        match self.rows.iter().position(|row| row.len() != columns) {
            Some(row) => Err(Unstorable::Ragged { row: row + 1, cells: self.rows[row].len(), columns }),
            None => Ok(()),
        }
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
    /// The label of the x axis, such as `round`.
    pub x_label: String,
    /// The position of each point along x.
    #[serde(with = "numbers")]
    pub x: Vec<f64>,
    /// The values by name, so that training and validation loss share one plot; each as long as `x`.
    #[serde(with = "numbers")]
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
    /// use millwork_core::value::plot::Plot;
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
            Self::Bool(_)
            | Self::Text(_)
            | Self::Markdown(_)
            | Self::Json(_)
            | Self::Url(_)
            | Self::Path(_)
            | Self::Timestamp(_)
            | Self::Table(_)
            | Self::Series(_)
            | Self::Plot(_)
            | Self::Image(_)
            | Self::Asset(_)
            | Self::Run(_)
            | Self::LivePerformance(_) => None,
        }
    }

    /// Why it can't be stored, apart from its length and depth.
    fn check(&self) -> Result<(), Unstorable> {
        match self {
            Self::Table(table) => table.check(),
            Self::LivePerformance(live) => {
                live.problem().map_or(Ok(()), |problem| Err(Unstorable::Inconsistent { problem }))
            }
            Self::Int(_)
            | Self::Float(_)
            | Self::Bool(_)
            | Self::Text(_)
            | Self::Markdown(_)
            | Self::Json(_)
            | Self::Url(_)
            | Self::Path(_)
            | Self::Timestamp(_)
            | Self::Series(_)
            | Self::Plot(_)
            | Self::Image(_)
            | Self::Asset(_)
            | Self::Run(_) => Ok(()),
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
    LivePerformance => LivePerformance,
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
    use std::collections::BTreeSet;

    use super::super::{Better, LiveMeasure, LiveWindow};
    use super::*;
    use crate::version::{AliasName, VersionNumber};

    /// The kinds that are stored, by the error about one that isn't.
    fn kinds() -> BTreeSet<String> {
        let error = serde_json::from_str::<MetadataValue>(r#"{"type":"?","value":0}"#).unwrap_err();
        error.to_string().split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn every_kind_has_its_stored_form() {
        let (at, run) = (jiff::Timestamp::UNIX_EPOCH, RunId::from_u128(7));
        let curve = [("loss".to_owned(), vec![0.5, f64::NEG_INFINITY])];
        let table = Table::new([("id", "i64")]).row([1.into()]);
        let image = Image { media_type: "image/png".into(), bytes: vec![1, 2] };
        let measure = LiveMeasure {
            version: VersionNumber::FIRST,
            role: AliasName::champion(),
            value: Some(0.5),
            baselines: vec![None],
            predictions: 2,
            matched: 1,
        };
        let window = LiveWindow { start: at, end: at, is_final: true, measures: vec![measure] };
        let live = LivePerformance::new("MAE", Better::Lower, vec!["median".into()], [window]);
        let live = LivePerformance { model: Some("m".into()), ..live };
        let forms: [(MetadataValue, &str); 17] = [
            (3_u32.into(), r#"{"type":"int","value":3}"#),
            (0.5.into(), r#"{"type":"float","value":0.5}"#),
            (f64::INFINITY.into(), r#"{"type":"float","value":"inf"}"#),
            (true.into(), r#"{"type":"bool","value":true}"#),
            ("a".into(), r#"{"type":"text","value":"a"}"#),
            (MetadataValue::markdown("*a*"), r#"{"type":"markdown","value":"*a*"}"#),
            (serde_json::json!([null]).into(), r#"{"type":"json","value":[null]}"#),
            (MetadataValue::url("http://a"), r#"{"type":"url","value":"http://a"}"#),
            (MetadataValue::path("/a"), r#"{"type":"path","value":"/a"}"#),
            (at.into(), r#"{"type":"timestamp","value":"1970-01-01T00:00:00Z"}"#),
            (
                table.into(),
                r#"{"type":"table","value":{"columns":[{"name":"id","type":"i64"}],"rows":[[1]]}}"#,
            ),
            (
                Series::by_index("round", curve).into(),
                r#"{"type":"series","value":{"x_label":"round","x":[0.0,1.0],"y":{"loss":[0.5,"-inf"]}}}"#,
            ),
            (
                Plot::histogram("x", [0.0, 1.0], 1).into(),
                r#"{"type":"plot","value":{"title":"x","kind":"histogram","from":0.0,"to":1.0,"counts":[2]}}"#,
            ),
            (image.into(), r#"{"type":"image","value":{"media_type":"image/png","bytes":"AQI="}}"#),
            (AssetKey::from("a/b").into(), r#"{"type":"asset","value":"a/b"}"#),
            (run.into(), r#"{"type":"run","value":"00000000-0000-0000-0000-000000000007"}"#),
            (
                live.into(),
                r#"{"type":"live_performance","value":{"metric":"MAE","better":"lower","model":"m","baselines":["median"],"windows":[{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:00:00Z","final":true,"measures":[{"version":1,"role":"champion","value":0.5,"baselines":[null],"predictions":2,"matched":1}]}],"left_out":0}}"#,
            ),
        ];
        let mut left = kinds();
        for (value, json) in forms {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<MetadataValue>(json).unwrap(), value);
            let stored: serde_json::Value = serde_json::from_str(json).unwrap();
            left.remove(stored["type"].as_str().unwrap());
        }
        assert_eq!(left, BTreeSet::new(), "kinds without a stored form here");
    }

    /// Every number that people can hand in, in every place.
    #[test]
    fn numbers_that_are_not_finite_read_back() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let curve = [("a".to_owned(), vec![number])];
            let points = [(number, number), (1.0, number)];
            let pieces: [MetadataValue; 9] = [
                number.into(),
                (number as f32).into(),
                Series { x_label: "x".into(), x: vec![number], y: curve.clone().into() }.into(),
                Plot::lines("t", [("a", points)]).into(),
                Plot::bars("t", [("a", number)]).into(),
                Plot::grouped_bars("t", ["a"], curve).into(),
                Plot::scatter("t", points).into(),
                Plot::histogram("t", [number, 1.0], 3).into(),
                Plot::heat_strip("t", [("a", number)]).into(),
            ];
            for piece in pieces {
                let json = crate::stored::stored_json(&piece).unwrap();
                let read: MetadataValue = serde_json::from_str(&json).unwrap();
                assert_eq!(format!("{read:?}"), format!("{piece:?}"), "{json}");
            }
        }
    }

    /// What earlier versions wrote for a number that isn't finite.
    #[test]
    fn null_reads_as_not_a_number() {
        let json = r#"{"type":"series","value":{"x_label":"x","x":[0.0,1],"y":{"a":[0.7,null]}}}"#;
        let MetadataValue::Series(series) = serde_json::from_str(json).unwrap() else { panic!("{json}") };
        assert!(series.y["a"][1].is_nan() && series.x == [0.0, 1.0]);
    }

    #[test]
    fn metadata_beyond_the_limits_is_refused_by_its_label() {
        let nested = |levels| (1..levels).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]));
        let of =
            |value: MetadataValue| Metadata::from([("a".to_owned(), 1.into()), ("big".to_owned(), value)]);
        check_metadata(&of(nested(MAX_DEPTH).into())).unwrap();
        let refused = |value| check_metadata(&of(value)).unwrap_err().to_string();
        let deep = "the metadata `big` can't be stored: it is nested more than 64 levels deep";
        assert!(refused(nested(MAX_DEPTH + 1).into()).starts_with(deep));
        assert!(refused(Table::new([("c", "json")]).row([nested(MAX_DEPTH)]).into()).starts_with(deep));
        let ragged = Table::new([("a", "i64"), ("b", "i64")]).row([1.into(), 2.into()]).row([3.into()]);
        assert!(refused(ragged.into()).contains("row 2 has 1 cells, and there are 2 columns"));
        let long = "the metadata `big` can't be stored: it is longer than 16 MiB as JSON";
        assert!(refused("a".repeat(MAX_METADATA_BYTES).into()).starts_with(long));
    }
}
