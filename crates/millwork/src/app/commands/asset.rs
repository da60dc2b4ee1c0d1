//! `asset`: the definition of an asset, its history, and its values.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Subcommand;
use millwork_api::{
    AssetDetails, EventView, FreshnessView, MetricView, PartitionsView, find_version_of, takes_in_words,
};
use millwork_core::asset::plot::short_number;
use millwork_core::event::{Event, EventBody, EventKind, Materialization, UnreadableEvent, ValueLocation};
use millwork_core::graph::AssetGraph;
use millwork_core::version::WhichVersion;
use millwork_core::{AssetKey, AssetMetric, AssetPartition, ConfigFilter, RecordedConfig};
use millwork_core::{Metadata, MetadataValue, PartitionKey, Problem, Table};
use millwork_engine::EngineOptions;
use millwork_storage::{CurrentStatuses, EventQuery, HistoryQuery, LatestAsset, LatestOrder, Order, history};
use serde_json::Value;

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_bytes, print_json, write_file};
use crate::app::printable::{in_one_line, indented};
use crate::app::session::{Opened, Session, block_on, split_version};
use crate::app::style::style;
use crate::app::table::aligned;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Asset {
    /// Show an asset: its definition and its last materialization, or one of its versions
    #[command(arg(json_flag()))]
    Show {
        /// Key of the asset; `KEY@3` and `KEY@champion` show that version
        key: String,
        /// Partition of the version
        #[arg(long, value_name = "KEY")]
        partition: Option<String>,
    },
    /// List the materializations of an asset, newest first
    ///
    /// A `*` marks the fields of the configuration that the run has overridden.
    #[command(
        arg(json_flag()),
        after_help = "Examples:\n  asset history score\n  asset history model --config rounds=40"
    )]
    History {
        /// Key of the asset
        key: String,
        /// Only this partition
        #[arg(long, value_name = "KEY")]
        partition: Option<String>,
        /// Only those made with this value of a field of the configuration; names of nested fields have dots between them
        #[arg(long, value_name = "FIELD=VALUE")]
        config: Vec<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<u32>, default_value_t = 20)]
        limit: u32,
    },
    /// Write out the stored value of an asset, as it is stored
    #[command(
        after_help = "Examples:\n  asset value score\n  asset value stories --output stories.parquet\n  asset value model --run 3f9c2a\n  asset value model@3\n  asset value model@champion"
    )]
    Value {
        /// Key of the asset; `KEY@3` and `KEY@champion` are the value of that version
        key: String,
        /// Only this partition
        #[arg(long, value_name = "KEY")]
        partition: Option<String>,
        /// The value that this run made
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// File to write to, instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

pub(super) fn run(session: &Session, asset: Asset) -> Result<Exit, Failure> {
    block_on(async {
        match asset {
            Asset::Show { key, partition } => show(session, &key, partition.as_deref()).await,
            Asset::History { key, partition, config, limit } => {
                let config =
                    config.iter().map(|text| text.parse()).collect::<Result<Vec<ConfigFilter>, _>>()?;
                let query = HistoryQuery {
                    asset: session.asset(&key)?,
                    partition: None,
                    config,
                    before: None,
                    limit,
                };
                list_history(session, &key, query, partition, session.wants_json()).await
            }
            Asset::Value { key, partition, run, output } => {
                value(session, &key, partition.as_deref(), run.as_deref(), output).await
            }
        }
    })
}

fn materializations(asset: AssetKey, partition: Option<PartitionKey>, limit: u32) -> EventQuery {
    EventQuery {
        asset: Some(asset),
        partition: partition.map(Some),
        kinds: Some(EventKind::Materialized.into()),
        order: Order::NewestFirst,
        limit: Some(limit),
        ..EventQuery::default()
    }
}

async fn show(session: &Session, written: &str, partition: Option<&str>) -> Result<Exit, Failure> {
    let (key, which) = split_version(written)?;
    let key = session.asset(key)?;
    if let (WhichVersion::Latest, Some(_)) = (&which, partition) {
        let problem = Problem::new("`--partition` is for a version");
        return Err(Failure::usage(problem.with_hint(format!("write `{key}@VERSION`"))));
    }
    let graph = session.pipeline()?.graph();
    let Some(index) = graph.index(key.as_str()) else { return Ok(Exit::Success) };
    let opened = session.home().await?;
    let moment = opened.moment(graph).await?;
    let latest = match &which {
        WhichVersion::Latest => newest(&opened, &key).await?,
        WhichVersion::Number(_) | WhichVersion::Alias(_) => {
            let event = find_version_of(&*opened.store, graph, written, partition, &moment).await?.event;
            let (asset, partition) = (key.clone(), event.partition.clone());
            vec![LatestAsset { asset, partition, materialization: Some(event.clone()), verdict: event }]
        }
    };
    let current = CurrentStatuses::at(&*opened.store, graph, &moment).await?;
    let health = current.statuses().of(index);
    let details = AssetDetails::new(graph, &graph.assets()[index], health, latest, &moment);
    if session.wants_json() {
        print_json(&details)?;
        return Ok(Exit::Success);
    }
    print_definition(&details, takes_in_words(graph, index));
    let has_history = !opened.store.events(materializations(key.clone(), None, 1)).await?.is_empty();
    let making = making(graph, &key);
    match details.last_materialization() {
        Some(event) => print_materialization(
            event,
            &which,
            graph.assets()[index].spec.metric.as_ref(),
            details.asset.standing_config.is_some(),
        ),
        None if details.asset.summary.external => outln!("It is made outside of Millwork."),
        None if has_history => outln!(
            "It has no value since its partitions have changed. `{making}` makes one, `asset history {key}` \
             lists older ones."
        ),
        None => outln!("It has never been materialized. `{making}` does."),
    }
    Ok(Exit::Success)
}

/// The command that makes an asset; a partition of it is to be filled in where a run makes some only.
fn making(graph: &AssetGraph, key: &AssetKey) -> String {
    let growing = graph.index(key.as_str()).and_then(|index| graph.growing_partitions(index));
    format!("materialize {key}{}", growing.map(|_| " --partition KEY").unwrap_or_default())
}

fn print_definition(AssetDetails { asset, freshness, .. }: &AssetDetails, takes: String) {
    let summary = &asset.summary;
    outln!("{}", style(&summary.key).bold());
    if !summary.description.is_empty() {
        outln!("{}", summary.description);
    }
    outln!();
    let standing = asset.standing_config.clone();
    let standing = standing.map(|effective| RecordedConfig { effective, standing: None });
    let pairs = |pairs: &mut dyn Iterator<Item = (&String, String)>| {
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    let freshness = freshness.as_ref().map(|FreshnessView { policy, state, since, late_window }| {
        let since = since.map(|at| format!(" since {}", when::moment(at))).unwrap_or_default();
        let window = late_window.as_ref().map(|window| format!(", without `{window}`")).unwrap_or_default();
        format!("{state}{since}{window} ({policy})")
    });
    let metric = |metric: &MetricView| format!("{}, {}", metric.label, metric.better.in_words());
    for (label, words) in [
        ("group", summary.group.clone().unwrap_or_default()),
        ("kinds", summary.kinds.join(", ")),
        ("owners", summary.owners.join(", ")),
        ("tags", pairs(&mut summary.tags.iter().map(|(key, value)| (key, value.clone())))),
        ("metric", summary.metric.as_ref().map(metric).unwrap_or_default()),
        ("type", asset.r#type.clone().unwrap_or_default()),
        ("made from", listed(&summary.upstream)),
        ("takes", takes),
        ("needed for", listed(&asset.downstream)),
        ("checks", listed(&asset.checks)),
        ("partitions", asset.partitions.as_ref().map(partitions).unwrap_or_default()),
        ("pools", pairs(&mut asset.pools.iter().map(|(pool, slots)| (pool, slots.to_string())))),
        ("freshness", freshness.unwrap_or_default()),
        ("code version", asset.code_version.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("configured", standing.map(|standing| listed(&standing.fields())).unwrap_or_default()),
        ("source", asset.source.clone().unwrap_or_default()),
    ] {
        if !words.is_empty() {
            outln!("  {label:<13}{}", indented(&words, 15));
        }
    }
    outln!();
}

/// The keys of an asset, if they are few, or what they are.
fn partitions(partitions: &PartitionsView) -> String {
    const FEW: u64 = 20;
    let PartitionsView { definition, count, keys, .. } = partitions;
    if *count <= FEW { listed(keys) } else { format!("{count}: {definition}") }
}

fn listed(keys: &[impl ToString]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The latest events of an asset's partitions, those with the newest verdicts.
async fn newest(opened: &Opened, key: &AssetKey) -> Result<Vec<LatestAsset>, Failure> {
    let (newest, most) = (LatestOrder::NewestFirst, AssetDetails::MOST_PARTITIONS);
    Ok(opened.store.latest_page(key, newest, 0, most).await?)
}

/// The last materialization of an asset as it is defined now: of one of its partitions, or of the whole asset if it has none.
async fn latest(opened: &Opened, graph: &AssetGraph, key: &AssetKey) -> Result<Option<Event>, Failure> {
    let latest = newest(opened, key).await?;
    let (index, moment) = (graph.index(key.as_str()), opened.moment(graph).await?);
    let is_defined = |latest: &LatestAsset| {
        index.is_some_and(|index| graph.has_partition(index, latest.partition.as_ref(), &moment))
    };
    let made = latest.into_iter().filter(is_defined).filter_map(|latest| latest.materialization);
    Ok(made.max_by_key(|event| event.sequence))
}

/// JSON as text for people: strings without quotes.
#[expect(clippy::wildcard_enum_match_arm, reason = "truth values are shown as in JSON")]
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name}={}", words(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(|| number.to_string(), short_number)
        }
        other => other.to_string(),
    }
}

/// The maximum width of the column of labels; the value of a longer label is further to the right.
const WIDEST_LABEL: usize = 40;

/// The metadata of a materialization by label, the asset's metric first.
fn metric_first<'a>(
    metadata: &'a Metadata,
    metric: Option<&'a AssetMetric>,
) -> impl Iterator<Item = (&'a String, &'a MetadataValue)> {
    let first = metric.and_then(|metric| metadata.get_key_value(&metric.label));
    let others = metadata.iter().filter(move |(label, _)| first.is_none_or(|(first, _)| first != *label));
    first.into_iter().chain(others)
}

