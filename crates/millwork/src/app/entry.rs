//! From `main` to a command, and back with an exit code.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::builder::{StyledStr, Styles};
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use millwork_core::{BoxError, Definitions, ErrorClass, Problem};

use super::commands::Arguments;
use super::failure::{Exit, Failure};
use super::json_flag::wants_json;
use super::out::{out, print_error};
use super::session::Session;
use super::signals::survive_file_size_limit;
use super::style::marked;
use super::{commands, failure};

/// Gives a pipeline's binary its command line, and runs it.
///
/// ```no_run
/// use millwork::{AssetDefinition, Definitions};
///
/// fn main() -> std::process::ExitCode {
///     let one = AssetDefinition::new("one").produces::<u32, _>().blocking(|_| Ok(1_u32));
///     millwork::app(Definitions::new().asset(one))
/// }
/// ```
pub fn app(definitions: Definitions) -> ExitCode {
    App::new(definitions).run()
}

/// The command line of a pipeline's binary, with commands of its own beside those of Millwork.
pub struct App {
    definitions: Definitions,
    commands: Vec<(Command, Box<RunCommand>)>,
}

type RunCommand = dyn FnOnce(&ArgMatches) -> Result<(), BoxError>;

impl App {
    /// The command line of a pipeline.
    pub fn new(definitions: Definitions) -> Self {
        Self { definitions, commands: Vec::new() }
    }

    /// Adds a command.
    #[must_use]
    pub fn command<E: Into<BoxError>>(
        mut self,
        command: Command,
        run: impl FnOnce(&ArgMatches) -> Result<(), E> + 'static,
    ) -> Self {
        self.commands.push((command, Box::new(move |matches| run(matches).map_err(Into::into))));
        self
    }

    /// Parses the arguments and runs the command.
    pub fn run(self) -> ExitCode {
        survive_file_size_limit();
        #[cfg(feature = "linfa")]
        millwork_linfa::register_errors();
        #[cfg(feature = "ml")]
        millwork_ml::register_errors();
        #[cfg(feature = "monitor")]
        millwork_monitor::register_errors();
        #[cfg(feature = "polars")]
        millwork_polars::register_errors();
        let Self { definitions, commands } = self;
        // Read once, before output is captured.
        let _ = (console::colors_enabled(), console::colors_enabled_stderr());
        let command = Arguments::command().subcommands(commands.iter().map(|(command, _)| command.clone()));
        let command = without_empty_variables(command);
        let text = ParserText::of(&command);
        let command = command.styles(text.styles());
        let matches = match command.clone().try_get_matches() {
            Ok(matches) => matches,
            Err(error) => return refuse(&error, text),
        };
        let own = matches.subcommand().and_then(|(name, matches)| {
            let (_, run) = commands.into_iter().find(|(command, _)| command.get_name() == name)?;
            Some(run(matches))
        });
        if let Some(result) = own {
            return failure::report(own_result(result), false);
        }
        let arguments = match Arguments::from_arg_matches(&matches) {
            Ok(arguments) => arguments,
            Err(error) => return refuse(&error, text),
        };
        let json = wants_json(&matches);
        let session = Session::new(definitions, arguments.home.clone(), json);
        failure::report(commands::run(arguments, &session, command), json)
    }
}

/// The exit code of a command that the pipeline has added.
fn own_result(result: Result<(), BoxError>) -> Result<Exit, Failure> {
    result.map(|()| Exit::Success).map_err(|error| Failure::of(ErrorClass::Failed, &*error))
}

/// The command without the environment variables that are empty: an empty one is not set.
fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if is_empty(name) => argument.env(None::<&str>),
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}

/// The texts of the argument parser.
#[derive(Clone, Copy)]
enum ParserText {
    /// It has the parser's styles.
    Styled,
    /// It has no styles, as it may repeat an escape sequence of users', which couldn't be told from one.
    Plain,
}

