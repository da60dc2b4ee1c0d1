//! The comparison of two materializations.

use std::collections::BTreeSet;

use millwork_core::asset::plot::short_number;
use millwork_core::event::InputVersion;
use millwork_core::{
    AssetMetric, AssetPartition, MetadataValue, MetricChange, RecordedConfig, config_changes,
};
use serde_json::Value;

use super::super::format;
use super::history::{Made, short};

/// Two materializations side by side, row by row.
pub(in super::super) struct Compared {
    pub(in super::super) one: String,
    pub(in super::super) other: String,
    pub(in super::super) rows: Vec<Row>,
}

pub(in super::super) struct Row {
    pub(in super::super) about: About,
    pub(in super::super) label: String,
    pub(in super::super) one: String,
    pub(in super::super) other: String,
    pub(in super::super) difference: String,
    pub(in super::super) differs: bool,
    /// Whether the other is better or worse; `None` if the row isn't the asset's metric, or if they are equal.
    pub(in super::super) change: Option<MetricChange>,
}

/// What a row is about, in the order in which causes come before effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum About {
    /// The configuration of the step.
    Configuration,
    /// The versions that it was made from.
    Inputs,
    /// The code.
    Code,
    /// What the function attached: the metric and other facts.
    Metadata,
    /// The value itself.
    Value,
}

impl About {
    /// The heading above its rows.
    pub(in super::super) fn heading(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Inputs => "Made from",
            Self::Code => "Code",
            Self::Metadata => "Metric and metadata",
            Self::Value => "Value",
        }
    }
}

/// Compares two materializations: partitions, versions, sizes, inputs, configurations and metadata, of which the asset's metric comes
/// first.
pub(in super::super) fn compared(one: &Made<'_>, other: &Made<'_>, metric: Option<&AssetMetric>) -> Compared {
    let partition = |made: &Made<'_>| made.0.partition.as_ref().map(ToString::to_string);
    let partitions = (partition(one), partition(other));
    let mut rows = Vec::new();
    if partitions != (None, None) {
        rows.push(row(
            About::Value,
            "partition",
            partitions.0.unwrap_or_default(),
            partitions.1.unwrap_or_default(),
        ));
    }
    rows.extend([
        row(
            About::Value,
            "data version",
            short(one.1.data_version.as_str()),
            short(other.1.data_version.as_str()),
        ),
        row(
            About::Code,
            "code version",
            short(one.1.provenance.code_version.as_str()),
            short(other.1.provenance.code_version.as_str()),
        ),
        row(About::Value, "size", format::bytes(one.1.stored.bytes), format::bytes(other.1.stored.bytes)),
    ]);
    let inputs = |made: &Made<'_>| {
        made.1.provenance.inputs.iter().map(|input| input.upstream.clone()).collect::<Vec<_>>()
    };
    for input in inputs(one).into_iter().chain(inputs(other)).collect::<BTreeSet<_>>() {
        rows.push(input_row(&input, one, other));
    }
    rows.extend(config_rows(one.1.provenance.config.as_deref(), other.1.provenance.config.as_deref()));
    let labels: BTreeSet<&String> = one.1.metadata.keys().chain(other.1.metadata.keys()).collect();
    let of_metric = |label: &String| metric.filter(|metric| metric.label == *label);
    let (first, others): (Vec<&String>, Vec<_>) =
        labels.into_iter().partition(|label| of_metric(label).is_some());
    for label in first.into_iter().chain(others) {
        let (left, right) = (one.1.metadata.get(label), other.1.metadata.get(label));
        let text = |value: Option<&MetadataValue>| value.map(format::metadata).unwrap_or_default();
        let (mut one, mut other) = (text(left), text(right));
        if one == other
            && let (Some(MetadataValue::Float(left)), Some(MetadataValue::Float(right))) = (left, right)
            && left != right
        {
            // Short, they would look the same.
            (one, other) = (left.to_string(), right.to_string());
        }
        let mut row = row(About::Metadata, label, one, other);
        if let (Some(left), Some(right)) =
            (left.and_then(MetadataValue::as_f64), right.and_then(MetadataValue::as_f64))
        {
            row.difference = difference(left, right);
            row.change = of_metric(label).and_then(|metric| metric.better.compare(left, right));
        }
        row.differs = left != right;
        rows.push(row);
    }
    Compared { one: one.0.at.to_string(), other: other.0.at.to_string(), rows }
}

/// The versions of an input. Two with the same data don't differ.
fn input_row(input: &AssetPartition, one: &Made<'_>, other: &Made<'_>) -> Row {
    let [one, other] =
        [one, other].map(|made| made.1.provenance.inputs.iter().find(|of_made| of_made.upstream == *input));
    let version = |input: Option<&InputVersion>| input.map(input_version).unwrap_or_default();
    let mut row = row(About::Inputs, &format!("made from {input}"), version(one), version(other));
    let data = |input: Option<&InputVersion>| input?.data_version.clone();
    if let (Some(one), Some(other)) = (data(one), data(other)) {
        row.differs = one != other;
    }
    row
}

