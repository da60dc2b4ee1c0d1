//! From `main` to a command, and back with an exit code.

use std::process::ExitCode;

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use millwork_core::{BoxError, Definitions, ErrorClass, Problem};

use super::arguments::Arguments;
use super::failure::{Exit, Failure};
use super::session::Session;
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

    /// Reads the arguments and does what they say.
    pub fn run(self) -> ExitCode {
        #[cfg(feature = "ml")]
        millwork_ml::register_errors();
        let Self { definitions, commands } = self;
        let command = Arguments::command().subcommands(commands.iter().map(|(command, _)| command.clone()));
        let matches = match command.clone().try_get_matches() {
            Ok(matches) => matches,
            Err(error) if error.use_stderr() && std::env::args().any(|argument| argument == "--json") => {
                let text = error.render().to_string();
                let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
                return failure::report(
                    Err(Failure::usage(Problem::new(message).with_hint("see `--help`"))),
                    true,
                );
            }
            Err(error) => error.exit(),
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
            Err(error) => error.exit(),
        };
        let json = arguments.command.wants_json();
        let session = Session::new(definitions, &arguments);
        failure::report(commands::run(arguments.command, &session, command), json)
    }
}

/// What a command of the pipeline's own came to.
fn own_result(result: Result<(), BoxError>) -> Result<Exit, Failure> {
    result.map(|()| Exit::Success).map_err(|error| Failure::of(ErrorClass::Failed, &*error))
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("definitions", &self.definitions).finish_non_exhaustive()
    }
}