impl ParserText {
    /// The parser repeats arguments, and variables in place of them.
    fn of(command: &Command) -> Self {
        let has_escape = |value: OsString| value.as_encoded_bytes().contains(&b'\x1b');
        let is_plain = std::env::args_os().any(has_escape) || variables(command).into_iter().any(has_escape);
        if is_plain { Self::Plain } else { Self::Styled }
    }

    fn styles(self) -> Styles {
        match self {
            Self::Styled => Styles::styled(),
            Self::Plain => Styles::plain(),
        }
    }

    /// The text for people.
    fn shown(self, text: &StyledStr) -> String {
        match self {
            Self::Styled => marked(&text.ansi().to_string()),
            Self::Plain => text.ansi().to_string(),
        }
    }

    /// The text for programs.
    fn unstyled(self, text: &StyledStr) -> String {
        match self {
            Self::Styled => text.to_string(),
            Self::Plain => text.ansi().to_string(),
        }
    }
}

/// The values of the environment variables that stand in for arguments of the command and its subcommands.
fn variables(command: &Command) -> Vec<OsString> {
    let own = command.get_arguments().filter_map(|argument| std::env::var_os(argument.get_env()?));
    own.chain(command.get_subcommands().flat_map(variables)).collect()
}

/// Prints help, or the error of invalid arguments.
fn refuse(error: &clap::Error, text: ParserText) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() {
        out!("{}", text.shown(&error.render()));
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::InvalidUtf8 {
        failure::report(Err(Failure::usage(not_utf8())), is_json)
    } else if is_json {
        failure::report(Err(Failure::usage(in_one_line(&text.unstyled(&error.render())))), true)
    } else {
        print_error(&text.shown(&error.render()));
        ExitCode::from(Exit::Usage as u8)
    }
}

/// The error of the argument parser: its message with the lines that belong to it, such as the missing arguments or the possible values,
/// and the tips as the hint.
fn in_one_line(text: &str) -> Problem {
    let mut paragraphs = text.trim().split("\n\n");
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let rest: Vec<&str> = rest.lines().map(str::trim).collect();
    let message = [first, &rest.join(if first.ends_with(':') { ", " } else { " " })].join(" ");
    let tips = paragraphs.flat_map(str::lines).filter_map(|line| line.trim_start().strip_prefix("tip: "));
    let hint: Vec<&str> = tips.chain(["see `--help`"]).collect();
    Problem::new(message.trim_end()).with_hint(hint.join("; "))
}

/// The error of arguments, or environment variables in their place, that aren't UTF-8.
fn not_utf8() -> Problem {
    let named = std::env::args_os().filter(|argument| argument.to_str().is_none());
    let named: Vec<String> = named.map(|argument| format!("`{}`", argument.display())).collect();
    match &*named {
        [] => see_help("an environment variable is not UTF-8"),
        [one] => see_help(&format!("the argument {one} is not UTF-8")),
        several => see_help(&format!("the arguments {} are not UTF-8", several.join(", "))),
    }
}

fn see_help(message: &str) -> Problem {
    Problem::new(message).with_hint("see `--help`")
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("definitions", &self.definitions).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Advice as _;

    use super::*;

    fn check(line: &str, message: &str, hint: &str) {
        let error = Arguments::command().try_get_matches_from(line.split(' ')).expect_err(line);
        let problem = in_one_line(&error.render().to_string());
        assert_eq!((&*problem.to_string(), problem.hint().as_deref()), (message, Some(hint)), "`{line}`");
    }

    #[test]
    fn errors_of_arguments_in_one_line() {
        let help = "see `--help`";
        check("x why", "the following required arguments were not provided: <KEY>", help);
        check(
            "x alerts deliveries list --limit many",
            "invalid value 'many' for '--limit <LIMIT>': invalid digit found in string",
            help,
        );
        check(
            "x graph --format bogus",
            "invalid value 'bogus' for '--format <FORMAT>' [possible values: text, svg, dot, mermaid, json]",
            help,
        );
        let similar = "a similar argument exists: '--stale'; see `--help`";
        check("x materialize --stal", "unexpected argument '--stal' found", similar);
    }
}
