//! The arguments of every command.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::Timestamp;

use super::listen_address::WrittenAddress;
use super::when::read_moment;

/// Builds and operates this pipeline.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The folder that holds the database and the values.
    #[arg(long, global = true, env = "MILLWORK_HOME", default_value = ".millwork", value_name = "FOLDER")]
    pub(super) home: PathBuf,
    #[command(subcommand)]
    pub(super) command: Commands,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a run failed
  2    the arguments make no sense: an unknown command, asset, run or partition, a wrong configuration
  3    the definitions don't fit together
  4    the home can't be read or written
  5    the result can't be written
  129  canceled, as the terminal was closed
  130  canceled
  141  the reader of standard output has gone away
  143  canceled, as the process was terminated

Examples:
  materialize                        make every asset
  materialize +score --set split.seed=7
  materialize --stale                make what is out of date, and nothing else
  graph '2+score' --format svg > graph.svg
  why score                          what is stale, missing or failed, and because of what";

#[derive(Debug, Subcommand)]
pub(super) enum Commands {
    /// Make assets
    #[command(after_help = "\
The SELECTION:
  stories, 'raw_*', '*'               by key or pattern
  group:model kind:csv owner:x tag:k=v
  +x   x+   2+x+1                     with what x is made from, and what is made from x
  a and b   a or b   not a   (a or b)

Examples:
  materialize                         everything
  materialize '+score'                the score and all that it is made from
  materialize --stale                 only what is stale or missing
  materialize by_day --partition 2024-01-01
  materialize --config run.toml --set hackernews_stories.items=500
  materialize --json                  one JSON object on standard output")]
    Materialize(Materialize),
    /// List what is defined
    #[command(subcommand)]
    List(List),
    /// Draw the graph
    #[command(
        after_help = "Examples:\n  graph\n  graph '+score' --format svg > graph.svg\n  graph --format mermaid"
    )]
    Graph(Graph),
    /// Look at runs, continue or cancel them
    #[command(subcommand)]
    Runs(Runs),
    /// Keep schedules and launch queued runs, until interrupted
    #[command(
        after_help = "Examples:\n  daemon\n  daemon --max-runs 2\n  daemon --dry-run --from 2026-05-01T00:00:00Z --to 2026-05-02T00:00:00Z"
    )]
    Daemon(DaemonCommand),
    /// Serve the web pages and the HTTP API, and do what `daemon` does, in one process
    #[command(
        after_help = "Examples:\n  serve\n  serve --port 8080\n  MILLWORK_TOKEN=$(openssl rand -hex 16) serve --address 0.0.0.0:3030"
    )]
    Serve(ServeArguments),
    /// Serve, watch the sources, and go over to new definitions when they build
    #[command(
        after_help = "Examples:\n  cargo run -- dev\n  cargo run -- dev --build 'cargo build --features gpu'"
    )]
    Dev(DevArguments),
    /// Look at schedules, switch them on and off
    #[command(subcommand)]
    Schedules(Schedules),
    /// Look at sensors, switch them on and off, try them
    #[command(subcommand)]
    Sensors(Sensors),
    /// Look at what is made without being asked for, switch it on and off, simulate it
    #[command(subcommand)]
    Automation(Automation),
    /// Look at alert rules and what was delivered
    #[command(subcommand)]
    Alerts(Alerts),
    /// Look at an asset and its values
    #[command(subcommand)]
    Asset(Asset),
    /// Say of each asset whether it is fresh, stale, missing or failed
    Status(Status),
    /// Say why an asset is stale, missing or failed
    Why(Why),
    /// Check the definitions, and a configuration
    Check(Check),
    /// Look at the database and the values, or clean them up
    #[command(subcommand)]
    Store(Store),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  source <(PIPELINE completions bash)")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct Materialize {
    /// Which assets to make
    #[arg(default_value = "*")]
    pub(super) selection: String,
    /// Make what a job selects, with its configuration and tags
    #[arg(long, value_name = "NAME", conflicts_with = "selection")]
    pub(super) job: Option<String>,
    /// Make one partition of the assets that have partitions
    #[arg(long, value_name = "KEY")]
    pub(super) partition: Option<String>,
    /// Make only what is stale or missing
    #[arg(long)]
    pub(super) stale: bool,
    #[command(flatten)]
    pub(super) config: ConfigArguments,
    /// Label the run
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub(super) tags: Vec<String>,
    /// Run so many steps at a time
    #[arg(long, value_name = "N")]
    pub(super) workers: Option<NonZero<usize>>,
    /// Show what would run, and stop
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Leave the run to a daemon, and print its id
    #[arg(long, conflicts_with_all = ["dry_run", "workers"])]
    pub(super) queue: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// Take the configuration from a TOML or JSON file: an object by step name
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Set one parameter; the value is JSON, or else text
    #[arg(long = "set", value_name = "STEP.PARAMETER=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum List {
    /// The assets
    Assets(Json),
    /// The checks of assets
    Checks(Json),
    /// The jobs
    Jobs(Json),
    /// The resources
    Resources(Json),
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Json {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// Which assets to draw
    #[arg(default_value = "*")]
    pub(super) selection: String,
    /// In which form
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub(super) format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// For the terminal
    Text,
    /// A picture
    Svg,
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Runs {
    /// List runs, newest first
    List {
        /// Only runs with this status
        #[arg(long)]
        status: Option<String>,
        /// Only runs with this tag
        #[arg(long, value_name = "KEY=VALUE")]
        tag: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Show a run and its steps
    Show(Run),
    /// Print a run's log
    Logs {
        #[command(flatten)]
        run: Run,
        /// Only of this step
        #[arg(long)]
        step: Option<String>,
        /// Every event, not only what was logged
        #[arg(long)]
        all: bool,
    },
    /// Go on with a run that failed, was canceled or was lost: finished steps are not run again
    #[command(after_help = "Examples:\n  runs retry last\n  runs retry 3f9c2a --from-scratch")]
    Retry {
        #[command(flatten)]
        run: Run,
        /// Start a new run of everything instead
        #[arg(long)]
        from_scratch: bool,
    },
    /// Ask a run to stop
    Cancel(Run),
    /// Execute a queued run in this process: what a daemon starts
    #[command(hide = true)]
    Execute {
        /// The run's id
        run: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct DaemonArguments {
    /// Let so many runs go on at a time
    #[arg(long, value_name = "N")]
    pub(super) max_runs: Option<NonZero<usize>>,
    /// Execute runs in this process: quicker, but a run that takes it down takes the others down as well
    #[arg(long)]
    pub(super) in_process: bool,
}

#[derive(Debug, Args)]
pub(super) struct DaemonCommand {
    #[command(flatten)]
    pub(super) daemon: DaemonArguments,
    /// Print what schedules and conditions would request in a span of time, and stop
    #[arg(long, requires_all = ["from", "to"])]
    pub(super) dry_run: bool,
    /// Where the span begins, as in 2026-05-01 (of the local time zone) or 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = read_moment)]
    pub(super) from: Option<Timestamp>,
    /// Where it ends
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = read_moment)]
    pub(super) to: Option<Timestamp>,
    /// Also what is switched off
    #[arg(long, requires = "dry_run")]
    pub(super) all: bool,
}

/// A span of time.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Span {
    /// Where it begins, as in 2026-05-01 (of the local time zone) or 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = read_moment)]
    pub(super) from: Timestamp,
    /// Where it ends
    #[arg(long, value_name = "TIME", value_parser = read_moment)]
    pub(super) to: Timestamp,
}

#[derive(Debug, Subcommand)]
pub(super) enum Automation {
    /// List the assets that have a condition
    List(Json),
    /// Say why an asset was requested, or wasn't
    Explain {
        /// Its key
        key: String,
        #[command(flatten)]
        json: Json,
    },
    /// Switch automation on, as a whole or of one asset
    On {
        /// The asset's key
        key: Option<String>,
    },
    /// Switch automation off, as a whole or of one asset
    Off {
        /// The asset's key
        key: Option<String>,
    },
    /// List the runs that automation has requested, newest first
    Ticks {
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Print what schedules and conditions would request in a span of time: nothing is run
    #[command(
        after_help = "Example:\n  automation simulate --from 2026-05-01T00:00:00Z --to 2026-05-02T00:00:00Z --all"
    )]
    Simulate {
        #[command(flatten)]
        span: Span,
        /// Also what is switched off
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        json: Json,
    },
}

