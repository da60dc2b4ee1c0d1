//! A pipeline that uses every feature of the attributes once.

use std::time::Duration;

use millwork::__private::{BoxFuture, IoError, IoManager, ValueAddress};
use millwork::{
    AssetValue, Assets, AutomationCondition, BoxError, CheckResult, Config, Definitions, FreshnessPolicy,
    Json, Output, Partition, Partitions, PartitionsDefinition, Previous, Resource, Result, Retry, Severity,
    StepLog, Update, asset, asset_check, definitions, external_asset, multi_asset,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const TEAM: &str = "ranking";
pub(crate) const LOSS: &str = "loss";

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) stories: Vec<String>,
}

/// A configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) items: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) weight: f64,
}

/// A second format for `Model`, beside the JSON that serde gives it.
pub(crate) enum Text {}

impl AssetValue<Text> for Model {
    const EXTENSION: &'static str = "txt";
    const MEDIA_TYPE: &'static str = "text/plain";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        bytes.extend(self.weight.to_string().into_bytes());
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(Self { weight: std::str::from_utf8(bytes)?.parse()? })
    }
}

external_asset!(
    /// A table that another team fills.
    #[asset(key_prefix = "warehouse", group = "ingest", kinds("postgres"))]
    pub(crate) raw_table;
    lookup
);

/// Stories that have a title.
///
/// - newest first
///   - without jobs
#[asset(
    key_prefix = "hackernews/raw",
    name = "stories-v2",
    group = "ingest",
    kinds("http", "polars"),
    owners("ada@example.com", TEAM),
    tags(tier = "gold", "cost-center" = "7"),
    metric = "rows",
    freshness = FreshnessPolicy::time_window(Duration::from_secs(3600), None),
    deps(raw_table, self::lookup),
    retry = Retry::exponential(3),
    timeout = "5m",
    pool = "api",
    io_manager = "frames",
    automation = AutomationCondition::on_cron("@hourly", "UTC")
)]
pub(crate) async fn stories(
    api: Resource<Api>,
    Config(limits): Config<Limits>,
    log: StepLog,
) -> Result<Output<Vec<String>>> {
    std::future::ready(()).await;
    log.progress(1, 1);
    let stories: Vec<_> = api.stories.iter().take(limits.items).cloned().collect();
    let rows = stories.len();
    Ok(Output::new(stories).metadata("rows", i64::try_from(rows)?))
}

#[derive(Debug, Assets)]
#[assets(key_prefix = "features")]
pub(crate) struct Split {
    /// What the model learns from.
    #[asset(kinds("text"), owners("bob"), tags(tier = "silver"), metric = LOSS lower, group = "training")]
    pub(crate) training_data: Vec<String>,
    /// Held back to score it.
    #[asset(name = "held_out", description = "Never trained on.", automation = AutomationCondition::on_missing())]
    pub(crate) test_data: Option<Output<Vec<String>>>,
    pub(crate) vocabulary: Update<Vec<String>>,
    #[asset(format = Text)]
    pub(crate) baseline: Output<Model>,
}

/// Splits the stories.
#[multi_asset(
    group = "features",
    kinds("split"),
    owners("ada"),
    tags(tier = "gold", team = "x"),
    metric = "rows" higher,
    pool = "cpu",
    automation = AutomationCondition::eager()
)]
pub(crate) fn split(stories: &Vec<String>, mut share: Config<Limits>) -> Result<Split> {
    share.0.items = share.items.min(stories.len());
    let (training, test) = stories.split_at(share.items);
    Ok(Split {
        training_data: training.to_vec(),
        test_data: (!test.is_empty()).then(|| Output::new(test.to_vec())),
        vocabulary: Update::keep("unchanged"),
        baseline: Output::new(Model { weight: 0.0 }).data_version("v0"),
    })
}

#[asset(format = Json, timeout = Duration::from_millis(1500), code_version = "weights-1", description = "By hand.")]
pub(crate) async fn model(
    #[input(training_data)] titles: &Vec<String>,
    _test_data: &Vec<String>,
) -> Result<Update<Model>, std::io::Error> {
    std::future::ready(()).await;
    let Some(first) = titles.first() else { return Err(std::io::Error::other("no titles")) };
    Ok(Update::new(Model { weight: first.len() as f64 }))
}

#[asset]
pub(crate) fn score(model: &Model, previous: Previous<self::score>) -> Option<f64> {
    (previous.value() != Some(&model.weight)).then_some(model.weight)
}

#[asset(partitions = PartitionsDefinition::fixed(["de", "en"]))]
pub(crate) fn prediction(score: &f64, language: Partition<String>) -> f64 {
    score + language.len() as f64
}

#[asset]
pub(crate) fn total(prediction: Partitions<self::prediction>) -> f64 {
    prediction.values().map(|value| **value).sum()
}

/// The score may not be negative.
#[asset_check(blocking, severity = "warn", name = "positive", retry = Retry::constant(1, Duration::ZERO), timeout = "1s")]
pub(crate) fn is_positive(score: &f64) -> bool {
    *score > 0.0
}

#[asset_check(asset = score, severity = Severity::Warn, description = "Compares two assets.", pool = "cpu")]
pub(crate) async fn is_the_weight(model: &Model, score: &f64, log: StepLog) -> Result<CheckResult> {
    std::future::ready(()).await;
    log.info("compared");
    Ok(CheckResult::new(model.weight.total_cmp(score).is_eq()).metadata("weight", model.weight))
}

#[asset_check(asset = raw_table)]
pub(crate) fn is_filled() -> CheckResult {
    CheckResult::fail("empty")
}

#[asset]
pub(crate) fn r#type(#[input(self::model)] _unused: &Model) -> u8 {
    1
}

#[asset]
#[cfg(any())]
pub(crate) fn compiled_out(nowhere: &Nothing) -> Nothing {}

/// An I/O manager that refuses.
#[derive(Debug)]
struct Frames;

impl IoManager for Frames {
    fn store(&self, _: ValueAddress, _: Vec<u8>) -> BoxFuture<Result<String, IoError>> {
        unreachable!("nothing is stored here")
    }

    fn load(&self, _: String) -> BoxFuture<Result<Vec<u8>, IoError>> {
        unreachable!("nothing is loaded here")
    }

    fn delete(&self, _: String) -> BoxFuture<Result<(), IoError>> {
        unreachable!("nothing is deleted here")
    }
}

/// All of it.
pub(crate) fn all() -> Definitions {
    definitions![
        raw_table,
        lookup,
        stories,
        split,
        model,
        score,
        prediction,
        total,
        is_positive,
        is_the_weight,
        is_filled,
        r#type,
    ]
    .io_manager("frames", Frames)
    .resource(Api { stories: vec!["first".into(), "second".into(), "third".into()] })
}
