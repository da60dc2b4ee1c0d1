//! From `main` to a command, and back with an exit code.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use millwork_core::{BoxError, Definitions, ErrorClass, Problem};

use super::commands::Arguments;
use super::failure::{Exit, Failure};
use super::json_flag::wants_json;
use super::out::{out, print_error};
use super::session::Session;
use super::signals::survive_file_size_limit;
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
        #[cfg(feature = "polars")]
        millwork_polars::register_errors();
        let Self { definitions, commands } = self;
        // Read once, before output is captured.
        let _ = (console::colors_enabled(), console::colors_enabled_stderr());
        let command = Arguments::command().subcommands(commands.iter().map(|(command, _)| command.clone()));
        let command = without_empty_variables(command);
        let matches = match command.clone().try_get_matches() {
            Ok(matches) => matches,
            Err(error) => return refuse(&error),
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
            Err(error) => return refuse(&error),
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

/// Prints help, or the error of invalid arguments.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() {
        out!("{}", error.render().ansi());
        return ExitCode::SUCCESS;
    }
    let text = error.render();
    let plain = text.to_string();
    let message = plain.lines().next().unwrap_or_default().trim_start_matches("error: ");
    if error.kind() == ErrorKind::InvalidUtf8 {
        failure::report(Err(Failure::usage(not_utf8())), is_json)
    } else if is_json {
        failure::report(Err(Failure::usage(see_help(message))), true)
    } else {
        print_error(&text.ansi().to_string());
        ExitCode::from(Exit::Usage as u8)
    }
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
