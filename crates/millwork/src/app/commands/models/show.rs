//! What is shown of models: the list, one of them, its versions, two of them side by side, the card of one.

use std::collections::BTreeSet;

use millwork_api::{
    ComparedFactView, FactKind, FoundVersion, LivePerformanceView, ModelDetails, ModelListing, ModelMoveView,
    VersionView, WatchView, compare_versions, find_stored_version, list_models, model_card, model_details,
    same_parameters,
};
use millwork_core::asset::plot::short_number;
use millwork_core::graph::AssetIndex;
use millwork_core::version::{AliasName, VersionNumber, WhichVersion};
use millwork_core::{AssetPartition, Clock as _, SystemClock};
use serde_json::Value;

use super::arguments::{Of, Version, number};
use super::{backtest, history};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::printable::{cut, indented};
use crate::app::session::{Opened, Session, split_version};
use crate::app::style::style;
use crate::app::table::{aligned, table};
use crate::app::when;

/// The maximum widths of names and reasons in tables, in characters; cards and JSON have them whole.
const WIDEST_NAME: usize = 40;
const WIDEST_REASON: usize = 200;

pub(super) async fn list(session: &Session, opened: &Opened) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let models = list_models(&*opened.store, graph, &opened.moment(graph).await?).await?;
    if session.wants_json() {
        print_json(&models)?;
    } else if models.is_empty() {
        outln!("No asset is a model. A gate, a reader of an alias, or `models alias` makes it one.");
    } else {
        let heading = ["MODEL", "PARTITION", "IN USE", "SINCE", "METRIC", "LAST", "AWAITS APPROVAL"];
        out!("{}", table(heading, models.iter().flat_map(rows).collect()));
    }
    Ok(Exit::Success)
}

fn rows(model: &ModelListing) -> Vec<[String; 7]> {
    let metric = |value: &Value| {
        let label = model.metric.as_ref().map(|metric| format!("{} ", metric.label)).unwrap_or_default();
        format!("{label}{}", in_words(value))
    };
    let number =
        |version: Option<_>| version.map_or_else(|| "none".to_owned(), |one: VersionNumber| one.to_string());
    let row = |standing: &millwork_api::ModelStanding| {
        let in_shadow = standing.in_shadow.map(|version| match standing.last == Some(version) {
            true => " (in shadow)".to_owned(),
            false => format!(" ({version} in shadow)"),
        });
        let awaiting: Vec<String> = standing.awaiting_approval.iter().map(ToString::to_string).collect();
        [
            model.key.to_string(),
            standing.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
            number(standing.in_use),
            standing.since.map(when::moment).unwrap_or_default(),
            standing.metric.as_ref().map(metric).unwrap_or_default(),
            format!("{}{}", number(standing.last), in_shadow.unwrap_or_default()),
            awaiting.join(", "),
        ]
    };
    if model.standings.is_empty() {
        let none = || "none".to_owned();
        let empty = String::new;
        return vec![[model.key.to_string(), empty(), none(), empty(), empty(), none(), empty()]];
    }
    model.standings.iter().map(row).collect()
}

async fn details(session: &Session, opened: &Opened, of: &Of) -> Result<ModelDetails, Failure> {
    let (asset, at) = of.partition.of(session, opened, &of.key).await?;
    let pipeline = session.pipeline()?;
    Ok(model_details(&*opened.store, pipeline, (asset, &at), of.limit, SystemClock.now()).await?)
}

pub(super) async fn show(session: &Session, opened: &Opened, of: &Of) -> Result<Exit, Failure> {
    let (key, which) = split_version(&of.key)?;
    if key != of.key {
        return history::show(session, opened, of, (key, &which)).await;
    }
    let model = details(session, opened, of).await?;
    if session.wants_json() {
        print_json(&model)?;
        return Ok(Exit::Success);
    }
    let partition = model.partition.as_ref().map(|key| format!(" (partition {key})")).unwrap_or_default();
    outln!("{}{partition}", style(&model.key).bold());
    if !model.description.is_empty() {
        outln!("{}", model.description);
    }
    outln!();
    let in_use = model.in_use.as_ref().map(|version| in_use(&model, version));
    let metric =
        model.metric.as_ref().map(|metric| format!("{}, {}", metric.label, metric.better.in_words()));
    let others = model.aliases.iter().filter(|alias| alias.alias != model.alias);
    let others: Vec<String> = others.map(|alias| format!("{} = {}", alias.alias, alias.version)).collect();
    for (label, words) in [
        (model.alias.as_str(), in_use.unwrap_or_else(|| "none".to_owned())),
        ("gate", model.gate.clone().unwrap_or_default()),
        ("watch", model.watch.as_ref().map(watch).unwrap_or_default()),
        ("metric", metric.unwrap_or_default()),
        ("aliases", others.join(", ")),
    ] {
        if !words.is_empty() {
            outln!("  {label:<10}{}", indented(&words, 12));
        }
    }
    outln!();
    print_versions(&model);
    if !model.moves.is_empty() {
        outln!();
        print_moves(&model, of.limit);
    }
    if let Some(tested) = &model.backtest {
        outln!("\nLast backtest:");
        backtest::print(tested, of.limit);
    }
    Ok(Exit::Success)
}

