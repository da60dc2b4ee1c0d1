//! The card of a version: what is recorded of it, as JSON and as Markdown. It has no sentence that isn't a fact of the home or of the
//! definitions.

use std::collections::BTreeMap;

use millwork_core::graph::{AssetGraph, Edge};
use millwork_core::run::{RunId, RunTag};
use millwork_core::version::AliasName;
use millwork_core::{AssetKey, PartitionKey};
use millwork_storage::{StorageError, Store, model_history};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::compare::environment_of;
use super::{
    BacktestView, FoundVersion, InputView, ModelMoveView, VersionError, VersionView, model_versions,
};
use crate::asset::MetricView;
use crate::environment::EnvironmentView;

/// The card of a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelCard {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The description of the asset in Markdown; empty if it has none.
    pub description: String,
    /// The owners of the asset.
    pub owners: Vec<String>,
    /// The kinds of the asset, such as `xgboost`.
    pub kinds: Vec<String>,
    /// The tags of the asset.
    pub tags: BTreeMap<String, String>,
    /// The number that the asset is measured by; `null` if its author names none.
    #[schema(required)]
    pub metric: Option<MetricView>,
    /// The version.
    pub version: VersionView,
    /// Why the condition of a job requested the run that made it; `null` if none did.
    #[schema(required)]
    pub reason: Option<String>,
    /// What its run was executed with; `null` if that isn't recorded.
    #[schema(required)]
    pub environment: Option<EnvironmentView>,
    /// The moves of aliases to it or from it, newest first.
    pub moves: Vec<ModelMoveView>,
    /// The last backtest; `null` if there was none with this version.
    #[schema(required)]
    pub backtest: Option<BacktestView>,
    /// The assets that read the model, as it is defined now.
    pub readers: Vec<ReaderView>,
}

/// An asset that reads a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReaderView {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The alias by which it reads the model; `null` if it reads the latest version.
    #[schema(required)]
    pub alias: Option<String>,
}

/// The card of a version.
///
/// # Errors
///
/// If the version has no number, or the store can't be read.
pub async fn model_card(
    store: &dyn Store,
    graph: &AssetGraph,
    found: &FoundVersion,
) -> Result<ModelCard, VersionError> {
    let FoundVersion { asset, of, event } = found;
    let history = model_history(store, of).await?;
    let of_event = history
        .versions
        .iter()
        .find(|(_, version)| version.made.as_ref().is_some_and(|made| made.sequence == event.sequence));
    let Some((&number, _)) = of_event else { return Err(VersionError::NoVersions { of: of.clone() }) };
    let version = model_versions(store, graph, *asset, &history, vec![number]).await?.pop();
    let version = version.ok_or_else(|| VersionError::NoVersion { of: of.clone(), version: number })?;
    let (environment, reason) = match event.run {
        Some(run) => (environment_of(store, run).await?, reason_of(store, run).await?),
        None => (None, None),
    };
    let moves = history.moves.iter().rev();
    let moves = moves.filter(|moved| [moved.what.from, moved.what.to].contains(&Some(number)));
    let with_it = history
        .backtests
        .iter()
        .rev()
        .find(|backtest| backtest.what.versions.iter().any(|tested| tested.version == number));
    let spec = &graph.assets()[*asset].spec;
    let readers = graph.assets()[*asset].downstream.iter().map(|reader| ReaderView {
        asset: graph.key(*reader).clone(),
        alias: match graph.edge(*reader, *asset) {
            Edge::Latest | Edge::InputOf => None,
            Edge::Alias(alias) => Some(alias.to_string()),
        },
    });
    Ok(ModelCard {
        key: of.asset.clone(),
        partition: of.partition.clone(),
        description: spec.description.clone(),
        owners: spec.owners.clone(),
        kinds: spec.kinds.clone(),
        tags: spec.tags.clone(),
        metric: spec.metric.as_ref().map(MetricView::from),
        version,
        reason,
        environment,
        moves: moves.map(ModelMoveView::from).collect(),
        backtest: with_it.map(|dated| BacktestView::new(dated.at, &dated.what)),
        readers: readers.collect(),
    })
}

/// Why the condition of a job requested a run; `None` if none did, or the run isn't there any more.
async fn reason_of(store: &dyn Store, run: RunId) -> Result<Option<String>, StorageError> {
    let record = store.run(run).await?;
    Ok(record.and_then(|record| RunTag::Reason.of(&record.request.tags).map(str::to_owned)))
}

