//! `store`: the size of the home, retention, and repair.

use std::io::ErrorKind;
use std::path::Path;

use clap::Subcommand;
use millwork_api::{ForgottenView, FoundDamage, FreedView, RepairView, StoreView};
use millwork_core::{Clock as _, Retention, SystemClock};
use millwork_engine::{EngineOptions, ForgottenValues, forget_values};
use millwork_storage::{Finding, StorageError};

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Opened, Session, block_on};
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Show the number and size of stored objects
    #[command(arg(json_flag()))]
    Info,
    /// Apply the retention rules of the definitions now
    #[command(arg(json_flag()))]
    Prune,
    /// Give the database's free space back to the disk
    #[command(arg(json_flag()))]
    Vacuum,
    /// Read every row, and list those that can't be read
    #[command(arg(json_flag()))]
    Check,
    /// Set aside the rows that can't be read, without deleting them
    #[command(arg(json_flag()))]
    Repair,
}

pub(super) fn run(session: &Session, store: &Store) -> Result<Exit, Failure> {
    block_on(async {
        let (opened, json) = (session.home().await?, session.wants_json());
        match store {
            Store::Info => info(&opened, json).await,
            Store::Prune => prune(session, &opened, json).await,
            Store::Check => check(&opened, json).await,
            Store::Repair => repair(&opened, json).await,
            Store::Vacuum => {
                let freed = opened.store.compact().await?;
                if json {
                    print_json(&FreedView { freed_bytes: freed })?;
                } else {
                    outln!("{} given back.", when::bytes(freed));
                }
                Ok(Exit::Success)
            }
        }
    })
}

async fn prune(session: &Session, opened: &Opened, json: bool) -> Result<Exit, Failure> {
    let (rules, now) = (session.pipeline()?.retention(), SystemClock.now());
    if rules == Retention::new() {
        // Nothing is removed by default, so a nightly job without rules isn't an error.
        if json {
            print_json(&ForgottenView::default())?;
        } else {
            outln!(
                "No retention rules are defined, so no data is removed. \
                 `.retention(Retention::new().logs(days(14)))` in the definitions adds one."
            );
        }
        return Ok(Exit::Success);
    }
    let forgotten = opened.store.forget(&rules, now).await?;
    let mut values = ForgottenValues::default();
    if let Some(kept) = rules.values {
        let engine = session.engine(opened, EngineOptions::default())?;
        values = forget_values(&*opened.store, engine.values(), kept, now).await?;
    }
    opened.store.close().await;
    if json {
        print_json(&ForgottenView {
            events: forgotten.events,
            runs: forgotten.runs,
            ticks: forgotten.ticks,
            values: values.values,
            value_bytes: values.bytes,
        })?;
    } else {
        outln!(
            "{} events, {} runs, {} ticks and {} values ({}) forgotten. `store vacuum` gives back the database's space.",
            forgotten.events,
            forgotten.runs,
            forgotten.ticks,
            values.values,
            when::bytes(values.bytes)
        );
    }
    Ok(Exit::Success)
}

/// Exits with the code of an unreadable home if a row can't be read.
async fn check(opened: &Opened, json: bool) -> Result<Exit, Failure> {
    let found = opened.store.check().await?;
    if json {
        print_json(&FoundDamage::new(&found))?;
    } else if found.is_empty() {
        outln!("Every row can be read.");
    } else {
        print(&found);
        outln!("`store repair` sets aside rows that can't be read, without deleting them.");
    }
    Ok(if found.is_empty() { Exit::Success } else { Exit::Home })
}

async fn repair(opened: &Opened, json: bool) -> Result<Exit, Failure> {
    let found = opened.store.repair(SystemClock.now()).await?;
    let left = opened.store.check().await?;
    opened.store.close().await;
    if json {
        print_json(&RepairView::new(&found, &left))?;
    } else if found.is_empty() {
        outln!("Every row can be read: no rows were set aside.");
    } else {
        print(&found);
        outln!("{} set aside, in the table `set_aside` of the database.", found.len() - left.len());
    }
    if !json && let Some(remedy) = left.iter().find_map(|finding| finding.table.remedy()) {
        outln!("{remedy}");
    }
    Ok(if left.is_empty() { Exit::Success } else { Exit::Home })
}

fn print(found: &[Finding]) {
    let row = |finding: &Finding| [finding.what.clone(), finding.reason.clone()];
    out!("{}", table(["WHAT", "WHY IT CAN'T BE READ"], found.iter().map(row).collect()));
}

async fn info(opened: &Opened, json: bool) -> Result<Exit, Failure> {
    let info = opened.store.info().await?;
    let (files, bytes) = folder_size(&opened.home.values_path())?;
    if json {
        print_json(&StoreView::new(&info, files, bytes))?;
        return Ok(Exit::Success);
    }
    outln!("Home {}", opened.home.path.display());
    outln!(
        "  database  {} and {} of write-ahead log",
        when::bytes(info.database_bytes),
        when::bytes(info.wal_bytes)
    );
    outln!("  runs      {}", info.runs);
    outln!("  events    {}", info.events);
    outln!(
        "  values    {} in the database ({}), {files} files ({})",
        info.values_in_database,
        when::bytes(info.bytes_of_values_in_database),
        when::bytes(bytes)
    );
    Ok(Exit::Success)
}

/// The number and total size of the files below a folder. Files that are removed meanwhile don't count.
fn folder_size(folder: &Path) -> Result<(u64, u64), StorageError> {
    let unreadable = |source| StorageError::Home {
        action: "read the folder",
        path: folder.display().to_string(),
        hint: "the files of MILLWORK_HOME must be readable",
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(unreadable(error)),
    };
    let (mut files, mut bytes) = (0, 0);
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                let (below, size) = folder_size(&entry.path())?;
                (files, bytes) = (files + below, bytes + size);
            }
            Ok(metadata) => (files, bytes) = (files + 1, bytes + metadata.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok((files, bytes))
}