/// The watch over the version in use in a few words.
fn watch(watch: &WatchView) -> String {
    let WatchView { condition, until, back_to, not_on } = watch;
    match (until, back_to) {
        (Some(until), Some(back_to)) => {
            format!("on until {}, goes back to version {back_to} if {condition}", when::moment(*until))
        }
        (Some(_) | None, _) => format!("not on: {}", not_on.as_deref().unwrap_or_default()),
    }
}

fn print_moves(model: &ModelDetails, limit: usize) {
    let heading = ["MOVED", "ALIAS", "FROM", "TO", "BY", "REASON"];
    let number = |version: Option<VersionNumber>| {
        version.map_or_else(|| "none".to_owned(), |version| version.to_string())
    };
    let row = |moved: &ModelMoveView| {
        [
            when::moment(moved.at),
            moved.alias.to_string(),
            number(moved.from),
            number(moved.to),
            cut(&moved.by, WIDEST_NAME),
            cut(&moved.reason, WIDEST_REASON),
        ]
    };
    out!("{}", table(heading, model.moves.iter().take(limit).map(row).collect()));
    print_newest(limit, model.moves.len());
}

/// Says how many rows of a table are shown, if these aren't all.
pub(super) fn print_newest(limit: usize, all: usize) {
    if all > limit {
        outln!("The newest {limit} of {all}; `--limit` shows more.");
    }
}

/// The version in use in a few words: its number, its age, and since when it has been in use.
fn in_use(model: &ModelDetails, version: &VersionView) -> String {
    let mut words = vec![format!("version {}", version.version)];
    let metric = model.metric.as_ref().zip(version.metric.as_ref());
    words.extend(metric.map(|(metric, value)| format!("{} {}", metric.label, in_words(value))));
    let now = SystemClock.now();
    words.extend(version.made.as_ref().map(|made| when::age(made.at, now)));
    words.extend(model.since.map(|since| format!("in use since {}", when::moment(since))));
    words.join(", ")
}

pub(super) async fn versions(session: &Session, opened: &Opened, of: &Of) -> Result<Exit, Failure> {
    let model = details(session, opened, of).await?;
    if session.wants_json() {
        print_json(&model.versions)?;
    } else {
        print_versions(&model);
    }
    Ok(Exit::Success)
}

fn print_versions(model: &ModelDetails) {
    if model.count == 0 {
        let of = AssetPartition::new(model.key.clone(), model.partition.clone());
        outln!("It has no versions. `{}` makes one.", of.command());
        return;
    }
    let metric = model.metric.as_ref().map_or("METRIC", |metric| metric.label.as_str());
    let live = model.live.first();
    let live_metric = live.map(|live| format!("LIVE {}", live.metric.label));
    let made = model.versions.iter().filter(|version| version.made.is_some());
    let made: Vec<Vec<String>> = made.map(parameters).collect();
    let same = same_parameters(made.iter().map(Vec::as_slice));
    let mut heading = vec!["VERSION", "STATUS", metric];
    heading.extend(live_metric.as_deref());
    heading.extend(["MADE", "RUN", "PARAMETERS", "DECISION", "BY", "REASON"]);
    let row = |version: &VersionView| {
        let mut row = Vec::from(version_row(version, &same));
        if let Some(live) = live {
            row.insert(3, live_cell(live, version.version, &model.alias));
        }
        row
    };
    out!("{}", aligned(&heading, model.versions.iter().map(row).collect()));
    if !same.is_empty() {
        outln!("PARAMETERS has what differs; `models card {}` has all.", model.key);
    }
    print_newest(model.versions.len(), model.count);
}

/// The newest final window of a version: the metric, how many of its predictions have ground truth, and where it isn't that of the version
/// in use, the role. Empty where there is none.
fn live_cell(live: &LivePerformanceView, version: VersionNumber, in_use: &AliasName) -> String {
    let Some((window, measure)) = live.newest_of(version, in_use) else { return String::new() };
    let value = measure.value.map_or_else(|| "none".to_owned(), short_number);
    let role = if measure.role == *in_use { String::new() } else { format!(", {}", measure.role) };
    format!("{value} ({}, {} of {}{role})", window.label, measure.matched, measure.predictions)
}

fn parameters(version: &VersionView) -> Vec<String> {
    let config = version.made.iter().flat_map(|made| &made.config);
    config.map(|(name, value)| format!("{name}={}", in_full(value))).collect()
}

fn version_row(version: &VersionView, same: &BTreeSet<String>) -> [String; 9] {
    let made = version.made.as_ref();
    let mut config = parameters(version);
    config.retain(|parameter| !same.contains(parameter));
    let aliases: Vec<&str> = version.aliases.iter().map(AliasName::as_str).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
    let removed = made.is_none_or(|made| made.value_removed);
    let removed = if removed { ", value removed" } else { "" };
    let (decision, by, reason) = match version.last_decision() {
        Some(last) => (last.what, cut(&last.by, WIDEST_NAME), cut(last.reason, WIDEST_REASON)),
        None => Default::default(),
    };
    [
        format!("{}{aliases}", version.version),
        format!("{}{removed}", version.status.in_words()),
        version.metric.as_ref().map(in_words).unwrap_or_default(),
        made.map(|made| when::moment(made.at)).unwrap_or_default(),
        made.and_then(|made| made.run).map(|run| run.short()).unwrap_or_default(),
        config.join(" "),
        decision,
        by,
        reason,
    ]
}

