//! The arguments of `models`.

use clap::{Args, Subcommand, ValueEnum};
use millwork_api::{VersionError, find_model, find_stored_version, model_author};
use millwork_core::event::Event;
use millwork_core::graph::AssetIndex;
use millwork_core::model::Author;
use millwork_core::version::{AliasName, VersionNumber, WhichVersion};
use millwork_core::{AssetPartition, Problem};
use millwork_storage::{Direction, LineageLimits, ModelAction};

use super::super::config::ConfigArguments;
use super::{backtest, change, judge, lineage, repair, show};
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::limit::rows;
use crate::app::session::{Opened, Session, block_on, split_version};

#[derive(Debug, Subcommand)]
pub(in crate::app::commands) enum Models {
    /// List the models, each with the version in use
    #[command(arg(json_flag()))]
    List,
    /// Show a model: the version in use, its versions and aliases, and their moves; of KEY@VERSION the history
    #[command(after_help = "Examples:\n  models show comments_model\n  models show comments_model@champion")]
    Show(Of),
    /// List the versions of a model, newest first
    Versions(Of),
    /// Compare two versions of a model, what differs first
    #[command(
        arg(json_flag()),
        after_help = "Examples:\n  models compare comments_model 3 5\n  models compare comments_model@champion 7"
    )]
    Compare {
        /// Key of the model, or the first version, `KEY@VERSION`
        #[arg(value_name = "KEY[@VERSION]")]
        first: String,
        /// The versions, or the second one: a number, an alias, or `KEY@VERSION`
        #[arg(value_name = "VERSION", required = true, num_args = 1..=2)]
        others: Vec<String>,
        #[command(flatten)]
        partition: Partition,
    },
    /// Bring a version into use; where people were asked about it, approve it
    Promote(Decide),
    /// Mark a version as unfit for use; where people were asked about it, refuse it
    Reject(Decide),
    /// Answer that the version in use stays, and the other one may be promoted later
    Keep(Decide),
    /// Go back to the version that was in use before
    #[command(arg(json_flag()))]
    Rollback {
        /// Key of the model
        key: String,
        /// The version to go back to, instead of the last that was in use and isn't rejected
        #[arg(long, value_name = "VERSION")]
        to: Option<VersionNumber>,
        #[command(flatten)]
        partition: Partition,
        #[command(flatten)]
        author: By,
        #[command(flatten)]
        expect: Expect,
    },
    /// Set or remove an alias of a model
    #[command(
        arg(json_flag()),
        after_help = "Examples:\n  models alias comments_model staging 7\n  models alias comments_model staging --remove"
    )]
    Alias {
        /// Key of the model
        key: String,
        /// Name of the alias
        name: AliasName,
        /// The version: a number, or another alias
        #[arg(value_name = "VERSION", required_unless_present = "remove", conflicts_with = "remove")]
        which: Option<WhichVersion>,
        /// Remove the alias
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        partition: Partition,
        #[command(flatten)]
        author: By,
    },
    /// Make again what is made with a version now, and nothing else
    #[command(
        arg(json_flag()),
        after_help = "Examples:\n  models repair comments_model 3 --dry-run\n  models repair comments_model@3"
    )]
    Repair {
        #[command(flatten)]
        version: Version,
        /// List the runs without executing them
        #[arg(long)]
        dry_run: bool,
        /// Enqueue the runs for a daemon and print their ids
        #[arg(long, conflicts_with = "dry_run")]
        queue: bool,
    },
    /// Judge the stored versions by the gate's function on the data that is stored now
    #[command(arg(json_flag()))]
    Backtest {
        /// Key of the model
        key: String,
        /// Only the newest versions, this number of them
        #[arg(long, value_name = "N", value_parser = at_least_one)]
        last: Option<usize>,
        #[command(flatten)]
        partition: Partition,
        #[command(flatten)]
        config: ConfigArguments,
    },
    /// Have the gate judge the version in shadow again, on what is stored now
    ///
    /// A daemon does so whenever there is something new that the gate judges on. What the gate decides is recorded; that it asks for more
    /// outcomes isn't.
    #[command(
        arg(json_flag()),
        after_help = "Examples:\n  models judge comments_model\n  models judge comments_model@7"
    )]
    Judge {
        #[command(flatten)]
        version: Version,
        #[command(flatten)]
        config: ConfigArguments,
    },
    /// Print the card of a version: what is recorded of it
    ///
    /// Without a version, it is that of the version in use, or else of the last one.
    #[command(arg(json_flag()), after_help = "Example:\n  models card comments_model 3 > card.md")]
    Card {
        #[command(flatten)]
        version: Version,
        /// Format of the output
        #[arg(long, value_enum, default_value_t = CardFormat::Md, conflicts_with = "json")]
        format: CardFormat,
    },
    /// Show what a version was made from, or everything that was made with it
    ///
    /// Without a version, it is that of the last one.
    #[command(
        arg(json_flag()),
        after_help = "Examples:\n  models lineage comments_model champion\n  models lineage comments_model@3 --down"
    )]
    Lineage {
        #[command(flatten)]
        version: Version,
        /// Show what was made with it instead
        #[arg(long)]
        down: bool,
        /// Maximum number of steps from the version
        #[arg(long, default_value_t = 20, value_name = "N")]
        depth: u32,
        /// Maximum number of versions
        #[arg(long, value_parser = rows::<usize>, default_value_t = 200, value_name = "N")]
        limit: usize,
    },
}

