//! Values: passed in memory, stored, loaded, and their sources.

use std::sync::Arc;

use millwork_core::event::{EventBody, Materialization};
use millwork_core::{AssetDefinition, IntoProduced, MetadataValue, Output, Produced, StepContext};
use millwork_engine::ObjectStoreIo;

use crate::support::*;

fn diamond() -> Scenario {
    Scenario::of([
        constant("source", 1),
        sum("left", &["source"]),
        sum("right", &["source"]),
        sum("sink", &["left", "right"]),
    ])
}

/// A text that is too long for the database.
fn long(key: &str, letter: &'static str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<String, _>().blocking(move |_| Ok(letter.repeat(10_000)))
}

async fn materialization(scenario: &Scenario, asset: &str) -> Materialization {
    let body = scenario.latest(asset).await.body;
    let EventBody::Materialized(materialization) = body else { panic!("{body:?}") };
    materialization
}

#[tokio::test]
async fn a_diamond_in_order() {
    for scenario in [diamond(), diamond().in_sqlite().await] {
        let told = scenario.run().await;
        insta::allow_duplicates!(insta::assert_snapshot!(told, @r"
        run started (1)
        source/1 started
        source/1 materialized
        source/1 succeeded
        left/1 started
        left/1 materialized
        left/1 succeeded
        right/1 started
        right/1 materialized
        right/1 succeeded
        sink/1 started
        sink/1 materialized
        sink/1 succeeded
        run succeeded
        "));
        assert_eq!(scenario.value::<u64>("sink").await, 5);
        assert_eq!(scenario.value::<u64>("left").await, 2);
        assert!(scenario.files().is_empty(), "small values are in the database");
    }
}

#[tokio::test]
async fn provenance_names_the_versions_of_the_inputs() {
    let scenario = diamond();
    scenario.run().await;
    let (left, right) = (materialization(&scenario, "left").await, materialization(&scenario, "right").await);
    assert_eq!(left.data_version, right.data_version, "equal content, equal version");
    let sink = materialization(&scenario, "sink").await.provenance;
    let inputs: Vec<_> = sink
        .inputs
        .iter()
        .map(|input| (input.upstream.asset.as_str(), input.data_version.as_ref()))
        .collect();
    assert_eq!(inputs, [("left", Some(&left.data_version)), ("right", Some(&right.data_version))]);
    assert_eq!(sink.code_version, "1".into());
    scenario.run().await;
    assert_eq!(
        materialization(&scenario, "left").await.data_version,
        left.data_version,
        "E7: same content, same version"
    );
}

#[tokio::test]
async fn metadata_of_the_output_and_of_the_log() {
    let told = |step: &StepContext| {
        step.sink().metadata("rows".into(), MetadataValue::Int(1));
        step.sink().metadata("source".into(), MetadataValue::Text("log".into()));
        let output = Output::new(7_u64).metadata("rows", 3).data_version("mine");
        vec![output.into_produced(), new(8)]
    };
    let scenario = Scenario::of([deciding(also(number("first"), "second"), told)]);
    scenario.run().await;
    let first = materialization(&scenario, "first").await;
    assert_eq!(first.metadata["rows"], MetadataValue::Int(3), "the output's own word counts");
    assert_eq!(first.metadata["source"], MetadataValue::Text("log".into()));
    assert_eq!((first.data_version, first.stored.hash.is_some()), ("mine".into(), true));
    assert_eq!(materialization(&scenario, "second").await.metadata["rows"], MetadataValue::Int(1));
    assert_eq!(scenario.value::<u64>("first").await, 7, "the content is checked by its hash");
}

#[tokio::test]
async fn a_data_version_that_is_no_name_fails_the_step() {
    for version in [String::new(), "v".repeat(1_025)] {
        let given = version.clone();
        let versioned =
            move |_: &StepContext| vec![Output::new(7_u64).data_version(given.clone()).into_produced()];
        let scenario = Scenario::of([deciding(number("first"), versioned)]);
        let told = scenario.run().await;
        assert!(told.contains("the data version"), "{told}");
        assert_eq!(scenario.files().len(), 0, "nothing is stored");
    }
}

#[tokio::test]
async fn large_values_are_files_that_are_never_overwritten() {
    let scenario = Scenario::of([long("news/stories", "a")]);
    scenario.run().await;
    let first = scenario.latest("news/stories").await;
    scenario.run().await;
    let second = scenario.latest("news/stories").await;
    let files = scenario.files();
    let folder = scenario.values_path().join("news/stories");
    let mut paths = [&first, &second].map(|event| folder.join(format!("{}-1.json", event.run.unwrap())));
    paths.sort();
    assert_eq!(files, paths, "E6: two runs, two files");
    assert_eq!(scenario.value::<String>("news/stories").await, "a".repeat(10_000));
    let value_type = scenario.pipeline.graph().asset("news/stories").unwrap().spec.value_type.unwrap();
    let old = scenario.engine().values().load(&first, value_type).await.unwrap();
    assert_eq!(*old.downcast::<String>().unwrap(), "a".repeat(10_000));
}

#[tokio::test]
async fn a_file_of_an_unrecorded_attempt_is_left_alone() {
    let scenario = Scenario::of([long("text", "b")]);
    let run = scenario.queued().await;
    let folder = scenario.values_path().join("text");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{run}-1.json")), "left behind").unwrap();
    scenario.resume(run).await;
    assert_eq!(scenario.value::<String>("text").await, "b".repeat(10_000));
    assert_eq!(std::fs::read(folder.join(format!("{run}-1.json"))).unwrap(), b"left behind");
}

#[tokio::test]
async fn any_folder_will_do() {
    for folder in ["plain", "with space", "größe", "100%#?", "not/yet/../there", "./here"] {
        let scenario = Scenario::of([long("x", "c")]);
        let path = scenario.values_path().join(folder);
        let scenario = scenario.io_manager(ObjectStoreIo::folder(&path));
        scenario.run().await;
        assert_eq!(scenario.value::<String>("x").await, "c".repeat(10_000), "{folder}");
        let clean =
            if folder == "not/yet/../there" { scenario.values_path().join("not/there") } else { path };
        assert_eq!(std::fs::read_dir(clean.join("x")).unwrap().count(), 1, "{folder}");
    }
}

#[tokio::test]
async fn the_recorded_location_is_the_file() {
    let scenario =
        Scenario::of([long("größe", "d").partitions(millwork_core::PartitionsDefinition::fixed(["ü/%"]))]);
    scenario.run().await;
    let run = scenario.latest("größe").await.run.unwrap();
    assert_eq!(scenario.files(), [scenario.values_path().join(format!("größe/ü%2F%25/{run}-1.json"))]);
    assert_eq!(scenario.value::<String>("größe").await, "d".repeat(10_000));
}

#[tokio::test]
async fn a_named_io_manager_stores_small_values_too() {
    let named = || AssetDefinition { io_manager: Some("elsewhere".into()), ..constant("x", 4) };
    let folder = tempfile::TempDir::new().unwrap();
    let definitions = millwork_core::Definitions::new().asset(named()).asset(sum("y", &["x"]));
    let scenario = Scenario::new(definitions.io_manager("elsewhere", ObjectStoreIo::folder(folder.path())));
    scenario.run().await;
    assert_eq!(std::fs::read_dir(folder.path().join("x")).unwrap().count(), 1);
    assert_eq!(scenario.selecting("y").run().await.lines().last(), Some("run succeeded"));
    assert_eq!((scenario.value::<u64>("x").await, scenario.value::<u64>("y").await), (4, 5));
}

/// A value is dropped when no step of the run needs it any more.
#[tokio::test]
async fn values_are_not_kept_longer_than_needed() {
    struct Big(Arc<()>);
    enum Nowhere {}
    impl millwork_core::AssetValue<Nowhere> for Big {
        const EXTENSION: &'static str = "big";
        const MEDIA_TYPE: &'static str = "application/octet-stream";
        fn encode(&self, _: &mut Vec<u8>) -> Result<(), millwork_core::BoxError> {
            Ok(())
        }
        fn decode(_: &[u8]) -> Result<Self, millwork_core::BoxError> {
            Ok(Self(Arc::default()))
        }
    }
    let token = Arc::new(());
    let (given, seen) = (token.clone(), token.clone());
    let big = AssetDefinition::new("big").produces::<Big, _>().blocking(move |_| Ok(Big(given.clone())));
    let user = number("user")
        .input::<Big>("big")
        .blocking(|step| Ok(Arc::strong_count(&step.input::<Big>("big")?.0) as u64));
    let later = taking(number("later"), &["user"]).blocking(move |_| Ok(Arc::strong_count(&seen) as u64));
    let scenario = Scenario::of([big, user, later]);
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("user").await, 4, "the test's, the two functions' and the value's");
    assert_eq!(scenario.value::<u64>("later").await, 3);
    drop(token);
}

#[tokio::test]
async fn too_few_verdicts_are_a_failure() {
    let scenario = Scenario::of([deciding(also(number("first"), "second"), |_| vec![Produced::Nothing])]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    first/1 started
    first/1 failed: the function returned 1 values for 2 assets
    run failed: step `first` failed: the function returned 1 values for 2 assets
    ");
}
