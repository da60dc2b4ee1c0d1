//! `partitions`: the keys of an asset, and texts that are added and removed at run time.

use clap::Subcommand;
use millwork_api::{
    ChangedPartitionsView, DynamicPartitionsView, PartitionPlanView, PartitionsView, PlannedKeys,
    RenamedKeyView, RenamedPartitionsView, find_asset, plan_partitions,
};
use millwork_core::graph::AssetIndex;
use millwork_core::{Clock as _, Problem, SystemClock};
use millwork_storage::{change_partitions, dynamic_texts, remap_partitions};

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::out::{out, outln, print_json};
use crate::app::printable::{counted, key_in_line};
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
    /// Compare the partitions that were made with those of the definitions: what is kept, new and gone
    #[command(arg(json_flag()))]
    Plan {
        /// Keys of the assets; all that have partitions, or had some, if absent
        #[arg(value_name = "KEY")]
        keys: Vec<String>,
    },
    /// List the dimensions whose texts are added and removed at run time
    #[command(arg(json_flag()))]
    Dynamic,
    /// Rename keys of an asset: what was made of an old key is the history of the new one
    #[command(
        after_help = "Examples:\n  partitions remap sales uk gb\n  partitions remap sales '2026-01-04|uk' '2026-01-04|gb'\n  \
                      partitions remap sales country=uk country=gb"
    )]
    #[command(arg(json_flag()))]
    Remap {
        /// Key of the asset
        key: String,
        /// The old key and the new one, any number of times; NAME=TEXT for a text of a dimension in every key
        #[arg(required = true, num_args = 2.., value_name = "OLD NEW")]
        names: Vec<String>,
    },
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
            Partitions::Plan { keys } => plan(session, &keys).await,
            Partitions::Dynamic => dynamic(session).await,
            Partitions::Remap { key, names } => remap(session, &key, &names).await,
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
        outln!("  {}", key_in_line(key));
    }
    match view.count.saturating_sub(view.keys.len() as u64) {
        0 => {}
        more => outln!("  and {more} more"),
    }
    Ok(Exit::Success)
}

async fn plan(session: &Session, keys: &[String]) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let named: Vec<AssetIndex> = keys.iter().map(|key| find_asset(graph, key)).collect::<Result<_, _>>()?;
    let opened = session.home().await?;
    let moment = opened.moment(graph).await?;
    let mut plans = match named.is_empty() {
        true => plan_partitions(&*opened.store, graph, graph.assets().indices(), &moment).await?,
        false => plan_partitions(&*opened.store, graph, named, &moment).await?,
    };
    if keys.is_empty() {
        plans.retain(|plan| plan.definition.is_some() || plan.gone.count > 0);
    }
    if session.wants_json() {
        print_json(&plans)?;
        return Ok(Exit::Success);
    }
    plans.iter().for_each(print_plan);
    let rest = match plans.iter().any(|plan| plan.has_condition) {
        true => "`automation explain KEY` says what a condition requests of what is new",
        false => "no condition requests what is new",
    };
    outln!("Nothing is made again because definitions change; {rest}.");
    Ok(Exit::Success)
}

fn print_plan(plan: &PartitionPlanView) {
    let PartitionPlanView { asset, definition, kept, new, gone, was_whole, has_condition: _ } = plan;
    outln!("{asset}: {}", definition.as_deref().unwrap_or("no partitions"));
    for (verb, PlannedKeys { count, set }) in [("kept", kept), ("new ", new), ("gone", gone)] {
        if *count > 0 {
            outln!("  {verb}  {count:>9}  {}", key_in_line(set));
        }
    }
    let before = match (definition, was_whole, gone.count) {
        (Some(_), true, _) => "It had no partitions before; what was made of it as a whole",
        (None, _, 1..) => "It had partitions before; what was made of them",
        (Some(_), false, _) | (None, _, 0) => return,
    };
    outln!("  {before} stays in its history.");
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
            |view: &DynamicPartitionsView| [view.name.clone(), view.count.to_string(), in_line(&view.texts)];
        out!("{}", table(["NAME", "COUNT", "PARTITIONS"], views.iter().map(row).collect()));
    }
    Ok(Exit::Success)
}

async fn remap(session: &Session, key: &str, names: &[String]) -> Result<Exit, Failure> {
    let graph = session.pipeline()?.graph();
    let asset = find_asset(graph, key)?;
    let pairs: Vec<(String, String)> =
        names.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    if let [last] = names.chunks_exact(2).remainder() {
        let problem = Problem::new(format!("the old key `{last}` has no new one"));
        return Err(Failure::usage(
            problem.with_hint("write each old key with its new one behind it: `OLD NEW OLD NEW`"),
        ));
    }
    let opened = session.home().await?;
    opened.check_renames()?;
    let moment = opened.moment(graph).await?;
    let renamed =
        remap_partitions(&*opened.store, graph, asset, &pairs, (&moment, SystemClock.now())).await?;
    let renamed: RenamedPartitionsView = renamed.map_err(Failure::usage)?.into();
    opened.store.close().await;
    if session.wants_json() {
        print_json(&renamed)?;
        return Ok(Exit::Success);
    }
    for RenamedKeyView { from, to } in &renamed.renamed {
        outln!("{} → {}", key_in_line(from), key_in_line(to));
    }
    let assets: Vec<String> = renamed.assets.iter().map(|asset| format!("`{asset}`")).collect();
    outln!(
        "{} of {} renamed, with what was made.",
        counted(renamed.renamed.len() as u64, "key"),
        assets.join(", ")
    );
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
        (added, []) => outln!("Added to `{name}`: {}", in_line(added)),
        (_, removed) => outln!("Removed from `{name}`: {}. What was made of them stays.", in_line(removed)),
    }
    Ok(Exit::Success)
}

fn in_line(keys: &[String]) -> String {
    keys.iter().map(|key| key_in_line(key)).collect::<Vec<_>>().join(", ")
}
