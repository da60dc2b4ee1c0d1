//! `partitions`: the keys of an asset, and texts that are added and removed at run time.

use clap::Subcommand;
use millwork_api::{ChangedPartitionsView, DynamicPartitionsView, PartitionsView};
use millwork_core::{Clock as _, Problem, SystemClock};
use millwork_storage::{change_partitions, dynamic_texts};

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Session, block_on};
use crate::app::table::table;

#[derive(Debug, Subcommand)]
pub(super) enum Partitions {
    /// List the partitions of an asset, or a set of them
    #[command(arg(json_flag()))]
    List {
        /// Key of the asset
        key: String,
        /// Only this set of partitions, such as `2026-01-01..2026-01-31` or `de,fr`
        #[arg(long, value_name = "SET")]
        set: Option<String>,
        /// Maximum number of rows
        #[arg(long, value_parser = rows::<usize>, default_value_t = 50)]
        limit: usize,
    },
    /// List the dimensions whose texts are added and removed at run time
    #[command(arg(json_flag()))]
    Dynamic,
    /// Add texts to such a dimension
    #[command(arg(json_flag()))]
    Add {
        /// Name of the dimension
        name: String,
        /// Texts to add
        #[arg(required = true, value_name = "TEXT")]
        texts: Vec<String>,
    },
    /// Remove texts from such a dimension; what was made of them stays
    #[command(arg(json_flag()))]
    Remove {
        /// Name of the dimension
        name: String,
        /// Texts to remove
        #[arg(required = true, value_name = "TEXT")]
        texts: Vec<String>,
    },
}

pub(super) fn run(session: &Session, partitions: Partitions) -> Result<Exit, Failure> {
    block_on(async {
        match partitions {
            Partitions::List { key, set, limit } => list(session, &key, set.as_deref(), limit).await,
            Partitions::Dynamic => dynamic(session).await,
            Partitions::Add { name, texts } => change(session, &name, (&texts, &[])).await,
            Partitions::Remove { name, texts } => change(session, &name, (&[], &texts)).await,
        }
    })
}

async fn list(session: &Session, key: &str, set: Option<&str>, limit: usize) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let key = session.asset(key)?;
    let partitions = graph.index(key.as_str()).and_then(|index| graph.partitions(index));
    let Some(partitions) = partitions else {
        let problem = Problem::new(format!("asset `{key}` has no partitions"));
        return Err(Failure::usage(problem.with_hint("`list assets --json` has those of each asset")));
    };
    let space = partitions.space(&session.moment().await?);
    let keys = match set {
        Some(set) => space.set(set).map_err(Failure::usage)?,
        None => space.all(),
    };
    let view = PartitionsView::of_set(partitions, &space, &keys, limit);
    if session.wants_json() {
        print_json(&view)?;
        return Ok(Exit::Success);
    }
    outln!("{}: {}", view.count, view.definition);
    for key in &view.keys {
        outln!("  {key}");
    }
    match view.count.saturating_sub(view.keys.len() as u64) {
        0 => {}
        more => outln!("  and {more} more"),
    }
    Ok(Exit::Success)
}

async fn dynamic(session: &Session) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let mut names: Vec<&str> = graph.dynamic_partitions().collect();
    names.sort_unstable();
    names.dedup();
    let views: Vec<DynamicPartitionsView> = match names.is_empty() {
        true => Vec::new(),
        false => {
            let texts = dynamic_texts(&*session.home().await?.store).await?;
            names.iter().map(|name| DynamicPartitionsView::new(name, texts.get(*name))).collect()
        }
    };
    if session.wants_json() {
        print_json(&views)?;
    } else if views.is_empty() {
        outln!("No asset has partitions that are added at run time.");
    } else {
        let row =
            |view: &DynamicPartitionsView| [view.name.clone(), view.count.to_string(), view.texts.join(", ")];
        out!("{}", table(["NAME", "COUNT", "PARTITIONS"], views.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

async fn change(session: &Session, name: &str, texts: (&[String], &[String])) -> Result<Exit, Failure> {
    session.pipeline()?.graph().check_dynamic(name)?;
    let opened = session.home().await?;
    let changed = change_partitions(&*opened.store, name, texts, SystemClock.now()).await?;
    let changed: ChangedPartitionsView = changed.map_err(Failure::usage)?.into();
    opened.store.close().await;
    if session.wants_json() {
        print_json(&changed)?;
        return Ok(Exit::Success);
    }
    match (&changed.added[..], &changed.removed[..]) {
        ([], []) => outln!("Nothing to change."),
        (added, []) => outln!("Added to `{name}`: {}", added.join(", ")),
        (_, removed) => outln!("Removed from `{name}`: {}. What was made of them stays.", removed.join(", ")),
    }
    Ok(Exit::Success)
}