/// Prints a materialization; `takes_config` is whether the asset's function takes a configuration.
fn print_materialization(
    event: &EventView,
    which: &WhichVersion,
    metric: Option<&AssetMetric>,
    takes_config: bool,
) {
    if let EventBody::Unreadable(unreadable) = &event.body {
        let reason = indented(&unreadable.reason, 2);
        outln!("The last materialization can't be read (event {}: {reason}).", event.sequence);
        outln!("  `store check` shows what else can't be; `materialize` makes the asset again");
    }
    let EventBody::Materialized(materialization) = &event.body else { return };
    let run = event.run.map(|run| format!(" by run {}", run.short())).unwrap_or_default();
    let partition = event.partition.as_ref();
    let run = run + &partition.map(|key| format!(", partition {key}")).unwrap_or_default();
    match which {
        WhichVersion::Latest => outln!("Last materialized {}{run}", when::moment(event.at)),
        WhichVersion::Number(_) => outln!("Materialized {}{run}", when::moment(event.at)),
        WhichVersion::Alias(alias) => outln!("The {alias}, materialized {}{run}", when::moment(event.at)),
    }
    let labels = materialization.metadata.keys().map(|label| label.chars().count());
    let width = labels.chain(["data version".len()]).max().unwrap_or_default().min(WIDEST_LABEL);
    let stored = &materialization.stored;
    if let Some(version) = materialization.version {
        outln!("  {:<width$}  {version}", "version");
    }
    outln!("  {:<width$}  {}", "data version", in_one_line(materialization.data_version.as_str()));
    match stored.location {
        ValueLocation::Elsewhere => {
            outln!("  {:<width$}  not here: another system reported it", "stored");
        }
        ValueLocation::Database | ValueLocation::IoManager { .. } => {
            outln!("  {:<width$}  {} ({})", "stored", when::bytes(stored.bytes), stored.format);
        }
    }
    print_config(materialization.provenance.config.as_deref(), takes_config, width);
    for (label, value) in metric_first(&materialization.metadata, metric) {
        print_metadata(label, value, width);
    }
}

