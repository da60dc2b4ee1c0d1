//! The materializations of an asset: a table of their metadata, and one of them in full.

use std::collections::BTreeMap;

use millwork_core::event::{Event, EventBody, Materialization, ValueLocation};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{AssetMetric, ConfigField, MetadataValue, RecordedConfig};

use super::super::format;
use super::super::metadata_view::{Labelled, MetadataView, metadata_views};

/// The maximum number of metadata columns of the table.
const COLUMNS: usize = 5;

/// A materialization with its event.
pub(in super::super) type Made<'a> = (&'a Event, &'a Materialization);

/// The events that are materializations.
pub(in super::super) fn materializations(events: &[Event]) -> Vec<Made<'_>> {
    let made = events.iter().filter_map(|event| {
        let EventBody::Materialized(made) = &event.body else { return None };
        Some((event, made))
    });
    made.collect()
}

/// The errors of events that can't be read.
pub(super) fn unreadable(events: &[Event]) -> Vec<String> {
    let unreadable = events.iter().filter_map(|event| {
        let EventBody::Unreadable(unreadable) = &event.body else { return None };
        Some((event, unreadable))
    });
    unreadable
        .map(|(event, unreadable)| {
            let (sequence, at) = (event.sequence, event.at);
            format!("The materialization at {at} can't be read (event {sequence}): {}", unreadable.reason)
        })
        .collect()
}

/// The table: one row for each materialization.
pub(super) struct History {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) sequence: u64,
    pub(super) at: String,
    pub(super) run: Option<(String, String)>,
    pub(super) partition: String,
    /// The number of the version; empty if it has none.
    pub(super) number: String,
    pub(super) version: String,
    pub(super) cells: Vec<String>,
    /// The number of metadata values that have no column.
    pub(super) more: usize,
}

/// A row for each of the newest materializations.
pub(super) fn history(made: &[Made<'_>], metric: Option<&AssetMetric>, most: usize) -> History {
    let made = &made[..made.len().min(most)];
    let (columns, _) = columns(made, metric);
    let rows = made.iter().map(|made| row(made, &columns)).collect();
    History { columns, rows }
}

/// The labels that have columns: the asset's metric comes first, and then those that most of the materializations share, numbers before
/// other short facts. With them the number of labels of short facts that have no column.
pub(in super::super) fn columns(made: &[Made<'_>], metric: Option<&AssetMetric>) -> (Vec<String>, usize) {
    let mut counts: BTreeMap<&String, (bool, usize)> = BTreeMap::new();
    for (label, value) in made.iter().flat_map(|(_, made)| &made.metadata) {
        if is_short(value) {
            let count = counts.entry(label).or_insert((value.as_f64().is_some(), 0));
            count.1 += 1;
        }
    }
    let mut columns: Vec<_> = counts.into_iter().collect();
    let is_metric = |label: &String| metric.is_some_and(|metric| metric.label == *label);
    columns.sort_by_key(|(label, (is_number, count))| {
        (!is_metric(label), !is_number, std::cmp::Reverse(*count), (*label).clone())
    });
    let more = columns.len().saturating_sub(COLUMNS);
    (columns.into_iter().take(COLUMNS).map(|(label, _)| label.clone()).collect(), more)
}

fn is_short(value: &MetadataValue) -> bool {
    use MetadataValue as Value;
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_))
        || matches!(value, Value::Text(text) if text.len() <= 40)
}

fn row((event, made): &Made<'_>, columns: &[String]) -> Row {
    let cell = |label: &String| made.metadata.get(label).map(format::metadata).unwrap_or_default();
    Row {
        sequence: event.sequence,
        at: event.at.to_string(),
        run: event.run.map(|run| (run.to_string(), run.short())),
        partition: event.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        number: number(made.version),
        version: short(made.data_version.as_str()),
        cells: columns.iter().map(cell).collect(),
        more: made.metadata.keys().filter(|label| !columns.contains(label)).count(),
    }
}

