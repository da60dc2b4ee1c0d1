//! Errors of the command line: their output as text or JSON, and their exit codes.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use millwork_api::{ErrorBody, ErrorCode};
use millwork_core::advice::{chain_of, hint_of};
use millwork_core::{Advice, ErrorClass, Problem};

use crate::app::out::{print_error, print_json};
use crate::app::style::style;

/// The exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Success = 0,
    /// A run failed.
    Failed = 1,
    /// The arguments are invalid.
    Usage = 2,
    /// The definitions are invalid.
    Definitions = 3,
    /// The home can't be read or written.
    Home = 4,
    /// The result can't be written.
    NotWritten = 5,
    /// The terminal of a command was closed.
    HungUp = 129,
    Canceled = 130,
    /// A command was asked to end, and did.
    Terminated = 143,
}

impl Exit {
    /// The kind of an error that a command ends with.
    fn code(self) -> ErrorCode {
        match self {
            Self::Usage => ErrorCode::Invalid,
            Self::Definitions => ErrorCode::Definitions,
            Self::Home => ErrorCode::Home,
            Self::NotWritten => ErrorCode::NotWritten,
            Self::Success | Self::Failed | Self::HungUp | Self::Canceled | Self::Terminated => {
                ErrorCode::Failed
            }
        }
    }
}

/// An error with its causes, its remedy, and its exit code.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    /// The error and its causes, outermost first.
    chain: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    /// An error of invalid arguments.
    pub(super) fn usage(problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        Self { exit: Exit::Usage, ..Self::from(problem) }
    }

    /// An error of the system, or of the user's code.
    pub(super) fn failed(error: impl Error + 'static) -> Self {
        Self::of(ErrorClass::Failed, &error)
    }

    /// An error with an exit code that the caller chooses.
    pub(super) fn of(class: ErrorClass, error: &(dyn Error + 'static)) -> Self {
        let exit = match class {
            ErrorClass::Failed => Exit::Failed,
            ErrorClass::Usage => Exit::Usage,
            ErrorClass::Definitions => Exit::Definitions,
            ErrorClass::Home => Exit::Home,
        };
        Self { exit, chain: chain_of(error), hint: hint_of(error) }
    }

    /// The failure with its cause.
    pub(super) fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        self.chain.extend(chain_of(error));
        self
    }

    /// The failure to write a file for the result.
    pub(super) fn not_written(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("failed to write `{}`", path.display());
        Self { exit: Exit::NotWritten, chain: vec![message, error.to_string()], hint: None }
    }

    /// The remedy; `None` if it isn't known.
    #[cfg(test)]
    pub(super) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The message, without causes and hint.
    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        self.chain.first().map_or("", String::as_str)
    }

    fn print(&self) {
        let mut text = String::new();
        for (index, message) in self.chain.iter().enumerate() {
            let label = if index == 0 { style("error").red().bold() } else { style("  caused by").dim() };
            text.push_str(&format!("{label}: {message}\n"));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{}: {hint}\n", style("  hint").cyan()));
        }
        print_error(&text);
    }

    fn print_json(&self) {
        let error = ErrorBody::new(self.exit.code(), &self.chain, self.hint.clone());
        // Strings can always be written as JSON.
        let _ = print_json(&error);
    }
}

/// Prints the error, if there is one, and returns the exit code.
pub(super) fn report(result: Result<Exit, Failure>, json: bool) -> ExitCode {
    let exit = match result {
        Ok(exit) => exit,
        Err(failure) => {
            if json {
                failure.print_json();
            } else {
                failure.print();
            }
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

impl<E: Advice + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let known = Self::of(error.class(), &error);
        Self { hint: error.hint().map(Into::into).or(known.hint), ..known }
    }
}
