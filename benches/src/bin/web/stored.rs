//! The store for the pages: filled once, and reused.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use millwork_core::run::RunId;
use millwork_core::{Clock as _, SystemClock};
use millwork_storage::{Home, RunQuery};
use synthetic::{Past, Shape};

use crate::served::ASSETS;

/// Fills a home unless it has data, and returns its largest run.
pub(crate) async fn filled(path: &Path, runs: usize, events: usize) -> Result<RunId> {
    let home = Home::open(path).await?;
    let store = home.store();
    if store.head().await? == 0 {
        let (began, pipeline) = (Instant::now(), Shape::Catalog(ASSETS).definitions().resolve()?);
        Past::month_until(SystemClock.now(), runs, events).fill(&home, &pipeline).await?;
        println!("the store was filled in {:.1} s", began.elapsed().as_secs_f64());
    }
    let runs = store.runs(RunQuery::default()).await?;
    let largest = runs.iter().max_by_key(|run| run.request.assets.len()).context("a run")?;
    let bytes = std::fs::metadata(path.join("millwork.db"))?.len();
    println!(
        "{ASSETS} assets, {} runs, {} events, {} MB; the largest run has {} assets\n",
        runs.len(),
        store.head().await?,
        bytes / 1_000_000,
        largest.request.assets.len()
    );
    let id = largest.id;
    store.close().await;
    Ok(id)
}