pub(super) async fn compare(
    session: &Session,
    opened: &Opened,
    (asset, of): (AssetIndex, AssetPartition),
    [first, second]: &[WhichVersion; 2],
) -> Result<Exit, Failure> {
    let first = number(opened, &of, first).await?;
    let second = number(opened, &of, second).await?;
    let graph = session.pipeline()?.graph();
    let compared = compare_versions(&*opened.store, graph, (asset, &of), (first, second)).await?;
    if session.wants_json() {
        print_json(&compared)?;
        return Ok(Exit::Success);
    }
    let word = |version: &VersionView| version.status.in_words();
    outln!("{} ({}) and {second} ({}) of {}", first, word(&compared.a), word(&compared.b), of.quoted());
    let (a, b) = (format!("VERSION {first}"), format!("VERSION {second}"));
    let differing = compared.facts.iter().filter(|fact| fact.differs).count();
    let (differs, same) = compared.facts.split_at(differing);
    if differs.is_empty() {
        outln!("\nNo recorded fact differs.");
    } else {
        outln!("\nDiffers:");
        out!("{}", table(["FACT", "NAME", &a, &b, ""], differs.iter().map(fact_row).collect()));
    }
    if !same.is_empty() {
        outln!("\nThe same:");
        let row = |fact: &ComparedFactView| {
            let value = match fact_words(fact) {
                (a, b) if a == b => a,
                (a, b) => format!("{a} and {b}, with the same data"),
            };
            [fact.kind.as_str().to_owned(), fact.name.clone(), value]
        };
        out!("{}", table(["FACT", "NAME", "BOTH"], same.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

fn fact_row(fact: &ComparedFactView) -> [String; 5] {
    let (a, b) = fact_words(fact);
    let change = fact.change.map(|change| change.as_str().to_owned()).unwrap_or_default();
    [fact.kind.as_str().to_owned(), fact.name.clone(), a, b, change]
}

/// Both sides of a fact: measured numbers short, unless what differs would look the same then.
fn fact_words(fact: &ComparedFactView) -> (String, String) {
    let both = |words: fn(&Value) -> String| {
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), words);
        (side(&fact.a), side(&fact.b))
    };
    match fact.kind {
        FactKind::Metric | FactKind::Number => {
            Some(both(in_words)).filter(|(a, b)| !fact.differs || a != b).unwrap_or_else(|| both(in_full))
        }
        FactKind::Config | FactKind::Input | FactKind::Code | FactKind::Environment | FactKind::Value => {
            both(in_full)
        }
    }
}

pub(super) async fn card(
    session: &Session,
    opened: &Opened,
    version: &Version,
    json: bool,
) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let (asset, of, which) = version.read(session, opened).await?;
    let store = &*opened.store;
    let event = match which {
        WhichVersion::Latest => {
            let in_use = WhichVersion::Alias(graph.alias_in_use(asset));
            match millwork_storage::find_version(store, &of, &in_use).await? {
                Some(event) => event,
                None => find_stored_version(store, &of, &WhichVersion::Latest).await?,
            }
        }
        which @ (WhichVersion::Number(_) | WhichVersion::Alias(_)) => {
            find_stored_version(store, &of, &which).await?
        }
    };
    let card = model_card(store, graph, &FoundVersion { asset, of, event }).await?;
    if json {
        print_json(&card)?;
    } else {
        out!("{}", card.markdown());
    }
    Ok(Exit::Success)
}

/// A measured value in words: strings without quotes, numbers short.
pub(super) fn in_words(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(|| number.to_string(), short_number)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => in_full(value),
    }
}

/// A recorded fact exactly: strings without quotes, numbers with all digits.
pub(super) fn in_full(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: FactKind, a: Value, b: Value, expected: (&str, &str)) {
        let fact = ComparedFactView {
            kind,
            name: String::new(),
            differs: a != b,
            a: Some(a),
            b: Some(b),
            change: None,
        };
        let (a, b) = fact_words(&fact);
        assert_eq!((a.as_str(), b.as_str()), expected);
    }

    #[test]
    fn what_differs_never_looks_the_same() {
        use FactKind::{Config, Metric, Number};
        check(Config, json!(0.123_456), json!(0.123_457), ("0.123456", "0.123457"));
        check(Config, json!(123_456_789.1), json!("a"), ("123456789.1", "a"));
        check(Metric, json!(0.123_456), json!(0.5), ("0.1235", "0.5"));
        check(Metric, json!(0.123_456), json!(0.123_457), ("0.123456", "0.123457"));
        check(Number, json!(0.123_456), json!(0.123_456), ("0.1235", "0.1235"));
    }
}