/// Where the pages and the API listen, and for whom.
#[derive(Debug, Args)]
pub(super) struct ListenArguments {
    /// Listen here, by default on 127.0.0.1:3030; an address that other machines can reach needs a token
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = WrittenAddress::parse)]
    pub(super) address: Option<WrittenAddress>,
    /// Listen on this port of the address; 0 for any that is free
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// Answer requests for these hosts, beside this machine's loopback names and the address: names, `.example.com` for a
    /// domain and all below it, `*` for every host
    #[arg(long, env = "MILLWORK_ALLOWED_HOSTS", value_delimiter = ',', value_name = "HOST,…")]
    pub(super) allowed_hosts: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    #[command(flatten)]
    pub(super) listen: ListenArguments,
    /// What requests have to present as `Authorization: Bearer`
    #[arg(long, env = "MILLWORK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    #[command(flatten)]
    pub(super) daemon: DaemonArguments,
    /// Stop when standard input is closed: how `dev` keeps it
    #[arg(long, hide = true)]
    pub(super) until_input_ends: bool,
    /// Say that this folder is watched, after the address: by `dev`
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub(super) watched: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct DevArguments {
    #[command(flatten)]
    pub(super) listen: ListenArguments,
    /// Build with this command, in the package's folder, instead of `cargo build`
    #[arg(long, value_name = "COMMAND")]
    pub(super) build: Option<String>,
    #[command(flatten)]
    pub(super) daemon: DaemonArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum Schedules {
    /// List the schedules
    List(Json),
    /// Switch a schedule on
    On {
        /// Its name
        name: String,
    },
    /// Switch a schedule off
    Off {
        /// Its name
        name: String,
    },
    /// Show the next ticks of a schedule
    Next {
        /// Its name
        name: String,
        /// So many
        #[arg(long, default_value_t = 10)]
        count: usize,
        #[command(flatten)]
        json: Json,
    },
    /// What was asked for and couldn't be done yet
    #[command(subcommand)]
    Pending(Pending),
    /// List what came of ticks, newest first
    Ticks {
        /// Of this schedule only
        name: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Pending {
    /// List it, oldest first
    List {
        /// Of this one only
        name: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Try something again now, also if it was given up
    Retry {
        /// Its number
        id: u64,
    },
    /// Drop something, so that it isn't tried again
    Drop {
        /// Its number
        id: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Alerts {
    /// List the rules and whom they tell
    List(Json),
    /// What was delivered, waits, or was given up
    #[command(subcommand)]
    Deliveries(Deliveries),
    /// Send a test to the destinations of a rule, by the next daemon
    Test {
        /// Its name
        rule: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Deliveries {
    /// List deliveries, newest first
    List {
        /// Only those in this state
        #[arg(long, value_parser = ["pending", "delivered", "dead", "dropped"])]
        state: Option<String>,
        /// Maximum number of deliveries
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Send again at once what hasn't arrived
    Retry {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<u64>,
    },
    /// Never send again what hasn't arrived
    Drop {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<u64>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Sensors {
    /// List the sensors
    List(Json),
    /// Switch a sensor on
    On {
        /// Its name
        name: String,
    },
    /// Switch a sensor off
    Off {
        /// Its name
        name: String,
    },
    /// What was asked for and couldn't be done yet
    #[command(subcommand)]
    Pending(Pending),
    /// List what came of evaluations, newest first
    Ticks {
        /// Of this sensor only
        name: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Evaluate a sensor that looks outside, show what it would request, and record nothing
    Preview {
        /// Its name
        name: String,
        /// From this cursor instead of the one that is stored
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The run: its id, the beginning or end of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) json: Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Asset {
    /// Show what is known of an asset
    Show {
        /// Its key
        key: String,
        #[command(flatten)]
        json: Json,
    },
    /// List its materializations, newest first
    History {
        /// Its key
        key: String,
        /// Of this partition
        #[arg(long, value_name = "KEY")]
        partition: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Write out its stored value, as it is stored
    #[command(
        after_help = "Examples:\n  asset value score\n  asset value stories --output stories.parquet\n  asset value model --run 3f9c2a"
    )]
    Value {
        /// Its key
        key: String,
        /// Of this partition
        #[arg(long, value_name = "KEY")]
        partition: Option<String>,
        /// As this run made it
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Into this file
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Status {
    /// Of which assets
    #[arg(default_value = "*")]
    pub(super) selection: String,
    #[command(flatten)]
    pub(super) json: Json,
}

#[derive(Debug, Args)]
pub(super) struct Why {
    /// The asset
    pub(super) key: String,
    #[command(flatten)]
    pub(super) json: Json,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) config: ConfigArguments,
    #[command(flatten)]
    pub(super) json: Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Show what is stored and how large it is
    Info(Json),
    /// Forget now what the definitions' retention rules let go
    Prune(Json),
    /// Give back the space that the database doesn't need any more
    Vacuum(Json),
    /// Look at every row, and name those that can't be read
    Check(Json),
    /// Set aside the rows that can't be read: nothing is destroyed
    Repair(Json),
}

impl Commands {
    /// Whether the command prints JSON, errors included.
    pub(super) fn wants_json(&self) -> bool {
        match self {
            Self::Materialize(materialize) => materialize.json,
            Self::List(
                List::Assets(json) | List::Checks(json) | List::Jobs(json) | List::Resources(json),
            )
            | Self::Store(
                Store::Info(json)
                | Store::Prune(json)
                | Store::Vacuum(json)
                | Store::Check(json)
                | Store::Repair(json),
            )
            | Self::Runs(Runs::List { json, .. })
            | Self::Alerts(Alerts::List(json) | Alerts::Deliveries(Deliveries::List { json, .. }))
            | Self::Sensors(
                Sensors::List(json)
                | Sensors::Ticks { json, .. }
                | Sensors::Preview { json, .. }
                | Sensors::Pending(Pending::List { json, .. }),
            )
            | Self::Schedules(
                Schedules::List(json)
                | Schedules::Next { json, .. }
                | Schedules::Ticks { json, .. }
                | Schedules::Pending(Pending::List { json, .. }),
            )
            | Self::Automation(
                Automation::List(json)
                | Automation::Explain { json, .. }
                | Automation::Ticks { json, .. }
                | Automation::Simulate { json, .. },
            )
            | Self::Asset(Asset::Show { json, .. } | Asset::History { json, .. }) => json.json,
            Self::Runs(
                Runs::Show(run) | Runs::Logs { run, .. } | Runs::Retry { run, .. } | Runs::Cancel(run),
            ) => run.json.json,
            Self::Status(status) => status.json.json,
            Self::Why(why) => why.json.json,
            Self::Check(check) => check.json.json,
            Self::Graph(graph) => graph.format == GraphFormat::Json,
            Self::Asset(Asset::Value { .. })
            | Self::Completions { .. }
            | Self::Daemon(_)
            | Self::Serve(_)
            | Self::Dev(_)
            | Self::Runs(Runs::Execute { .. })
            | Self::Alerts(
                Alerts::Deliveries(Deliveries::Retry { .. } | Deliveries::Drop { .. }) | Alerts::Test { .. },
            )
            | Self::Sensors(
                Sensors::On { .. }
                | Sensors::Off { .. }
                | Sensors::Pending(Pending::Retry { .. } | Pending::Drop { .. }),
            )
            | Self::Automation(Automation::On { .. } | Automation::Off { .. })
            | Self::Schedules(
                Schedules::On { .. }
                | Schedules::Off { .. }
                | Schedules::Pending(Pending::Retry { .. } | Pending::Drop { .. }),
            ) => false,
        }
    }
}
