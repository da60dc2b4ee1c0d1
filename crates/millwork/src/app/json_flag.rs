//! `--json`: declared by the commands that have JSON, refused by the others, and looked up in one place.

use clap::{Arg, ArgAction, ArgMatches};

use super::commands::GraphFormat;

const NAME: &str = "json";

/// The flag, for a command that has JSON.
pub(super) fn json_flag() -> Arg {
    Arg::new(NAME).long(NAME).help("Print JSON").action(ArgAction::SetTrue)
}

/// Whether a command prints JSON, errors included: by the flag, or as the format of a graph.
pub(super) fn wants_json(matches: &ArgMatches) -> bool {
    let flag = matches.try_get_one(NAME).ok().flatten();
    let format = matches.try_get_one("format").ok().flatten();
    flag == Some(&true)
        || format == Some(&GraphFormat::Json)
        || matches.subcommand().is_some_and(|(_, matches)| wants_json(matches))
}
