//! Functions that make many partitions by one call: what they can return, and how they are tested.

use std::collections::BTreeMap;
use std::sync::Arc;

use millwork::__private::{BatchedOutcome, InputValue, Produced, StepFunction, StepResult};
use millwork::partitions::{daily, fixed};
use millwork::{
    Assets, Batch, FromPartitionKey, Key, Output, PartitionKey, PartitionKeys, Partitions, Problem, Result,
    StepContext, TimeWindow, Update, asset, definitions, multi_asset,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, FromPartitionKey)]
enum Country {
    De,
    Fr,
    It,
}

fn countries() -> millwork::partitions::Dimension {
    fixed(["de", "fr", "it"])
}

#[asset(partitions = countries())]
fn clicks() -> u64 {
    7
}

#[asset(partitions = countries())]
fn plain(countries: PartitionKeys<String>, clicks: Partitions<clicks>) -> Batch<String, Result<u64>> {
    countries.map(|country| {
        if country == "it" {
            return Err(Problem::new("no data").into());
        }
        Ok(*clicks.value_of(country)? + country.len() as u64)
    })
}

#[asset(partitions = countries())]
async fn with_metadata(countries: PartitionKeys<Country>) -> Result<Batch<Country, Output<u64>>> {
    std::future::ready(()).await;
    let made = |country| (country, Output::new(1).metadata("rows", 3));
    Ok(countries.into_iter().map(made).collect())
}

#[asset(partitions = countries())]
fn update(countries: PartitionKeys<Country>) -> Batch<Country, Result<Update<u64>, Problem>> {
    let mut batch = Batch::new();
    for country in countries {
        let made = match country {
            Country::De => Ok(Update::new(1_u64)),
            Country::Fr => Ok(Update::keep("as it was")),
            Country::It => Err(Problem::new("no data")),
        };
        batch.insert(country, made);
    }
    batch
}

#[asset(partitions = countries())]
fn optional(countries: PartitionKeys) -> millwork::Batch<PartitionKey, Option<u64>> {
    countries.map(|country| (country.label() == "de").then_some(1))
}

#[derive(Assets)]
struct Split {
    left: u64,
    right: Option<u64>,
}

#[multi_asset(partitions = daily("UTC").from("2026-01-01").by(countries()))]
fn split(keys: PartitionKeys<(TimeWindow, Country)>) -> Batch<(TimeWindow, Country), Result<Split>> {
    keys.map(|(day, _)| Ok(Split { left: day.label().len() as u64, right: None }))
}

fn keys_of(labels: &[&str]) -> Vec<(PartitionKey, Key)> {
    labels.iter().map(|label| (PartitionKey::from(*label), Key::texts([*label]))).collect()
}

/// What a function returns for these keys, a word for each.
fn called(function: &StepFunction, context: StepContext) -> Vec<String> {
    let result = match function {
        StepFunction::Blocking(function) => function(context),
        StepFunction::Async(function) => tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime starts")
            .block_on(function(context)),
    };
    let Ok(StepResult::Batch(batch)) = result else { panic!("expected a batch, got {result:?}") };
    assert_eq!(batch.foreign, Vec::<String>::new());
    let word = |produced: &Produced| match produced {
        Produced::New { value, metadata, .. } => {
            let value = value.downcast_ref::<u64>().expect("a number");
            if metadata.is_empty() { value.to_string() } else { format!("{value} with metadata") }
        }
        Produced::Nothing => "nothing".to_owned(),
        Produced::Kept { reason, .. } => format!("kept: {reason}"),
    };
    let words = |outcome: &BatchedOutcome| match outcome {
        BatchedOutcome::Made(produced) => produced.iter().map(word).collect::<Vec<_>>().join(", "),
        BatchedOutcome::Failed(error) => error.to_string(),
        BatchedOutcome::Missing => "missing".to_owned(),
        BatchedOutcome::Twice => "twice".to_owned(),
    };
    batch.of_keys.iter().map(words).collect()
}

fn function_of(step: &str) -> StepFunction {
    let pipeline = definitions![clicks, plain, with_metadata, update, optional, split].resolve();
    let pipeline = pipeline.expect("the definitions fit together");
    let computation = pipeline.graph().computation(step).expect("the step is there");
    computation.function.clone()
}

#[track_caller]
fn check(step: &str, expected: &[&str]) {
    let labels = ["de", "fr", "it"];
    let clicks = labels.map(|label| (PartitionKey::from(label), Arc::new(7_u64) as _));
    let taken = labels.map(|label| Arc::from([Some(PartitionKey::from(label))]));
    let context = StepContext::builder(step)
        .batch(keys_of(&labels))
        .input("clicks", InputValue::Partitions(BTreeMap::from(clicks)))
        .taken("clicks", taken.to_vec());
    assert_eq!(called(&function_of(step), context.build()), expected);
}

#[test]
fn what_is_returned_for_each_partition() {
    check("plain", &["9", "9", "no data"]);
    check("with_metadata", &["1 with metadata", "1 with metadata", "1 with metadata"]);
    check("update", &["1", "kept: as it was", "no data"]);
    check("optional", &["1", "nothing", "nothing"]);
}

#[test]
fn several_assets_and_several_dimensions() {
    let dimensions = daily("UTC").from("2026-01-01").by(countries());
    let space = dimensions.space("2026-01-08T00:00:00Z".parse().expect("a time")).expect("valid dimensions");
    let keys = ["2026-01-02|de", "2026-01-03|it"]
        .map(|label| (PartitionKey::from(label), space.key(label).expect("a key")));
    let context = StepContext::builder("split").batch(keys.to_vec()).build();
    assert_eq!(called(&function_of("split"), context), ["10, nothing", "10, nothing"]);
}

#[test]
fn plain_functions() {
    let clicks = Partitions::by_key([("de".to_owned(), 3), ("fr".to_owned(), 4)]);
    let made = plain(["de", "it", "fr", "es"].map(String::from).into(), clicks);
    assert_eq!(made.get("de").and_then(|made| made.as_ref().ok()), Some(&5));
    assert_eq!(made.get("fr").and_then(|made| made.as_ref().ok()), Some(&6));
    let error = made.get("es").and_then(|made| made.as_ref().err()).expect("an error");
    assert_eq!(error.to_string(), "no partition of `clicks` belongs to the key `es`");
    assert_eq!(made.iter().count(), 4);
}