/// Prints the configuration that a value was made with, what the run has overridden first.
fn print_config(config: Option<&RecordedConfig>, takes_config: bool, width: usize) {
    let Some(config) = config else {
        if takes_config {
            outln!("  {:<width$}  not recorded", "configuration");
        }
        return;
    };
    let fields = config.fields();
    if fields.is_empty() {
        return;
    }
    outln!("  configuration:");
    for field in fields {
        let standing =
            field.standing_words().map(|standing| format!(" (overridden by the run; standing: {standing})"));
        outln!(
            "    {}: {}{}",
            in_one_line(&field.name),
            in_one_line(&field.words()),
            standing.unwrap_or_default()
        );
    }
}

fn print_metadata(label: &str, value: &MetadataValue, width: usize) {
    let label = in_one_line(label);
    match value {
        MetadataValue::Table(shown) => {
            outln!("  {label}:");
            out!("{}", block(&metadata_table(shown)));
        }
        MetadataValue::Series(series) => {
            outln!("  {label}:");
            for (name, values) in &series.y {
                if let (Some(first), Some(last)) = (values.first(), values.last()) {
                    let (first, last) = (short_number(*first), short_number(*last));
                    let (name, x) = (in_one_line(name), in_one_line(&series.x_label));
                    outln!("    {name}: {first} → {last} over {} × {x}", values.len());
                }
            }
        }
        MetadataValue::Int(_)
        | MetadataValue::Float(_)
        | MetadataValue::Bool(_)
        | MetadataValue::Text(_)
        | MetadataValue::Markdown(_)
        | MetadataValue::Json(_)
        | MetadataValue::Url(_)
        | MetadataValue::Path(_)
        | MetadataValue::Timestamp(_)
        | MetadataValue::Plot(_)
        | MetadataValue::Image(_)
        | MetadataValue::Asset(_)
        | MetadataValue::Run(_)
        | MetadataValue::LivePerformance(_) => outln!("  {label:<width$}  {}", in_a_word(value)),
    }
}