/// The format of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::app) enum CardFormat {
    /// Markdown
    Md,
    /// JSON
    Json,
}

/// A model.
#[derive(Debug, Args)]
#[command(arg(json_flag()))]
pub(in crate::app::commands) struct Of {
    /// Key of the model
    pub(super) key: String,
    #[command(flatten)]
    pub(super) partition: Partition,
    /// Maximum number of rows: of the versions, and of other tables
    #[arg(long, value_parser = rows::<usize>, default_value_t = 20)]
    pub(super) limit: usize,
}

/// A decision about a version.
#[derive(Debug, Args)]
#[command(arg(json_flag()))]
pub(in crate::app::commands) struct Decide {
    #[command(flatten)]
    version: Version,
    #[command(flatten)]
    author: By,
    #[command(flatten)]
    expect: Expect,
}

/// A version of a model, by two arguments or by one.
#[derive(Debug, Args)]
pub(in crate::app::commands) struct Version {
    /// Key of the model, or `KEY@VERSION`
    key: String,
    /// The version: a number, or an alias
    #[arg(value_name = "VERSION")]
    which: Option<WhichVersion>,
    #[command(flatten)]
    partition: Partition,
}

#[derive(Debug, Args)]
pub(in crate::app::commands) struct Partition {
    /// Partition of the model, if it has partitions
    #[arg(long, value_name = "KEY")]
    partition: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::app::commands) struct By {
    /// Why, for the history of the model
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Who, instead of the user of the operating system
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::app::commands) struct Expect {
    /// Refuse if another version than this one is in use by now
    #[arg(long = "expect", value_name = "VERSION")]
    pub(super) expected: Option<VersionNumber>,
}

/// A version of a model that a command names.
pub(super) struct Named {
    pub(super) asset: AssetIndex,
    pub(super) of: AssetPartition,
    pub(super) event: Event,
}

pub(in crate::app::commands) fn run(session: &Session, models: Models) -> Result<Exit, Failure> {
    block_on(async {
        let opened = session.home().await?;
        match models {
            Models::List => show::list(session, &opened).await,
            Models::Show(of) => show::show(session, &opened, &of).await,
            Models::Versions(of) => show::versions(session, &opened, &of).await,
            Models::Compare { first, others, partition } => {
                let (key, versions) = compared(&first, &others)?;
                let of = partition.of(session, &opened, key).await?;
                show::compare(session, &opened, of, &versions).await
            }
            Models::Promote(decide) => change::decide(session, &opened, &decide, ModelAction::Promote).await,
            Models::Reject(decide) => change::decide(session, &opened, &decide, ModelAction::Reject).await,
            Models::Keep(decide) => change::decide(session, &opened, &decide, ModelAction::Keep).await,
            Models::Rollback { key, to, partition, author, expect } => {
                let of = partition.of(session, &opened, &key).await?;
                change::act(session, &opened, of, &ModelAction::RollBack(to), &author, &expect).await
            }
            Models::Alias { key, name, which, remove: _, partition, author } => {
                let of = partition.of(session, &opened, &key).await?;
                let action = match which {
                    Some(which) => ModelAction::SetAlias(name, number(&opened, &of.1, &which).await?),
                    None => ModelAction::RemoveAlias(name),
                };
                change::act(session, &opened, of, &action, &author, &Expect { expected: None }).await
            }
            Models::Repair { version, dry_run, queue } => {
                let way = match (dry_run, queue) {
                    (true, _) => repair::Way::List,
                    (false, true) => repair::Way::Queue,
                    (false, false) => repair::Way::Execute,
                };
                repair::repair(session, &opened, &version, way).await
            }
            Models::Backtest { key, last, partition, config } => {
                backtest::backtest(session, &opened, (&key, &partition), last, &config).await
            }
            Models::Judge { version, config } => judge::judge(session, &opened, &version, &config).await,
            Models::Card { version, format } => {
                let json = session.wants_json() || format == CardFormat::Json;
                show::card(session, &opened, &version, json).await
            }
            Models::Lineage { version, down, depth, limit } => {
                let limits = LineageLimits { depth, versions: limit };
                let direction = if down { Direction::Down } else { Direction::Up };
                lineage::lineage(session, &opened, &version, direction, limits).await
            }
        }
    })
}

