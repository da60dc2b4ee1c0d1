//! `runs reproduce`: the reference job made again from what it read, without touching what is current.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Home;

/// The content of every file below a folder, except the database's, which SQLite itself changes when it opens and closes it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !name.starts_with("millwork.db") {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_reference_job_is_reproduced_and_leaves_nothing_behind() {
    let home = Home::new();
    // Both models, and all that they are made from.
    home.succeeds("materialize +comments_model,+comments_model_test_set_r_squared");
    let run = home.runs().pop().unwrap();
    // What was made since then isn't read.
    home.succeeds("materialize hackernews_stories --set hackernews_stories.items=300");
    let events = home.json("store info --json")["events"].clone();
    let before = files(&home.path());
    assert_snapshot!(home.shown(&format!("runs reproduce {run}")), @r#"
    exit 0
    Run <id> reproduced: identical, 9 assets as then, in <took>
    --- standard error
    hackernews_stories │ fetched origin="embedded sample" stories=630
    "#);
    let view = home.json(&format!("runs reproduce {run} --json"));
    assert_eq!(view["verdict"], "identical", "{view:#}");
    assert_eq!((&view["changed_steps"], view["assets"].as_array().unwrap().len()), (&json!([]), 9));
    assert_eq!(view["assets"][0]["was"], view["assets"][0]["is"]);
    assert_eq!(home.json("store info --json")["events"], events);
    let after = files(&home.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(before == after, "a file has changed");
}

#[test]
fn what_cannot_be_reproduced_has_a_reason() {
    let home = Home::new();
    home.run("materialize --set hackernews_stories.items=0");
    assert_snapshot!(home.shown("runs reproduce"), @r"
    exit 2
    --- standard error
    error: run <id> is failed, and only a run that has succeeded can be reproduced
      hint: `runs retry <id>` goes on where it stopped
    ");
    assert_snapshot!(home.shown("runs reproduce 0000"), @r"
    exit 2
    --- standard error
    error: no run is called `0000`
      hint: `runs list` lists all runs
    ");
}