fn metadata_table(shown: &Table) -> String {
    let headings: Vec<&str> = shown.columns.iter().map(|column| column.name.as_str()).collect();
    aligned(&headings, shown.rows.iter().map(|row| row.iter().map(words).collect()).collect())
}

/// Lines that belong to a label above them.
fn block(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// A metadata value in one line.
fn in_a_word(value: &MetadataValue) -> String {
    match value {
        MetadataValue::Int(value) => value.to_string(),
        MetadataValue::Float(value) => short_number(*value),
        MetadataValue::Bool(value) => value.to_string(),
        MetadataValue::Text(text)
        | MetadataValue::Markdown(text)
        | MetadataValue::Url(text)
        | MetadataValue::Path(text) => in_one_line(text),
        MetadataValue::Json(value) => value.to_string(),
        MetadataValue::Timestamp(at) => when::moment(*at),
        MetadataValue::Table(table) => format!("{} rows", table.rows.len()),
        MetadataValue::Series(series) => format!("{} points", series.x.len()),
        MetadataValue::Plot(plot) => format!("plot: {}", in_one_line(plot.title())),
        MetadataValue::Image(image) => {
            format!("{} ({})", image.media_type, when::bytes(image.bytes.len() as u64))
        }
        MetadataValue::Asset(asset) => asset.to_string(),
        MetadataValue::Run(run) => run.to_string(),
        MetadataValue::LivePerformance(live) => {
            format!("{} in {} windows", in_one_line(&live.metric), live.windows.len())
        }
    }
}

async fn list_history(
    session: &Session,
    key: &str,
    mut query: HistoryQuery,
    partition: Option<String>,
    json: bool,
) -> Result<Exit, Failure> {
    let (asset, graph) = (query.asset.clone(), session.pipeline()?.graph());
    let opened = session.home().await?;
    let partition = past_partition(&opened, graph, &asset, partition.as_deref()).await?;
    query.partition = partition.clone().map(Some);
    let events = history(&*opened.store, &query).await?;
    if let (Some(partition), true, Some(index)) = (partition, events.is_empty(), graph.index(asset.as_str()))
    {
        // An asset that isn't defined any more may have a history.
        graph.find_partition(index, Some(&partition), &opened.moment(graph).await?)?;
    }
    if json {
        print_json(&events.into_iter().map(EventView::from).collect::<Vec<_>>())?;
    } else if events.is_empty() {
        match opened.store.events(materializations(asset.clone(), None, 1)).await?.is_empty() {
            true => outln!("It has never been materialized. `{}` does.", making(graph, &asset)),
            false => outln!("No materialization matches. `asset history {key}` lists all."),
        }
    } else {
        let metric = graph.asset(asset.as_str()).and_then(|node| node.spec.metric.as_ref());
        let rows = events.iter().filter_map(|event| {
            if let EventBody::Unreadable(unreadable) = &event.body {
                return Some(unreadable_row(event, unreadable));
            }
            let EventBody::Materialized(materialization) = &event.body else { return None };
            Some(history_row(event, materialization, metric))
        });
        let mut headings =
            vec!["VERSION", "MATERIALIZED", "RUN", "PARTITION", "DATA VERSION", "SIZE", "CONFIG", "METADATA"];
        let mut rows: Vec<Vec<String>> = rows.map(Vec::from).collect();
        let column = headings.iter().position(|heading| *heading == "CONFIG").filter(|column| {
            // Most assets take no configuration.
            rows.iter().all(|row| row[*column].is_empty())
        });
        if let Some(column) = column {
            headings.remove(column);
            rows.iter_mut().for_each(|row| drop(row.remove(column)));
        }
        out!("{}", aligned(&headings, rows));
    }
    Ok(Exit::Success)
}

/// The configuration in one line; what the run has overridden comes first, and has a `*`.
fn config_in_a_word(config: Option<&RecordedConfig>) -> String {
    let fields = config.map(RecordedConfig::fields).unwrap_or_default();
    few_fields(fields.iter().map(ToString::to_string).collect()).join(" ")
}

/// The maximum number of fields of a configuration in a line.
const LISTED_FIELDS: usize = 6;

/// The first fields of a configuration, and the number of the others.
pub(super) fn few_fields(mut fields: Vec<String>) -> Vec<String> {
    let more = fields.len().saturating_sub(LISTED_FIELDS);
    fields.truncate(LISTED_FIELDS);
    fields.extend((more > 0).then(|| format!("(+{more} fields)")));
    fields
}

fn history_row(
    event: &Event,
    materialization: &Materialization,
    metric: Option<&AssetMetric>,
) -> [String; 8] {
    let numbers =
        metric_first(&materialization.metadata, metric).filter(|(_, value)| value.as_f64().is_some());
    let numbers: Vec<_> = numbers.map(|(label, value)| format!("{label}={}", in_a_word(value))).collect();
    [
        materialization.version.map(|version| version.to_string()).unwrap_or_default(),
        when::moment(event.at),
        event.run.map(|run| run.short()).unwrap_or_default(),
        event.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        materialization.data_version.as_str().chars().take(12).collect(),
        when::bytes(materialization.stored.bytes),
        config_in_a_word(materialization.provenance.config.as_deref()),
        numbers.join(" "),
    ]
}

fn unreadable_row(event: &Event, unreadable: &UnreadableEvent) -> [String; 8] {
    [
        String::new(),
        when::moment(event.at),
        event.run.map(|run| run.short()).unwrap_or_default(),
        event.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        String::new(),
        String::new(),
        String::new(),
        format!("event {} can't be read: {}", event.sequence, unreadable.reason),
    ]
}

async fn value(
    session: &Session,
    key: &str,
    partition: Option<&str>,
    run: Option<&str>,
    output: Option<PathBuf>,
) -> Result<Exit, Failure> {
    let (asset, which) = split_version(key)?;
    let asset = session.asset(asset)?;
    let opened = session.home().await?;
    let event = match (which, run) {
        (WhichVersion::Latest, run) => materialization(session, &opened, asset, partition, run).await?,
        (WhichVersion::Number(_) | WhichVersion::Alias(_), None) => {
            let graph = session.pipeline()?.graph();
            find_version_of(&*opened.store, graph, key, partition, &opened.moment(graph).await?).await?.event
        }
        (WhichVersion::Number(_) | WhichVersion::Alias(_), Some(_)) => {
            let problem = Problem::new(format!("`{key}` names a version, and `--run` another one"));
            return Err(Failure::usage(problem.with_hint("leave out one of them")));
        }
    };
    let bytes = session.engine(&opened, EngineOptions::default())?.values().load_bytes(&event).await?;
    if let Some(path) = output {
        write_file(&path, &bytes).map_err(|source| Failure::not_written(&path, &source))?;
        return Ok(Exit::Success);
    }
    if !std::io::stdout().is_terminal() {
        print_bytes(&bytes);
        return Ok(Exit::Success);
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => outln!("{text}"),
        Err(_) => {
            let problem = Problem::new(format!("the value of `{key}` is not text"));
            return Err(Failure::usage(problem.with_hint("add `--output FILE`, or redirect the output")));
        }
    }
    Ok(Exit::Success)
}

/// The partition that is written, also one that isn't defined any more.
async fn past_partition(
    opened: &Opened,
    graph: &AssetGraph,
    asset: &AssetKey,
    written: Option<&str>,
) -> Result<Option<PartitionKey>, Failure> {
    Ok(match (written, graph.index(asset.as_str())) {
        (None, _) => None,
        (Some(written), None) => Some(written.into()),
        (Some(written), Some(index)) => {
            Some(graph.past_partition(index, written, &opened.moment(graph).await?))
        }
    })
}

async fn materialization(
    session: &Session,
    opened: &Opened,
    asset: AssetKey,
    partition: Option<&str>,
    run: Option<&str>,
) -> Result<Event, Failure> {
    let run = match run {
        Some(run) => Some(opened.run(run).await?.id),
        None => None,
    };
    let graph = session.pipeline()?.graph();
    let partition = past_partition(opened, graph, &asset, partition).await?;
    let event = if run.is_none() && partition.is_none() {
        latest(opened, graph, &asset).await?
    } else {
        let query = EventQuery { run, ..materializations(asset.clone(), partition.clone(), 1) };
        opened.store.events(query).await?.pop()
    };
    if let (Some(partition), None) = (&partition, &event) {
        // A partition that isn't defined any more may have a history.
        if let Some(index) = graph.index(asset.as_str()) {
            graph.find_partition(index, Some(partition), &opened.moment(graph).await?)?;
        }
    }
    event.ok_or_else(|| {
        let hint = format!("`asset history {asset}` lists all");
        let asset = AssetPartition::new(asset, partition).quoted();
        Failure::usage(Problem::new(format!("{asset} has no such materialization")).with_hint(hint))
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use millwork_core::event::{NewEvent, Provenance, StoredValue};
    use millwork_core::{AssetDefinition, Definitions, PartitionsDefinition};
    use millwork_storage::{Batch, Home};
    use serde_json::json;

    use super::*;

    async fn make(opened: &Opened, partition: Option<&str>, version: &str) {
        let stored = StoredValue {
            location: ValueLocation::Database,
            bytes: 1,
            format: "json".to_owned(),
            hash: None,
        };
        let body = EventBody::Materialized(Materialization {
            version: None,
            data_version: version.into(),
            provenance: Provenance { code_version: "1".into(), inputs: Vec::new(), config: None },
            stored,
            metadata: Default::default(),
        });
        let event = NewEvent {
            run: None,
            at: Timestamp::UNIX_EPOCH,
            step: None,
            asset: Some("x".into()),
            partition: partition.map(Into::into),
            attempt: 0,
            body,
            value: None,
        };
        opened.store.append(Batch { fence: None, events: vec![event] }).await.expect("it is appended");
    }

    /// An asset had one value, then partitions, and is one again.
    #[tokio::test]
    async fn the_latest_value_is_of_a_partition_that_there_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(folder.path()).await.expect("a home");
        let opened = Opened::new(home, None);
        let asset = || AssetDefinition::new("x").produces::<u8, _>().blocking(|_| Ok(0_u8));
        let whole = Definitions::new().asset(asset()).resolve().expect("definitions that fit");
        let parts = asset().partitions(PartitionsDefinition::fixed(["p1", "p2"]));
        let parts = Definitions::new().asset(parts).resolve().expect("definitions that fit");
        let version = async |graph: &AssetGraph| {
            let event = latest(&opened, graph, &"x".into()).await.expect("an answer")?;
            let EventBody::Materialized(made) = event.body else { return None };
            Some(made.data_version.to_string())
        };
        assert_eq!(version(whole.graph()).await, None);
        make(&opened, None, "whole").await;
        assert_eq!(version(parts.graph()).await, None);
        for key in ["p1", "p2", "p3"] {
            make(&opened, Some(key), key).await;
        }
        assert_eq!(version(parts.graph()).await.as_deref(), Some("p2"));
        assert_eq!(version(whole.graph()).await.as_deref(), Some("whole"));
    }

    #[test]
    fn numbers_of_any_size() {
        for (value, expected) in [
            (3e-7, "3e-7"),
            (-2e-9, "-2e-9"),
            (0.0, "0"),
            (0.25, "0.25"),
            (1.5e300, "1.5e300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(in_a_word(&MetadataValue::Float(value)), expected);
        }
    }

    #[test]
    fn json_in_words() {
        for (value, expected) in [
            (json!(null), ""),
            (json!("a"), "a"),
            (json!(["a", 1]), "a, 1"),
            (json!({"tier": "gold"}), "tier=gold"),
            (json!([3, 3e-7, -2e-9, 1.5e300, 0.1 + 0.2]), "3, 3e-7, -2e-9, 1.5e300, 0.3"),
        ] {
            assert_eq!(words(&value), expected);
        }
    }

    #[test]
    fn a_line_has_few_fields_of_a_configuration() {
        let fields =
            |count: usize| few_fields((1..=count).map(|field| field.to_string()).collect()).join(" ");
        assert_eq!((fields(0), fields(6)), (String::new(), "1 2 3 4 5 6".to_owned()));
        assert_eq!(fields(20), "1 2 3 4 5 6 (+14 fields)");
    }
}