/// The fields of the configurations that differ; one row if none does, or if one configuration wasn't recorded.
fn config_rows(one: Option<&RecordedConfig>, other: Option<&RecordedConfig>) -> Vec<Row> {
    let (one, other) = match (one, other) {
        (None, None) => return Vec::new(),
        (Some(one), Some(other)) => (one, other),
        (one, other) => {
            let fields = |config: Option<&RecordedConfig>| match config {
                Some(config) => format::counted(config.fields().len(), "field", "fields"),
                None => "not recorded".to_owned(),
            };
            return vec![row(About::Configuration, "configuration", fields(one), fields(other))];
        }
    };
    let changes = config_changes(&one.effective, &other.effective);
    if changes.is_empty() {
        let fields = format::counted(one.fields().len(), "field", "fields");
        return vec![row(About::Configuration, "configuration", fields.clone(), fields)];
    }
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let changed = changes.into_iter().map(|change| Row {
        about: About::Configuration,
        label: format!("configuration {}", change.field),
        difference: number(change.from.as_ref())
            .zip(number(change.to.as_ref()))
            .map(|(one, other)| difference(one, other))
            .unwrap_or_default(),
        one: change.from_words(),
        other: change.to_words(),
        differs: true,
        change: None,
    });
    changed.collect()
}

/// The version of an input: its number where it has one, and the beginning of its data version.
pub(in super::super) fn input_version(input: &InputVersion) -> String {
    let data = input.data_version.as_ref().map(|version| short(version.as_str()));
    match (input.version, data) {
        (Some(number), Some(data)) => format!("{number}, {data}"),
        (Some(number), None) => number.to_string(),
        (None, data) => data.unwrap_or_default(),
    }
}

pub(in super::super) fn row(about: About, label: &str, one: String, other: String) -> Row {
    Row {
        about,
        label: label.to_owned(),
        differs: one != other,
        difference: String::new(),
        change: None,
        one,
        other,
    }
}

/// The difference of the second from the first.
fn difference(one: f64, other: f64) -> String {
    let by = other - one;
    if !by.is_finite() || by == 0.0 {
        return String::new();
    }
    let sign = if by > 0.0 { "+" } else { "−" };
    let share =
        if one == 0.0 { String::new() } else { format!(" ({sign}{:.1} %)", (by / one).abs() * 100.0) };
    format!("{sign}{}{share}", short_number(by.abs()))
}

#[cfg(test)]
mod tests {
    use millwork_core::event::{Event, EventBody, Materialization, Provenance, StoredValue, ValueLocation};

    use super::super::history::materializations;
    use super::*;

    fn made(partition: &str, inputs: &[(&str, u32, &str)]) -> Event {
        let input = |(partition, number, data): &(&str, u32, &str)| InputVersion {
            version: millwork_core::version::VersionNumber::new(*number),
            read_as: Default::default(),
            upstream: AssetPartition::new("daily".into(), Some((*partition).into())),
            data_version: Some((*data).into()),
        };
        let provenance =
            Provenance { code_version: "c".into(), inputs: inputs.iter().map(input).collect(), config: None };
        let stored =
            StoredValue { location: ValueLocation::Elsewhere, bytes: 1, format: String::new(), hash: None };
        let body = Materialization {
            version: None,
            data_version: "d".into(),
            provenance,
            stored,
            metadata: Default::default(),
        };
        Event {
            sequence: 1,
            run: None,
            at: jiff::Timestamp::UNIX_EPOCH,
            step: None,
            asset: Some("weekly".into()),
            partition: Some(partition.into()),
            attempt: 0,
            body: EventBody::Materialized(body),
        }
    }

    #[test]
    fn partitions_of_the_two_and_of_what_they_are_made_from_have_rows_of_their_own() {
        let events = [
            made("first", &[("monday", 1, "v1"), ("tuesday", 1, "v1"), ("wednesday", 0, "v1")]),
            made("second", &[("monday", 2, "v1"), ("tuesday", 2, "v2"), ("wednesday", 1, "v1")]),
        ];
        let made = materializations(&events);
        let compared = compared(&made[0], &made[1], None);
        let rows: Vec<_> = compared.rows.iter().map(|row| (row.label.as_str(), row.differs)).collect();
        assert_eq!(
            rows,
            [
                ("partition", true),
                ("data version", false),
                ("code version", false),
                ("size", false),
                ("made from daily (monday)", false),
                ("made from daily (tuesday)", true),
                ("made from daily (wednesday)", false),
            ]
        );
        assert_eq!((&*compared.rows[4].one, &*compared.rows[4].other), ("1, v1", "2, v1"));
    }

    #[test]
    fn differences_are_told_with_their_share() {
        for (one, other, expected) in [
            (2.0, 3.0, "+1 (+50.0 %)"),
            (3.0, 1.5, "−1.5 (−50.0 %)"),
            (0.0, 1.0, "+1"),
            (1.0, 1.0, ""),
            (1.0, f64::NAN, ""),
            (-0.5, 0.5, "+1 (+200.0 %)"),
        ] {
            assert_eq!(difference(one, other), expected, "{one} to {other}");
        }
    }
}