/// One materialization in full.
pub(super) struct Whole {
    pub(super) sequence: u64,
    pub(super) at: String,
    pub(super) run: Option<(String, String)>,
    pub(super) partition: String,
    /// The number of the version; empty if it has none.
    pub(super) number: String,
    pub(super) version: String,
    pub(super) code_version: String,
    pub(super) size: String,
    pub(super) format: String,
    pub(super) place: String,
    pub(super) can_download: bool,
    pub(super) inputs: Vec<InputRow>,
    /// The fields of the configuration that it was made with, those that the run overrode first.
    pub(super) config: Vec<ConfigRow>,
    /// Whether the step takes a configuration and none was recorded, by an earlier version.
    pub(super) lacks_config: bool,
    pub(super) metadata: Vec<Labelled>,
}

/// A field of a configuration.
pub(super) struct ConfigRow {
    pub(super) name: String,
    pub(super) value: String,
    /// The standing value; `None` if the run didn't override it.
    pub(super) standing: Option<String>,
}

/// The fields of a recorded configuration.
pub(super) fn config_rows(config: &RecordedConfig) -> Vec<ConfigRow> {
    let row = |field: ConfigField| ConfigRow {
        value: field.words(),
        standing: field.standing_words(),
        name: field.name,
    };
    config.fields().into_iter().map(row).collect()
}

pub(super) struct InputRow {
    pub(super) asset: String,
    pub(super) partition: String,
    /// The number of the version; empty if it is unknown.
    pub(super) number: String,
    pub(super) version: String,
    /// What it was read by, unless as the latest version: an alias, or a version of another asset.
    pub(super) read_as: String,
}

/// A materialization in full, the asset's metric first among its metadata; `takes_config` is whether its step takes a configuration.
pub(super) fn whole((event, made): &Made<'_>, metric: Option<&AssetMetric>, takes_config: bool) -> Whole {
    let input = |input: &millwork_core::event::InputVersion| InputRow {
        asset: input.upstream.asset.to_string(),
        partition: input.upstream.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        number: number(input.version),
        version: input.data_version.as_ref().map(|version| short(version.as_str())).unwrap_or_default(),
        read_as: read_as(&input.read_as),
    };
    let place = match &made.stored.location {
        ValueLocation::Database => "in the database".to_owned(),
        ValueLocation::IoManager { name, at } => match name {
            Some(name) => format!("{at}, by {name}"),
            None => at.clone(),
        },
        ValueLocation::Elsewhere => "outside of Millwork".to_owned(),
    };
    let mut metadata = metadata_views(event.sequence, &made.metadata);
    metadata.retain(|labelled| !matches!(labelled.view, MetadataView::Drawing(_)));
    metadata.sort_by_key(|labelled| metric.is_none_or(|metric| metric.label != labelled.label));
    Whole {
        sequence: event.sequence,
        at: event.at.to_string(),
        run: event.run.map(|run| (run.to_string(), run.short())),
        partition: event.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        number: number(made.version),
        version: made.data_version.to_string(),
        code_version: short(made.provenance.code_version.as_str()),
        size: format::bytes(made.stored.bytes),
        format: made.stored.format.clone(),
        place,
        can_download: !matches!(made.stored.location, ValueLocation::Elsewhere),
        inputs: made.provenance.inputs.iter().map(input).collect(),
        config: made.provenance.config.as_deref().map(config_rows).unwrap_or_default(),
        lacks_config: takes_config && made.provenance.config.is_none() && !made.provenance.is_reported(),
        metadata,
    }
}

/// The number of a version; empty if there is none.
fn number(version: Option<VersionNumber>) -> String {
    version.map(|version| version.to_string()).unwrap_or_default()
}

/// What an input is read by; empty for the latest version.
pub(in super::super) fn read_as(read_as: &ReadAs) -> String {
    match read_as {
        ReadAs::Latest => String::new(),
        ReadAs::Alias(alias) => alias.to_string(),
        ReadAs::History { after: None } => "history".to_owned(),
        ReadAs::History { after: Some(after) } => {
            format!("history, new from {}", VersionNumber::after(Some(*after)))
        }
        ReadAs::Shadow { .. } => "in shadow".to_owned(),
        ReadAs::InputOf { model, alias } => format!("of {model}@{alias}"),
        ReadAs::InputOfChallenger { model } => format!("of the new {model}"),
    }
}

/// The first characters of a version, which identify it on a page.
pub(in super::super) fn short(version: &str) -> String {
    version.chars().take(12).collect()
}
