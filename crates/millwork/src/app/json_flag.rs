//! `--json`: declared by the commands that have JSON, refused by the others, and looked up in one place.

use clap::{Arg, ArgAction, ArgMatches};

use super::commands::{CardFormat, GraphFormat};

const NAME: &str = "json";

/// The flag, for a command that has JSON.
pub(super) fn json_flag() -> Arg {
    Arg::new(NAME).long(NAME).help("Print JSON").action(ArgAction::SetTrue)
}

/// Whether a command prints JSON, errors included: by the flag, or as the format of a graph or a card.
pub(super) fn wants_json(matches: &ArgMatches) -> bool {
    let flag = matches.try_get_one(NAME).ok().flatten();
    let format = matches.try_get_one("format").ok().flatten();
    let card = matches.try_get_one("format").ok().flatten();
    flag == Some(&true)
        || format == Some(&GraphFormat::Json)
        || card == Some(&CardFormat::Json)
        || matches.subcommand().is_some_and(|(_, matches)| wants_json(matches))
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::*;
    use crate::app::commands::Arguments;

    /// The commands without subcommands that don't take the flag.
    fn without_json(command: &Command, name: &str, found: &mut Vec<String>) {
        let mut own = command.get_arguments();
        if !command.has_subcommands() && own.all(|argument| argument.get_long() != Some(NAME)) {
            found.push(name.trim().to_owned());
        }
        for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            without_json(command, &format!("{name} {}", command.get_name()), found);
        }
    }

    #[test]
    fn commands_without_json_are_documented() {
        let document = std::fs::read_to_string("../../docs/cli.md").expect("the document");
        let (_, list) = document.split_once("These commands don't take it: ").expect("the list");
        let (list, _) = list.split_once("`serve`.").expect("the last of the list");
        let mut depth = 0;
        let outside = |character: &char| {
            depth += match character {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        };
        let listed: String = list.chars().filter(outside).collect();
        let listed: Vec<&str> = listed.split('`').skip(1).step_by(2).chain(["serve"]).collect();
        let mut found = Vec::new();
        without_json(&Arguments::command(), "", &mut found);
        found.sort();
        assert_eq!(listed, found);
    }
}