impl Partition {
    /// The partition as it was written.
    pub(super) fn key(&self) -> Option<&str> {
        self.partition.as_deref()
    }

    /// The asset of a key at this partition.
    pub(super) async fn of(
        &self,
        session: &Session,
        opened: &Opened,
        key: &str,
    ) -> Result<(AssetIndex, AssetPartition), Failure> {
        let graph = session.pipeline()?.graph();
        Ok(find_model(graph, key, self.key(), &opened.moment(graph).await?)?)
    }
}

impl Version {
    /// The version that has to be named.
    pub(super) async fn find(&self, session: &Session, opened: &Opened) -> Result<Named, Failure> {
        let (asset, of, which) = self.read(session, opened).await?;
        if which == WhichVersion::Latest {
            return Err(none_is_named(of.asset.as_str()));
        }
        let event = find_stored_version(&*opened.store, &of, &which).await?;
        Ok(Named { asset, of, event })
    }

    /// The model, and the version that is named; the latest one if none is.
    pub(super) async fn read(
        &self,
        session: &Session,
        opened: &Opened,
    ) -> Result<(AssetIndex, AssetPartition, WhichVersion), Failure> {
        let (key, within) = split_version(&self.key)?;
        let (asset, of) = self.partition.of(session, opened, key).await?;
        let which = match &self.which {
            Some(_) if within != WhichVersion::Latest => return Err(has_a_version(&self.key)),
            Some(which) => which.clone(),
            None => within,
        };
        Ok((asset, of, which))
    }
}

fn none_is_named(key: &str) -> Failure {
    let problem = Problem::new(format!("no version of `{key}` is named"));
    Failure::usage(problem.with_hint(format!("`models versions {key}` lists the versions")))
}

fn has_a_version(written: &str) -> Failure {
    let hint = format!("leave out what follows the `@`, or what is behind `{written}`");
    Failure::usage(Problem::new(format!("`{written}` has a version already")).with_hint(hint))
}

/// The key and the two versions of a comparison: `KEY A B`, or `KEY@A B`. A version behind the first word may be written with the key.
fn compared<'a>(first: &'a str, others: &[String]) -> Result<(&'a str, [WhichVersion; 2]), Failure> {
    let (key, within) = split_version(first)?;
    let mut versions = Vec::new();
    for other in others {
        versions.push(match split_version(other)? {
            (version, WhichVersion::Latest) => version.parse().map_err(Failure::usage)?,
            (other_key, which) if other_key == key => which,
            _ => {
                let problem = Problem::new(format!("`{first}` and `{other}` are versions of two models"));
                return Err(Failure::usage(problem.with_hint("compare two versions of one model")));
            }
        });
    }
    if within != WhichVersion::Latest {
        versions.insert(0, within);
    }
    match <[WhichVersion; 2]>::try_from(versions) {
        Ok(versions) => Ok((key, versions)),
        Err(versions) if versions.len() > 2 => Err(has_a_version(first)),
        Err(_) => {
            let problem = Problem::new("a comparison needs two versions");
            Err(Failure::usage(problem.with_hint(format!("`models compare {key} A B`"))))
        }
    }
}

/// Reads a number of versions.
fn at_least_one(written: &str) -> Result<usize, String> {
    match written.parse() {
        Ok(0) => Err("at least one version is judged".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

impl Named {
    /// The number of the version.
    pub(super) fn number(&self) -> Result<VersionNumber, Failure> {
        self.event
            .body
            .version()
            .ok_or_else(|| Failure::from(VersionError::NoVersions { of: self.of.clone() }))
    }
}

impl Decide {
    /// The version that is decided about, who decides, and what has to be in use.
    pub(super) fn parts(&self) -> (&Version, &By, &Expect) {
        (&self.version, &self.author, &self.expect)
    }
}

impl By {
    /// Who acts, and why.
    pub(super) fn author(&self) -> Result<Author, Failure> {
        let name = |variable| std::env::var(variable).ok().filter(|name| !name.trim().is_empty());
        let user = name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(|| "unknown user".to_owned());
        model_author(self.by.as_deref(), &user, &self.reason).map_err(Failure::usage)
    }
}

/// The number of a version of a model.
pub(super) async fn number(
    opened: &Opened,
    of: &AssetPartition,
    which: &WhichVersion,
) -> Result<VersionNumber, Failure> {
    let event = find_stored_version(&*opened.store, of, which).await?;
    event.body.version().ok_or_else(|| Failure::from(VersionError::NoVersions { of: of.clone() }))
}