impl ModelCard {
    /// The card as Markdown.
    pub fn markdown(&self) -> String {
        let Self { key, partition, version, .. } = self;
        let mut text = String::new();
        let partition = partition.as_ref().map(|key| format!(" (partition {key})")).unwrap_or_default();
        text.push_str(&format!("# {key}@{}{partition}\n", version.version));
        section(&mut text, "", &self.description);
        let tags: Vec<String> = self.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let aliases: Vec<&str> = version.aliases.iter().map(AliasName::as_str).collect();
        let metric = self.metric.as_ref().map(|metric| {
            let value = version.metric.as_ref().map_or_else(|| "not measured".to_owned(), in_words);
            format!("{value} ({}, {})", metric.label, metric.better.in_words())
        });
        let mut facts = vec![
            ("Status", version.status.in_words().to_owned()),
            ("Aliases", aliases.join(", ")),
            ("Metric", metric.unwrap_or_default()),
            ("Owners", self.owners.join(", ")),
            ("Kinds", self.kinds.join(", ")),
            ("Tags", tags.join(", ")),
        ];
        if let Some(made) = &version.made {
            facts.push(("Made at", made.at.to_string()));
            facts.push(("Run", made.run.map(|run| run.to_string()).unwrap_or_default()));
            facts.push(("Requested because", self.reason.clone().unwrap_or_default()));
            facts.push(("Code version", made.code_version.to_string()));
            facts.push(("Data version", made.data_version.to_string()));
            let removed = if made.value_removed { ", removed by a retention rule" } else { "" };
            facts.push(match made.stored {
                true => ("Value", format!("{} bytes of {}{removed}", made.bytes, made.format)),
                false => ("Value", "reported, not stored".to_owned()),
            });
        }
        if let Some(environment) = &self.environment {
            facts.push(("Binary", environment.binary_in_words()));
            facts.push(("Host", environment.host_in_words()));
            let tree = environment.working_tree.as_ref();
            let tree = tree.map(|tree| format!("{} (the working tree at run time)", tree.in_words()));
            facts.push(("Source", tree.unwrap_or_default()));
        }
        let rows = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let rows = rows.map(|(name, value)| vec![name.to_owned(), value]).collect();
        section(&mut text, "", &table(&["Fact", "Value"], rows));
        if let Some(made) = &version.made {
            section(&mut text, "Configuration", &pairs(&["Field", "Value"], &made.config));
            let inputs: Vec<String> =
                made.inputs.iter().map(|input| format!("- {}\n", input_line(input))).collect();
            section(&mut text, "Made from", &inputs.concat());
            section(&mut text, "Metrics", &pairs(&["Label", "Value"], &made.numbers));
            let curves: Vec<String> =
                made.curves.iter().map(|curve| format!("- {}\n", escaped(curve))).collect();
            section(&mut text, "Curves", &curves.concat());
        }
        section(&mut text, "Verdicts and decisions", &self.decisions());
        let moves: Vec<String> = self.moves.iter().map(move_line).collect();
        section(&mut text, "Moves of aliases", &moves.concat());
        if let Some(backtest) = &self.backtest {
            section(&mut text, "Last backtest", &backtest_table(backtest));
        }
        let readers: Vec<String> = self.readers.iter().map(reader_line).collect();
        section(&mut text, "Read by", &readers.concat());
        text
    }

    fn decisions(&self) -> String {
        let mut lines: Vec<(u64, String)> = Vec::new();
        for verdict in &self.version.verdicts {
            let against = verdict.against.map(|one| format!(" against version {one}")).unwrap_or_default();
            let numbers: Vec<String> =
                verdict.numbers.iter().map(|(label, value)| format!("{label} {}", in_words(value))).collect();
            let numbers =
                if numbers.is_empty() { String::new() } else { format!("; {}", numbers.join(", ")) };
            let what = format!("gate `{}`{against}: {}", verdict.gate, verdict.in_words());
            let text = format!("{}: {what}{}{numbers}", verdict.at, because(&verdict.reason));
            lines.push((verdict.sequence, text));
        }
        for decision in &self.version.decisions {
            let what = format!("{} by {}", decision.decision.as_str(), decision.by);
            let text = format!("{}: {what}{}", decision.at, because(&decision.reason));
            lines.push((decision.sequence, text));
        }
        lines.sort_by_key(|(sequence, _)| *sequence);
        lines.into_iter().map(|(_, line)| format!("- {}\n", escaped(&line))).collect()
    }
}

/// Appends a section, unless it is empty.
fn section(text: &mut String, title: &str, body: &str) {
    if body.trim().is_empty() {
        return;
    }
    if !title.is_empty() {
        text.push_str(&format!("\n## {title}\n"));
    }
    text.push_str(&format!("\n{}\n", body.trim_end()));
}

fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line =
        |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let mut text = line(&mut heading.iter().map(|cell| escaped(cell)));
    text.push_str(&line(&mut heading.iter().map(|_| "---".to_owned())));
    rows.into_iter().for_each(|row| text.push_str(&line(&mut row.iter().map(|cell| escaped(cell)))));
    text
}

fn pairs(heading: &[&str; 2], pairs: &BTreeMap<String, Value>) -> String {
    table(heading, pairs.iter().map(|(name, value)| vec![name.clone(), in_words(value)]).collect())
}

fn backtest_table(backtest: &BacktestView) -> String {
    let (heading, rows) = backtest.table(["Version", "Outcome", "Reason"], in_words);
    let against = backtest.against.map(|one| format!(" against version {one}")).unwrap_or_default();
    let inputs: Vec<String> = backtest.inputs.iter().map(InputView::in_words).collect();
    let on = if inputs.is_empty() { String::new() } else { format!(" on {}", inputs.join(", ")) };
    let title = format!("Gate `{}`{against}{on}, {}.", backtest.gate, backtest.at);
    format!("{title}\n\n{}", table(&heading, rows))
}

fn input_line(input: &InputView) -> String {
    let alias = input.alias.as_ref().map(|alias| format!(", read as {alias}")).unwrap_or_default();
    let data = input.data_version.as_ref().map(|data| format!(", data {data}")).unwrap_or_default();
    escaped(&format!("{}{alias}{data}", input.in_words()))
}

fn move_line(moved: &ModelMoveView) -> String {
    let number = |version: Option<millwork_core::version::VersionNumber>| {
        version.map_or_else(|| "none".to_owned(), |version| version.to_string())
    };
    let what = format!("{} {}: {} → {}", moved.alias, moved.change, number(moved.from), number(moved.to));
    format!("- {}: {}\n", moved.at, escaped(&format!("{what} by {}{}", moved.by, because(&moved.reason))))
}

fn reader_line(reader: &ReaderView) -> String {
    match &reader.alias {
        Some(alias) => format!("- {}, as {alias}\n", reader.asset),
        None => format!("- {}\n", reader.asset),
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// JSON as text: strings without quotes.
fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text in one line that Markdown shows as it is, except for code in backticks.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '|' | '*' | '<' | '\\' => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
    }
    escaped
}
