//! Values that are missing, damaged, or can't be written.

use std::sync::Arc;

use millwork_core::{AssetDefinition, BoxFuture, Definitions, IoError, IoManager, ValueAddress};
use millwork_engine::ObjectStoreIo;
use object_store::memory::InMemory;

use crate::support::*;

fn texts() -> Scenario {
    let text = AssetDefinition::new("text").produces::<String, _>().blocking(|_| Ok("a".repeat(10_000)));
    let length = number("length")
        .input::<String>("text")
        .blocking(|step| Ok(step.input::<String>("text")?.len() as u64));
    Scenario::of([text, length])
}

/// The error of `length`, when it is made from the stored value.
async fn failure_of_length(scenario: &Scenario) -> String {
    let told = scenario.selecting("length").run().await;
    let run = scenario.latest("text").await.run.unwrap().to_string();
    let told = told.replace(&run, "<run>");
    told.replace(scenario.values_path().to_str().unwrap(), "<values>")
}

#[tokio::test]
async fn never_materialized() {
    insta::assert_snapshot!(texts().selecting("length").run().await, @r"
    run started (1)
    length/1 started
    length/1 failed: upstream asset `text` has never been materialized; hint: select it too, for example with `+` before the selection
    run failed: step `length` failed: upstream asset `text` has never been materialized; hint: select it too, for example with `+` before the selection
    ");
}

#[tokio::test]
async fn one_byte_has_changed() {
    let scenario = texts();
    scenario.run().await;
    let file = scenario.files().pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    insta::assert_snapshot!(failure_of_length(&scenario).await, @r"
    run started (1)
    length/1 started
    length/1 failed: the stored value of `text` is damaged: its content has changed since it was stored; hint: restore it from a backup, or materialize the asset again
    run failed: step `length` failed: the stored value of `text` is damaged: its content has changed since it was stored; hint: restore it from a backup, or materialize the asset again
    ");
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("length").await, 10_000);
}

#[tokio::test]
async fn the_file_is_gone() {
    let scenario = texts();
    scenario.run().await;
    std::fs::remove_file(scenario.files().pop().unwrap()).unwrap();
    insta::assert_snapshot!(failure_of_length(&scenario).await, @r"
    run started (1)
    length/1 started
    length/1 failed: failed to load the value of `text`: the stored value `<values>/text/<run>-1.json` is missing; hint: it was deleted outside of Millwork; materialize the asset again
    run failed: step `length` failed: failed to load the value of `text`: the stored value `<values>/text/<run>-1.json` is missing; hint: it was deleted outside of Millwork; materialize the asset again
    ");
}

#[tokio::test]
async fn the_type_has_changed() {
    let scenario = texts();
    scenario.run().await;
    let number_now = number("text").blocking(|_| Ok(1_u64));
    let scenario = scenario.with_code(Definitions::new().asset(number_now).asset(sum("length", &["text"])));
    let told = failure_of_length(&scenario).await;
    assert!(told.len() < 10_000, "the value isn't quoted in full");
    insta::assert_snapshot!(told.replace(&"a".repeat(100), ""), @r#"
    run started (1)
    length/1 started
    length/1 failed: failed to decode the stored value of `text` as `u64`: invalid type: string "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa… (5964 bytes left out) …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expected u64 at line 1 column 10002; hint: if its type has changed, materialize it again
    run failed: step `length` failed: failed to decode the stored value of `text` as `u64`: invalid type: string "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa… (5964 bytes left out) …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expected u64 at line 1 column 10002; hint: if its type has changed, materialize it again
    "#);
}

#[tokio::test]
async fn the_folder_of_values_is_a_file() {
    let scenario = texts();
    std::fs::write(scenario.values_path(), "in the way").unwrap();
    let run = scenario.queued().await;
    let told = scenario.resume(run).await.replace(&run.to_string(), "<run>");
    insta::assert_snapshot!(told.replace(scenario.values_path().to_str().unwrap(), "<values>"), @r"
    run started (1)
    text/1 started
    text/1 failed: failed to store the value of `text`: failed to store `<values>/text/<run>-1.json`: Not a directory (os error 20); hint: a file exists where a folder is needed
    length/0 skipped: upstream step `text` failed
    run failed: step `text` failed: failed to store the value of `text`: failed to store `<values>/text/<run>-1.json`: Not a directory (os error 20); hint: a file exists where a folder is needed
    ");
    std::fs::remove_file(scenario.values_path()).unwrap();
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("length").await, 10_000);
}

/// An I/O manager whose disk is full from the second value on.
#[derive(Debug)]
struct SmallDisk(ObjectStoreIo, std::sync::atomic::AtomicUsize);

impl IoManager for SmallDisk {
    fn store(&self, address: ValueAddress, bytes: Vec<u8>) -> BoxFuture<Result<String, IoError>> {
        if self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return self.0.store(address, bytes);
        }
        Box::pin(async move {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
            Err(IoError::Store { action: "store", location: address.asset.to_string(), hint: None, source })
        })
    }

    fn load(&self, location: String) -> BoxFuture<Result<Vec<u8>, IoError>> {
        self.0.load(location)
    }

    fn delete(&self, location: String) -> BoxFuture<Result<(), IoError>> {
        self.0.delete(location)
    }
}

#[tokio::test]
async fn the_disk_is_full() {
    let objects = ObjectStoreIo::new(Arc::new(InMemory::new()), "values");
    let scenario = texts().io_manager(SmallDisk(objects, Default::default()));
    scenario.run().await;
    let before = scenario.latest("text").await;
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    text/1 started
    text/1 failed: failed to store the value of `text`: failed to store `text`: no storage space
    length/0 skipped: upstream step `text` failed
    run failed: step `text` failed: failed to store the value of `text`: failed to store `text`: no storage space
    ");
    assert_eq!(scenario.latest("text").await, before, "the former value stays");
    assert_eq!(scenario.value::<String>("text").await.len(), 10_000);
}

/// Of two outputs of one step the first can be stored: neither is visible.
#[tokio::test]
async fn the_disk_is_full_half_way() {
    let long = |letter: &str| {
        millwork_core::IntoProduced::into_produced(millwork_core::Output::new(letter.repeat(10_000)))
    };
    let mut both = AssetDefinition::new("one").produces::<String, _>();
    let mut second = millwork_core::AssetSpec::new("two");
    second.value_type = both.outputs[0].value_type;
    both.outputs.push(second);
    let both = deciding(both, move |_| vec![long("a"), long("b")]);
    let objects = ObjectStoreIo::new(Arc::new(InMemory::new()), "values");
    let scenario = Scenario::of([both]).io_manager(SmallDisk(objects, Default::default()));
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    one/1 started
    one/1 failed: failed to store the value of `two`: failed to store `two`: no storage space
    run failed: step `one` failed: failed to store the value of `two`: failed to store `two`: no storage space
    ");
    assert!(scenario.store.latest(&["one".into(), "two".into()]).await.unwrap().is_empty());
}
